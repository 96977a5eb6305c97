/**
 * The encoder of novelty detection: convolutions of 5 × 5 and stride 2.
 *
 * @module
 */
import { component, type NetworkPlan, Networks, parseOptions, sizeOf, z } from "../../../core/mod.ts";
import { leakyRelu } from "../layers/activations.ts";
import { affine } from "../layers/affine.ts";
import { batchNorm } from "../layers/batch-norm.ts";
import { conv2d, dense } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { flatten, reshape } from "../layers/shapes.ts";
import { vaeShape } from "./options.ts";

const options = z.strictObject(vaeShape);

/** Options of {@link noveltyEncoder}. */
export type NoveltyEncoderOptions = z.input<typeof options>;

/**
 * Convolutions of 5 × 5 and stride 2, each with batch norm and leaky ReLU (slope .2), and a dense layer: images
 * `[n, h, w, c]` to what the output's port asks for.
 * @throws InputError where an option is out of its range; from `build` where the input is no image
 * @example
 * ```ts
 * import { Key, parameterCount, tf } from "dsgan";
 * import { noveltyEncoder } from "dsgan/networks";
 *
 * await tf.setBackend("cpu");
 * const net = noveltyEncoder().build({ input: [28, 28, 1], output: [256] }, Key.from("example"));
 * console.log(parameterCount(net)); // 326880
 * ```
 */
export function noveltyEncoder(given: NoveltyEncoderOptions = {}): NetworkPlan {
  const { filters } = parseOptions("novelty-encoder", options, given);
  return {
    name: "novelty-encoder",
    build(ports, key) {
      const body = [
        ...filters.flatMap((n) => [
          affine(conv2d(n, { size: 5, stride: 2, padding: 2 }), { init: "he", bias: false }),
          batchNorm,
          leakyRelu(0.2),
        ]),
        flatten, // [n, ⌈h/2ⁱ⌉·⌈w/2ⁱ⌉·filters]
      ];
      const head = [affine(dense(sizeOf(ports.output)), { init: "glorot" }), reshape(ports.output)];
      return networkOf({ name: "novelty-encoder", body, head }, ports, key);
    },
  };
}

export const encoderComponent = component(Networks, {
  name: "novelty-encoder",
  summary: "Encoder of images for novelty detection: convolutions of 5 × 5",
  reference: "DSGAN, ICLR 2020 (its authors' code)",
  options,
  create: noveltyEncoder,
});
