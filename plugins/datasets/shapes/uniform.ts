/**
 * The uniform distribution on an interval.
 *
 * @module
 */
import { component, type Dataset, Datasets, InputError, z } from "../../../core/mod.ts";
import { centres } from "./line.ts";

/** Options of {@link uniform}. */
export interface UniformOptions {
  readonly low: number;
  /** Above `low`. */
  readonly high: number;
}

/**
 * `x ~ U[low, high)`, samples `[n, 1]`. Offsets are measured from the interval's middle.
 * @throws InputError unless low < high
 */
export function uniform({ low, high }: UniformOptions): Dataset {
  if (!(low < high)) {
    throw new InputError(`dataset "uniform": low must be below high, got low ${low} and high ${high}`);
  }
  return {
    name: "uniform",
    shape: [1],
    range: [low, high],
    sample: (key, n) => key.uniform([n, 1], low, high),
    geometry: centres([(low + high) / 2]),
  };
}

/** How a scenario names it: `{ use: uniform, low: 0, high: 2 }`. */
export const uniformComponent = component(Datasets, {
  name: "uniform",
  summary: "Uniform distribution on an interval, in one dimension",
  options: () =>
    z.strictObject({
      low: z.number().default(0).describe("Lower end of the interval."),
      high: z.number().default(1).describe("Upper end of the interval; above low."),
    }),
  create: uniform,
});
