/**
 * The critic of features: discriminator D of DSGAN's Tables 4 and 5, N-400-200-100-1 with ReLU.
 *
 * @module
 */
import { component, type NetworkPlan, Networks, z } from "../../../core/mod.ts";
import { mlp } from "../mlp/mlp.ts";

/** Three hidden layers of 400, 200 and 100 units, without normalisation; the width of its input is its place's. */
export function featureCritic(): NetworkPlan {
  return {
    ...mlp({ hidden: [400, 200, 100], activation: "relu", spectralNorm: false }),
    name: "feature-critic",
  };
}

/** How a scenario names it: `critic: feature-critic`. */
const featureCriticComponent = component(Networks, {
  name: "feature-critic",
  summary: "The critic of features, N-400-200-100-1 (Tables 4 and 5)",
  reference: "DSGAN, Appendix D.2",
  options: () => z.strictObject({}),
  create: featureCritic,
});

export default featureCriticComponent;
