/**
 * LSGAN in DSGAN's form: the critic is a regression onto two labels.
 * X. Mao, Q. Li, H. Xie, R. Y. K. Lau, Z. Wang, S. P. Smolley, "Least Squares Generative Adversarial Networks",
 * ICCV 2017, Eq. (2); the labels by default are those of its Eq. (9).
 *
 * @module
 */
import { component, type GanObjective, Objectives, parseOptions, tf, z } from "../../../core/mod.ts";

const options = z
  .strictObject({
    a: z.number().default(0).describe("Label of the fake: what the critic should answer to it."),
    b: z.number().default(1).describe("Label of pdBar; differs from a."),
    c: z.number().default(1).describe("The label that the generator aims at."),
  })
  .refine(({ a, b }) => a !== b, {
    error: "the labels a and b are the same: a critic that should answer the same to all learns nothing",
    path: ["b"],
  });

/** Options of {@link lsgan}: the three labels, as the paper names them. */
export type LsganOptions = z.input<typeof options>;

/**
 * Least squares: `L_D = ½·E (D(pdBar) − b)² + ½·Σᵢ wᵢ·E (D(fakeᵢ) − a)²`, `L_G = ½·E (D(G(z)) − c)²`.
 * @throws InputError where a = b
 * @example
 * ```ts
 * import { lsgan } from "dsgan/objectives";
 *
 * const pearson = lsgan({ a: -1, b: 1, c: 0 }); // the paper's Eq. (8)
 * ```
 */
export function lsgan(given: LsganOptions = {}): GanObjective {
  const { a, b, c } = parseOptions("lsgan", options, given);
  return {
    name: "lsgan",
    criticOutput: "score",
    criticLoss(critic, real, fake) {
      const fakeTerms = fake.map(({ weight, x }) => tf.mul(weight, halfSquare(critic(x), a)));
      return tf.addN([halfSquare(critic(real), b), ...fakeTerms]) as tf.Scalar;
    },
    generatorLoss: (critic, generated) => halfSquare(critic(generated), c),
  };
}

/** `½·E (score − label)²`. */
function halfSquare(score: tf.Tensor, label: number): tf.Scalar {
  return tf.mul(0.5, tf.mean(tf.square(tf.sub(score, label))));
}

/** A scenario names it `objective: lsgan`, or with labels `{ use: lsgan, a: -1, b: 1, c: 0 }`. */
export default component(Objectives, {
  name: "lsgan",
  summary: "Least squares GAN",
  reference: "Mao et al., ICCV 2017, arXiv:1611.04076",
  options,
  create: lsgan,
});
