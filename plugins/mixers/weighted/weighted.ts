/**
 * Eq. (2) of DSGAN as it stands: a batch of m generated rows weighted 1 − α, and one of m rows of `pd` weighted α.
 *
 * @module
 */
import { component, type Mixer, Mixers, z } from "../../../core/mod.ts";

/** Two batches of m rows each; with α = 0 only the generator's. */
export function weighted(): Mixer {
  return {
    name: "weighted",
    mix(alpha, m, pg, pd) {
      if (alpha === 0) return [{ weight: 1, x: pg(m) }];
      return [
        { weight: 1 - alpha, x: pg(m) },
        { weight: alpha, x: pd(m) },
      ];
    },
  };
}

/** How a scenario names it: `mixer: weighted`. */
const weightedComponent = component(Mixers, {
  name: "weighted",
  summary: "Two batches of m, weighted 1 − α and α (Eq. 2)",
  reference: "DSGAN, Eq. (2)",
  options: () => z.strictObject({}),
  create: weighted,
});

export default weightedComponent;
