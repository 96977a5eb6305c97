/**
 * The normal distribution on a line.
 *
 * @module
 */
import { component, type Dataset, Datasets, z } from "../../../core/mod.ts";
import { centres } from "./line.ts";

/** Options of {@link normal}. */
export interface NormalOptions {
  readonly mean: number;
  /** Standard deviation, > 0. */
  readonly deviation: number;
}

/** `x ~ N(mean, deviation²)`, samples `[n, 1]`. Offsets are measured from the mean. */
export function normal({ mean, deviation }: NormalOptions): Dataset {
  return {
    name: "normal",
    shape: [1],
    sample: (key, n) => key.normal([n, 1], mean, deviation),
    geometry: centres([mean]),
  };
}

/** How a scenario names it: `{ use: normal, mean: 0, deviation: 1 }`. */
export const normalComponent = component(Datasets, {
  name: "normal",
  summary: "Normal distribution, in one dimension",
  options: () =>
    z.strictObject({
      mean: z.number().default(0).describe("Mean."),
      deviation: z.number().positive().default(1).describe("Standard deviation, above 0."),
    }),
  create: normal,
});
