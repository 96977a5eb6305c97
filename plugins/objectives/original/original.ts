/**
 * The original game in DSGAN's form, Eq. (2): the critic tells `pdBar` from the mixture by cross-entropy.
 * I. Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, Eq. (1) and Sec. 3; DSGAN, Eq. (2), Algorithm 1.
 *
 * @module
 */
import { component, type GanObjective, Objectives, parseOptions, tf, z } from "../../../core/mod.ts";

const options = z.strictObject({
  generator: z
    .enum(["saturating", "non-saturating"])
    .default("saturating")
    .describe(
      "What the generator minimises: log(1 − D(G(z))), as in line 09 of Algorithm 1, or −log D(G(z)), whose gradient does not vanish where the critic is sure.",
    ),
});

/** Options of {@link original}. */
export type OriginalOptions = z.input<typeof options>;

/**
 * The original game: `L_D = −E log D(pdBar) − Σᵢ wᵢ·E log(1 − D(fakeᵢ))`, the negative of Eq. (2);
 * `L_G = E log(1 − D(G(z)))`, or `−E log D(G(z))` with `non-saturating`.
 *
 * The critic's score u is a logit, D = σ(u), so that −log D = softplus(−u) and −log(1 − D) = softplus(u): finite
 * for every u, where the logarithms themselves are not.
 * @throws InputError where an option is none of those named
 * @example
 * ```ts
 * import { original } from "dsgan/objectives";
 *
 * const objective = original({ generator: "non-saturating" });
 * ```
 */
export function original(given: OriginalOptions = {}): GanObjective {
  const { generator } = parseOptions("original", options, given);
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

/** A scenario names it `objective: { use: original, generator: non-saturating }`. */
export default component(Objectives, {
  name: "original",
  summary: "The original game: cross-entropy (Eq. 2)",
  reference: "Goodfellow et al., NIPS 2014, arXiv:1406.2661",
  options,
  create: original,
});
