/**
 * The original game in DSGAN's form, Eq. (2): the critic tells `pdBar` from the mixture by cross-entropy.
 * I. Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, Eq. (1) and Sec. 3; DSGAN, Eq. (2), Algorithm 1.
 *
 * @module
 */
import { component, type GanObjective, Objectives, tf, z } from "../../../core/mod.ts";

/** Options of {@link original}. */
export interface OriginalOptions {
  /**
   * What the generator minimises: `saturating`, E log(1 − D(G(z))), as line 09 of Algorithm 1 has it; or
   * `non-saturating`, −E log D(G(z)), whose gradient does not vanish where the critic is sure (Goodfellow et al.).
   */
  readonly generator: "saturating" | "non-saturating";
}

/**
 * `L_D = −E log D(pdBar) − Σᵢ wᵢ·E log(1 − D(fakeᵢ))`, the negative of Eq. (2).
 *
 * The critic's score u is a logit, D = σ(u), so that −log D = softplus(−u) and −log(1 − D) = softplus(u): finite
 * for every u, where the logarithms themselves are not.
 */
export function original({ generator }: OriginalOptions): GanObjective {
  return {
    name: "original",
    criticOutput: "score",
    criticLoss(critic, real, fake) {
      const fakeTerms = fake.map(({ weight, x }) => tf.mul(weight, minusLogNotD(critic(x))));
      return tf.addN([minusLogD(critic(real)), ...fakeTerms]) as tf.Scalar;
    },
    generatorLoss(critic, generated) {
      const u = critic(generated); // [m, 1]
      return generator === "saturating" ? tf.neg(minusLogNotD(u)) : minusLogD(u);
    },
  };
}

/** `−E log D`, for logits `[m, 1]`. */
function minusLogD(u: tf.Tensor): tf.Scalar {
  return tf.mean(tf.softplus(tf.neg(u)));
}

/** `−E log(1 − D)`, for logits `[m, 1]`. */
function minusLogNotD(u: tf.Tensor): tf.Scalar {
  return tf.mean(tf.softplus(u));
}

/** How a scenario names it: `objective: { use: original, generator: non-saturating }`. */
const originalComponent = component(Objectives, {
  name: "original",
  summary: "The original game: cross-entropy (Eq. 2)",
  reference: "Goodfellow et al., NIPS 2014, arXiv:1406.2661",
  options: () =>
    z.strictObject({
      generator: z
        .enum(["saturating", "non-saturating"])
        .default("saturating")
        .describe("The generator's loss: log(1 − D) as in Algorithm 1, or −log D."),
    }),
  create: original,
});

export default originalComponent;
