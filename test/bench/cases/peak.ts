/** How fast the machine multiplies at best: what percentages of the peak are of. @module */
import { type Key, tf } from "../../../core/mod.ts";
import type { BenchCase, Workload } from "../workload.ts";

/** Floating-point operations of a product of two squares. */
export const peakFlops = (side: number): number => 2 * side ** 3;

export const peak: BenchCase = {
  name: "peak",
  summary: "one product of two 2048 × 2048 matrices, the measure of the machine's peak",
  batch: 2048,
  engines: ["auto"],
  peers: ["pytorch"],
  build: (key: Key, side: number): Workload => ({
    networks: {},
    data: { a: key.fold("a").normal([side, side]), b: key.fold("b").normal([side, side]) },
    numbers: () => ({}),
    step: ({ a, b }) => ({ corner: tf.reshape(tf.slice(tf.matMul(a!, b!), [0, 0], [1, 1]), []) }),
  }),
};
