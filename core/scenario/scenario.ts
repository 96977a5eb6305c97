/**
 * Scenario files: what to run, with what, from which seed, and what to expect of it.
 *
 * @module
 */
import { z } from "zod";
import { assemble } from "../plugin/assemble.ts";
import type { Ref, Refs, Registry } from "../plugin/component.ts";
import { InputError, type Problem } from "../plugin/errors.ts";
import { type LoadedPlugin, loadPlugins, type Modules } from "../plugin/load.ts";
import { check, type Finding, valueAt } from "../plugin/messages.ts";
import { checkSettled } from "../plugin/options.ts";
import type { Plugin, PluginExport } from "../plugin/plugin.ts";
import { refsOf, writtenRefsOf } from "../plugin/refs.ts";
import { Applications } from "../run/application.ts";
import { Engines } from "../run/engine.ts";
import { type Expectation, expectationSchema } from "../run/expectation.ts";
import { type SentinelPolicy, sentinelSchema } from "../run/sentinel.ts";
import { applyOverride, type Override } from "./override.ts";
import { readSource } from "./source.ts";

/**
 * The schema of scenario files, given the components that there are.
 * @param engine the name of the one that scenarios run on unless they name another
 */
function scenarioSchema(refs: Refs, engine: string) {
  return z.strictObject({
    $schema: z.string().optional().describe("For editors: the location of this schema."),
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected letters, digits, dots, dashes (64 at most)")
      .describe("Names the run; used in folder names. The file's name unless given."),
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

/** Where a scenario's text comes from, and what it may count on. */
export interface ScenarioOrigin {
  /** Where relative paths start: the location of the file. */
  readonly base: URL;
  /** Names the file in messages. */
  readonly file: string;
  /** The plugins that are always there. */
  readonly plugins: readonly PluginExport[];
  /** Applied in order. */
  readonly overrides?: readonly Override[];
  /** Used where the scenario has none. */
  readonly name?: string;
  /** Finds the modules of the scenario's plugins; without it, packages are looked for where the core lies. */
  readonly modules?: Modules;
}

/**
 * Reads a scenario: parses it, applies overrides, loads its plugins, checks it against the schema they make.
 * @param text YAML or JSON
 * @throws InputError with every problem found, each with its line
 */
export async function loadScenario(text: string, origin: ScenarioOrigin): Promise<LoadedScenario> {
  const { base, file, name, overrides = [], modules } = origin;
  const source = readSource(text, file);
  const given = overridden(
    name === undefined || "name" in source.value ? source.value : { name, ...source.value },
    overrides,
    file,
  );
  const locate = (finding: Finding): Problem =>
    overrideProblem(finding, source.value, overrides) ?? {
      path: finding.keys.map(String).join("."),
      message: finding.message,
      line: source.lineOf(finding.keys),
    };
  const fail = (problems: readonly Problem[], cause?: unknown): never => {
    const inOrder = problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
    throw new InputError(inOrder, { file, cause });
  };

  let registry: Registry;
  let loaded: readonly LoadedPlugin[];
  try {
    const { plugins = [] } = given as { plugins?: unknown };
    const named = Array.isArray(plugins) && plugins.every((p) => typeof p === "string") ? plugins : [];
    loaded = await loadPlugins(named, base, modules);
    registry = await assemble([...origin.plugins, ...loaded]);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const found = error.problems.map((p) => locate({ keys: p.path.split("."), message: p.message }));
    const frame = check(scenarioSchema(anything, ""), given); // what can be checked without the components
    return fail([...found, ...("findings" in frame ? frame.findings.map(locate) : [])], error);
  }

  const checked = checkSettled(scenarioSchema(refsOf(registry), defaultEngine(registry)), given);
  return "findings" in checked
    ? fail(checked.findings.map(locate), checked.findings.find(({ cause }) => cause !== undefined)?.cause)
    : {
        scenario: checked.data,
        registry,
        base,
        plugins: loaded.map(recordOf),
        problemAt: (keys, message) => locate({ keys, message }),
      };
}

/** @param loaded sound: {@link assemble} has taken it */
function recordOf({ from, plugin, module }: LoadedPlugin): PluginRecord {
  const { name, version } = plugin as Plugin;
  return { from, name, ...(version !== undefined && { version }), ...module! };
}

/** The first engine that a plugin has brought: whoever puts plugins together decides by their order. */
function defaultEngine(registry: Registry): string {
  return registry.all(Engines)[0]?.name ?? "";
}

/** References when nothing is known of the components. */
const anything = (() => z.unknown()) as unknown as Refs;

/** @throws InputError listing every override that cannot be applied */
function overridden(document: object, overrides: readonly Override[], file: string): unknown {
  const problems: Problem[] = [];
  let now: unknown = document;
  for (const override of overrides) {
    try {
      now = applyOverride(now, override);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new InputError(problems, { file });
  return now;
}

/** The problem that a finding is, if the last override on its path is to blame for it rather than the file. */
function overrideProblem(
  { keys, message }: Finding,
  document: object,
  overrides: readonly Override[],
): Problem | undefined {
  const path = keys.map(String).join(".");
  const written = valueAt(document, keys);
  // Parts were set of what the file does not have, or has as a mere string.
  const grafted = written === undefined || (typeof written === "string" && message.startsWith("expected "));
  const override = overrides.findLast(
    (o) => `${path}.`.startsWith(`${o.path}.`) || (grafted && o.path.startsWith(`${path}.`)),
  );
  if (override === undefined) return undefined;
  const what =
    typeof written === "string" && override.path !== path && grafted
      ? `is ${JSON.stringify(written)}, which has no "${override.path.slice(path.length + 1)}" to set`
      : message;
  return { path, message: `${what} (from --set ${override.path}=${override.value})` };
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
  const { $schema, definitions, ...closed } = jsonSchemaOf(writtenRefsOf(registry), registry);
  const title = "dsgan scenario";
  if (!open) return { $schema, title, ...closed, definitions };
  // A scenario with plugins of its own is checked as far as it goes without knowing their components.
  const { $schema: _, definitions: __, ...frame } = jsonSchemaOf(anything, registry);
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

function jsonSchemaOf(refs: Refs, registry: Registry) {
  return z.toJSONSchema(scenarioSchema(refs, defaultEngine(registry)).partial({ name: true }), {
    target: "draft-7",
    io: "input",
    reused: "inline",
    unrepresentable: "any",
  });
}
