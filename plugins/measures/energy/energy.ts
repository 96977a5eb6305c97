/**
 * The energy distance between pg and pdBar.
 * G. J. Székely, M. L. Rizzo, "Energy statistics: A class of statistics based on distances", J. Stat. Plan. Inference 143, 2013.
 *
 * @module
 */

import type { Measure } from "../../../core/mod.ts";
import { component, Measures, parseOptions, tf, z } from "../../../core/mod.ts";

const options = z.strictObject({
  n: z.int().min(2).default(500).describe("Rows of each; the cost grows with its square."),
});

/** Options of {@link energy}. */
export type EnergyOptions = z.input<typeof options>;

/**
 * `2·E‖x − y‖ − E‖x − x'‖ − E‖y − y'‖`, x from pg, y from pdBar: 0 where the two are the same, above 0 otherwise. The
 * estimate has no bias, so that it may fall below 0. `floor` is the same between pdBar and pdBar.
 * @throws InputError where an option is out of its range
 */
export function energy(given: EnergyOptions = {}): Measure {
  const { n } = parseOptions("energy", options, given);
  return {
    name: "energy",
    async *measure({ pg, target, key }) {
      const both = tf.tidy(() => {
        const flat = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [n, -1]);
        const x = flat(pg(key.fold("pg"), n));
        const [y, other] = ["pdBar", "other"].map((name) => flat(target.pdBar(key.fold(name), n))) as [
          tf.Tensor,
          tf.Tensor,
        ];
        return tf.stack([distance(x, y), distance(other, y)]);
      });
      const [energyDistance, floor] = await both.data();
      both.dispose();
      return { energyDistance: energyDistance!, energyFloor: floor! };
    },
  };
}

/** Rows `[n, d]` each. */
function distance(x: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return tf.sub(tf.mul(2, meanDistance(x, y, 0)), tf.add(meanDistance(x, x, 1), meanDistance(y, y, 1)));
}

/** Mean of ‖a − b‖ over all pairs. @param same how many of a row's pairs are with itself, and left out */
function meanDistance(a: tf.Tensor, b: tf.Tensor, same: 0 | 1): tf.Tensor {
  const squares = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(x), 1, true); // [n, 1]
  const inner = tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, false, true); // [n, n]
  const apart = tf.sub(tf.add(squares(a), tf.transpose(squares(b))), tf.mul(2, inner));
  const all = tf.sqrt(tf.relu(apart));
  const n = a.shape[0]!;
  const kept = same === 1 ? tf.mul(all, tf.sub(1, tf.eye(n))) : all; // rounding leaves a distance from itself
  return tf.div(tf.sum(kept), n * (n - same));
}

/** How a scenario names it: `measures: [energy]`. */
export default component(Measures, {
  name: "energy",
  summary: "Energy distance between pg and pdBar",
  reference: "Székely & Rizzo, 2013",
  options,
  create: energy,
});
