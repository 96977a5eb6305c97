/**
 * Readings of stage 2, which the paper leaves open. It draws G and D from its semi-supervised part, whose critic sees
 * features (Table 5, App. E), speaks of noise on pixels (Sec. 5.2) and of its method "in the feature space" (App. E), and
 * says that an ε-ball is easily built into the generator (Sec. 4.2).
 *
 * @module
 */

/** How stage 2 is read. */
export interface Reading {
  /** What the critic sees: the baseline classifier's features of a row, or the row. */
  readonly critic: "features" | "pixels";
  /** Where noise is added to the data: to the row, or to its features. */
  readonly noise: "pixels" | "features";
  /** Half the width of noise on features, in their units; absent: as wide beside these as r is beside pixels. */
  readonly featureNoise?: number;
  /** What the generator makes: rows out of z, or what is added to rows of the data, within r of each. */
  readonly generates: "rows" | "ball";
}

/** Readings by name. */
export const READINGS: Readonly<Record<"features" | "pixels" | "feature-noise" | "ball", Reading>> = {
  features: { critic: "features", noise: "pixels", generates: "rows" },
  pixels: { critic: "pixels", noise: "pixels", generates: "rows" },
  "feature-noise": { critic: "features", noise: "features", generates: "rows" },
  ball: { critic: "pixels", noise: "pixels", generates: "ball" },
};
