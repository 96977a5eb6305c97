/**
 * What a scenario expects of its metrics.
 *
 * @module
 */
import { z } from "zod";
import { meant } from "../plugin/suggest.ts";
import { valueNamed } from "./metric-name.ts";
import { type Reading, type Readings, readingOf } from "./reading.ts";

/** Bounds on a metric, both ends included. */
export interface Expectation {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
  readonly between?: readonly [number, number] | undefined;
}

/** The schema of {@link Expectation}. */
export const expectationSchema: z.ZodType<Expectation> = z
  .strictObject({
    atLeast: z.number().optional().describe("The metric is this or more."),
    atMost: z.number().optional().describe("The metric is this or less."),
    between: z.tuple([z.number(), z.number()]).optional().describe("The metric lies within, ends included."),
  })
  .refine((e) => Object.values(e).some((v) => v !== undefined), {
    error: "expected at least one of atLeast, atMost, between",
  })
  .refine((e) => lowest(e) <= highest(e), { error: "no number is within these bounds" });

/** An expectation compared with what was measured. */
export interface ExpectationResult {
  readonly metric: string;
  /** The bounds in words, e.g. `at least 0.98`. */
  readonly expected: string;
  /** Absent where there is no such metric. */
  readonly value?: Reading;
  readonly met: boolean;
}

/**
 * Holds expectations against metrics. A metric that was not measured is an expectation missed, and so is one that is not
 * a finite number: no bound is met by NaN, and an infinity is what a training leaves that has diverged.
 */
export function judgeExpectations(
  expect: Readonly<Record<string, Expectation>>,
  metrics: Readings,
): ExpectationResult[] {
  return Object.entries(expect).map(([metric, bounds]) => {
    const expected = inWords(bounds);
    const value = valueNamed(metrics, metric);
    if (value === undefined) {
      const hint = meant(metric, Object.keys(metrics));
      return { metric, expected: `${expected} (no such metric was measured${hint})`, met: false };
    }
    const x = Number(value);
    const met = Number.isFinite(x) && x >= lowest(bounds) && x <= highest(bounds);
    return { metric, expected, value: readingOf(x), met };
  });
}

function lowest({ atLeast = -Infinity, between = [-Infinity, 0] }: Expectation): number {
  return Math.max(atLeast, between[0]);
}

function highest({ atMost = Infinity, between = [0, Infinity] }: Expectation): number {
  return Math.min(atMost, between[1]);
}

/** Bounds in words, e.g. `at least 0.98`. */
export function inWords({ atLeast, atMost, between }: Expectation): string {
  return [
    atLeast === undefined ? [] : `at least ${atLeast}`,
    atMost === undefined ? [] : `at most ${atMost}`,
    between === undefined ? [] : `between ${between[0]} and ${between[1]}`,
  ]
    .flat()
    .join(", ");
}
