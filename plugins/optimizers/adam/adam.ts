/**
 * Adam: steps measured by running means of the gradient and of its square.
 * D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, Algorithm 1.
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

/** Options of {@link adam}. */
export interface AdamOptions extends Rates {
  /** Decay β₁ of the mean of gradients, in [0, 1). */
  readonly beta1: number;
  /** Decay β₂ of the mean of squares, in [0, 1). */
  readonly beta2: number;
  /** ε, > 0: keeps the quotient finite. */
  readonly epsilon: number;
}

/**
 * `θ ← θ − rate·m̂/(√v̂ + ε)`, m̂ and v̂ being the running means of g and g², corrected for their start at 0.
 *
 * Remembered are M = m/(1 − β₁) and V = v/(1 − β₂), which need one product less each; the factors that this and the
 * corrections ask for are gathered in two numbers.
 */
export function adam({ beta1, beta2, epsilon, ...rates }: AdamOptions): Optimizer {
  return elementwise(
    "adam",
    rates,
    ["m", "v"],
    (rate, step) => {
      const root = Math.sqrt((1 - beta2 ** step) / (1 - beta2)); // √v̂ = √V / root
      return { scale: (rate * root * (1 - beta1)) / (1 - beta1 ** step), floor: epsilon * root };
    },
    (gradient, { m, v }, { scale, floor }) => {
      m.assign(tf.add(tf.mul(m, beta1), gradient));
      v.assign(tf.add(tf.mul(v, beta2), tf.square(gradient)));
      return tf.mul(scale, tf.div(m, tf.add(tf.sqrt(v), floor)));
    },
  );
}

/** How a scenario names it: `{ use: adam, learningRate: 0.0003, beta1: 0.5, beta2: 0.9 }`. */
const adamComponent = component(Optimizers, {
  name: "adam",
  summary: "Adam (default)",
  reference: "Kingma & Ba, ICLR 2015, arXiv:1412.6980",
  options: () =>
    z.strictObject({
      ...ratesShape(0.001),
      beta1: z.number().min(0).lt(1).default(0.5).describe("Decay of the mean of gradients."),
      beta2: z.number().min(0).lt(1).default(0.9).describe("Decay of the mean of squares."),
      epsilon: z.number().positive().default(1e-8).describe("Keeps the quotient finite."),
    }),
  create: adam,
});

export default adamComponent;
