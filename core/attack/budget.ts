/**
 * Whether an example keeps to a budget: one rule for whoever judges that.
 *
 * @module
 */
import { z } from "zod";
import type { Range } from "../model/dataset.ts";

/** A fraction such as `8/255`. */
const FRACTION = /^\s*\d+(\.\d+)?\s*\/\s*0*[1-9]\d*(\.\d+)?\s*$/;

/**
 * The option of a budget or another length: a number ≥ 0, or a fraction such as `8/255`, which becomes the number.
 * @param positive whether 0 is refused
 */
export const budgetOption = ({ positive = false } = {}) =>
  z.union([
    positive ? z.number().positive() : z.number().min(0),
    z
      .string()
      .regex(FRACTION, "expected a fraction such as 8/255")
      .refine((text) => !positive || numberOf(text) > 0, { error: "expected a fraction above 0" })
      .transform(numberOf),
  ]);

function numberOf(fraction: string): number {
  const [above, below] = fraction.split("/").map(Number);
  return above! / below!;
}

/** Share of a budget by which sums in float32 may miss it: 256 units in the last place. */
const SHARE = 2 ** -16;

/** Roundings of a pixel on its way from image to example and back: the move, the projection, the clip, the difference. */
const ROUNDINGS = 4;

/** How far rounding in float32 may carry an example beyond its budget. */
export interface Slack {
  /** As a share of the budget. */
  readonly share: number;
  /** In units of the data: a few steps of float32 at the larger end of the bounds. */
  readonly absolute: number;
}

/** The slack within bounds. */
export function slackOf([low, high]: Range): Slack {
  const largest = Math.max(Math.abs(low), Math.abs(high), Number.MIN_VALUE);
  return { share: SHARE, absolute: ROUNDINGS * 2 ** (Math.floor(Math.log2(largest)) - 23) };
}

/** Whether a distance is within a budget, but for rounding. */
export function withinBudget(distance: number, epsilon: number, bounds: Range): boolean {
  const { share, absolute } = slackOf(bounds);
  return distance <= epsilon * (1 + share) + absolute;
}
