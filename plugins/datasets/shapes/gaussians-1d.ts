/**
 * Several normal distributions on a line, drawn from evenly.
 *
 * @module
 */
import { component, type Dataset, Datasets, InputError, tf, z } from "../../../core/mod.ts";
import { centres } from "./line.ts";

/** Options of {@link gaussians1d}. */
export interface Gaussians1dOptions {
  /** One or more. */
  readonly means: readonly number[];
  /** Standard deviation of each, > 0. */
  readonly deviation: number;
}

/**
 * `x ~ (1/K)·Σᵢ N(meansᵢ, deviation²)`, samples `[n, 1]`. Offsets are measured from the nearest mean; the position
 * is that mean's number divided by K.
 * @throws InputError where there is no mean
 */
export function gaussians1d({ means, deviation }: Gaussians1dOptions): Dataset {
  if (means.length === 0) throw new InputError('dataset "gaussians-1d": means is empty; give at least one');
  return {
    name: "gaussians-1d",
    shape: [1],
    sample(key, n) {
      const chosen = key.fold("component").integers(n, means.length);
      const noise = key.fold("noise").normalArray(n, 0, deviation);
      return tf.tensor2d(
        noise.map((e, i) => means[chosen[i]!]! + e),
        [n, 1],
      );
    },
    geometry: centres(means),
  };
}

/** How a scenario names it: `{ use: gaussians-1d, means: [-1, 1], deviation: 0.2 }`. */
export const gaussians1dComponent = component(Datasets, {
  name: "gaussians-1d",
  summary: "Several normal distributions drawn from evenly, in one dimension",
  options: () =>
    z.strictObject({
      means: z.array(z.number()).min(1).default([-1, 1]).describe("Mean of each normal distribution."),
      deviation: z.number().positive().default(0.2).describe("Standard deviation of each, above 0."),
    }),
  create: gaussians1d,
});
