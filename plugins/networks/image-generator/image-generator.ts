/**
 * The generator of DSGAN's Table 5 (that of T. Salimans et al., "Improved Techniques for Training GANs", NIPS 2016).
 *
 * @module
 */
import { component, InputError, type NetworkPlan, Networks, parseOptions, z } from "../../../core/mod.ts";
import { relu, tanhInto } from "../layers/activations.ts";
import { affine } from "../layers/affine.ts";
import { batchNorm } from "../layers/batch-norm.ts";
import type { LayerPlan } from "../layers/layer.ts";
import { conv2dTranspose, dense, type LinearPlan } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { flatten, imageShape, reshape } from "../layers/shapes.ts";
import { weightNorm } from "../layers/weight-norm.ts";

const options = z
  .strictObject({
    channels: z
      .int()
      .positive()
      .default(512)
      .describe("Channels of the smallest image; each layer after it halves them."),
    doublings: z
      .int()
      .positive()
      .default(3)
      .describe("How often the sides double: 3 in Table 5, 2 for images of 28 × 28."),
  })
  .refine(({ channels, doublings }) => channels % 2 ** (doublings - 1) === 0, {
    error: "channels must stay whole as each layer halves them: give a multiple of 4, or fewer doublings",
  });

/** Options of {@link imageGenerator}. */
export type ImageGeneratorOptions = z.input<typeof options>;

/** Standard deviation from which the last weight is drawn (the authors' code; the others have PyTorch's default). */
const DEVIATION = 0.05;

/**
 * From z to an image an eighth of the output's size, then thrice doubled by transpose convolutions of 5 × 5, stride 2,
 * with batch norm and ReLU, the last with weight norm and tanh, spread over the range of the output's port ([−1, 1]
 * where it has none). With fewer doublings it begins with a larger image.
 * @throws InputError where an option is out of its range; from `build` where the output's sides are no multiples of
 *   2^doublings
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { imageGenerator } from "dsgan/networks";
 *
 * await tf.setBackend("cpu");
 * const key = Key.from("example");
 * const g = imageGenerator({ channels: 8, doublings: 2 }).build({ input: [10], output: [8, 8, 1] }, key);
 * console.log(g.apply(key.normal([2, 10]), { training: false }).shape); // [2, 8, 8, 1]
 * ```
 */
export function imageGenerator(given: ImageGeneratorOptions = {}): NetworkPlan {
  const { channels, doublings } = parseOptions("image-generator", options, given);
  const name = "image-generator";
  return {
    name,
    build({ input, output, range = [-1, 1] }, key) {
      const [height, width, colours] = imageShape(output, `network "${name}"`);
      const growth = 2 ** doublings;
      if (height % growth !== 0 || width % growth !== 0) {
        throw new InputError(
          `network "${name}" makes images whose sides are multiples of ${growth}, but is asked for [${output}]` +
            (doublings > 1 ? ": try fewer doublings" : ""),
        );
      }
      const first = [height / growth, width / growth, channels] as const;
      const doubled = (filters: number): LinearPlan => conv2dTranspose(filters, { size: 5, stride: 2 });
      const normed = (map: LinearPlan): LayerPlan[] => [
        affine(map, { init: "pytorch", bias: false }), // batch norm takes away any bias
        batchNorm,
        relu,
      ];
      const body = [
        flatten,
        ...normed(dense(first[0] * first[1] * first[2])),
        reshape(first), // [n, h/8, w/8, channels]
        ...Array.from({ length: doublings - 1 }, (_, i) => normed(doubled(channels / 2 ** (i + 1)))).flat(),
        weightNorm(doubled(colours), { deviation: DEVIATION, trainScale: true, initDeviation: 0.1 }),
      ];
      return networkOf({ name, body, squash: tanhInto(range) }, { input, output }, key);
    },
  };
}

/** A scenario names it `generator: image-generator`. */
export default component(Networks, {
  name: "image-generator",
  summary: "Generator of images by transpose convolutions (Table 5)",
  reference: "DSGAN, Table 5; Salimans et al., NIPS 2016, arXiv:1606.03498",
  options,
  create: imageGenerator,
});
