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
  tf,
  z,
} from "../../../core/mod.ts";

/** Options of {@link ebgan}. */
export interface EbganOptions {
  /** Margin m, > 0: fake rows are pushed up to this energy and no further. In squared units of the data. */
  readonly margin: number;
}

/**
 * `L_D = E D(pdBar) + Σᵢ wᵢ·E max(0, margin − D(fakeᵢ))`, `L_G = E D(G(z))`, where D is the energy: the mean
 * squared error of the autoencoder on a row.
 * @throws InputError from both losses where the critic's output is not of the shape of its input
 */
export function ebgan({ margin }: EbganOptions): GanObjective {
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

/** How a scenario names it: `objective: { use: ebgan, margin: 1 }`. */
const ebganComponent = component(Objectives, {
  name: "ebgan",
  summary: "Energy-based GAN: the critic is an autoencoder",
  reference: "Zhao et al., ICLR 2017, arXiv:1609.03126",
  options: () =>
    z.strictObject({
      margin: z
        .number()
        .positive()
        .default(1)
        .describe("Energy above which a fake row is left alone; in squared units of the data."),
    }),
  create: ebgan,
});

export default ebganComponent;
