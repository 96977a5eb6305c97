/**
 * The classifier of DSGAN's Table 4 (that of T. Salimans et al., "Improved Techniques for Training GANs", NIPS 2016).
 *
 * @module
 */
import { component, type NetworkPlan, Networks, parseOptions, sizeOf, z } from "../../../core/mod.ts";
import { relu } from "../layers/activations.ts";
import type { LayerPlan } from "../layers/layer.ts";
import { dense } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { gaussianNoise } from "../layers/noise.ts";
import { flatten, reshape } from "../layers/shapes.ts";
import { weightNorm } from "../layers/weight-norm.ts";

const options = z.strictObject({
  outputNoise: z
    .number()
    .min(0)
    .default(0.5)
    .describe("Deviation of the noise before the output: 0.5 in the published code, none (0) in Table 4."),
  hidden: z
    .array(z.int().positive())
    .min(1)
    .default([1000, 500, 250, 250, 250])
    .describe("Widths of the hidden layers; Table 4's unless given."),
});

/** Options of {@link mnistClassifier}. */
export type MnistClassifierOptions = z.input<typeof options>;

/**
 * Hidden layers with weight norm and ReLU, Gaussian noise before each (σ = 0.3 on the image, 0.5 within) and
 * before the output. The feature space is what the last hidden layer gives, before that noise.
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { mnistClassifier } from "dsgan/networks";
 *
 * await tf.setBackend("cpu");
 * const plan = mnistClassifier({ hidden: [64, 32], outputNoise: 0 });
 * const network = plan.build({ input: [28, 28, 1], output: [10] }, Key.from("classifier"));
 * const images = Key.from("images").uniform([3, 28, 28, 1]);
 * console.log(network.apply(images, { training: false }).shape); // [3, 10]
 * ```
 */
export function mnistClassifier(given: MnistClassifierOptions = {}): NetworkPlan {
  const { outputNoise, hidden: widths } = parseOptions("ssl-mnist-classifier", options, given);
  return {
    name: "ssl-mnist-classifier",
    build(ports, key) {
      const hidden = widths.flatMap((width, i): LayerPlan[] => [
        gaussianNoise(i === 0 ? 0.3 : 0.5),
        weightNorm(dense(width), { deviation: 0.1 }),
        relu,
      ]);
      const last = weightNorm(dense(sizeOf(ports.output)), { deviation: 0.1, trainScale: true });
      const noise = outputNoise > 0 ? [gaussianNoise(outputNoise)] : [];
      const head = [...noise, last, reshape(ports.output)];
      return networkOf({ name: "ssl-mnist-classifier", body: [flatten, ...hidden], head }, ports, key);
    },
  };
}

/** How a scenario names it: `classifier: ssl-mnist-classifier`. */
export const classifierComponent = component(Networks, {
  name: "ssl-mnist-classifier",
  summary: "Classifier for semi-supervised learning on MNIST, 784-1000-500-250-250-250-10 (Table 4)",
  reference: "DSGAN, Table 4; Salimans et al., NIPS 2016, arXiv:1606.03498",
  options,
  create: mnistClassifier,
});
