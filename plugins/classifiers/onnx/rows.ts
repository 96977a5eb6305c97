/**
 * Graphs that are written down for a batch of a certain size.
 *
 * @module
 */
import { tf } from "../../../core/mod.ts";
import { type Laid, laid, plain, type Value } from "./value.ts";

/** Runs a graph on a batch. */
export type RunGraph = (x: Laid) => readonly Value[];

/** Runs a batch of any number of rows in groups of a size, the last filled up with zeros. */
export function inGroups(run: RunGraph, size: number): RunGraph {
  return ({ tensor, last }) => {
    const n = tensor.shape[0]!;
    const groups = Math.ceil(n / size);
    const missing = groups * size - n;
    const padding = tensor.shape.map((_, axis) => [0, axis === 0 ? missing : 0] as [number, number]);
    const whole = missing === 0 ? tensor : tf.pad(tensor, padding);
    const parts = tf.split(whole, groups).map((part) => run(laid(part, last)).map(plain));
    return parts[0]!.map((_, i) => {
      const all = tf.concat(parts.map((part) => part[i]!));
      return laid(missing === 0 ? all : tf.slice(all, 0, n));
    });
  };
}
