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
  type Rates,
  ratesShape,
  tf,
  z,
} from "../../../core/mod.ts";

/** Options of {@link rmsprop}. */
export interface RmspropOptions extends Rates {
  /** Decay ρ of the mean of squares, in [0, 1). */
  readonly rho: number;
  /** ε, > 0: keeps the quotient finite. */
  readonly epsilon: number;
}

/** `v ← ρ·v + (1 − ρ)·g²`, `θ ← θ − rate·g/(√v + ε)`, with v 0 at first. */
export function rmsprop({ rho, epsilon, ...rates }: RmspropOptions): Optimizer {
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

/** How a scenario names it: `{ use: rmsprop, learningRate: 0.00005 }`. */
const rmspropComponent = component(Optimizers, {
  name: "rmsprop",
  summary: "RMSProp: what WGAN was trained with",
  reference: "Tieleman & Hinton, 2012",
  options: () =>
    z.strictObject({
      ...ratesShape(0.00005),
      rho: z.number().min(0).lt(1).default(0.9).describe("Decay of the mean of squares."),
      epsilon: z.number().positive().default(1e-8).describe("Keeps the quotient finite."),
    }),
  create: rmsprop,
});

export default rmspropComponent;
