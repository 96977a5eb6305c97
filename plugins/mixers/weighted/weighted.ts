/**
 * Eq. (2) of DSGAN as it stands: a batch of m generated rows weighted 1 − α, and one of m rows of `pd` weighted α.
 *
 * @module
 */
import { component, type Mixer, Mixers } from "../../../core/mod.ts";

/**
 * Two batches of m rows each: generated rows weighted 1 − α, rows of `pd` weighted α. With α = 0 only the generator's.
 * @example
 * ```ts
 * import { tf } from "dsgan";
 * import { weighted } from "dsgan/mixers";
 *
 * await tf.setBackend("cpu");
 * const batches = weighted().mix(0.8, 4, (n) => tf.ones([n, 1]), (n) => tf.zeros([n, 1]));
 * console.log(batches.map(({ weight }) => weight)); // [0.2, 0.8], but for rounding
 * ```
 */
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

/** A scenario names it `mixer: weighted`. */
export default component(Mixers, {
  name: "weighted",
  summary: "Two batches of m, weighted 1 − α and α (Eq. 2)",
  reference: "DSGAN, Eq. (2)",
  create: weighted,
});
