/**
 * Two moons: two half circles that interlock, a class each, the usual small problem of semi-supervised learning: a few
 * labels do not tell where the classes end, but the gap between the moons does.
 *
 * @module
 */
import {
  component,
  Datasets,
  type FiniteDataset,
  fromArrays,
  Key,
  parseOptions,
  z,
} from "../../../core/mod.ts";

const options = z.strictObject({
  size: z
    .int()
    .positive()
    .multipleOf(2, "two moons cannot share an odd number of points: give an even one")
    .default(2000)
    .describe("Points to train with, and as many to test with; half of them on each moon."),
  noise: z
    .number()
    .min(0)
    .default(0.1)
    .describe("Standard deviation of the normal noise on both coordinates; the radius of a moon is 1."),
  seed: z.int().default(0).describe("Which points; the run's own seed does not change them."),
});

/** Options of {@link moons}. */
export type MoonsOptions = z.input<typeof options>;

/**
 * Two moons: `(cos t, sin t)` of class 0 and `(1 − cos t, ½ − sin t)` of class 1, t ~ U[0, π), noise added, as
 * scikit-learn's `make_moons` has them (Pedregosa et al., JMLR 12, 2011). A sample is `[2]`.
 * @throws InputError where an option is out of its range, or size is odd
 * @example
 * ```ts
 * import { Key, tf } from "dsgan";
 * import { moons } from "dsgan/datasets";
 *
 * await tf.setBackend("cpu");
 * const data = moons({ size: 100 });
 * console.log(data.size, data.sample(Key.from("example"), 3).shape); // 100, [3, 2]
 * ```
 */
export function moons(given: MoonsOptions = {}): FiniteDataset {
  const { size, noise, seed } = parseOptions("moons", options, given);
  const part = (key: Key, heldOut?: () => Promise<FiniteDataset>): FiniteDataset => {
    const t = key.fold("t").uniformArray(size, 0, Math.PI);
    const e = key.fold("noise").normalArray(2 * size, 0, noise);
    const labels = Uint8Array.from({ length: size }, (_, i) => i % 2);
    const values = Float32Array.from({ length: 2 * size }, (_, j) => {
      const i = j >> 1;
      const [x, y] = [Math.cos(t[i]!), Math.sin(t[i]!)];
      const upper = labels[i] === 0;
      return e[j]! + (j % 2 === 0 ? (upper ? x : 1 - x) : upper ? y : 0.5 - y);
    });
    return fromArrays({ name: "moons", values, shape: [2], labels, classes: 2, ...(heldOut && { heldOut }) });
  };
  const root = Key.from("moons").fold(seed);
  return part(root.fold("train"), async () => part(root.fold("test")));
}

/** A scenario names it `{ use: moons, noise: 0.1 }`. */
export default component(Datasets, {
  name: "moons",
  summary: "Two interlocking half circles, a class each, with test points",
  reference: "Pedregosa et al., JMLR 12, 2011 (make_moons)",
  options,
  create: moons,
});
