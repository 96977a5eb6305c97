/**
 * WGAN-GP in DSGAN's form: the critic's Lipschitz constant is held by a penalty on its gradient.
 * I. Gulrajani, F. Ahmed, M. Arjovsky, V. Dumoulin, A. Courville, "Improved Training of Wasserstein GANs",
 * NIPS 2017, Eq. (3) and Algorithm 1. What the paper of DSGAN trains with (Sec. 5). The one-sided penalty is that of
 * H. Petzka, A. Fischer, D. Lukovnikov, "On the regularization of Wasserstein GANs", ICLR 2018, Eq. (8).
 *
 * @module
 */
import {
  type Critic,
  component,
  type GanObjective,
  type Key,
  Objectives,
  parseOptions,
  tf,
  z,
} from "../../../core/mod.ts";

const options = z.strictObject({
  lambda: z
    .number()
    .positive()
    .default(10)
    .describe("Weight λ of the gradient penalty; 10 suits images, 0.1 points in the plane."),
  penalty: z
    .enum(["two-sided", "one-sided"])
    .default("two-sided")
    .describe(
      "Which slopes are penalised: all but 1 (two-sided), or those above 1 (one-sided), which suits one or two dimensions.",
    ),
});

/** Options of {@link wganGp}. */
export type WganGpOptions = z.input<typeof options>;

/**
 * The Wasserstein game with a gradient penalty: `L_D = Σᵢ wᵢ·E D(fakeᵢ) − E D(pdBar) + λ·Σᵢ wᵢ·E (‖∇D(x̂ᵢ)‖₂ − 1)²`,
 * `L_G = −E D(G(z))`. x̂ᵢ are drawn evenly from the segments between rows of `pdBar` and rows of the i-th fake batch.
 * One-sided, the square is of `max(0, ‖∇D(x̂ᵢ)‖₂ − 1)`.
 *
 * In one or two dimensions a critic held to slope 1 everywhere cannot turn, and is left behind when the generator
 * overshoots: use `one-sided` there.
 * @param given λ > 0, and which slopes are penalised
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { wganGp } from "dsgan/objectives";
 *
 * await tf.setBackend("cpu");
 * const key = Key.from("example");
 * const critic = (x: tf.Tensor) => tf.sum(x, 1, true); // [m, 2] to [m, 1], of slope √2
 * const fake = [{ weight: 1, x: key.fold("fake").normal([64, 2]) }];
 * const loss = wganGp({ lambda: 0.1 }).criticLoss(critic, key.fold("real").normal([64, 2], 3), fake, key);
 * console.log(loss.dataSync()); // near 0 − 6 + 0.1·(√2 − 1)²
 * ```
 */
export function wganGp(given: WganGpOptions = {}): GanObjective {
  const { lambda, penalty } = parseOptions("wgan-gp", options, given);
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

/** A scenario names it `objective: { use: wgan-gp, lambda: 10 }`. */
export default component(Objectives, {
  name: "wgan-gp",
  summary: "Wasserstein GAN with a gradient penalty (default)",
  reference: "Gulrajani et al., NIPS 2017, arXiv:1704.00028; Petzka et al., ICLR 2018, arXiv:1709.08894",
  options,
  create: wganGp,
});
