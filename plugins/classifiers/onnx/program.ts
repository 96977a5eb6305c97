/**
 * A graph made ready to run: what depends on constants alone is computed once, and of the rest each node is a function.
 *
 * @module
 */
import { InputError, messageOf, tf } from "../../../core/mod.ts";
import { isReal } from "./elem.ts";
import { type FileNode, type Graph, isOwn, type OnnxModel, type StoredTensor } from "./file.ts";
import type { Known } from "./known.ts";
import { nodeOf, type Run, titleOf } from "./node.ts";
import { operators } from "./operators/mod.ts";
import { isKnown, type Laid, laid, upload, type Value } from "./value.ts";

/** A graph ready to run. */
export interface Program {
  /** Operators that run for each batch, and how many of each. */
  readonly operators: ReadonlyMap<string, number>;
  /** The values that were asked for, of that of the graph's input. */
  run(x: Laid): readonly Value[];
  dispose(): void;
}

/** A file that is open. */
export interface Opened extends OnnxModel {
  /** For messages. */
  readonly path: string;
  valuesOf(tensor: StoredTensor): Known;
}

/** Versions of ONNX's operators that are understood. */
const OPSETS = [9, 23] as const;

interface Step {
  readonly node: FileNode;
  readonly run: Run;
  /** Constants by their place among its inputs. */
  readonly constants: ReadonlyMap<number, Value>;
  /** Names of values of which it is the last to make use. */
  readonly last: readonly string[];
}

/** Nodes that values are made by, in the graph's order. @throws InputError where there is no such value */
export function nodesFor(
  { nodes, inputs, initializers }: Graph,
  wanted: readonly string[],
  path: string,
): FileNode[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const given = new Set([...inputs.map(({ name }) => name), ...initializers.keys(), ""]);
  const needed = new Set<FileNode>();
  const open = [...wanted];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const maker = makers.get(name);
    if (maker === undefined && !given.has(name)) {
      throw new InputError(`${path}: nothing in the graph makes "${name}"`);
    }
    if (maker === undefined || needed.has(maker)) continue;
    needed.add(maker);
    open.push(...maker.inputs);
  }
  return nodes.filter((node) => needed.has(node));
}

/** @throws InputError naming each operator that is missing, with a node of it */
export function requireOperators(
  nodes: readonly FileNode[],
  { opset, path }: Pick<Opened, "opset" | "path">,
): void {
  const missing = new Map<string, FileNode>();
  for (const node of nodes) {
    const known = isOwn(node.domain) && Object.hasOwn(operators, node.op);
    const name = isOwn(node.domain) ? node.op : `${node.domain}.${node.op}`;
    if (!known && !missing.has(name)) missing.set(name, node);
  }
  if (missing.size > 0) {
    const list = [...missing].map(([name, node]) => `${name} (node "${node.name}")`).join(", ");
    const names = [...missing.keys()];
    if (names.every((name) => /^(com\.microsoft\.)?Q(Linear|Gemm|Attention)/.test(name))) {
      throw new InputError(
        `${path}: has operators on quantised numbers that aren't supported: ${list}. Quantise the network with ` +
          "DequantizeLinear before its operators (QuantFormat.QDQ), or attack the one that this was made of",
      );
    }
    throw new InputError(
      `${path}: has operators that aren't supported: ${list}. Export the classifier without them: in its mode of use, ` +
        "with random steps and what comes before or after the network left out",
    );
  }
  if (opset < OPSETS[0] || opset > OPSETS[1]) {
    throw new InputError(
      `${path}: uses version ${opset} of ONNX's operators; ${OPSETS[0]} to ${OPSETS[1]} are supported. Export it again ` +
        "(opset_version), or turn it with onnx.version_converter",
    );
  }
}

