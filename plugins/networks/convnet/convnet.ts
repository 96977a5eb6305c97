/**
 * A small convolutional network for images: convolutions that each halve the sides, then dense layers.
 * Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition", Proceedings
 * of the IEEE 86(11), 1998; strides in place of pooling as in J. Springenberg et al., "Striving for Simplicity", 2015.
 *
 * @module
 */
import { component, type NetworkPlan, Networks, parseOptions, sizeOf, z } from "../../../core/mod.ts";
import { relu } from "../layers/activations.ts";
import { affine } from "../layers/affine.ts";
import { conv2d, dense } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { flatten, reshape } from "../layers/shapes.ts";
import { filtersSchema, widthsSchema } from "../options.ts";

const options = z.strictObject({
  filters: filtersSchema
    .default([16, 32])
    .describe("Filters of each convolution; each halves the sides of the image, rounded up."),
  hidden: widthsSchema.default([128]).describe("Widths of the dense layers after them."),
});

/** Options of {@link convnet}. */
export type ConvnetOptions = z.input<typeof options>;

/**
 * 3 × 3 convolutions of stride 2 and dense layers, each with ReLU, and a dense output, squashed where its port has a
 * range. It takes images `[n, h, w, c]` of any size: sides are rounded up where they are halved. What the convolutions
 * give is the network's feature space.
 * @throws InputError where an option is out of its range; from `build` where the input is no image
 * @example
 * ```ts
 * import { Key, parameterCount, tf } from "dsgan";
 * import { convnet } from "dsgan/networks";
 *
 * await tf.setBackend("cpu");
 * const net = convnet({ filters: [8] }).build({ input: [28, 28, 1], output: [10] }, Key.from("example"));
 * console.log(net.features!.shape, parameterCount(net)); // [1568], 202202
 * ```
 */
export function convnet(given: ConvnetOptions = {}): NetworkPlan {
  const { filters, hidden } = parseOptions("convnet", options, given);
  return {
    name: "convnet",
    build(ports, key) {
      const { output } = ports;
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
      return networkOf({ name: "convnet", body, head }, ports, key);
    },
  };
}

/** A scenario names it `measures: [{ use: classifier, network: convnet }]`. */
export default component(Networks, {
  name: "convnet",
  summary: "Small convolutional network for images: classifiers, critics",
  reference: "LeCun et al., Proceedings of the IEEE 86(11), 1998",
  options,
  create: convnet,
});
