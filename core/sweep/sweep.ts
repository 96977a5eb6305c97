/**
 * Sweep files: a scenario, which of its settings vary, from which seeds, how the search goes, and what is asked of it.
 *
 * @module
 */
import { z } from "zod";
import type { Ref, Refs, Registry } from "../plugin/component.ts";
import { writtenRefsOf } from "../plugin/refs.ts";
import { type Expectation, expectationSchema } from "../run/expectation.ts";
import { runName, written } from "../scenario/scenario.ts";
import { Searches } from "./search.ts";

/** A range as a sweep file writes it. */
const range = z
  .strictObject({
    min: z.number().describe("Smallest value."),
    max: z.number().describe("Largest value."),
    scale: z
      .enum(["linear", "log"])
      .default("linear")
      .describe("What is spread evenly: the numbers, or their logarithms."),
    integer: z.boolean().default(false).describe("Whole numbers only."),
  })
  .refine(({ min, max }) => min < max, { error: "expected min below max" })
  .refine(({ min, scale }) => scale === "linear" || min > 0, {
    error: "expected min above 0: smaller numbers have no logarithm",
    path: ["min"],
  })
  .refine(({ min, max, integer }) => !integer || (Number.isInteger(min) && Number.isInteger(max)), {
    error: "expected whole numbers at both ends, since integer is true",
  });

const list = z.array(z.unknown()).min(1);
const bounds = z
  .strictObject({ atLeast: z.number().optional(), atMost: z.number().optional() })
  .refine((b) => b.atLeast !== undefined || b.atMost !== undefined, { error: "expected atLeast or atMost" });

const path = z.string().min(1);
const metric = z.string().min(1);
const goal = z.union([
  z.strictObject({ maximize: metric.describe("A metric, the larger the better.") }),
  z.strictObject({ minimize: metric.describe("A metric, the smaller the better.") }),
]);

const overSeeds = z
  .strictObject({
    mean: expectationSchema.optional().describe("Bounds on the mean over the seeds."),
    worst: expectationSchema.optional().describe("Bounds that every seed meets."),
    best: expectationSchema.optional().describe("Bounds that at least one seed meets."),
  })
  .refine((e) => Object.values(e).some((bounds) => bounds !== undefined), {
    error: "expected at least one of mean, worst, best",
  });

/** The schema of sweep files, given the searches that there are. */
export function sweepSchema(refs: Refs) {
  return z.strictObject({
    $schema: z.string().optional().describe("For editors: the location of this schema."),
    name: runName.describe("Names the sweep and its runs. The file's name unless given."),
    description: z.string().optional().describe("What the sweep is to show."),
    scenario: z
      .union([z.string().min(1), z.record(z.string(), z.unknown())])
      .describe(
        "What to run: the name of a packaged scenario, a file (relative to this one), or the document itself.",
      ),
    set: z
      .record(path, z.unknown())
      .default({})
      .describe(
        "Values that differ from the scenario's in every trial, by path; null takes out what is there.",
      ),
    vary: z
      .record(path, z.union([list, range]))
      .refine((v) => Object.keys(v).length > 0, { error: "expected at least one path" })
      .describe("What differs from trial to trial, by path: a list of values, or a range of numbers."),
    exclude: z
      .array(
        z.record(path, z.unknown()).refine((e) => Object.keys(e).length > 0, { error: "expected a path" }),
      )
      .default([])
      .describe(
        "Combinations to leave out: those that meet every condition of an entry, each a value, a list of values, or " +
          "{ atLeast, atMost }.",
      ),
    seeds: z
      .array(z.int())
      .min(1)
      .default([0])
      .describe("Every trial runs once from each. Its score is the mean over them."),
    search: refs(Searches).describe("Which combinations to try, and which go on."),
    goal: goal.optional().describe("What the best trial has most or least of."),
    expect: z
      .record(metric, overSeeds)
      .default({})
      .describe("Bounds on metrics of the best trial, or of each trial where there is no goal."),
    limits: z
      .strictObject({
        atOnce: z
          .int()
          .positive()
          .optional()
          .describe("Runs that are under way at once; as many as there is room for."),
        failures: z.int().min(0).default(5).describe("Runs that may fail; one more ends the sweep."),
        retries: z
          .int()
          .min(0)
          .default(3)
          .describe("How often a run is taken up again whose process or machine was lost."),
      })
      .prefault({})
      .describe("How much runs at once, and what may go wrong."),
  });
}

/** Bounds on one metric over the seeds of a trial. */
export interface SeedsExpectation {
  /** On the mean. */
  readonly mean?: Expectation | undefined;
  /** Every seed meets them. */
  readonly worst?: Expectation | undefined;
  /** At least one seed meets them. */
  readonly best?: Expectation | undefined;
}

/** How much of a sweep runs at once, and what may go wrong. */
export interface SweepLimits {
  /** Runs that are under way at once. */
  readonly atOnce?: number | undefined;
  /** Runs that may fail. */
  readonly failures: number;
  /** How often a run is taken up again whose process or machine was lost. */
  readonly retries: number;
}

/** A checked sweep file: every default filled in. */
export interface Sweep {
  readonly name: string;
  readonly description?: string | undefined;
  readonly scenario: string | Readonly<Record<string, unknown>>;
  readonly set: Readonly<Record<string, unknown>>;
  readonly vary: Readonly<Record<string, readonly unknown[] | z.output<typeof range>>>;
  readonly exclude: readonly Readonly<Record<string, unknown>>[];
  readonly seeds: readonly number[];
  readonly search: Ref;
  readonly goal?: { readonly maximize: string } | { readonly minimize: string } | undefined;
  readonly expect: Readonly<Record<string, SeedsExpectation>>;
  readonly limits: SweepLimits;
}

/** Bounds as an entry of `exclude` writes them; undefined where a value is something else. */
export function boundsOf(value: unknown): z.output<typeof bounds> | undefined {
  const checked = bounds.safeParse(value);
  return checked.success ? checked.data : undefined;
}

/**
 * The JSON Schema (draft 7) of sweep files, from which editors complete and check.
 * @param registry the components that it knows
 */
export function sweepJsonSchema(registry: Registry): object {
  const schema = sweepSchema(writtenRefsOf(registry)).partial({ name: true });
  const made = z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    reused: "inline",
    unrepresentable: "any",
  });
  const { $schema, ...rest } = written(made);
  return { $schema, title: "dsgan sweep", ...rest };
}
