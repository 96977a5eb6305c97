/**
 * Multilayer perceptrons: dense layers with an activation between them, for critics, generators and autoencoders.
 *
 * @module
 */
import {
  type Component,
  component,
  type Network,
  type NetworkPlan,
  type Range,
  sizeOf,
  tf,
  z,
} from "../../../core/mod.ts";
import { dense, type Init } from "./dense.ts";

/** Name of an activation function. */
export type Activation = "relu" | "leaky-relu" | "elu" | "tanh" | "softplus";

/** Options of {@link mlp}. */
export interface MlpOptions {
  /** Widths of the hidden layers; none makes a linear map. */
  readonly hidden: readonly number[];
  readonly activation: Activation;
  /** How the weights of hidden layers are drawn; by default as suits the activation. The last layer is `glorot`. */
  readonly init?: Init | undefined;
  /** Holds the largest singular value of each layer's weight at 1: see `spectral-norm.ts`. */
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
 * range, is squashed into it. Parameters are named `0/weight`, `0/bias`, `1/weight`, … from the input.
 */
export function mlp({ hidden, activation, init, spectralNorm }: MlpOptions): NetworkPlan {
  const { f, init: suiting } = activations[activation];
  return {
    name: "mlp",
    build({ input, output, range }, key): Network {
      const widths = [sizeOf(input), ...hidden, sizeOf(output)];
      const last = widths.length - 2;
      const layers = widths.slice(1).map((width, i) => {
        const layerInit = i === last ? "glorot" : (init ?? suiting);
        return dense(widths[i]!, width, { init: layerInit, spectralNorm }, key.fold(i));
      });
      const squash = range && squashInto(range);
      const named = (group: "parameters" | "state"): Map<string, tf.Variable> =>
        new Map(layers.flatMap((l, i) => Object.entries(l[group]).map(([name, v]) => [`${i}/${name}`, v])));
      const parameters = named("parameters");
      const state = named("state");

      return {
        inputShape: input,
        outputShape: output,
        parameters,
        state,
        apply(x) {
          const n = x.shape[0]!;
          let y = tf.reshape(x, [n, widths[0]!]); // [n, width of the input]
          layers.forEach((layer, i) => {
            y = i === last ? layer.apply(y) : f(layer.apply(y)); // [n, width of layer i]
          });
          return tf.reshape(squash ? squash(y) : y, [n, ...output]);
        },
        ...(spectralNorm && { prepare: () => layers.forEach((layer) => void layer.prepare?.()) }),
        dispose: () => tf.dispose([...parameters.values(), ...state.values()]),
      };
    },
  };
}

/** `centre + half·tanh(x)`: tanh itself on [−1, 1], the sigmoid of 2x on [0, 1]. */
function squashInto([low, high]: Range): (x: tf.Tensor) => tf.Tensor {
  const half = (high - low) / 2;
  const centre = (high + low) / 2;
  if (half === 1 && centre === 0) return (x) => tf.tanh(x);
  return (x) => tf.add(centre, tf.mul(half, tf.tanh(x)));
}

/** How a scenario names it: `critic: { use: mlp, hidden: [256, 256], activation: leaky-relu }`. */
export const mlpComponent: Component<NetworkPlan> = component({
  name: "mlp",
  summary: "Multilayer perceptron (default)",
  reference: "He et al., ICCV 2015; Glorot & Bengio, AISTATS 2010; Miyato et al., ICLR 2018",
  options: () =>
    z.strictObject({
      hidden: z.array(z.int().positive()).default([128, 128, 128]).describe("Widths of the hidden layers."),
      activation: z.enum(["relu", "leaky-relu", "elu", "tanh", "softplus"]).default("relu"),
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
