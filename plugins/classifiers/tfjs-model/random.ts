/**
 * Random operations of graph models, drawn from a key: a model with noise gives the same numbers for the same seed.
 *
 * @module
 */
import { Key, tf } from "../../../core/mod.ts";

/** What a custom operation is given. */
interface Node {
  readonly inputs: readonly tf.Tensor[];
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** A node of a graph as its file has it. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, unknown>>;
}

/** Under this beginning the operations are registered, so that other users of TensorFlow.js keep theirs. */
const PREFIX = "dsgan/";

/** Which of the graph's random nodes this is. */
const PLACE = "dsgan_place";

/** Beyond this many deviations truncated normal numbers are drawn again. */
const TRUNCATED = 2;

/** What the pass under way draws from. */
let current: Key = Key.from("tfjs-model");

const shapeOf = ({ inputs: [shape] }: Node): number[] => Array.from(shape!.dataSync());
const numberOf = (tensor: tf.Tensor | undefined): number => tensor!.dataSync()[0]!;

const OPERATIONS: Readonly<Record<string, (node: Node, key: Key) => tf.Tensor>> = {
  RandomStandardNormal: (node, key) => key.normal(shapeOf(node)),
  RandomUniform: (node, key) => key.uniform(shapeOf(node)),
  RandomUniformInt: (node, key) => {
    const [, low, high] = node.inputs;
    return tf.cast(tf.floor(key.uniform(shapeOf(node), numberOf(low), numberOf(high))), "int32");
  },
  TruncatedNormal: (node, key) => {
    const shape = shapeOf(node);
    return key.sample((from) => {
      const n = shape.reduce((a, b) => a * b, 1);
      const values = from.normalArray(n);
      for (let i = 1; values.some((value) => Math.abs(value) > TRUNCATED); i++) {
        const others = from.fold(i).normalArray(n);
        values.forEach((value, j) => {
          if (Math.abs(value) > TRUNCATED) values[j] = others[j]!;
        });
      }
      return tf.tensor(values, shape);
    });
  },
};

for (const [op, draw] of Object.entries(OPERATIONS)) {
  tf.registerOp(`${PREFIX}${op}`, (node) => {
    const given = node as unknown as Node;
    return draw(given, current.fold("node", Number(given.attrs[PLACE])));
  });
}

/** The nodes of a graph, those that are random drawing from the key of the pass. */
export function keyed(nodes: readonly GraphNode[]): GraphNode[] {
  return nodes.map((node, i) =>
    Object.hasOwn(OPERATIONS, node.op)
      ? { ...node, op: `${PREFIX}${node.op}`, attr: { ...node.attr, [PLACE]: { i } } }
      : node,
  );
}

/** Runs a pass whose random operations draw from a key. */
export function drawingFrom<T>(key: Key | undefined, pass: () => T): T {
  const before = current;
  current = key ?? before;
  try {
    return pass();
  } finally {
    current = before;
  }
}
