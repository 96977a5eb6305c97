/**
 * Graph models: what TensorFlow's converter makes of saved models.
 *
 * @module
 */
import { InputError, tf } from "../../../core/mod.ts";
import type { Ending, Model, Output } from "./model.ts";
import { type GraphNode, keyed } from "./random.ts";

/** A node as the executor has it. */
interface Executed {
  readonly name: string;
  readonly op: string;
  readonly category?: string;
  readonly inputNames: readonly string[];
  readonly inputs: readonly Executed[];
}

interface Executor {
  readonly executor: { readonly graph: { readonly nodes: Readonly<Record<string, Executed>> } };
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  Softmax: "softmax",
  Sigmoid: "sigmoid",
  MatMul: "linear",
  _FusedMatMul: "linear",
  BiasAdd: "linear",
  Conv2D: "linear",
  _FusedConv2D: "linear",
  Add: "linear",
  AddV2: "linear",
};

/** Operations that pass on what they are given. */
const PASSING = new Set(["Identity", "StopGradient", "PreventGradient", "CheckNumerics", "EnsureShape"]);

/** Loads a graph whose random operations draw from the key of a pass. */
export async function graphModel(artifacts: tf.io.ModelArtifacts): Promise<Model> {
  const topology = artifacts.modelTopology as { readonly node?: readonly GraphNode[] };
  const modelTopology = { ...topology, ...(topology.node && { node: keyed(topology.node) }) };
  const model = await tf.loadGraphModel({ load: async () => ({ ...artifacts, modelTopology }) });
  try {
    return described(model);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function described(model: tf.GraphModel): Model {
  const { nodes } = (model as unknown as Executor).executor.graph;
  if (model.inputs.length !== 1) {
    throw new InputError(`a classifier has one input, this model has ${model.inputs.length}`);
  }
  const [input] = model.inputs;
  const execute = (x: tf.Tensor, name: string): tf.Tensor =>
    model.execute({ [input!.name]: x }, name) as tf.Tensor;
  return {
    inputShape: input!.shape,
    inputType: input!.dtype,
    outputs: model.outputs.map(({ name, shape }): Output => {
      const last = lastOf(nodes, name);
      const ending = ENDINGS[last?.op ?? ""] ?? "unknown";
      return {
        name,
        shape: shape && shape.length > 0 ? shape.map((length) => (length < 0 ? null : length)) : undefined,
        ending,
        apply(x, before) {
          refuseUnknown(nodes[name.split(":")[0]!]);
          return execute(x, before ? last!.inputNames[0]! : name);
        },
      };
    }),
    dispose: () => model.dispose(),
  };
}

/** The node that an output comes from. */
function lastOf(nodes: Readonly<Record<string, Executed>>, name: string): Executed | undefined {
  let node = nodes[name.split(":")[0]!];
  while (node !== undefined && PASSING.has(node.op)) node = node.inputs[0];
  return node;
}

/** @throws InputError naming the operations that TensorFlow.js lacks, among those that an output needs */
function refuseUnknown(output: Executed | undefined): void {
  const seen = new Set<Executed>();
  const unknown = new Map<string, string>();
  const walk = (node: Executed | undefined): void => {
    if (node === undefined || seen.has(node)) return;
    seen.add(node);
    if (node.category === undefined) unknown.set(node.op, node.name);
    node.inputs.forEach(walk);
  };
  walk(output);
  if (unknown.size === 0) return;
  const list = [...unknown].map(([op, name]) => `${op} (node "${name}")`).join(", ");
  throw new InputError(
    `TensorFlow.js has no operation ${list}: convert the model without it, for example cut before it`,
  );
}
