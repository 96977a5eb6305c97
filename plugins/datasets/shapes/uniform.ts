/**
 * The uniform distribution on an interval.
 *
 * @module
 */
import { component, type Dataset, Datasets, parseOptions, z } from "../../../core/mod.ts";
import { centres } from "./line.ts";

const options = z
  .strictObject({
    low: z.number().default(0).describe("Lower end of the interval."),
    high: z.number().default(1).describe("Upper end of the interval; above low."),
  })
  .refine(({ low, high }) => low < high, "low must be below high");

/** Options of {@link uniform}. */
export type UniformOptions = z.input<typeof options>;

/**
 * The uniform distribution `x ~ U[low, high)`, samples `[n, 1]`. Offsets are measured from the interval's middle.
 * @throws InputError unless low < high
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { uniform } from "dsgan/datasets";
 *
 * await tf.setBackend("cpu");
 * console.log(uniform({ high: 2 }).sample(Key.from("example"), 4).shape); // [4, 1]
 * ```
 */
export function uniform(given: UniformOptions = {}): Dataset {
  const { low, high } = parseOptions("uniform", options, given);
  return {
    name: "uniform",
    shape: [1],
    range: [low, high],
    sample: (key, n) => key.uniform([n, 1], low, high),
    geometry: centres([(low + high) / 2]),
  };
}

/** A scenario names it `{ use: uniform, low: 0, high: 2 }`. */
export const uniformComponent = component(Datasets, {
  name: "uniform",
  summary: "Uniform distribution on an interval, in one dimension",
  options,
  create: uniform,
});
