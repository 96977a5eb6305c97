/**
 * The decoder of novelty detection: transpose convolutions of 5 × 5 and stride 2.
 *
 * @module
 */
import { component, type NetworkPlan, Networks, parseOptions, tf, z } from "../../../core/mod.ts";
import { leakyRelu } from "../layers/activations.ts";
import { affine } from "../layers/affine.ts";
import { batchNorm } from "../layers/batch-norm.ts";
import type { LayerPlan } from "../layers/layer.ts";
import { conv2dTranspose, dense, type LinearPlan } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { flatten, imageShape, reshape } from "../layers/shapes.ts";
import { vaeShape } from "./options.ts";

const options = z.strictObject(vaeShape);

/** Options of {@link noveltyDecoder}. */
export type NoveltyDecoderOptions = z.input<typeof options>;

/**
 * A dense layer and transpose convolutions of 5 × 5 and stride 2, each but the last with batch norm and leaky ReLU (slope
 * .2), squashed where the output's port has a range. The images are cut to the sides that are asked for.
 * @throws InputError where an option is out of its range; from `build` where the output is no image
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { noveltyDecoder } from "dsgan/networks";
 *
 * await tf.setBackend("cpu");
 * const key = Key.from("example");
 * const net = noveltyDecoder({ filters: [4, 8] }).build({ input: [10], output: [9, 9, 1] }, key);
 * console.log(net.apply(key.normal([2, 10]), { training: false }).shape); // [2, 9, 9, 1]
 * ```
 */
export function noveltyDecoder(given: NoveltyDecoderOptions = {}): NetworkPlan {
  const { filters } = parseOptions("novelty-decoder", options, given);
  const name = "novelty-decoder";
  return {
    name,
    build(ports, key) {
      const [height, width, channels] = imageShape(ports.output, `network "${name}"`);
      const side = (length: number): number => Math.ceil(length / 2 ** filters.length);
      const first = [side(height), side(width), filters.at(-1)!] as const;
      const normed = (map: LinearPlan): LayerPlan[] => [
        affine(map, { init: "he", bias: false }),
        batchNorm,
        leakyRelu(0.2),
      ];
      const doubled = (n: number): LinearPlan => conv2dTranspose(n, { size: 5, stride: 2 });
      const body = [
        flatten,
        affine(dense(first[0] * first[1] * first[2]), { init: "he", bias: false }),
        reshape(first),
        batchNorm,
        leakyRelu(0.2),
        ...filters
          .slice(0, -1)
          .toReversed()
          .flatMap((n) => normed(doubled(n))),
        affine(doubled(channels), { init: "glorot" }),
        cut([height, width]),
      ];
      return networkOf({ name, body }, ports, key);
    },
  };
}

/** The upper left part of images. */
function cut([height, width]: readonly [number, number]): LayerPlan {
  return (input) => {
    const output = [height, width, input[2]!];
    if (`${input}` === `${output}`) return { output, apply: (x) => x };
    return { output, apply: (x) => tf.slice(x, [0, 0, 0, 0], [x.shape[0]!, ...output]) };
  };
}

export const decoderComponent = component(Networks, {
  name: "novelty-decoder",
  summary: "Decoder of images for novelty detection: transpose convolutions of 5 × 5",
  reference: "DSGAN, ICLR 2020 (its authors' code)",
  options,
  create: noveltyDecoder,
});
