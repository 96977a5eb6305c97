/**
 * From images to images of the same size, by convolutions that look at a few pixels around each. J. Long, E. Shelhamer,
 * T. Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015.
 *
 * @module
 */
import { component, type NetworkPlan, Networks, parseOptions, z } from "../../../core/mod.ts";
import { relu } from "../layers/activations.ts";
import { affine } from "../layers/affine.ts";
import { conv2d } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { imageShape } from "../layers/shapes.ts";
import { filtersSchema } from "../options.ts";

const options = z.strictObject({
  filters: filtersSchema.default([16, 16]).describe("Filters of each convolution in front of the last."),
});

/** Options of {@link imageTranslator}. */
export type ImageTranslatorOptions = z.input<typeof options>;

/**
 * 3 × 3 convolutions with ReLU, sides kept, and a last one, squashed where its port has a range: `[n, h, w, c]` to
 * `[n, h, w, c']`, c' being the channels of the output's port.
 * @throws InputError where an option is out of its range; from `build` where a port is no image, or the sides differ
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { imageTranslator } from "dsgan/networks";
 *
 * await tf.setBackend("cpu");
 * const key = Key.from("example");
 * const g = imageTranslator({ filters: [4] }).build({ input: [8, 8, 2], output: [8, 8, 1] }, key);
 * console.log(g.apply(key.normal([3, 8, 8, 2]), { training: false }).shape); // [3, 8, 8, 1]
 * ```
 */
export function imageTranslator(given: ImageTranslatorOptions = {}): NetworkPlan {
  const { filters } = parseOptions("image-translator", options, given);
  const name = "image-translator";
  return {
    name,
    build(ports, key) {
      const [, , channels] = imageShape(ports.output, `network "${name}"`);
      const same = (n: number) => conv2d(n, { size: 3, padding: 1 });
      const body = [
        ...filters.flatMap((n) => [affine(same(n), { init: "he" }), relu]), // [n, h, w, filters]
        affine(same(channels), { init: "glorot" }), // [n, h, w, channels]
      ];
      return networkOf({ name, body }, ports, key);
    },
  };
}

/** A scenario names it `generator: image-translator`. */
export default component(Networks, {
  name: "image-translator",
  summary: "Images to images of the same size by convolutions",
  reference: "Long et al., CVPR 2015, arXiv:1411.4038",
  options,
  create: imageTranslator,
});
