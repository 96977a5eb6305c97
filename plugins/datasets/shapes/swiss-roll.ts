/**
 * The swiss roll (Fig. 2), by the formula of scikit-learn's `make_swiss_roll`, seen from the side.
 * F. Pedregosa et al., "Scikit-learn: Machine Learning in Python", JMLR 12, 2011.
 *
 * @module
 */
import { component, type Dataset, Datasets, parseOptions, tf, z } from "../../../core/mod.ts";
import { curveGeometry, type Point } from "./curve.ts";

const options = z.strictObject({
  noise: z.number().min(0).default(0.4).describe("Standard deviation of the normal noise, before scaling."),
  scale: z.number().positive().default(7.5).describe("What the points are divided by."),
});

/** Options of {@link swissRoll}. */
export type SwissRollOptions = z.input<typeof options>;

const T_FROM = 1.5 * Math.PI;
const T_TO = 4.5 * Math.PI;

/**
 * The swiss roll: `(t cos t + e₁, t sin t + e₂) / scale` with t = 1.5π·(1 + 2u), u ~ U[0, 1) and e ~ N(0, noise²),
 * samples `[n, 2]`. The geometry is that of the noise-free curve: the offset is positive on its outer side, the
 * position is the share of the arc length from the inner end.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { swissRoll } from "dsgan/datasets";
 *
 * await tf.setBackend("cpu");
 * const points = swissRoll({ noise: 0 }).sample(Key.from("example"), 5);
 * const { offset } = swissRoll().geometry!.locate(Float32Array.from(points.dataSync()));
 * console.log(Math.max(...offset.map(Math.abs)) < 1e-5); // true
 * ```
 */
export function swissRoll(given: SwissRollOptions = {}): Dataset {
  const { noise, scale } = parseOptions("swiss-roll", options, given);
  const curve = (t: number): Point => [(t * Math.cos(t)) / scale, (t * Math.sin(t)) / scale];
  return {
    name: "swiss-roll",
    shape: [2],
    sample(key, n) {
      const points = key.fold("noise").normalArray(2 * n, 0, noise / scale);
      key
        .fold("t")
        .uniformArray(n, T_FROM, T_TO)
        .forEach((t, i) => {
          const [x, y] = curve(t);
          points[2 * i]! += x;
          points[2 * i + 1]! += y;
        });
      return tf.tensor2d(points, [n, 2]);
    },
    geometry: curveGeometry(curve, T_FROM, T_TO),
  };
}

/** A scenario names it `{ use: swiss-roll }`. */
export const swissRollComponent = component(Datasets, {
  name: "swiss-roll",
  summary: "Swiss roll in the plane (Fig. 2)",
  reference: "make_swiss_roll of scikit-learn (JMLR 12, 2011); DSGAN, Sec. 2.2, Fig. 2",
  options,
  create: swissRoll,
});
