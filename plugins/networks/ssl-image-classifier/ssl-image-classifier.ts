/**
 * The classifiers of DSGAN's Table 6 (those of Z. Dai et al., "Good Semi-supervised Learning That Requires a Bad
 * GAN", NIPS 2017).
 *
 * @module
 */
import { component, type NetworkPlan, Networks, parseOptions, sizeOf, z } from "../../../core/mod.ts";
import { leakyRelu } from "../layers/activations.ts";
import type { LayerPlan } from "../layers/layer.ts";
import { conv2d, dense, type Window } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { dropout, dropout2d, gaussianNoise } from "../layers/noise.ts";
import { globalAveragePooling, reshape } from "../layers/shapes.ts";
import { weightNorm } from "../layers/weight-norm.ts";

const rate = z.number().min(0).lt(1);

const options = z.strictObject({
  dataset: z
    .enum(["svhn", "cifar10"])
    .default("cifar10")
    .describe(
      "Which column of Table 6: svhn has 64 and 128 filters, and drops whole channels; cifar10 has 96 and 192, and " +
        "drops single values within.",
    ),
  filters: z
    .int()
    .positive()
    .optional()
    .describe(
      "Channels of the first block, half those of the others, for scaled-down runs; the column's unless given.",
    ),
  inputDropout: rate
    .optional()
    .describe(
      "Share of the image's channels that training drops; the column's unless given: 0.15 (svhn) or 0.2.",
    ),
  dropout: rate
    .default(0.5)
    .describe(
      "Share that training drops behind the first and the second block: of channels (svhn) or of values (cifar10).",
    ),
});

/** Options of {@link sslImageClassifier}. */
export type SslImageClassifierOptions = z.input<typeof options>;

/** Standard deviation from which W is drawn (the authors' code). */
const DEVIATION = 0.05;

const columns = {
  svhn: { filters: 64, inputDropout: 0.15, dropped: dropout2d },
  cifar10: { filters: 96, inputDropout: 0.2, dropped: dropout },
};

/** Nine convolutions with weight norm and leaky ReLU, their mean over the image, and an output with weight norm. */
export function sslImageClassifier(given: SslImageClassifierOptions = {}): NetworkPlan {
  const name = "ssl-image-classifier";
  const checked = parseOptions(name, options, given);
  const { dropped, ...column } = columns[checked.dataset];
  const { filters = column.filters, inputDropout = column.inputDropout } = checked;
  const conv = (outputs: number, window: Window): LayerPlan[] => [
    weightNorm(conv2d(outputs, window), { deviation: DEVIATION }),
    leakyRelu(0.2),
  ];
  const halving = (outputs: number): LayerPlan[] => [
    ...conv(outputs, { size: 3, padding: 1 }),
    ...conv(outputs, { size: 3, padding: 1 }),
    ...conv(outputs, { size: 3, padding: 1, stride: 2 }),
  ];
  const body = [
    gaussianNoise(0.05),
    dropout2d(inputDropout),
    ...halving(filters), // [n, h/2, w/2, filters]
    dropped(checked.dropout),
    ...halving(2 * filters), // [n, h/4, w/4, 2·filters]
    dropped(checked.dropout),
    ...conv(2 * filters, { size: 3 }), // no padding: [n, h/4 − 2, w/4 − 2, 2·filters]
    ...conv(2 * filters, { size: 1 }),
    ...conv(2 * filters, { size: 1 }),
    globalAveragePooling, // [n, 2·filters]
  ];
  return {
    name,
    build(ports, key) {
      const classes = dense(sizeOf(ports.output));
      const last = weightNorm(classes, { deviation: DEVIATION, trainScale: true, initDeviation: 0.1 });
      return networkOf({ name, body, head: [last, reshape(ports.output)] }, ports, key);
    },
  };
}

/** How a scenario names it: `classifier: { use: ssl-image-classifier, dataset: svhn }`. */
export default component(Networks, {
  name: "ssl-image-classifier",
  summary: "Classifier for semi-supervised learning on SVHN and CIFAR-10 (Table 6)",
  reference: "DSGAN, Table 6; Dai et al., NIPS 2017, arXiv:1705.09783",
  options,
  create: sslImageClassifier,
});
