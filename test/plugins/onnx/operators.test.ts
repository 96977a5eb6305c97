/** ONNX's operators on TensorFlow.js: values as onnxruntime-node has them, slopes as differences of those. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import t, { type Test } from "tap";
import { Key, sizeOf, tf } from "../../../core/mod.ts";
import { decodeModel } from "../../../plugins/classifiers/onnx/file.ts";
import {
  nodesFor,
  type Program,
  programOf,
  requireOperators,
} from "../../../plugins/classifiers/onnx/program.ts";
import { laid, plain } from "../../../plugins/classifiers/onnx/value.ts";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";
import { wasm } from "../../../plugins/engines/wasm/wasm.ts";
import type { Row } from "./row.ts";
import { rows } from "./rows.ts";
import { onnxFile } from "./writer.ts";

/** A row's file, and what onnxruntime makes of it. */
interface Case {
  readonly row: Row;
  readonly bytes: Uint8Array;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly shape: readonly number[];
  /** Weights of a sum over y, a direction of x, and the sum's slope in that direction. */
  readonly weights: Float32Array;
  readonly direction: Float32Array;
  readonly slope: number;
}

const STEP = 1 / 1024;

/** Values spread evenly over a range, in an order that follows no pattern: none so close to another that a step ties them. */
function spread(key: Key, n: number, [low, high]: readonly [number, number]): Float32Array {
  const order = [...key.uniformArray(n).entries()].sort(([, a], [, b]) => a - b);
  const x = new Float32Array(n);
  for (const [rank, [i]] of order.entries()) x[i] = low + ((rank + 0.37) / n) * (high - low);
  return x;
}

async function caseOf(row: Row): Promise<Case> {
  const { nodes, constants, x: shape, opset, range } = row;
  const bytes = onnxFile({ nodes, constants: withoutPlaces(constants), inputs: { x: shape }, opset });
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const run = async (x: Float32Array) => (await session.run({ x: new Tensor("float32", x, shape) })).y!;
  const key = Key.from(row.name);
  const x = spread(key.fold("x"), sizeOf(shape), range);
  const direction = key.fold("direction").normalArray(x.length);
  const y = await run(x);
  const values = y.data as Float32Array;
  const weights = key.fold("weights").normalArray(values.length);
  const sum = async (at: number): Promise<number> => {
    const moved = (await run(x.map((v, i) => v + at * direction[i]!))).data as Float32Array;
    return moved.reduce((total, v, i) => total + v * weights[i]!, 0);
  };
  const slope = row.slope ? ((await sum(STEP)) - (await sum(-STEP))) / (2 * STEP) : 0;
  await session.release();
  return { row, bytes, x, y: values, shape: y.dims, weights, direction, slope };
}

/** Names that only hold the place of an input that is left out are no constants. */
function withoutPlaces<X>(constants: Readonly<Record<string, X>>): Record<string, X> {
  return Object.fromEntries(Object.entries(constants).filter(([name]) => !name.startsWith("_")));
}

function programFor(bytes: Uint8Array): Program {
  const model = { ...decodeModel(bytes), path: "test.onnx" };
  const nodes = nodesFor(model.graph, ["y"], model.path);
  requireOperators(nodes, model);
  return programOf(nodes, ["y"], {
    ...model,
    valuesOf: (tensor) => ({ elem: tensor.elem, shape: tensor.shape, data: tensor.values() }),
  });
}

const cases: Case[] = [];
for (const row of rows) {
  try {
    cases.push(await caseOf(row));
  } catch (cause) {
    throw new Error(`onnxruntime refuses ${row.name}`, { cause });
  }
}

/** Largest difference, as a share of the largest value or of 1. */
function off(a: ArrayLike<number>, b: Float32Array): number {
  const scale = b.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  return b.reduce((most, v, i) => Math.max(most, Math.abs(v - a[i]!)), 0) / scale;
}

/** Compares a case, its images given with channels first or last. */
async function compare(t: Test, given: Case, last: boolean): Promise<void> {
  const { row, bytes, x, y, shape, weights, direction, slope } = given;
  const program = programFor(bytes);
  const before = tf.memory().numTensors;
  const image = tf.tensor(x, [...row.x]);
  const enter = (at: tf.Tensor) => (last ? laid(tf.transpose(at, [0, 2, 3, 1]), true) : laid(at));
  const apply = (at: tf.Tensor): tf.Tensor => tf.tidy(() => tf.clone(plain(program.run(enter(at))[0]!)));
  const own = apply(image);
  t.same(own.shape, shape, `${row.name}: shape`);
  const far = off(await own.data(), y);
  t.ok(far < 2e-5, `${row.name}: off by ${far} of the largest value`);
  if (row.slope) {
    const gradient = tf.tidy(() =>
      tf.grad((at) => tf.sum(tf.mul(apply(at), tf.tensor(weights, [...shape]))))(image),
    );
    const along = ((await gradient.data()) as Float32Array).reduce((sum, v, i) => sum + v * direction[i]!, 0);
    const size = Math.hypot(...(await gradient.data())) * Math.hypot(...direction);
    t.ok(Math.abs(along - slope) < 0.002 * size + 1e-3, `${row.name}: slope ${along} is ${slope}`);
    gradient.dispose();
  }
  tf.dispose([image, own]);
  t.equal(tf.memory().numTensors, before, `${row.name} left nothing behind`);
  program.dispose();
}

async function all(t: Test): Promise<void> {
  t.ok(cases.length > 200, `${cases.length} cases`);
  for (const given of cases) {
    for (const last of given.row.x.length === 4 ? [false, true] : [false]) {
      try {
        await compare(t, given, last);
      } catch (error) {
        t.fail(`${given.row.name}: ${(error as Error).stack}`);
      }
    }
  }
}

t.test("operators give what onnxruntime gives, with their slopes, on cpu", async (t) => {
  await tf.setBackend("cpu");
  await all(t);
});

t.test("so they do on the engine onnxruntime", async (t) => {
  await onnxruntime().start();
  await all(t);
});

t.test("so they do on the engine wasm", async (t) => {
  await wasm().start();
  await all(t);
});
