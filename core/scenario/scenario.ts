/**
 * Scenario files: what to run, with what, from which seed, and what to expect of it.
 *
 * @module
 */
import { z } from "zod";
import type { Ref, Refs, Registry } from "../plugin/component.ts";
import type { Problem } from "../plugin/errors.ts";
import { fileName } from "../plugin/names.ts";
import { writtenRefsOf } from "../plugin/refs.ts";
import { Applications } from "../run/application.ts";
import { Engines } from "../run/engine.ts";
import { type Expectation, expectationSchema } from "../run/expectation.ts";
import { type SentinelPolicy, sentinelSchema } from "../run/sentinel.ts";
import type { AllowList } from "./allow.ts";

/** The name of a scenario, of which those of its runs' folders are made. */
export const runName: z.ZodString = fileName();

/**
 * The schema of scenario files, given the components that there are.
 * @param engine the name of the one that scenarios run on unless they name another
 */
export function scenarioSchema(refs: Refs, engine: string) {
  return z.strictObject({
    $schema: z.string().optional().describe("For editors: the location of this schema."),
    name: runName.describe("Names the run; used in folder names. The file's name unless given."),
    description: z.string().optional().describe("What this scenario shows; `dsgan list` prints it."),
    tags: z.array(z.string()).default([]).describe("Words to find the scenario by."),
    plugins: z.array(z.string()).default([]).describe("Further plugins: paths, URLs or package names."),
    seed: z
      .int()
      .default(0)
      .describe("Root of all randomness: the same scenario, seed and engine give the same numbers."),
    engine: refs(Engines).prefault({ use: engine }).describe("What executes TensorFlow.js programs."),
    checkpoint: z
      .strictObject({
        seconds: z.number().positive().default(30).describe("Time between checkpoints."),
        steps: z.int().positive().optional().describe("Steps between checkpoints; whichever comes first."),
        keep: z.int().positive().default(2).describe("How many of the newest to keep."),
      })
      .prefault({})
      .describe("When to write checkpoints, from which a run resumes."),
    sentinels: sentinelSchema
      .prefault({} as SentinelPolicy)
      .describe("What to do when a training goes wrong."),
    application: refs(Applications).describe("What to run, with its options."),
    expect: z
      .record(z.string(), expectationSchema)
      .default({})
      .describe("Bounds on metrics, by name; a run that misses one ends with exit code 1."),
  });
}

/** When checkpoints are written, and how many are kept. */
export interface CheckpointPolicy {
  readonly seconds: number;
  readonly steps?: number | undefined;
  readonly keep: number;
}

/** A checked scenario: every default filled in. */
export interface Scenario {
  readonly name: string;
  readonly description?: string | undefined;
  readonly tags: readonly string[];
  readonly plugins: readonly string[];
  readonly seed: number;
  readonly engine: Ref;
  readonly checkpoint: CheckpointPolicy;
  readonly sentinels: SentinelPolicy;
  readonly application: Ref;
  readonly expect: Readonly<Record<string, Expectation>>;
}

/** A scenario ready to be run. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  /** The built-in plugins and the scenario's own, put together. */
  readonly registry: Registry;
  /** Where relative paths of the scenario start. */
  readonly base: URL;
  /** What it may name, of one that came from outside. */
  readonly allow?: AllowList;
  /** The scenario's own plugins. */
  readonly plugins: readonly PluginRecord[];
  /** Something wrong at a path of the scenario, with its line, or the override that is to blame. */
  problemAt(keys: readonly PropertyKey[], message: string): Problem;
}

/** Which plugin a run used: it is stored with the run. */
export interface PluginRecord {
  /** What the scenario calls it. */
  readonly from: string;
  readonly name: string;
  readonly version?: string;
  /** Where its module was found. */
  readonly url: string;
  /** SHA-256 of its module and of what that imports by relative paths, where they could be read. */
  readonly sha256?: string;
}

/** What a JSON Schema of scenarios is for. */
export interface JsonSchemaOptions {
  /** Whether scenarios that list plugins of their own may name components that the registry lacks. */
  readonly open?: boolean;
}

/**
 * The JSON Schema (draft 7) of scenario files, from which editors complete and check.
 * @param registry the components that it knows
 */
export function scenarioJsonSchema(registry: Registry, { open = false }: JsonSchemaOptions = {}): object {
  const { $schema, definitions, ...closed } = written(jsonSchemaOf(writtenRefsOf(registry), registry));
  const title = "dsgan scenario";
  if (!open) return { $schema, title, ...closed, definitions };
  // A scenario with plugins of its own is checked as far as it goes without knowing their components.
  const { $schema: _, definitions: __, ...frame } = written(jsonSchemaOf(anything, registry));
  const plugins = { type: "array", minItems: 1 };
  return {
    $schema,
    title,
    if: { type: "object", properties: { plugins }, required: ["plugins"] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema has a property of this name
    then: frame,
    else: closed,
    definitions,
  };
}

/**
 * A schema of what is checked, as one of what files may say: `x-` members beside the rest, and the file that they extend,
 * which then has what this one leaves out.
 */
export function written<S extends { properties?: object | undefined; required?: string[] | undefined }>(
  schema: S,
) {
  const { properties, required, ...rest } = schema;
  const file = { type: "string", minLength: 1 };
  const extended = {
    description: "Files that this one builds on, relative to it: what it says goes over what they say.",
    anyOf: [file, { type: "array", items: file, minItems: 1 }],
  };
  return {
    ...rest,
    properties: { ...properties, extends: extended },
    patternProperties: { "^x-": { description: "Free, for anchors: nothing reads it." } },
    ...(required && { anyOf: [{ required }, { required: ["extends"] }] }),
  };
}

/** The first engine that a plugin has brought: whoever puts plugins together decides by their order. */
export function defaultEngine(registry: Registry): string {
  return registry.all(Engines)[0]?.name ?? "";
}

/** References when nothing is known of the components. */
export const anything: Refs = (() => z.unknown()) as unknown as Refs;

function jsonSchemaOf(refs: Refs, registry: Registry) {
  return z.toJSONSchema(scenarioSchema(refs, defaultEngine(registry)).partial({ name: true }), {
    target: "draft-7",
    io: "input",
    reused: "inline",
    unrepresentable: "any",
  });
}
