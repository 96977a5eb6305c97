/**
 * What optimisers have in common: a learning rate with a schedule, and updates that treat every parameter alike.
 *
 * @module
 */
import { z } from "zod";
import * as tf from "../tensor/tf.ts";
import type { Optimizer } from "./optimizer.ts";

/**
 * Options that every optimiser has, for its schema to take in: `z.strictObject({ ...ratesShape(0.01), … })`.
 * @param learningRate the default
 */
export function ratesShape(learningRate: number) {
  return {
    learningRate: z.number().positive().default(learningRate).describe("Step size before any decay."),
    decayFrom: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe("Share of the training after which the learning rate falls linearly to 0; 1 means never."),
    drops: z
      .array(z.number().min(0).max(1))
      .optional()
      .describe("Shares of the training after each of which the learning rate is a tenth of what it was."),
    floor: z.number().min(0).default(0).describe("The learning rate falls no lower than this."),
  };
}

/** The options of {@link ratesShape}, checked. */
export type Rates = z.output<z.ZodObject<ReturnType<typeof ratesShape>>>;

/**
 * The learning rate when a share of the training is done.
 * @param progress in [0, 1)
 */
export function rateAt({ learningRate, decayFrom, drops = [], floor }: Rates, progress: number): number {
  const dropped = learningRate / 10 ** drops.filter((share) => progress >= share).length;
  if (progress > decayFrom) return Math.max(floor, (dropped * (1 - progress)) / (1 - decayFrom));
  return dropped === learningRate ? learningRate : Math.max(floor, dropped);
}

/**
 * An optimiser whose rule is the same for each parameter. All variables are updated as one flat vector: a step then
 * costs the rule's kernels once, however many variables there are.
 * @example
 * ```ts
 * import { component, elementwise, type Optimizer, Optimizers, parseOptions, ratesShape, tf, z } from "dsgan";
 *
 * const options = z.strictObject({ ...ratesShape(0.01), momentum: z.number().min(0).lt(1).default(0.9) });
 *
 * // v ← momentum·v + g, θ ← θ − rate·v
 * function heavyBall(given: z.input<typeof options> = {}): Optimizer {
 *   const { momentum, ...rates } = parseOptions("heavy-ball", options, given);
 *   return elementwise(
 *     "heavy-ball",
 *     rates,
 *     ["v"],
 *     (rate) => ({ rate }),
 *     (gradient, { v }, { rate }) => {
 *       v.assign(tf.add(tf.mul(v, momentum), gradient));
 *       return tf.mul(rate, v);
 *     },
 *   );
 * }
 *
 * export default component(Optimizers, {
 *   name: "heavy-ball",
 *   summary: "Gradient descent with momentum",
 *   options,
 *   create: heavyBall,
 * });
 * ```
 * @param name of the optimiser
 * @param memory names of the vectors that the rule remembers, `[P]` for P parameters in all, 0 at first
 * @param numbers what the rule takes that changes with the step (from 1) and its learning rate
 * @param change what is to be subtracted from the parameters, `[P]`; updates the memory in place
 */
export function elementwise<M extends string, N extends string>(
  name: string,
  rates: Rates,
  memory: readonly M[],
  numbers: (rate: number, step: number) => Readonly<Record<N, number>>,
  change: (
    gradient: tf.Tensor,
    memory: Readonly<Record<M, tf.Variable>>,
    numbers: Readonly<Record<N, tf.Tensor>>,
  ) => tf.Tensor,
): Optimizer {
  return {
    name,
    start(variables) {
      const sizes = variables.map((v) => v.size);
      const total = sizes.reduce((a, b) => a + b, 0);
      const state = new Map(memory.map((key) => [key, tf.tidy(() => tf.variable(tf.zeros([total]), false))]));
      const vectors = Object.fromEntries(state) as Record<M, tf.Variable>;
      return {
        state,
        numbers: (step, progress) => numbers(rateAt(rates, progress), step),
        update(gradients, given) {
          tf.tidy(() => {
            const gradient = tf.concat(gradients.map((g) => tf.reshape(g, [-1]))); // [P]
            const changes = tf.split(change(gradient, vectors, given as Record<N, tf.Tensor>), sizes);
            variables.forEach((v, i) => void v.assign(tf.sub(v, tf.reshape(changes[i]!, v.shape))));
          });
        },
        dispose: () => tf.dispose([...state.values()]),
      };
    },
  };
}
