/**
 * EBGAN in DSGAN's form: the critic is an autoencoder, and how badly it rebuilds a row is that row's energy.
 * J. Zhao, M. Mathieu, Y. LeCun, "Energy-based Generative Adversarial Network", ICLR 2017, Eqs. (1) and (2), Sec. 2.3.
 *
 * @module
 */
import {
  type Critic,
  component,
  type GanObjective,
  InputError,
  Objectives,
  parseOptions,
  tf,
  z,
} from "../../../core/mod.ts";

const options = z.strictObject({
  margin: z
    .number()
    .positive()
    .default(1)
    .describe(
      "Margin m: fake rows are pushed up to this energy and no further. In squared units of the data.",
    ),
});

/** Options of {@link ebgan}. */
export type EbganOptions = z.input<typeof options>;

/**
 * The energy-based game: `L_D = E D(pdBar) + Σᵢ wᵢ·E max(0, margin − D(fakeᵢ))`, `L_G = E D(G(z))`. D is the energy
 * of a row: the mean squared error with which the critic rebuilds it.
 * @param given margin > 0, in squared units of the data
 * @throws InputError where an option is out of its range; from both losses where the critic's output does not have the
 *   shape of its input
 * @example
 * ```ts
 * import { tf } from "dsgan";
 * import { ebgan } from "dsgan/objectives";
 *
 * await tf.setBackend("cpu");
 * const half = (x: tf.Tensor) => tf.mul(x, 0.5); // a critic that rebuilds badly
 * console.log(ebgan().generatorLoss(half, tf.tensor2d([[2, 0]])).dataSync()); // [0.5], the mean of 1 and 0
 * ```
 */
export function ebgan(given: EbganOptions = {}): GanObjective {
  const { margin } = parseOptions("ebgan", options, given);
  return {
    name: "ebgan",
    criticOutput: "reconstruction",
    criticLoss(critic, real, fake) {
      const fakeTerms = fake.map(({ weight, x }) =>
        tf.mul(weight, tf.mean(tf.relu(tf.sub(margin, energy(critic, x))))),
      );
      return tf.addN([tf.mean(energy(critic, real)), ...fakeTerms]) as tf.Scalar;
    },
    generatorLoss: (critic, generated) => tf.mean(energy(critic, generated)),
  };
}

/** Mean squared error of each row's reconstruction, `[m]`. */
function energy(critic: Critic, x: tf.Tensor): tf.Tensor {
  const rebuilt = critic(x); // [m, ...]
  if (!tf.util.arraysEqual(rebuilt.shape, x.shape)) {
    throw new InputError(
      `objective "ebgan": its critic must rebuild its input, but answered [${rebuilt.shape}] to [${x.shape}]; ` +
        "give it an autoencoder, whose output has the shape of its input",
    );
  }
  return tf.mean(tf.reshape(tf.square(tf.sub(rebuilt, x)), [x.shape[0]!, -1]), 1);
}

/** A scenario names it `objective: { use: ebgan, margin: 1 }`. */
export default component(Objectives, {
  name: "ebgan",
  summary: "Energy-based GAN: the critic is an autoencoder",
  reference: "Zhao et al., ICLR 2017, arXiv:1609.03126",
  options,
  create: ebgan,
});
