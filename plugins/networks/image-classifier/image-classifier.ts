/**
 * The classifier of DSGAN's Table 7: that of Table 6 with fewer layers and less randomness, and a head that is not
 * linear.
 *
 * @module
 */
import { component, type NetworkPlan, Networks, parseOptions, sizeOf, z } from "../../../core/mod.ts";
import { leakyRelu } from "../layers/activations.ts";
import type { LayerPlan } from "../layers/layer.ts";
import { conv2d, dense, type LinearPlan } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { dropout } from "../layers/noise.ts";
import { globalAveragePooling, reshape } from "../layers/shapes.ts";
import { weightNorm } from "../layers/weight-norm.ts";

const options = z.strictObject({
  filters: z
    .int()
    .positive()
    .default(96)
    .describe("Filters of the first block; the second and the head have twice as many."),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      "Share of values dropped after each block in training: 0.5 in Table 7, none in the text of Appendix E.",
    ),
});

/** Options of {@link imageClassifier}. */
export type ImageClassifierOptions = z.input<typeof options>;

/** Standard deviation from which W is drawn, as in Table 6's. */
const DEVIATION = 0.05;

/**
 * Six convolutions with weight norm and leaky ReLU, their mean over the image, three dense layers alike, and an
 * output with weight norm. The feature space is what the mean gives: a head of three layers follows it, so that
 * generated features can be classified.
 * @throws InputError where an option is out of its range; from `build` where the input is no image of 12 × 12 or more
 * @example
 * ```ts
 * import { Key, parameterCount, tf } from "dsgan";
 * import { imageClassifier } from "dsgan/networks";
 *
 * await tf.setBackend("cpu");
 * const net = imageClassifier({ filters: 4 }).build({ input: [12, 12, 3], output: [10] }, Key.from("example"));
 * console.log(net.features!.shape, parameterCount(net)); // [8], 2112
 * ```
 */
export function imageClassifier(given: ImageClassifierOptions = {}): NetworkPlan {
  const { filters, dropout: rate } = parseOptions("image-classifier", options, given);
  const name = "image-classifier";
  const layer = (map: LinearPlan): LayerPlan[] => [weightNorm(map, { deviation: DEVIATION }), leakyRelu(0.2)];
  const halving = (outputs: number): LayerPlan[] => [
    ...layer(conv2d(outputs, { size: 3, padding: 1 })),
    ...layer(conv2d(outputs, { size: 3, padding: 1, stride: 2 })),
    dropout(rate),
  ];
  const width = 2 * filters;
  const body = [
    ...halving(filters), // [n, h/2, w/2, filters]
    ...halving(width), // [n, h/4, w/4, width]
    ...layer(conv2d(width, { size: 3 })), // no padding: [n, h/4 − 2, w/4 − 2, width]
    ...layer(conv2d(width, { size: 1 })),
    globalAveragePooling, // [n, width]
  ];
  return {
    name,
    build(ports, key) {
      const classes = dense(sizeOf(ports.output));
      const head = [
        ...layer(dense(width)),
        ...layer(dense(width)),
        ...layer(dense(width)),
        weightNorm(classes, { deviation: DEVIATION, trainScale: true, initDeviation: 0.1 }),
        reshape(ports.output),
      ];
      return networkOf({ name, body, head }, ports, key);
    },
  };
}

/** A scenario names it `classifier: image-classifier`. */
export default component(Networks, {
  name: "image-classifier",
  summary: "Classifier for adversarial training on CIFAR-10 (Table 7)",
  reference: "DSGAN, Table 7 and Appendix E",
  options,
  create: imageClassifier,
});
