/**
 * The discriminator of Triple-GAN's code for MNIST: a multilayer perceptron that sees the label at each of its layers.
 * C. Li, K. Xu, J. Zhu, B. Zhang, "Triple Generative Adversarial Nets", NIPS 2017; github.com/zhenxuan00/triple-gan.
 *
 * @module
 */
import {
  component,
  InputError,
  type NetworkPlan,
  Networks,
  parseOptions,
  sizeOf,
  tf,
  z,
} from "../../../core/mod.ts";
import { relu } from "../layers/activations.ts";
import type { LayerPlan } from "../layers/layer.ts";
import { dense } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { gaussianNoise } from "../layers/noise.ts";
import { flatten, reshape } from "../layers/shapes.ts";
import { weightNorm } from "../layers/weight-norm.ts";

const options = z.strictObject({
  classes: z
    .int()
    .positive()
    .default(10)
    .describe("How many of the input's last values are the label, one-hot."),
  hidden: z
    .array(z.int().positive())
    .min(1)
    .default([1000, 500, 250, 250, 250])
    .describe("Widths of the hidden layers."),
});

/** Options of {@link tripleGanDiscriminator}. */
export type TripleGanDiscriminatorOptions = z.input<typeof options>;

/** Standard deviation from which W is drawn. */
const DEVIATION = 0.1;

/**
 * Takes a row followed by its label. Each layer sees the label beside what the one before it gives; Gaussian noise
 * (σ = 0.3 on the row, 0.5 within) spares it. Weight norm with lengths that stay 1, ReLU, and no initialisation by data,
 * as in the authors' code.
 * @throws InputError where an option is out of its range; from `build` where the input is no longer than the label
 * @example
 * ```ts
 * import { Key } from "dsgan";
 * import { tripleGanDiscriminator } from "dsgan/networks";
 *
 * const plan = tripleGanDiscriminator({ classes: 10, hidden: [64, 32] });
 * const network = plan.build({ input: [794], output: [1] }, Key.from("discriminator"));
 * console.log(network.outputShape); // [1]
 * ```
 */
export function tripleGanDiscriminator(given: TripleGanDiscriminatorOptions = {}): NetworkPlan {
  const name = "triple-gan-discriminator";
  const { classes, hidden } = parseOptions(name, options, given);
  const layer = (width: number): LayerPlan =>
    weightNorm(dense(width), { deviation: DEVIATION, initDeviation: "none" });
  return {
    name,
    build(ports, key) {
      const width = sizeOf(ports.input);
      if (width <= classes) {
        throw new InputError(
          `network "${name}" takes rows with a label of ${classes} values, but its input is [${ports.input}]: ` +
            "set classes to the number of classes",
        );
      }
      const body = hidden.flatMap((units, i): LayerPlan[] => [
        sparing(classes, gaussianNoise(i === 0 ? 0.3 : 0.5)),
        keeping(classes, layer(units)),
        relu, // leaves a one-hot label as it is
      ]);
      const head = [sparing(classes, gaussianNoise(0.5)), layer(sizeOf(ports.output)), reshape(ports.output)];
      return networkOf({ name, body: [flatten, ...body], head }, ports, key);
    },
  };
}

/** A layer of all but the last n values, which stay as they are. */
function sparing(n: number, plan: LayerPlan): LayerPlan {
  return ([width], key) => {
    const layer = plan([width! - n], key);
    return {
      ...layer,
      output: [width!],
      apply(x, mode) {
        const [row, label] = tf.split(x, [width! - n, n], 1) as [tf.Tensor, tf.Tensor];
        return tf.concat([layer.apply(row, mode), label], 1);
      },
    };
  };
}

/** A layer of all values, with the last n of its input behind its output. */
function keeping(n: number, plan: LayerPlan): LayerPlan {
  return ([width], key) => {
    const layer = plan([width!], key);
    return {
      ...layer,
      output: [layer.output[0]! + n],
      apply(x, mode) {
        const [, label] = tf.split(x, [width! - n, n], 1) as [tf.Tensor, tf.Tensor];
        return tf.concat([layer.apply(x, mode), label], 1);
      },
    };
  };
}

/** How a scenario names it: `discriminator: { use: triple-gan-discriminator, classes: 10 }`. */
export default component(Networks, {
  name: "triple-gan-discriminator",
  summary: "Discriminator of pairs of row and label, (784 + 10)-1000-500-250-250-250-1",
  reference: "Li et al., NIPS 2017, arXiv:1703.02291",
  options,
  create: tripleGanDiscriminator,
});
