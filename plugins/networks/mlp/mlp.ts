/**
 * Multilayer perceptrons: dense layers with an activation between them, for critics, generators and autoencoders.
 *
 * @module
 */
import { component, type Network, type NetworkPlan, Networks, sizeOf, tf, z } from "../../../core/mod.ts";
import { each, tanhInto } from "../layers/activations.ts";
import { affine } from "../layers/affine.ts";
import type { LayerPlan } from "../layers/layer.ts";
import { dense } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { flatten, reshape } from "../layers/shapes.ts";

/** How hidden weights are drawn: see `layers/affine.ts`. */
export type Init = "he" | "glorot";

/** Name of an activation function. */
export type Activation = "relu" | "leaky-relu" | "elu" | "tanh" | "softplus";

/** Options of {@link mlp}. */
export interface MlpOptions {
  /** Widths of the hidden layers; none makes a linear map. */
  readonly hidden: readonly number[];
  readonly activation: Activation;
  /** How the weights of hidden layers are drawn; by default as suits the activation. The last layer is `glorot`. */
  readonly init?: Init | undefined;
  /** Holds the largest singular value of each layer's weight at 1: see `layers/spectral-norm.ts`. */
  readonly spectralNorm: boolean;
}

/** Slope of the leaky ReLU below 0. */
const LEAK = 0.2;

/** Each activation, and the initialisation derived for functions of its kind. */
const activations: Record<Activation, { readonly f: (x: tf.Tensor) => tf.Tensor; readonly init: Init }> = {
  relu: { f: (x) => tf.relu(x), init: "he" },
  "leaky-relu": { f: (x) => tf.leakyRelu(x, LEAK), init: "he" },
  elu: { f: (x) => tf.elu(x), init: "he" },
  tanh: { f: (x) => tf.tanh(x), init: "glorot" },
  softplus: { f: (x) => tf.softplus(x), init: "glorot" },
};

/**
 * A plan of dense layers. The input is flattened, the output takes the shape of its port and, where that has a
 * range, is squashed into it. What the last hidden layer gives is the network's feature space. Parameters are named `0/weight`, `0/bias`, `1/weight`, … from the input.
 */
export function mlp({ hidden, activation, init, spectralNorm }: MlpOptions): NetworkPlan {
  return {
    name: "mlp",
    build(ports, key): Network {
      const { output, range } = ports;
      const { f, init: suiting } = activations[activation];
      const layer = (width: number, drawn: Init): LayerPlan =>
        affine(dense(width), { init: drawn, spectralNorm });
      const body = [
        flatten,
        ...hidden.flatMap((width) => [layer(width, init ?? suiting), each(f)]), // [n, width]
      ];
      const head = [layer(sizeOf(output), "glorot"), reshape(output)];
      return networkOf({ name: "mlp", body, head, squash: range && tanhInto(range) }, ports, key);
    },
  };
}

/** How a scenario names it: `critic: { use: mlp, hidden: [256, 256], activation: leaky-relu }`. */
const mlpComponent = component(Networks, {
  name: "mlp",
  summary: "Multilayer perceptron (default)",
  reference: "He et al., ICCV 2015; Glorot & Bengio, AISTATS 2010; Miyato et al., ICLR 2018",
  options: () =>
    z.strictObject({
      hidden: z.array(z.int().positive()).default([128, 128, 128]).describe("Widths of the hidden layers."),
      activation: z
        .enum(["relu", "leaky-relu", "elu", "tanh", "softplus"])
        .default("relu")
        .describe("Between the layers."),
      init: z
        .enum(["he", "glorot"])
        .optional()
        .describe("How hidden weights are drawn; by default as suits the activation."),
      spectralNorm: z
        .boolean()
        .default(false)
        .describe("Divides each weight by its largest singular value; for critics."),
    }),
  create: mlp,
});

export default mlpComponent;
