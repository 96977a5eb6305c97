/**
 * Functions of a batch written as ONNX files that take any number of rows.
 *
 * A recording has the batch's size in it, in the shapes that nodes are given. So the function is recorded on batches of
 * several sizes; of those that came out as the same nodes, each number that differs must be a·n + b of the batch's size
 * n, the same a and b in all of them, and becomes just that in the file. Where that cannot be, the file takes one row.
 *
 * @module
 */
import {
  messageOf,
  type OnnxFile,
  type OnnxSource,
  type OnnxWriter,
  RunError,
  tf,
} from "../../../core/mod.ts";
import { OnnxBackend } from "./backend.ts";
import { type Capture, type CapturedNode, capture, type Operand } from "./capture.ts";
import { Elem, encodeModel, type Initializer, type Model, type ModelNode } from "./model.ts";
import { type Data, hostOf, sameShape, sizeOf } from "./value.ts";

/** Sizes of batches that are recorded: primes, so that few are mistaken for a size of something else. */
const SIZES = [2, 3, 5, 7, 11, 13];
/** Recordings that must have come out alike: two make a line, the third shows that it is one. */
const ALIKE = 3;
/** Rows of a file that cannot take any number. */
const FIXED = 1;

/** What writes files, and runs them: by the engine in use. */
export const onnxWriter: OnnxWriter = {
  write: (source) => written(started(), source),
  run(file, x, shapes) {
    const session = started().runtime.compile(file, { threads: 1 });
    try {
      const y = new Float32Array(sizeOf(shapes.y));
      session.run(
        { x: { elem: Elem.float32, shape: shapes.x, data: x } },
        { y: { elem: Elem.float32, shape: shapes.y, data: y } },
      );
      return y;
    } finally {
      session.dispose();
    }
  },
};

function started(): OnnxBackend {
  const backend = tf.backend();
  if (backend instanceof OnnxBackend) return backend;
  throw new Error(`ONNX files are written by the engine onnxruntime, but ${tf.getBackend()} is in use`);
}

function written(backend: OnnxBackend, source: OnnxSource): OnnxFile {
  try {
    const captures = alike(SIZES.map((n) => capture(backend, source, n)));
    return { bytes: encodeModel(modelOf(captures, source, weightsOf(backend, source))), batch: "any" };
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error;
    const captures = [capture(backend, source, FIXED)];
    const bytes = encodeModel(modelOf(captures, source, weightsOf(backend, source)));
    return { bytes, batch: FIXED, reason: messageOf(error) };
  }
}

/** Why a function cannot be written down for any number of rows. */
class Obstacle extends Error {}

/** The first recordings that came out as the same nodes. */
function alike(captures: readonly Capture[]): readonly Capture[] {
  const groups = Object.values(Object.groupBy(captures, structureOf));
  const found = groups.find((group) => group!.length >= ALIKE);
  if (found === undefined) throw new Obstacle("what it does depends on the number of rows");
  return found;
}

/** All of a recording but the numbers in it. */
function structureOf({ nodes, y }: Capture): string {
  const operand = (x: Operand | undefined): unknown => {
    if (x === undefined) return null;
    const { origin, elem, held, shape } = x;
    const which = origin.from === "constant" ? origin.from : origin;
    return [which, elem, held.length, shape.length];
  };
  return JSON.stringify([
    nodes.map(({ op, domain, attributes, inputs, outputs }) => [
      op,
      domain,
      attributes,
      inputs.map(operand),
      outputs,
    ]),
    operand(y),
  ]);
}

/** `per·n + plus` of a batch of n rows. */
interface Count {
  readonly per: number;
  readonly plus: number;
}

/** What a number is of the batch's size. @throws Obstacle where it is not of the form a·n + b */
function countOf(sizes: readonly number[], values: readonly number[]): Count {
  const [first, second] = values as [number, number];
  if (values.every((value) => value === first)) return { per: 0, plus: first };
  const per = (second - first) / (sizes[1]! - sizes[0]!);
  const plus = first - per * sizes[0]!;
  const holds = Number.isInteger(per) && values.every((value, i) => value === per * sizes[i]! + plus);
  if (!holds) throw new Obstacle(`for batches of ${sizes} it has shapes of ${values}`);
  return { per, plus };
}

