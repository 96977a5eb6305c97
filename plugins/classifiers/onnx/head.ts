/**
 * The end of a classifier's graph: where its logits are.
 *
 * @module
 */
import { InputError, tf } from "../../../core/mod.ts";
import type { FileNode, Graph } from "./file.ts";
import { plain, type Value } from "./value.ts";

/** What a model says that it gives. */
export type Gives = "auto" | Given;

/** What a model gives: `sigmoids` are a probability of its own for each class. */
export type Given = "logits" | "probabilities" | "sigmoids";

/** Where the logits are. */
export interface Head {
  /** An output of the file, or the value that was named. */
  readonly output: string;
  /** The value from which logits are made. */
  readonly value: string;
  /** The activation that was left out. */
  readonly without?: "Softmax" | "Sigmoid";
}

/** Operators that let values through. */
const THROUGH = new Set(["Identity", "Dropout", "Cast"]);

/**
 * Finds the logits: before a softmax or a sigmoid at the end of the graph, unless its output is to be taken for logits.
 * @param name of an output, or of another value
 * @throws InputError where an output must be named
 */
export function headOf(graph: Graph, name: string | undefined, gives: Gives, path: string): Head {
  const names = graph.outputs.map((port) => port.name);
  const output = name ?? names[0];
  if (output === undefined || (name === undefined && names.length > 1)) {
    const list = names.map((each) => JSON.stringify(each)).join(", ");
    throw new InputError(
      `${path}: has ${names.length} outputs: name the classifier's with outputName: ${list}`,
    );
  }
  if (gives === "logits") return { output, value: output };
  const maker = lastOf(graph, output);
  if (maker?.op === "Sigmoid" || (maker?.op === "Softmax" && isOfClasses(maker))) {
    return { output, value: maker.inputs[0]!, without: maker.op };
  }
  return { output, value: output };
}

/** The node that makes a value, beyond those that let it through. */
function lastOf({ nodes }: Graph, name: string): FileNode | undefined {
  const maker = nodes.find(({ outputs }) => outputs[0] === name);
  return maker !== undefined && THROUGH.has(maker.op) ? lastOf({ nodes } as Graph, maker.inputs[0]!) : maker;
}

/** Whether a softmax runs along the second axis or the last. */
const isOfClasses = ({ attributes }: FileNode): boolean =>
  [undefined, 1, -1].includes(attributes.get("axis")?.int);

/** Probabilities below this are taken for it: their logarithm must be a number. */
const LEAST = 1e-30;

/**
 * Logits `[n, classes]` of what a graph gives, `[n, classes]` or with axes of length 1 behind. One number for two classes
 * is how far the second is above the first.
 */
export function logitsOf(value: Value, classes: number, of: Given): tf.Tensor {
  const given = plain(value);
  const [n = 0, width = 1, ...rest] = given.shape;
  const flat =
    given.rank !== 2 && rest.every((length) => length === 1) ? tf.reshape(given, [n, width]) : given;
  const logs = (p: tf.Tensor): tf.Tensor => tf.log(tf.maximum(p, LEAST));
  const odds = (p: tf.Tensor): tf.Tensor => tf.sub(logs(p), logs(tf.sub(1, p)));
  const single = flat.rank === 2 && width === 1 && classes === 2;
  if (!single) return { logits: (z: tf.Tensor) => z, probabilities: logs, sigmoids: odds }[of](flat);
  const second = of === "logits" ? flat : odds(flat);
  return tf.concat([tf.zerosLike(second), second], 1);
}

/** Whether rows are shares of 1. */
export function areShares(rows: readonly (readonly number[])[]): boolean {
  return rows.every(
    (row) =>
      row.length > 1 &&
      row.every((p) => p >= 0 && p <= 1) &&
      Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-3,
  );
}
