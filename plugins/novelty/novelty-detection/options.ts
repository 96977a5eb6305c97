/**
 * What the application is made of.
 *
 * @module
 */
import { type Built, Datasets, type FiniteDataset, type Painter, type Refs, z } from "../../../core/mod.ts";
import { Scorers } from "../scorer.ts";

export const options = (refs: Refs) =>
  z.strictObject({
    data: refs(Datasets).describe("Rows to learn from: normal ones, or labelled ones of which some are."),
    normal: z
      .array(z.int().min(0).max(255))
      .min(1)
      .optional()
      .describe(
        "Classes that are normal; all rows are, unless given. Rows of other classes serve as tests alone.",
      ),
    rows: z
      .int()
      .positive()
      .optional()
      .describe("How many normal rows to use, drawn by the seed; all unless given."),
    scorer: refs(Scorers).prefault({ use: "vae" }).describe("What learns how abnormal a row is."),
    holdOut: z
      .number()
      .min(0)
      .lt(1)
      .default(0.2)
      .describe(
        "Share of the normal rows that the scorer does not see: they set the threshold. 0: there is none.",
      ),
    falseAlarms: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.05)
      .describe("Share of normal rows that may raise an alarm, for the threshold."),
  });

/** All that the application is made of. */
export type NoveltyDetection = Omit<Built<typeof options>, "data"> & {
  readonly data: FiniteDataset;
  /** Rows held out by the dataset, to test with; absent where it has none. */
  readonly test: FiniteDataset | undefined;
  /** Draws the pictures; without one there are none. */
  readonly painter: Painter | undefined;
};
