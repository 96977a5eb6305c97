/**
 * WGAN-GP in DSGAN's form: the critic's Lipschitz constant is held by a penalty on its gradient.
 * I. Gulrajani, F. Ahmed, M. Arjovsky, V. Dumoulin, A. Courville, "Improved Training of Wasserstein GANs",
 * NIPS 2017, Eq. (3) and Algorithm 1. What the paper of DSGAN trains with (Sec. 5).
 *
 * @module
 */
import {
  type Component,
  type Critic,
  component,
  type GanObjective,
  type Key,
  tf,
  z,
} from "../../../core/mod.ts";

/** Options of {@link wganGp}. */
export interface WganGpOptions {
  /** Weight λ of the penalty, > 0. 10 suits images (Gulrajani et al.), 0.1 suits points in the plane. */
  readonly lambda: number;
}

/**
 * `L_D = Σᵢ wᵢ·E D(fakeᵢ) − E D(pdBar) + λ·Σᵢ wᵢ·E (‖∇D(x̂ᵢ)‖₂ − 1)²`, `L_G = −E D(G(z))`, with x̂ᵢ drawn evenly
 * from the segments between rows of `pdBar` and rows of the i-th fake batch.
 */
export function wganGp({ lambda }: WganGpOptions): GanObjective {
  return {
    name: "wgan-gp",
    criticOutput: "score",
    criticLoss(critic, real, fake, key) {
      const terms = fake.map(({ weight, x }, i) => {
        const penalty = gradientPenalty(critic, between(real, x, key.fold(i)));
        return tf.mul(weight, tf.add(tf.mean(critic(x)), tf.mul(lambda, penalty)));
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

/** `E (‖∇ₓD(x)‖₂ − 1)²` at the given points; differentiable in the critic's parameters. */
function gradientPenalty(critic: Critic, x: tf.Tensor): tf.Tensor {
  const gradient = tf.grad((points: tf.Tensor) => tf.sum(critic(points)))(x); // [n, ...]
  const squares = tf.sum(tf.square(tf.reshape(gradient, [x.shape[0]!, -1])), 1); // [n]
  const norm = tf.sqrt(tf.add(squares, 1e-12)); // the root has no derivative at 0, where a dead critic starts
  return tf.mean(tf.square(tf.sub(norm, 1)));
}

/** How a scenario names it: `objective: { use: wgan-gp, lambda: 10 }`. */
export const wganGpComponent: Component<GanObjective> = component({
  name: "wgan-gp",
  summary: "Wasserstein GAN with a gradient penalty (default)",
  reference: "Gulrajani et al., NIPS 2017, arXiv:1704.00028",
  options: () =>
    z.strictObject({
      lambda: z
        .number()
        .positive()
        .default(10)
        .describe("Weight of the gradient penalty; 10 on images, 0.1 in the plane."),
    }),
  create: wganGp,
});
