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
  type Rates,
  ratesShape,
  tf,
  z,
} from "../../../core/mod.ts";

/** `θ ← θ − rate·g`. */
export function sgd(rates: Rates): Optimizer {
  return elementwise(
    "sgd",
    rates,
    [],
    (rate) => ({ rate }),
    (gradient, _memory, { rate }) => tf.mul(rate, gradient),
  );
}

/** How a scenario names it: `{ use: sgd, learningRate: 0.01 }`. */
const sgdComponent = component(Optimizers, {
  name: "sgd",
  summary: "Plain stochastic gradient descent",
  reference: "Robbins & Monro, 1951",
  options: () => z.strictObject(ratesShape(0.01)),
  create: sgd,
});

export default sgdComponent;