const isFixed = ({ per }: Count): boolean => per === 0;
const textOf = (counts: readonly Count[]): string => counts.map(({ per, plus }) => `${per}n+${plus}`).join();

interface Weight {
  readonly elem: Elem;
  readonly shape: readonly number[];
  readonly data: Data;
}

function weightsOf(backend: OnnxBackend, { weights }: OnnxSource): ReadonlyMap<string, Weight> {
  return new Map(
    [...weights].map(([name, variable]) => {
      const { value, shape } = backend.view(variable);
      return [name, { elem: value.elem, shape, data: hostOf(value)! }];
    }),
  );
}

/**
 * The model of recordings that came out as the same nodes, for batches of any size, or of the one size there is.
 * @throws Obstacle where they differ in more than sizes
 */
function modelOf(
  captures: readonly Capture[],
  { input, metadata }: OnnxSource,
  weights: ReadonlyMap<string, Weight>,
): Model {
  const sizes = captures.map(({ n }) => n);
  const countsOf = (lists: readonly (readonly number[])[]): Count[] =>
    lists[0]!.map((_, i) =>
      countOf(
        sizes,
        lists.map((list) => list[i]!),
      ),
    );

  const nodes: ModelNode[] = [];
  const initializers = new Map<string, Initializer>();
  const names = new Set(["x", "y"]);
  const named = new Map<string, string>(); // what was made, by what it is
  const fresh = (wanted: string): string => {
    let name = wanted;
    for (let i = 2; names.has(name); i++) name = `${wanted}_${i}`;
    names.add(name);
    return name;
  };
  /** The name of something that is made when first asked for. */
  const once = (what: string, wanted: string, make: (name: string) => void): string => {
    let name = named.get(what);
    if (name === undefined) {
      name = fresh(wanted);
      named.set(what, name);
      make(name);
    }
    return name;
  };
  const weightNames = new Map([...weights.keys()].map((name) => [name, fresh(name)])); // before any other name
  const add = (node: Partial<ModelNode> & Pick<ModelNode, "op" | "inputs" | "outputs">): void => {
    nodes.push({ name: `${node.op} ${node.outputs[0]}`, domain: "", attributes: {}, ...node });
  };
  const constant = (elem: Elem, shape: readonly number[], data: Data): string =>
    once(`${elem}:${shape}:${bytesOf(data).join()}`, "constant", (name) => {
      initializers.set(name, { name, elem, shape, data: bytesOf(data) });
    });
  const ints = (values: readonly number[]): string =>
    constant(Elem.int64, [values.length], BigInt64Array.from(values, BigInt));

  /** A list of numbers, some of which the batch's size decides. */
  const list = (counts: readonly Count[]): string => {
    if (counts.every(isFixed)) return ints(counts.map(({ plus }) => plus));
    const n = once("n", "n", (name) => {
      add({ op: "Shape", inputs: ["x"], outputs: [name], attributes: { start: 0, end: 1 } });
    });
    return once(textOf(counts), "sizes", (name) => {
      const grown = fresh(`${name}_of_n`);
      add({ op: "Mul", inputs: [n, ints(counts.map(({ per }) => per))], outputs: [grown] });
      add({ op: "Add", inputs: [grown, ints(counts.map(({ plus }) => plus))], outputs: [name] });
    });
  };
  /** A shape to be given to something; one of its sizes can be left to be found out. */
  const target = (counts: readonly Count[]): string => {
    const open = counts.filter((count) => !isFixed(count)).length === 1;
    return open ? ints(counts.map((count) => (isFixed(count) ? count.plus : -1))) : list(counts);
  };

  const outputNames = new Map<string, string>();
  /** The name of an operand, given the same operand of each recording. */
  const nameOf = (operands: readonly Operand[]): string => {
    const [{ origin, elem, held }] = operands as [Operand];
    if (origin.from === "constant") return constantOf(operands);
    let name: string;
    if (origin.from === "x") name = "x";
    else if (origin.from === "node") name = outputNames.get(`${origin.node}.${origin.output}`)!;
    else {
      name = weightNames.get(origin.name)!;
      if (!initializers.has(name)) {
        const { data } = weights.get(origin.name)!;
        initializers.set(name, { name, elem, shape: held, data: bytesOf(data) });
      }
    }
    if (operands.every((operand) => sameShape(operand.held, operand.shape))) return name;
    const counts = countsOf(operands.map((operand) => operand.shape));
    return once(`${name} as ${textOf(counts)}`, `${name}_reshaped`, (reshaped) => {
      add({ op: "Reshape", inputs: [name, target(counts)], outputs: [reshaped] });
    });
  };
  const constantOf = (operands: readonly Operand[]): string => {
    const [{ elem, shape }] = operands as [Operand];
    const data = operands.map(({ origin }) => (origin.from === "constant" ? origin.data : undefined)!);
    const same = (other: Data): boolean => other.every((value, i) => Object.is(value, data[0]![i]));
    if (data.every(same) && operands.every((operand) => sameShape(operand.shape, shape))) {
      return constant(elem, shape, data[0]!);
    }
    const [first] = data[0]!;
    if (data.every((values) => values.every((value) => Object.is(value, first)))) {
      const one = constant(elem, [], data[0]!.slice(0, 1)); // as many zeros, or ones, as there are rows
      const counts = countsOf(operands.map((operand) => operand.shape));
      return once(`${one} in ${textOf(counts)}`, `${one}_expanded`, (expanded) => {
        add({ op: "Expand", inputs: [one, list(counts)], outputs: [expanded] });
      });
    }
    if (elem === Elem.int64 && shape.length === 1 && data.every(({ length }) => length === data[0]!.length)) {
      return list(countsOf(data.map((values) => Array.from(values, Number))));
    }
    throw new Obstacle("its numbers depend on the number of rows");
  };

  const { y } = captures[0]!;
  const last =
    y.origin.from === "node" && captures.every((c) => sameShape(c.y.held, c.y.shape)) ? y.origin : undefined;
  captures[0]!.nodes.forEach((node, i) => {
    const inputs = node.inputs.map((operand, j) =>
      operand === undefined ? "" : nameOf(captures.map(({ nodes }) => nodes[i]!.inputs[j]!)),
    );
    const outputs = Array.from({ length: node.outputs }, (_, j) => {
      const name = last?.node === i && last.output === j ? "y" : fresh(`v${i}`);
      outputNames.set(`${i}.${j}`, name);
      return name;
    });
    for (const made of portable(node, inputs, outputs, fresh)) add(made);
  });
  if (last === undefined) add({ op: "Identity", inputs: [nameOf(captures.map((c) => c.y))], outputs: ["y"] });

  const [rows, ...rest] = countsOf(captures.map((c) => c.y.shape)) as [Count, ...Count[]];
  const any = captures.length > 1;
  if (any && !(rows.per === 1 && rows.plus === 0 && rest.every(isFixed))) {
    throw new Obstacle("its output has not a row for each row of its input");
  }
  const batch = any ? "n" : sizes[0]!;
  return {
    inputs: [{ name: "x", elem: Elem.float32, shape: [batch, ...input] }],
    outputs: [{ name: "y", elem: y.elem, shape: [batch, ...rest.map(({ plus }) => plus)] }],
    initializers: [...initializers.values()],
    nodes,
    metadata,
  };
}

type Made = Partial<ModelNode> & Pick<ModelNode, "op" | "inputs" | "outputs">;

/** A node in ONNX's own operators, which every runtime has. @throws RunError where it has no such form */
function portable(
  { op, domain, attributes, kernel, inputs: operands }: CapturedNode,
  inputs: readonly string[],
  outputs: readonly string[],
  fresh: (name: string) => string,
): readonly Made[] {
  if (domain === "") return [{ op, attributes, inputs, outputs }];
  if (op !== "FusedMatMul")
    throw new RunError(`it cannot be written as ONNX: it uses the tfjs kernel ${kernel}`);
  const made: Made[] = [];
  const factors = [attributes.transA, attributes.transB].map((transposed, i) => {
    if (transposed !== 1) return inputs[i]!;
    const axes = operands[i]!.shape.map((_, axis) => axis);
    const perm = [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!];
    const turned = fresh(`${inputs[i]}_transposed`);
    made.push({ op: "Transpose", attributes: { perm }, inputs: [inputs[i]!], outputs: [turned] });
    return turned;
  });
  return [...made, { op: "MatMul", inputs: factors, outputs }];
}

function bytesOf(data: Data): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
