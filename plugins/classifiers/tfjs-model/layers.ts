/**
 * Layers models: what `model.save` and Keras's converter write, Keras 3's spelling of the topology included.
 *
 * @module
 */
import { InputError, tf } from "../../../core/mod.ts";
import type { Ending, Model, Output } from "./model.ts";

/** Loads a layers model. */
export async function layersModel(artifacts: tf.io.ModelArtifacts): Promise<Model> {
  const modelTopology = asKeras2(artifacts.modelTopology) as object;
  const model = await tf.loadLayersModel({ load: async () => ({ ...artifacts, modelTopology }) });
  if (model.inputs.length !== 1) {
    model.dispose();
    throw new InputError(`a classifier has one input, this model has ${model.inputs.length}`);
  }
  const [input] = model.inputs;
  const made: { dispose(): unknown }[] = [model];
  return {
    inputShape: input!.shape,
    inputType: input!.dtype,
    outputs: model.outputs.map((symbol, i): Output => {
      const { ending, without, twin } = endingOf(symbol);
      if (twin !== undefined) made.push(twin);
      const beforeIt = without && tf.model({ inputs: model.inputs, outputs: without });
      return {
        name: model.outputNames[i]!,
        shape: symbol.shape,
        ending,
        apply(x, before) {
          if (before) return beforeIt!.apply(x, { training: false }) as tf.Tensor;
          const all = model.apply(x, { training: false }) as tf.Tensor | tf.Tensor[];
          return Array.isArray(all) ? all[i]! : all;
        },
      };
    }),
    dispose: () => {
      for (const one of made.splice(0)) one.dispose();
    },
  };
}

interface Activated {
  readonly activation?: { getClassName(): string };
  readonly inboundNodes: readonly { readonly inputTensors: tf.SymbolicTensor[] }[];
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  softmax: "softmax",
  sigmoid: "sigmoid",
  linear: "linear",
};

/** How an output came about, and what it would be without its last activation. */
function endingOf(symbol: tf.SymbolicTensor): {
  readonly ending: Ending;
  readonly without?: tf.SymbolicTensor;
  /** A layer made for that. */
  readonly twin?: tf.layers.Layer;
} {
  const layer = symbol.sourceLayer;
  const kind = layer.getClassName();
  const [node] = layer.inboundNodes as unknown as Activated["inboundNodes"];
  const inputs = node?.inputTensors ?? [];
  const { activation } = layer as unknown as Activated;
  const ending = kind === "Softmax" ? "softmax" : (ENDINGS[activation?.getClassName() ?? ""] ?? "unknown");
  if (ending !== "softmax" && ending !== "sigmoid") return { ending };
  if (kind === "Softmax" || kind === "Activation") return { ending, without: inputs[0]! };
  // a layer with an activation of its own: its twin without one has the same weights
  const config = { ...layer.getConfig(), activation: "linear", name: `${layer.name}_before` };
  const twin = new (layer.constructor as new (config: object) => tf.layers.Layer)(config);
  const without = twin.apply(inputs) as tf.SymbolicTensor;
  twin.setWeights(layer.getWeights());
  return { ending, without, twin };
}

interface Config {
  readonly [name: string]: unknown;
}

/** A topology as Keras 2 spells it, from either spelling. */
function asKeras2(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asKeras2);
  if (typeof value !== "object" || value === null) return value;
  const node = value as Config;
  // a type by name
  if (node.class_name === "DTypePolicy") return (node.config as Config).name;
  const entries = Object.entries(node).map(([name, inner]): [string, unknown] => {
    if (name === "batch_shape") return ["batch_input_shape", inner];
    if (name === "inbound_nodes" && Array.isArray(inner)) return [name, inner.map(inboundOf)];
    return [name, asKeras2(inner)];
  });
  return Object.fromEntries(entries);
}

/** Where a layer is called: Keras 3 writes down the arguments, Keras 2 the layers that they come from. */
function inboundOf(call: unknown): unknown {
  if (typeof call !== "object" || call === null || !("args" in call)) return call;
  const found: unknown[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if ((value as Config | null)?.class_name === "__keras_tensor__") {
      const [layer, node, tensor] = ((value as Config).config as Config).keras_history as unknown[];
      found.push([layer, node, tensor, {}]);
    }
  };
  walk(call.args);
  return found;
}
