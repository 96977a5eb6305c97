/**
 * RMSProp: steps measured by a running mean of squared gradients.
 * T. Tieleman, G. Hinton, "Lecture 6.5 — RMSProp", COURSERA: Neural Networks for Machine Learning, 2012.
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

const options = z.strictObject({
  ...ratesShape(0.00005),
  rho: z.number().min(0).lt(1).default(0.9).describe("Decay ρ of the mean of squares."),
  epsilon: z.number().positive().default(1e-8).describe("ε, added to the root: keeps the quotient finite."),
});

/** Options of {@link rmsprop}; the default learning rate is WGAN's. */
export type RmspropOptions = z.input<typeof options>;

/**
 * RMSProp: `v ← ρ·v + (1 − ρ)·g²`, `θ ← θ − rate·g/(√v + ε)`, with v 0 at first.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { rmsprop } from "dsgan/optimizers";
 *
 * const optimizer = rmsprop({ learningRate: 0.00005 });
 * ```
 */
export function rmsprop(given: RmspropOptions = {}): Optimizer {
  const { rho, epsilon, ...rates } = parseOptions("rmsprop", options, given);
  return elementwise(
    "rmsprop",
    rates,
    ["v"],
    (rate) => ({ rate }),
    (gradient, { v }, { rate }) => {
      v.assign(tf.add(tf.mul(v, rho), tf.mul(1 - rho, tf.square(gradient))));
      return tf.mul(rate, tf.div(gradient, tf.add(tf.sqrt(v), epsilon)));
    },
  );
}

/** A scenario names it `{ use: rmsprop, learningRate: 0.00005 }`. */
export default component(Optimizers, {
  name: "rmsprop",
  summary: "RMSProp: what WGAN was trained with",
  reference: "Tieleman & Hinton, 2012",
  options,
  create: rmsprop,
});
