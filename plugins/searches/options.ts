/**
 * Options that searches share.
 *
 * @module
 */
import { z } from "../../core/mod.ts";

/** How much is tried, and from which seed. */
export const budget = {
  trials: z.int().positive().describe("Combinations to try; fewer where the sweep has no more."),
  seed: z.int().default(0).describe("Root of the search's own randomness; runs have the seeds of the sweep."),
};

/** A share that may be written as a fraction: `1/3`. */
export const share = z.union([
  z.number().gt(0).lt(1),
  z
    .string()
    .regex(/^[1-9]\d*\/[1-9]\d*$/, "expected a fraction such as 1/3")
    .refine((text) => shareOf(text) < 1, { error: "expected a share below 1" }),
]);

/** The number that a share is. */
export function shareOf(given: number | string): number {
  if (typeof given === "number") return given;
  const [part, whole] = given.split("/").map(Number);
  return part! / whole!;
}
