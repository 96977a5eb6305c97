/**
 * From images to images of the same size, by convolutions that look at a few pixels around each. J. Long, E. Shelhamer,
 * T. Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015.
 *
 * @module
 */
import { component, type NetworkPlan, Networks, z } from "../../../core/mod.ts";
import { relu, tanhInto } from "../layers/activations.ts";
import { affine } from "../layers/affine.ts";
import { conv2d } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { imageShape } from "../layers/shapes.ts";

/** Options of {@link imageTranslator}. */
export interface ImageTranslatorOptions {
  /** Filters of each convolution in front of the last. */
  readonly filters: readonly number[];
}

/** 3 × 3 convolutions with ReLU, sides kept, and a last one, squashed where its port has a range. */
export function imageTranslator({ filters }: ImageTranslatorOptions): NetworkPlan {
  const name = "image-translator";
  return {
    name,
    build(ports, key) {
      const { output, range } = ports;
      const [, , channels] = imageShape(output, `network "${name}"`);
      const same = (n: number) => conv2d(n, { size: 3, padding: 1 });
      const body = [
        ...filters.flatMap((n) => [affine(same(n), { init: "he" }), relu]), // [n, h, w, filters]
        affine(same(channels), { init: "glorot" }), // [n, h, w, channels]
      ];
      return networkOf({ name, body, squash: range && tanhInto(range) }, ports, key);
    },
  };
}

/** How a scenario names it: `generator: image-translator`. */
const imageTranslatorComponent = component(Networks, {
  name: "image-translator",
  summary: "Images to images of the same size by convolutions",
  reference: "Long et al., CVPR 2015, arXiv:1411.4038",
  options: () =>
    z.strictObject({
      filters: z
        .array(z.int().positive())
        .default([16, 16])
        .describe("Filters of each convolution in front of the last."),
    }),
  create: imageTranslator,
});

export default imageTranslatorComponent;
