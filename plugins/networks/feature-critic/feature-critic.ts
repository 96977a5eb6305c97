/**
 * The critic of features: discriminator D of DSGAN's Tables 4 and 5, N-400-200-100-1 with ReLU.
 *
 * @module
 */
import { component, type NetworkPlan, Networks } from "../../../core/mod.ts";
import { mlp } from "../mlp/mlp.ts";

/**
 * The critic of features: three hidden layers of 400, 200 and 100 units with ReLU, without normalisation. The widths
 * of its input and its output are those of its ports.
 * @example
 * ```ts
 * import { Key, parameterCount, tf } from "dsgan";
 * import { featureCritic } from "dsgan/networks";
 *
 * await tf.setBackend("cpu");
 * const critic = featureCritic().build({ input: [250], output: [1] }, Key.from("example"));
 * console.log(parameterCount(critic)); // 200801
 * ```
 */
export function featureCritic(): NetworkPlan {
  return {
    ...mlp({ hidden: [400, 200, 100] }),
    name: "feature-critic",
  };
}

/** A scenario names it `critic: feature-critic`. */
export default component(Networks, {
  name: "feature-critic",
  summary: "The critic of features, N-400-200-100-1 (Tables 4 and 5)",
  reference: "DSGAN, Appendix D.2",
  create: featureCritic,
});
