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
  parseOptions,
  ratesShape,
  tf,
  z,
} from "../../../core/mod.ts";

const options = z.strictObject({
  ...ratesShape(0.001),
  beta1: z.number().min(0).lt(1).default(0.5).describe("Decay β₁ of the mean of gradients."),
  beta2: z.number().min(0).lt(1).default(0.9).describe("Decay β₂ of the mean of squares."),
  epsilon: z.number().positive().default(1e-8).describe("ε: keeps the quotient finite."),
});

/** Options of {@link adam}. */
export type AdamOptions = z.input<typeof options>;

/**
 * Adam: `θ ← θ − rate·m̂/(√v̂ + ε)`, m̂ and v̂ being the running means of g and g², corrected for their start at 0.
 *
 * Remembered are M = m/(1 − β₁) and V = v/(1 − β₂), which need one product less each; the factors that this and the
 * corrections ask for are gathered in two numbers.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { adam } from "dsgan/optimizers";
 *
 * const optimizer = adam({ learningRate: 0.0003, decayFrom: 0.5 }); // falls to 0 over the second half
 * ```
 */
export function adam(given: AdamOptions = {}): Optimizer {
  const { beta1, beta2, epsilon, ...rates } = parseOptions("adam", options, given);
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

/** A scenario names it `{ use: adam, learningRate: 0.0003, beta1: 0.5, beta2: 0.9 }`. */
export default component(Optimizers, {
  name: "adam",
  summary: "Adam (default)",
  reference: "Kingma & Ba, ICLR 2015, arXiv:1412.6980",
  options,
  create: adam,
});
