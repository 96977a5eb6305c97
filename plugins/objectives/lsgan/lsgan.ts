/**
 * LSGAN in DSGAN's form: the critic is a regression onto two labels.
 * X. Mao, Q. Li, H. Xie, R. Y. K. Lau, Z. Wang, S. P. Smolley, "Least Squares Generative Adversarial Networks",
 * ICCV 2017, Eq. (2); the labels by default are those of its Eq. (9).
 *
 * @module
 */
import { component, type GanObjective, InputError, Objectives, tf, z } from "../../../core/mod.ts";

/** Options of {@link lsgan}: the three labels, as the paper names them. */
export interface LsganOptions {
  /** What the critic should answer to the fake. */
  readonly a: number;
  /** What the critic should answer to `pdBar`; differs from a. */
  readonly b: number;
  /** What the generator wants the critic to answer. */
  readonly c: number;
}

/**
 * `L_D = ½·E (D(pdBar) − b)² + ½·Σᵢ wᵢ·E (D(fakeᵢ) − a)²`, `L_G = ½·E (D(G(z)) − c)²`.
 * @throws InputError where a = b: a critic that should answer the same to all learns nothing
 */
export function lsgan({ a, b, c }: LsganOptions): GanObjective {
  if (a === b) {
    throw new InputError(
      `objective "lsgan": the labels a and b are both ${a}: give fake and real different ones`,
    );
  }
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

/** How a scenario names it: `objective: lsgan`, or with labels `{ use: lsgan, a: -1, b: 1, c: 0 }`. */
const lsganComponent = component(Objectives, {
  name: "lsgan",
  summary: "Least squares GAN",
  reference: "Mao et al., ICCV 2017, arXiv:1611.04076",
  options: () =>
    z.strictObject({
      a: z.number().default(0).describe("Label of the fake."),
      b: z.number().default(1).describe("Label of pdBar."),
      c: z.number().default(1).describe("The label that the generator aims at."),
    }),
  create: lsgan,
});

export default lsganComponent;
