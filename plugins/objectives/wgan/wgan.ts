/**
 * WGAN in DSGAN's form: the critic's Lipschitz constant is held by clipping its weights.
 * M. Arjovsky, S. Chintala, L. Bottou, "Wasserstein Generative Adversarial Networks", ICML 2017,
 * Algorithm 1.
 *
 * @module
 */
import { component, type GanObjective, Objectives, tf, z } from "../../../core/mod.ts";

/** Options of {@link wgan}. */
export interface WganOptions {
  /** Bound c on every parameter of the critic, > 0: each is kept within [−c, c]. */
  readonly clip: number;
}

/** `L_D = Σᵢ wᵢ·E D(fakeᵢ) − E D(pdBar)`, `L_G = −E D(G(z))`; the critic's parameters stay within [−c, c]. */
export function wgan({ clip }: WganOptions): GanObjective {
  return {
    name: "wgan",
    criticOutput: "score",
    criticLoss(critic, real, fake) {
      const fakeTerms = fake.map(({ weight, x }) => tf.mul(weight, tf.mean(critic(x))));
      return tf.sub(tf.addN(fakeTerms), tf.mean(critic(real))) as tf.Scalar;
    },
    generatorLoss: (critic, generated) => tf.neg(tf.mean(critic(generated))) as tf.Scalar,
    constrain(parameters) {
      tf.tidy(() => {
        for (const parameter of parameters) parameter.assign(tf.clipByValue(parameter, -clip, clip));
      });
    },
  };
}

/** How a scenario names it: `objective: { use: wgan, clip: 0.01 }`. */
const wganComponent = component(Objectives, {
  name: "wgan",
  summary: "Wasserstein GAN with clipped weights",
  reference: "Arjovsky et al., ICML 2017, arXiv:1701.07875",
  options: () =>
    z.strictObject({
      clip: z
        .number()
        .positive()
        .default(0.01)
        .describe("Bound on the absolute value of each parameter of the critic."),
    }),
  create: wgan,
});

export default wganComponent;
