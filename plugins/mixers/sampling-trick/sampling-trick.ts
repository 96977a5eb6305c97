/**
 * The sampling trick, Eq. (10) and Appendix C of DSGAN: one batch of m rows that is itself a sample of the mixture.
 *
 * @module
 */
import { component, InputError, type Mixer, Mixers, tf } from "../../../core/mod.ts";

/**
 * The sampling trick: one batch weighted 1, first ⌊α·m⌋ rows of `pd`, then m − ⌊α·m⌋ generated rows.
 *
 * `mix` and `check` throw an InputError where α·m rounds to no row of `pd` (and α > 0), or m·(1 − α) < 1 leaves no row
 * to the generator.
 * @example
 * ```ts
 * import { tf } from "dsgan";
 * import { samplingTrick } from "dsgan/mixers";
 *
 * await tf.setBackend("cpu");
 * const [mixed] = samplingTrick().mix(0.5, 4, (n) => tf.ones([n, 1]), (n) => tf.zeros([n, 1]));
 * console.log(mixed!.x.dataSync()); // [0, 0, 1, 1]
 * ```
 */
export function samplingTrick(): Mixer {
  return {
    name: "sampling-trick",
    check,
    mix(alpha, m, pg, pd) {
      check(alpha, m);
      const n = rowsOfPd(alpha, m);
      if (n === 0) return [{ weight: 1, x: pg(m) }];
      return [{ weight: 1, x: tf.tidy(() => tf.concat([pd(n), pg(m - n)])) }];
    },
  };
}

/** Products such as 0.58·100 = 57.999… or 10·(1 − 0.9) = 0.999… miss the whole number they mean by less than this. */
const ROUNDING = 1e-9;

/** ⌊α·m⌋ */
function rowsOfPd(alpha: number, m: number): number {
  return Math.floor(alpha * m + ROUNDING);
}

function check(alpha: number, m: number): void {
  const generated = m * (1 - alpha);
  if (generated < 1 - ROUNDING) {
    throw new InputError(
      `mixer "sampling-trick": m·(1 − α) = ${+generated.toPrecision(3)} is below 1 (m = ${m}, alpha = ${alpha}): ` +
        `no generated row would be left in the batch. Raise m to at least ${Math.ceil(1 / (1 - alpha) - ROUNDING)}, ` +
        'lower alpha, or use the mixer "weighted"',
    );
  }
  if (alpha > 0 && rowsOfPd(alpha, m) === 0) {
    throw new InputError(
      `mixer "sampling-trick": α·m = ${+(alpha * m).toPrecision(3)} is below 1 (m = ${m}, alpha = ${alpha}): ` +
        `no row of pd would be in the batch. Raise m to at least ${Math.ceil(1 / alpha - ROUNDING)}, raise alpha ` +
        '(or set it to 0), or use the mixer "weighted"',
    );
  }
}

/** A scenario names it `mixer: sampling-trick`. */
export default component(Mixers, {
  name: "sampling-trick",
  summary: "One batch of m, the first ⌊αm⌋ rows from pd (Eq. 10)",
  reference: "DSGAN, Eq. (10) and Appendix C",
  create: samplingTrick,
});
