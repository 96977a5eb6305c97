/**
 * The generator of codes in novelty detection: dense layers with batch norm.
 *
 * @module
 */
import { component, type NetworkPlan, Networks, parseOptions, sizeOf, z } from "../../../core/mod.ts";
import { relu } from "../layers/activations.ts";
import { affine } from "../layers/affine.ts";
import { batchNorm } from "../layers/batch-norm.ts";
import { dense } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { flatten, reshape } from "../layers/shapes.ts";
import { widthsSchema } from "../options.ts";

const options = z.strictObject({
  hidden: widthsSchema.default([1024, 512, 256]).describe("Widths of the hidden layers."),
});

/** Options of {@link noveltyGenerator}. */
export type NoveltyGeneratorOptions = z.input<typeof options>;

/**
 * Dense layers with batch norm and ReLU, and a dense output: codes to codes, 128-1024-512-256-128 with the ports of the
 * authors' code.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { noveltyGenerator } from "dsgan/networks";
 *
 * await tf.setBackend("cpu");
 * const key = Key.from("example");
 * const net = noveltyGenerator({ hidden: [16] }).build({ input: [4], output: [4] }, key);
 * console.log(net.couplesRows); // true
 * ```
 */
export function noveltyGenerator(given: NoveltyGeneratorOptions = {}): NetworkPlan {
  const { hidden } = parseOptions("novelty-generator", options, given);
  return {
    name: "novelty-generator",
    build(ports, key) {
      const body = [
        flatten,
        ...hidden.flatMap((n) => [affine(dense(n), { init: "he", bias: false }), batchNorm, relu]), // [n, hidden]
        affine(dense(sizeOf(ports.output)), { init: "glorot" }),
        reshape(ports.output),
      ];
      return networkOf({ name: "novelty-generator", body }, ports, key);
    },
  };
}

export const generatorComponent = component(Networks, {
  name: "novelty-generator",
  summary: "Generator of codes for novelty detection: dense layers with batch norm",
  reference: "DSGAN, ICLR 2020 (its authors' code)",
  options,
  create: noveltyGenerator,
});
