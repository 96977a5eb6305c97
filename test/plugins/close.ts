/** Comparisons of numbers that rounding may tell apart. @module */
import type { Test } from "tap";
import type { tf } from "../../core/mod.ts";

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Checks that a number, or the first of a tensor, is the expected one up to 1e-5 of it. */
export function close(t: Test, found: tf.Tensor | number, expected: number, what: string): void {
  const value = typeof found === "number" ? found : found.dataSync()[0]!;
  const isClose = Math.abs(value - expected) <= 1e-5 * Math.max(1, Math.abs(expected));
  t.ok(isClose, `${what}: ${value} is ${expected}`);
}
