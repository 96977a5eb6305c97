/**
 * Networks as ONNX files, which other programs run: written by an engine that can, and never trusted before they were
 * run and compared with the network itself.
 *
 * @module
 */

import { unstandardised } from "../model/columns.ts";
import { type NetworkPorts, priorSampler } from "../model/network.ts";
import { messageOf, RunError } from "../plugin/errors.ts";
import { Key, sizeOf } from "../tensor/key.ts";
import * as tf from "../tensor/tf.ts";

/** A function of a batch that is to be written down. */
export interface OnnxSource {
  /** `[n, ...input]` to `[n, ...output]`; reads variables, draws nothing, changes nothing. */
  apply(x: tf.Tensor): tf.Tensor;
  /** Without the batch axis. */
  readonly input: readonly number[];
  /** Variables that keep their names in the file. */
  readonly weights: ReadonlyMap<string, tf.Variable>;
  /** Free text by name, kept in the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A function written down: its input is named `x`, its output `y`. */
export interface OnnxFile {
  readonly bytes: Uint8Array;
  /** Rows that it takes at a time: any number of them, or only this many. */
  readonly batch: "any" | number;
  /** Why only so many. */
  readonly reason?: string;
}

/** What an engine that writes ONNX files does; only while it is the one that tfjs uses. */
export interface OnnxWriter {
  /**
   * Writes a function down.
   * @throws RunError where it cannot be: it reads values as it goes, or uses what ONNX does not have
   */
  write(source: OnnxSource): OnnxFile;
  /**
   * Runs a file in a session of its own.
   * @param x row by row
   * @param shapes of x and y, with the batch axis
   * @returns y, row by row
   */
  run(
    file: Uint8Array,
    x: Float32Array,
    shapes: { readonly x: readonly number[]; readonly y: readonly number[] },
  ): Float32Array;
}

/**
 * Largest difference between file and network, as a share of the largest output. Sums of floats in another order differ
 * by some 1e-6 in deep networks; what is written down wrongly differs by far more.
 */
const TOLERANCE = 1e-4;

/** Batches that a file for any number of rows is tried with: the smallest, and one beyond those it is made from. */
const TRIED = [1, 18];

/**
 * Runs a file on fresh inputs of two batches and compares its outputs with those of the function itself, computed by
 * the engine in use.
 * @param ports where its inputs come from: its columns, or its prior, or else its input's range, or else N(0, 1)
 * @param name of the file, for messages
 * @returns the largest difference seen
 * @throws RunError where they differ by more than rounding
 */
export async function verifyOnnx(
  writer: OnnxWriter,
  { bytes, batch }: OnnxFile,
  apply: OnnxSource["apply"],
  ports: NetworkPorts,
  name: string,
): Promise<number> {
  let largest = 0;
  for (const [i, n] of (batch === "any" ? TRIED : [batch, batch]).entries()) {
    const x = tf.tidy(() => inputs(ports, Key.from("verify").fold(i), n)); // [n, ...input]
    const own = tf.tidy(() => apply(x)); // [n, ...output]
    const expected = (await own.data()) as Float32Array;
    const given = (await x.data()) as Float32Array;
    let seen: Float32Array;
    try {
      seen = writer.run(bytes, given, { x: x.shape, y: own.shape });
    } catch (cause) {
      throw new RunError(`${name} does not run on a batch of ${n}: ${messageOf(cause)}`, { cause });
    } finally {
      tf.dispose([x, own]);
    }
    largest = Math.max(largest, compare(seen, expected, `${name}, on a batch of ${n},`));
  }
  return largest;
}

/** @returns the largest difference */
function compare(seen: Float32Array, expected: Float32Array, what: string): number {
  const scale = expected.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 0);
  let largest = 0;
  for (const [i, own] of expected.entries()) {
    const its = seen[i]!;
    if (Object.is(its, own)) continue;
    const difference = Math.abs(its - own);
    if (!(difference <= TOLERANCE * scale)) {
      throw new RunError(
        `${what} gives ${its} where the network itself gives ${own} (value ${i} of ${expected.length}): ` +
          "it was not written down rightly. Please report this, with the run's scenario",
      );
    }
    largest = Math.max(largest, difference);
  }
  return largest;
}

function inputs({ input, prior, inputRange, inputColumns }: NetworkPorts, key: Key, n: number): tf.Tensor {
  if (inputColumns !== undefined) return unstandardised(priorSampler("normal", input)(key, n), inputColumns);
  if (prior === undefined && inputRange !== undefined) {
    return tf.tensor(key.uniformArray(n * sizeOf(input), ...inputRange), [n, ...input]);
  }
  return priorSampler(prior ?? "normal", input)(key, n);
}
