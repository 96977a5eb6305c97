/**
 * Multilayer perceptrons: dense layers with an activation between them, for critics, generators and autoencoders.
 *
 * @module
 */
import { component, type NetworkPlan, Networks, parseOptions, sizeOf, z } from "../../../core/mod.ts";
import { type Activation, activations } from "../layers/activations.ts";
import { affine, INITS, type Init } from "../layers/affine.ts";
import type { LayerPlan } from "../layers/layer.ts";
import { dense } from "../layers/linear.ts";
import { networkOf } from "../layers/network.ts";
import { flatten, reshape } from "../layers/shapes.ts";
import { widthsSchema } from "../options.ts";

const options = z.strictObject({
  hidden: widthsSchema
    .default([128, 128, 128])
    .describe("Widths of the hidden layers; an empty list makes a linear map."),
  activation: z
    .enum(Object.keys(activations) as Activation[])
    .default("relu")
    .describe("What follows each hidden layer; the slope of leaky-relu below 0 is 0.2."),
  init: z
    .enum(INITS)
    .optional()
    .describe(
      "What hidden weights are drawn from: he, N(0, 2/inputs); glorot, N(0, 2/(inputs + outputs)); pytorch, that " +
        "library's default, U(−1/√inputs, 1/√inputs). By default as suits the activation: glorot for tanh and softplus, " +
        "he for the others.",
    ),
  spectralNorm: z
    .boolean()
    .default(false)
    .describe("Divides each weight by its largest singular value; for critics (Miyato et al., ICLR 2018)."),
});

/** Options of {@link mlp}. */
export type MlpOptions = z.input<typeof options>;

/**
 * Dense layers. The input is flattened; the output takes the shape of its port and, where that has a range, is squashed
 * into it. What the last hidden layer gives is the network's feature space. Parameters are named `0/weight`, `0/bias`,
 * `1/weight`, … from the input; the last weight is drawn as `glorot`.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { mlp } from "dsgan/networks";
 *
 * await tf.setBackend("cpu");
 * const key = Key.from("example");
 * const critic = mlp({ hidden: [64, 64], activation: "leaky-relu", spectralNorm: true });
 * const net = critic.build({ input: [2], output: [1] }, key);
 * console.log(net.apply(key.normal([5, 2]), { training: false }).shape); // [5, 1]
 * ```
 */
export function mlp(given: MlpOptions = {}): NetworkPlan {
  const { hidden, activation, init, spectralNorm } = parseOptions("mlp", options, given);
  return {
    name: "mlp",
    build(ports, key) {
      const { layer: activated, init: suiting } = activations[activation];
      const layer = (width: number, drawn: Init): LayerPlan =>
        affine(dense(width), { init: drawn, spectralNorm });
      const body = [
        flatten,
        ...hidden.flatMap((width) => [layer(width, init ?? suiting), activated]), // [n, width]
      ];
      const head = [layer(sizeOf(ports.output), "glorot"), reshape(ports.output)];
      return networkOf({ name: "mlp", body, head }, ports, key);
    },
  };
}

/** A scenario names it `critic: { use: mlp, hidden: [256, 256], activation: leaky-relu }`. */
export default component(Networks, {
  name: "mlp",
  summary: "Multilayer perceptron (default)",
  reference: "He et al., ICCV 2015; Glorot & Bengio, AISTATS 2010; Miyato et al., ICLR 2018",
  options,
  create: mlp,
});
