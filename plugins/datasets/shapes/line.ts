/**
 * Geometry of distributions on a line.
 *
 * @module
 */
import type { Geometry } from "../../../core/mod.ts";

/**
 * The geometry of a line with one or more centres: a point's offset is its signed distance from the nearest centre,
 * its position that centre's number divided by how many there are (0 where there is only one).
 */
export function centres(means: readonly number[]): Geometry {
  return {
    locate(points) {
      const offset = new Float32Array(points.length);
      const position = new Float32Array(points.length);
      points.forEach((x, i) => {
        const away = means.map((mean) => Math.abs(x - mean));
        const nearest = away.indexOf(Math.min(...away));
        offset[i] = x - means[nearest]!;
        position[i] = nearest / means.length;
      });
      return { offset, position };
    },
  };
}
