/**
 * Stochastic gradient descent, as lines 06 and 09 of DSGAN's Algorithm 1 have it.
 * H. Robbins, S. Monro, "A Stochastic Approximation Method", Annals of Mathematical Statistics 22(3), 1951.
 *
 * @module
 */
import {
  component,
  elementwise,
  type Optimizer,
  Optimizers,
  parseOptions,
  ratesShape,
  tf,
  z,
} from "../../../core/mod.ts";

const options = z.strictObject(ratesShape(0.01));

/** Options of {@link sgd}. */
export type SgdOptions = z.input<typeof options>;

/**
 * Stochastic gradient descent: `θ ← θ − rate·g`.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { sgd } from "dsgan/optimizers";
 *
 * const optimizer = sgd({ learningRate: 0.1, decayFrom: 0, floor: 0.001 }); // falls from the start, to 0.001
 * ```
 */
export function sgd(given: SgdOptions = {}): Optimizer {
  const rates = parseOptions("sgd", options, given);
  return elementwise(
    "sgd",
    rates,
    [],
    (rate) => ({ rate }),
    (gradient, _memory, { rate }) => tf.mul(rate, gradient),
  );
}

/** A scenario names it `{ use: sgd, learningRate: 0.01 }`. */
export default component(Optimizers, {
  name: "sgd",
  summary: "Plain stochastic gradient descent",
  reference: "Robbins & Monro, 1951",
  options,
  create: sgd,
});
