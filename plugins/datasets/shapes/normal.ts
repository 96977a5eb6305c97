/**
 * The normal distribution on a line.
 *
 * @module
 */
import { component, type Dataset, Datasets, parseOptions, z } from "../../../core/mod.ts";
import { centres } from "./line.ts";

const options = z.strictObject({
  mean: z.number().default(0).describe("Mean."),
  deviation: z.number().positive().default(1).describe("Standard deviation."),
});

/** Options of {@link normal}. */
export type NormalOptions = z.input<typeof options>;

/**
 * The normal distribution `x ~ N(mean, deviation²)`, samples `[n, 1]`. Offsets are measured from the mean.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { normal } from "dsgan/datasets";
 *
 * await tf.setBackend("cpu");
 * console.log(normal({ mean: -2 }).sample(Key.from("example"), 4).shape); // [4, 1]
 * ```
 */
export function normal(given: NormalOptions = {}): Dataset {
  const { mean, deviation } = parseOptions("normal", options, given);
  return {
    name: "normal",
    shape: [1],
    sample: (key, n) => key.normal([n, 1], mean, deviation),
    geometry: centres([mean]),
  };
}

/** A scenario names it `{ use: normal, mean: 0, deviation: 1 }`. */
export const normalComponent = component(Datasets, {
  name: "normal",
  summary: "Normal distribution, in one dimension",
  options,
  create: normal,
});
