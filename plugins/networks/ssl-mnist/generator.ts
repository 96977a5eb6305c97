/**
 * The generator of DSGAN's Table 4 (that of T. Salimans et al., "Improved Techniques for Training GANs", NIPS 2016).
 *
 * @module
 */
import { component, type NetworkPlan, Networks, parseOptions, sizeOf, z } from "../../../core/mod.ts";
import { sigmoidInto, softplus } from "../layers/activations.ts";
import { affine } from "../layers/affine.ts";
import { batchNorm } from "../layers/batch-norm.ts";
import type { LayerPlan } from "../layers/layer.ts";
import { dense } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { flatten, reshape } from "../layers/shapes.ts";
import { weightNorm } from "../layers/weight-norm.ts";

const options = z.strictObject({
  width: z.int().positive().default(500).describe("Width of both hidden layers; 500 in Table 4."),
});

/** Options of {@link mnistGenerator}. */
export type MnistGeneratorOptions = z.input<typeof options>;

/**
 * Two hidden layers with batch norm and softplus, and an output with weight norm and a sigmoid, spread over
 * the range of the output's port ([0, 1] where that has none).
 */
export function mnistGenerator(given: MnistGeneratorOptions = {}): NetworkPlan {
  const { width } = parseOptions("ssl-mnist-generator", options, given);
  return {
    name: "ssl-mnist-generator",
    build({ input, output, range = [0, 1] }, key) {
      // batch norm takes away any bias of the layer before it
      const hidden: LayerPlan[] = [
        affine(dense(width), { init: "glorot", bias: false }),
        batchNorm,
        softplus,
      ];
      const last = weightNorm(dense(sizeOf(output)), {
        deviation: 0.1,
        trainScale: true,
        initDeviation: "none", // the authors initialise the classifier alone
      });
      const body = [flatten, ...hidden, ...hidden, last, reshape(output)];
      return networkOf(
        { name: "ssl-mnist-generator", body, squash: sigmoidInto(range) },
        { input, output },
        key,
      );
    },
  };
}

/** How a scenario names it: `generator: ssl-mnist-generator`. */
export const generatorComponent = component(Networks, {
  name: "ssl-mnist-generator",
  summary: "Generator for semi-supervised learning on MNIST, 100-500-500-784 (Table 4)",
  reference: "DSGAN, Table 4; Salimans et al., NIPS 2016, arXiv:1606.03498",
  options,
  create: mnistGenerator,
});
