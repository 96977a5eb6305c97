/**
 * Tries a graph on a few images before it is believed.
 *
 * @module
 */
import { InputError, tf } from "../../../core/mod.ts";
import { COARSE_TOLERANCE, difference, type Reference, referenceOf, TOLERANCE } from "./check.ts";
import { withOutput } from "./file.ts";
import type { OpenGraph } from "./open.ts";
import { inGroups, type RunGraph } from "./rows.ts";
import { plain } from "./value.ts";

/** Rows of the same images may come out as differently as this, however many are run together. */
const SAME = 1e-4;

/** The output that is compared comes after the logits. */
const LOGITS = 0;
const OUTPUT = 1;

/** Values that a graph gives for images `[n, …]` as it takes them. */
async function valuesOf(
  { entrance }: OpenGraph,
  run: RunGraph,
  x: tf.Tensor,
  which: typeof LOGITS | typeof OUTPUT,
): Promise<Float32Array> {
  const y = tf.tidy(() => tf.clone(plain(run(entrance.enter(x))[which]!)));
  try {
    return (await y.data()) as Float32Array;
  } finally {
    y.dispose();
  }
}

/**
 * How batches are run: whole; or, of a graph for batches of one size, in groups of that. A graph for single images is run
 * whole all the same where each row then comes out as it does alone.
 */
export async function runOf(graph: OpenGraph, x: tf.Tensor): Promise<RunGraph> {
  const { program, size } = graph;
  if (size === undefined) return program.run;
  const grouped = inGroups(program.run, size);
  if (size > 1) return grouped;
  const alone = await valuesOf(graph, grouped, x, OUTPUT);
  try {
    const together = await valuesOf(graph, program.run, x, OUTPUT);
    return difference(together, alone) <= SAME ? program.run : grouped;
  } catch (error) {
    if (error instanceof InputError) return grouped;
    throw error;
  }
}

/**
 * Compares outputs with those of ONNX Runtime.
 * @returns a sentence that says why it can't, or undefined
 * @throws InputError where they differ
 */
export async function verified(graph: OpenGraph, run: RunGraph, x: tf.Tensor): Promise<string | undefined> {
  const { head, location, port, path, coarse } = graph;
  const bytes = comparable(graph);
  if (typeof bytes === "string") return bytes;
  const reference = await referenceOf(location, bytes, port, graph.rare);
  if (typeof reference === "string") return reference;
  try {
    const own = await valuesOf(graph, run, x, OUTPUT);
    const off = difference(own, await referenceValues(graph, reference, x));
    if (off <= (coarse ? COARSE_TOLERANCE : TOLERANCE)) return undefined;
    throw new InputError(
      `${path}: its output "${head.output}" comes out differently than ONNX Runtime has it, by ${off.toPrecision(2)} of the ` +
        "largest value: something in it was not understood rightly. Please report this, with the file",
    );
  } finally {
    await reference.dispose();
  }
}

/** What ONNX Runtime is to read; undefined: the file as it lies there. Or a sentence that says why it can't. */
function comparable({
  location,
  bytes,
  declared,
  external,
  head,
}: OpenGraph): Uint8Array | string | undefined {
  if (location.protocol === "file:" && declared) return undefined;
  if (external) return "onnxruntime-node reads weights beside a file only of a whole file on a disk";
  return declared ? bytes : withOutput(bytes, head.output);
}

async function referenceValues(
  { entrance, size, head }: OpenGraph,
  reference: Reference,
  x: tf.Tensor,
): Promise<Float32Array> {
  const input = tf.tidy(() => tf.clone(plain(entrance.enter(x))));
  const data = (await input.data()) as Float32Array;
  const [n, ...image] = input.shape as [number, ...number[]];
  input.dispose();
  const rows = size ?? n;
  const width = data.length / n;
  const parts: number[] = [];
  for (let from = 0; from < n; from += rows) {
    const batch = { data: data.slice(from * width, (from + rows) * width), shape: [rows, ...image] };
    parts.push(...(await reference.run(batch, head.output)));
  }
  return Float32Array.from(parts);
}

/** Values that logits are made from, a row for each image. */
export async function rowsOf(graph: OpenGraph, run: RunGraph, x: tf.Tensor): Promise<number[][]> {
  const values = await valuesOf(graph, run, x, LOGITS);
  const width = values.length / x.shape[0]!;
  return Array.from({ length: x.shape[0]! }, (_, i) => [...values.subarray(i * width, (i + 1) * width)]);
}
