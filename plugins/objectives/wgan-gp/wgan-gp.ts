/**
 * WGAN-GP in DSGAN's form: the critic's Lipschitz constant is held by a penalty on its gradient.
 * I. Gulrajani, F. Ahmed, M. Arjovsky, V. Dumoulin, A. Courville, "Improved Training of Wasserstein GANs",
 * NIPS 2017, Eq. (3) and Algorithm 1. What the paper of DSGAN trains with (Sec. 5). The one-sided penalty is that of
 * H. Petzka, A. Fischer, D. Lukovnikov, "On the regularization of Wasserstein GANs", ICLR 2018, Eq. (8).
 *
 * @module
 */
import { type Critic, component, type GanObjective, type Key, Objectives, tf, z } from "../../../core/mod.ts";

/** Options of {@link wganGp}. */
export interface WganGpOptions {
  /** Weight λ of the penalty, > 0. 10 suits images (Gulrajani et al.), 0.1 suits points in the plane. */
  readonly lambda: number;
  /**
   * Which slopes are penalised: `two-sided` (default) all but 1, `one-sided` those above 1. A critic of few dimensions that is
   * held to slope 1 everywhere cannot turn, and is left behind when the generator overshoots: use `one-sided` there.
   */
  readonly penalty?: "two-sided" | "one-sided";
}

/**
 * `L_D = Σᵢ wᵢ·E D(fakeᵢ) − E D(pdBar) + λ·Σᵢ wᵢ·E (‖∇D(x̂ᵢ)‖₂ − 1)²`, `L_G = −E D(G(z))`, with x̂ᵢ drawn evenly
 * from the segments between rows of `pdBar` and rows of the i-th fake batch. One-sided, the square is of
 * `max(0, ‖∇D(x̂ᵢ)‖₂ − 1)`.
 */
export function wganGp({ lambda, penalty = "two-sided" }: WganGpOptions): GanObjective {
  return {
    name: "wgan-gp",
    criticOutput: "score",
    criticLoss(critic, real, fake, key) {
      const terms = fake.map(({ weight, x }, i) => {
        const slopes = slopesAt(critic, between(real, x, key.fold(i))); // [n]
        const excess = tf.sub(slopes, 1);
        const cost = tf.mean(tf.square(penalty === "one-sided" ? tf.relu(excess) : excess));
        return tf.mul(weight, tf.add(tf.mean(critic(x)), tf.mul(lambda, cost)));
      });
      return tf.sub(tf.addN(terms), tf.mean(critic(real))) as tf.Scalar;
    },
    generatorLoss: (critic, generated) => tf.neg(tf.mean(critic(generated))) as tf.Scalar,
  };
}

/** One point on the segment between each pair of rows; where the batches differ in size, as many as the smaller. */
function between(real: tf.Tensor, fake: tf.Tensor, key: Key): tf.Tensor {
  const n = Math.min(real.shape[0]!, fake.shape[0]!);
  const head = (x: tf.Tensor): tf.Tensor => (x.shape[0] === n ? x : tf.slice(x, 0, n));
  const epsilon = key.uniform([n, ...real.shape.slice(1).map(() => 1)]);
  return tf.add(head(fake), tf.mul(epsilon, tf.sub(head(real), head(fake)))); // [n, ...]
}

/** `‖∇ₓD(x)‖₂` at each of the given points, `[n]`; differentiable in the critic's parameters. */
function slopesAt(critic: Critic, x: tf.Tensor): tf.Tensor {
  const gradient = tf.grad((points: tf.Tensor) => tf.sum(critic(points)))(x); // [n, ...]
  const squares = tf.sum(tf.square(tf.reshape(gradient, [x.shape[0]!, -1])), 1); // [n]
  return tf.sqrt(tf.add(squares, 1e-12)); // the root has no derivative at 0, where a dead critic starts
}

/** How a scenario names it: `objective: { use: wgan-gp, lambda: 10 }`. */
const wganGpComponent = component(Objectives, {
  name: "wgan-gp",
  summary: "Wasserstein GAN with a gradient penalty (default)",
  reference: "Gulrajani et al., NIPS 2017, arXiv:1704.00028; Petzka et al., ICLR 2018, arXiv:1709.08894",
  options: () =>
    z.strictObject({
      lambda: z
        .number()
        .positive()
        .default(10)
        .describe("Weight of the gradient penalty; 10 on images, 0.1 in the plane."),
      penalty: z
        .enum(["two-sided", "one-sided"])
        .default("two-sided")
        .describe("Whether slopes below 1 are penalised too; one-sided suits few dimensions."),
    }),
  create: wganGp,
});

export default wganGpComponent;
