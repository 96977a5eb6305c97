/**
 * A small convolutional network for images: convolutions that each halve the sides, then dense layers.
 * Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition", Proceedings
 * of the IEEE 86(11), 1998; strides in place of pooling as in J. Springenberg et al., "Striving for Simplicity", 2015.
 *
 * @module
 */
import { component, type NetworkPlan, Networks, sizeOf, z } from "../../../core/mod.ts";
import { relu, tanhInto } from "../layers/activations.ts";
import { affine } from "../layers/affine.ts";
import { conv2d, dense } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { flatten, reshape } from "../layers/shapes.ts";

/** Options of {@link convnet}. */
export interface ConvnetOptions {
  /** Filters of each convolution, each of which halves the sides of the image. */
  readonly filters: readonly number[];
  /** Widths of the dense layers after them. */
  readonly hidden: readonly number[];
}

/**
 * 3 × 3 convolutions of stride 2 and dense layers, each with ReLU, and a dense output, squashed where its port has a
 * range. Images `[n, h, w, c]`, of any size: sides are rounded up where they are halved. What the convolutions give is the
 * network's feature space.
 */
export function convnet({ filters, hidden }: ConvnetOptions): NetworkPlan {
  return {
    name: "convnet",
    build(ports, key) {
      const { output, range } = ports;
      const body = [
        ...filters.flatMap((n) => [
          affine(conv2d(n, { size: 3, stride: 2, padding: 1 }), { init: "he" }),
          relu,
        ]),
        flatten, // [n, ⌈h/2ⁱ⌉·⌈w/2ⁱ⌉·filters], i the number of convolutions
      ];
      const head = [
        ...hidden.flatMap((width) => [affine(dense(width), { init: "he" }), relu]), // [n, width]
        affine(dense(sizeOf(output)), { init: "glorot" }),
        reshape(output),
      ];
      return networkOf({ name: "convnet", body, head, squash: range && tanhInto(range) }, ports, key);
    },
  };
}

/** How a scenario names it: `measures: [{ use: classifier, network: convnet }]`. */
const convnetComponent = component(Networks, {
  name: "convnet",
  summary: "Small convolutional network for images: classifiers, critics",
  reference: "LeCun et al., Proceedings of the IEEE 86(11), 1998",
  options: () =>
    z.strictObject({
      filters: z
        .array(z.int().positive())
        .default([16, 32])
        .describe("Filters of each convolution; each halves the sides of the image."),
      hidden: z.array(z.int().positive()).default([128]).describe("Widths of the dense layers after them."),
    }),
  create: convnet,
});

export default convnetComponent;
