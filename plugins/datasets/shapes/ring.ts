/**
 * A ring: a circle whose density is low in the centre (Fig. 3).
 *
 * @module
 */
import { component, type Dataset, Datasets, type Geometry, parseOptions, tf, z } from "../../../core/mod.ts";
import { belowOne } from "./curve.ts";

const options = z.strictObject({
  radius: z
    .number()
    .positive()
    .default(1)
    .describe("Radius of the circle where the density is highest along a ray."),
  width: z
    .number()
    .min(0)
    .default(0.1)
    .describe("Standard deviation of a point's distance from that circle, in the units of the radius."),
});

/** Options of {@link ring}. */
export type RingOptions = z.input<typeof options>;

/**
 * A ring: `(r cos φ, r sin φ)` with r ~ N(radius, width²) and φ ~ U[0, 2π), samples `[n, 2]`. Offsets are r − radius,
 * the position is φ/2π.
 * @throws InputError where an option is out of its range
 * @example
 * ```ts
 * import { ring } from "dsgan/datasets";
 *
 * const { offset, position } = ring({ radius: 2 }).geometry!.locate(Float32Array.of(0, 2.5));
 * console.log(offset, position); // [0.5], [0.25]
 * ```
 */
export function ring(given: RingOptions = {}): Dataset {
  const { radius, width } = parseOptions("ring", options, given);
  return {
    name: "ring",
    shape: [2],
    sample(key, n) {
      const angle = key.fold("angle").uniformArray(n, 0, 2 * Math.PI);
      const r = key.fold("radius").normalArray(n, radius, width);
      const points = Float32Array.from({ length: 2 * n }, (_, i) =>
        i % 2 === 0 ? r[i / 2]! * Math.cos(angle[i / 2]!) : r[(i - 1) / 2]! * Math.sin(angle[(i - 1) / 2]!),
      );
      return tf.tensor2d(points, [n, 2]);
    },
    geometry: circle(radius),
  };
}

/** Offset `r − radius` (outside is positive); position φ/2π, from the positive x-axis counterclockwise. */
function circle(radius: number): Geometry {
  return {
    locate(points) {
      const n = points.length / 2;
      const offset = new Float32Array(n);
      const position = new Float32Array(n);
      for (let i = 0; i < n; i++) {
        const [x, y] = [points[2 * i]!, points[2 * i + 1]!];
        const turns = Math.atan2(y, x) / (2 * Math.PI);
        offset[i] = Math.hypot(x, y) - radius;
        position[i] = belowOne(turns < 0 ? turns + 1 : turns);
      }
      return { offset, position };
    },
  };
}

/** A scenario names it `{ use: ring, radius: 1, width: 0.1 }`. */
export const ringComponent = component(Datasets, {
  name: "ring",
  summary: "Ring in the plane with an empty centre (Fig. 3)",
  reference: "DSGAN, Sec. 2.2, Fig. 3",
  options,
  create: ring,
});
