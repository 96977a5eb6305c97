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
  InputError,
  Key,
  z,
} from "../../../core/mod.ts";

/** Options of {@link moons}. */
export interface MoonsOptions {
  /** Points to train with, and as many to test with; half of them on each moon. */
  readonly size: number;
  /** Standard deviation of the normal noise on both coordinates, ≥ 0; the radius of a moon is 1. */
  readonly noise: number;
  /** Root of the points' randomness: they are the same in every run. */
  readonly seed: number;
}

/**
 * `(cos t, sin t)` of class 0 and `(1 − cos t, ½ − sin t)` of class 1, t ~ U[0, π), noise added: as scikit-learn's
 * `make_moons` has them (Pedregosa et al., JMLR 12, 2011). A sample is `[2]`.
 */
export function moons({ size, noise, seed }: MoonsOptions): FiniteDataset {
  if (size % 2 !== 0)
    throw new InputError(`dataset "moons": size is ${size}, which two moons cannot share: give an even one`);
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

/** How a scenario names it: `{ use: moons, noise: 0.1 }`. */
const moonsComponent = component(Datasets, {
  name: "moons",
  summary: "Two interlocking half circles, a class each, with test points",
  reference: "Pedregosa et al., JMLR 12, 2011 (make_moons)",
  options: () =>
    z.strictObject({
      size: z
        .int()
        .positive()
        .default(2000)
        .describe("Points to train with, and as many to test with; even."),
      noise: z.number().min(0).default(0.1).describe("Deviation of the noise; the radius of a moon is 1."),
      seed: z.int().default(0).describe("Which points; the run's own seed does not change them."),
    }),
  create: moons,
});

export default moonsComponent;