/** Makes nodes ready. @throws InputError where one cannot be */
export function programOf(nodes: readonly FileNode[], wanted: readonly string[], file: Opened): Program {
  const held: tf.Tensor[] = [];
  const keep = (tensor: tf.Tensor): void => void held.push(tf.keep(tensor));
  const dispose = (): void => tf.dispose(held);
  try {
    const { steps, constants } = planned(nodes, wanted, file, keep);
    const counts = new Map<string, number>();
    for (const { node } of steps) counts.set(node.op, (counts.get(node.op) ?? 0) + 1);
    const input = file.graph.inputs[0]!.name;
    const fixed = wanted.map((name) => constants.get(name));
    constants.clear(); // operators have what they need of them
    return {
      operators: counts,
      run(x) {
        const values = executed(steps, new Map([[input, x]]), file.path);
        return wanted.map((name, i) => fixed[i] ?? values.get(name)!);
      },
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

function planned(
  nodes: readonly FileNode[],
  wanted: readonly string[],
  file: Opened,
  keep: (tensor: tf.Tensor) => void,
): { steps: Step[]; constants: Map<string, Value> } {
  const constants = constantsOf(nodes, file);
  const uploaded = new Map<string, Value>();
  const steps: Omit<Step, "last">[] = [];
  for (const node of nodes) {
    const taken = new Set<string>();
    const run = operators[node.op]!(
      nodeOf(node, {
        file: file.path,
        opset: file.opset,
        keep,
        constant(name) {
          taken.add(name);
          return constants.get(name);
        },
      }),
    );
    if (node.inputs.every((name) => name === "" || constants.has(name)) && node.op !== "Shape") {
      const inputs = node.inputs.map((name) => constants.get(name));
      const outputs = called(node, run, inputs, file.path);
      for (const [i, output] of outputs.entries()) {
        if (!isKnown(output)) keep(output.tensor);
        constants.set(node.outputs[i]!, output);
      }
      continue;
    }
    const own = new Map<number, Value>();
    for (const [i, name] of node.inputs.entries()) {
      const constant = constants.get(name);
      if (constant !== undefined) own.set(i, taken.has(name) ? small(constant) : onDevice(name, constant));
    }
    steps.push({ node, run, constants: own });
  }
  return { steps: withLastUses(steps, wanted), constants };

  /** Real numbers as tensors, made once; of large arrays nothing else is kept. */
  function onDevice(name: string, constant: Value): Value {
    if (!isKnown(constant) || !isReal(constant.elem) || constant.data.length <= 1) return constant;
    let there = uploaded.get(name);
    if (there === undefined) {
      const tensor = tf.tidy(() => upload(constant));
      keep(tensor);
      there = constant.data.length > SMALL ? laid(tensor) : { ...constant, tensor };
      uploaded.set(name, there);
    }
    return there;
  }
}

/** What an operator has made its own of isn't held twice: a placeholder where it is large. */
function small(constant: Value): Value {
  if (!isKnown(constant) || constant.data.length <= SMALL) return constant;
  return { ...constant, data: constant.data.subarray(0, 0) };
}

const SMALL = 1024;

function constantsOf(nodes: readonly FileNode[], file: Opened): Map<string, Value> {
  const constants = new Map<string, Value>();
  for (const name of new Set(nodes.flatMap(({ inputs }) => inputs))) {
    const stored = file.graph.initializers.get(name);
    if (stored !== undefined) constants.set(name, file.valuesOf(stored));
  }
  return constants;
}

function withLastUses(steps: readonly Omit<Step, "last">[], wanted: readonly string[]): Step[] {
  const seen = new Set(wanted);
  return steps
    .toReversed()
    .map((step) => {
      const last = [...step.node.inputs, ...step.node.outputs].filter((name) => !seen.has(name));
      for (const name of last) seen.add(name);
      return { ...step, last };
    })
    .toReversed();
}

/** Runs the steps; tensors are let go after their last use. */
function executed(
  steps: readonly Step[],
  values: Map<string, Value>,
  path: string,
): ReadonlyMap<string, Value> {
  const [given] = values.values() as Iterable<Value> as [Value];
  for (const { node, run, constants, last } of steps) {
    const inputs = node.inputs.map((name, i) => constants.get(i) ?? values.get(name));
    const outputs = called(node, run, inputs, path);
    for (const [i, output] of outputs.entries()) {
      const own = [...constants.values(), given].some((value) => tensorOf(value) === tensorOf(output));
      values.set(
        node.outputs[i]!,
        own && !isKnown(output) ? { ...output, tensor: tf.clone(output.tensor) } : output,
      );
    }
    for (const name of last) {
      const tensor = tensorOf(values.get(name));
      values.delete(name);
      const shared = [given, ...values.values()].some((value) => tensorOf(value) === tensor);
      if (tensor !== undefined && !shared) tensor.dispose();
    }
  }
  return values;
}

const tensorOf = (value: Value | undefined): tf.Tensor | undefined =>
  value === undefined || isKnown(value) ? undefined : value.tensor;

/** Calls an operator; what it made on the way is let go. @throws InputError naming the node */
function called(
  node: FileNode,
  run: Run,
  inputs: readonly (Value | undefined)[],
  path: string,
): readonly Value[] {
  let outputs: readonly Value[] = [];
  try {
    tf.tidy(() => {
      const made = run(inputs);
      outputs = Array.isArray(made) ? (made as readonly Value[]) : [made as Value];
      return outputs.flatMap((value) => tensorOf(value) ?? []);
    });
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`${path}: ${titleOf(node)}: ${messageOf(cause)}`, { cause });
  }
  return outputs;
}
