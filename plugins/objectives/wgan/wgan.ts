/**
 * WGAN in DSGAN's form: the critic's Lipschitz constant is held by clipping its weights.
 * M. Arjovsky, S. Chintala, L. Bottou, "Wasserstein Generative Adversarial Networks", ICML 2017,
 * Algorithm 1.
 *
 * @module
 */
import { component, type GanObjective, Objectives, parseOptions, tf, z } from "../../../core/mod.ts";

const options = z.strictObject({
  clip: z
    .number()
    .positive()
    .default(0.01)
    .describe("Bound c: after each of its steps, every parameter of the critic is put back into [−c, c]."),
});

/** Options of {@link wgan}. */
export type WganOptions = z.input<typeof options>;

/**
 * The Wasserstein game with clipped weights: `L_D = Σᵢ wᵢ·E D(fakeᵢ) − E D(pdBar)`, `L_G = −E D(G(z))`; the critic's
 * parameters stay within [−c, c].
 * @param given c > 0
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { tf } from "dsgan";
 * import { wgan } from "dsgan/objectives";
 *
 * await tf.setBackend("cpu");
 * const weight = tf.variable(tf.tensor1d([-2, 0.5]));
 * wgan({ clip: 1 }).constrain!([weight]);
 * console.log(weight.dataSync()); // [-1, 0.5]
 * ```
 */
export function wgan(given: WganOptions = {}): GanObjective {
  const { clip } = parseOptions("wgan", options, given);
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

/** A scenario names it `objective: { use: wgan, clip: 0.01 }`. */
export default component(Objectives, {
  name: "wgan",
  summary: "Wasserstein GAN with clipped weights",
  reference: "Arjovsky et al., ICML 2017, arXiv:1701.07875",
  options,
  create: wgan,
});
