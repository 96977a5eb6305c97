/**
 * Several normal distributions on a line, drawn from evenly.
 *
 * @module
 */
import { component, type Dataset, Datasets, parseOptions, tf, z } from "../../../core/mod.ts";
import { centres } from "./line.ts";

const options = z.strictObject({
  means: z
    .array(z.number())
    .min(1, "means is empty; give at least one")
    .default([-1, 1])
    .describe("Mean of each normal distribution."),
  deviation: z.number().positive().default(0.2).describe("Standard deviation of each."),
});

/** Options of {@link gaussians1d}. */
export type Gaussians1dOptions = z.input<typeof options>;

/**
 * Several normal distributions drawn from evenly: `x ~ (1/K)·Σᵢ N(meansᵢ, deviation²)`, samples `[n, 1]`. Offsets are
 * measured from the nearest mean; the position is that mean's number divided by K.
 * @throws InputError where an option is out of its range, or there is no mean
 * @example
 * ```ts
 * import { gaussians1d } from "dsgan/datasets";
 *
 * const three = gaussians1d({ means: [-1, 0, 1], deviation: 0.1 });
 * console.log(three.geometry!.locate(Float32Array.of(0.75)).offset); // [-0.25]
 * ```
 */
export function gaussians1d(given: Gaussians1dOptions = {}): Dataset {
  const { means, deviation } = parseOptions("gaussians-1d", options, given);
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

/** A scenario names it `{ use: gaussians-1d, means: [-1, 1], deviation: 0.2 }`. */
export const gaussians1dComponent = component(Datasets, {
  name: "gaussians-1d",
  summary: "Several normal distributions drawn from evenly, in one dimension",
  options,
  create: gaussians1d,
});
