/**
 * Scenario files: what to run, with what, from which seed, and what to expect of it.
 *
 * @module
 */
import { isMap, isScalar, LineCounter, type Node, parse, parseDocument } from "yaml";
import { z } from "zod";
import { Applications } from "./application.ts";
import { Engines } from "./engine.ts";
import { InputError, type Problem } from "./errors.ts";
import {
  assemble,
  type DependencyContainer,
  loadPlugins,
  nearest,
  type Plugin,
  type Ref,
  type Refs,
  refsOf,
} from "./plugin.ts";

/** Bounds on a metric, both ends included. */
export interface Expectation {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
  readonly between?: readonly [number, number] | undefined;
}

const expectationSchema: z.ZodType<Expectation> = z
  .strictObject({
    atLeast: z.number().optional().describe("The metric is this or more."),
    atMost: z.number().optional().describe("The metric is this or less."),
    between: z.tuple([z.number(), z.number()]).optional().describe("The metric lies within, ends included."),
  })
  .refine((e) => Object.values(e).some((v) => v !== undefined), {
    error: "expected at least one of atLeast, atMost, between",
  })
  .refine((e) => e.between === undefined || e.between[0] <= e.between[1], {
    error: (issue) => `between: the first bound is above the second: ${JSON.stringify(issue.input)}`,
  });

/** An expectation held against what was measured. */
export interface ExpectationResult {
  readonly metric: string;
  /** The bounds in words, e.g. `at least 0.98`. */
  readonly expected: string;
  /** Absent where there is no such metric. */
  readonly value?: number;
  readonly met: boolean;
}

/** The schema of scenario files, given the components that there are. */
function scenarioSchema(refs: Refs): z.ZodType<Scenario> {
  return z.strictObject({
    $schema: z.string().optional().describe("For editors: the location of this schema."),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, "expected letters, digits, dots, dashes (64 at most)")
      .describe("Names the run; used in folder names."),
    description: z.string().optional(),
    tags: z.array(z.string()).default([]),
    plugins: z.array(z.string()).default([]).describe("Further plugins: paths, URLs or package names."),
    seed: z
      .int()
      .default(0)
      .describe("Root of all randomness: same scenario, seed and engine, same numbers."),
    engine: refs(Engines).prefault({ use: "auto" }).describe("What executes TensorFlow.js programs."),
    application: refs(Applications),
    expect: z.record(z.string(), expectationSchema).default({}).describe("Bounds on metrics, by name."),
  });
}

/** A checked scenario: every default filled in. */
export interface Scenario {
  readonly name: string;
  readonly description?: string | undefined;
  readonly tags: readonly string[];
  readonly plugins: readonly string[];
  readonly seed: number;
  readonly engine: Ref;
  readonly application: Ref;
  readonly expect: Readonly<Record<string, Expectation>>;
}

/** A change to a scenario from outside: a path, and a value in YAML. */
export interface Override {
  readonly path: string;
  readonly value: string;
}

/** A scenario ready to be run. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  /** The built-in plugins and the scenario's own, put together. */
  readonly container: DependencyContainer;
  /** Where relative paths of the scenario start. */
  readonly base: URL;
}

/**
 * Reads a scenario: parses it, applies overrides, loads its plugins, checks it against the schema they make.
 * @param text YAML or JSON
 * @param from where the text comes from, and the plugins that are always there
 * @throws InputError with every problem found, each with its line
 */
export async function loadScenario(
  text: string,
  from: {
    readonly base: URL;
    /** For messages. */
    readonly file: string;
    readonly plugins: readonly Plugin[];
    readonly overrides?: readonly Override[];
    /** Used where the scenario has none. */
    readonly name?: string;
  },
): Promise<LoadedScenario> {
  const { base, file, overrides = [] } = from;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((e) => ({
      path: "",
      message: `not valid YAML: ${e.message}`,
      line: lines.linePos(e.pos[0]).line,
    }));
    throw new InputError(problems, { file });
  }
  if (!isMap(document.contents)) {
    throw new InputError(
      `expected a mapping with "name" and "application", got ${preview(document.toJS())}`,
      { file },
    );
  }
  if (from.name !== undefined && !document.has("name")) document.set("name", from.name);
  for (const { path, value } of overrides) {
    try {
      document.setIn(
        path.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
        document.createNode(parse(value)),
      );
    } catch (error) {
      throw new InputError(`--set ${path}=${value}: ${(error as Error).message}`, { file });
    }
  }

  const given: unknown = document.toJS();
  const specifiers = (given as { plugins?: unknown }).plugins;
  const own =
    Array.isArray(specifiers) && specifiers.every((s) => typeof s === "string")
      ? await loadPlugins(specifiers, base)
      : [];
  let container: DependencyContainer;
  try {
    container = assemble([...from.plugins, ...own]);
  } catch (error) {
    if (error instanceof InputError) throw new InputError(error.problems, { file, cause: error });
    throw error;
  }

  const checked = scenarioSchema(refsOf(container)).safeParse(given);
  if (!checked.success) {
    const problems = checked.error.issues
      .flatMap((issue) => problemsOf(issue, given))
      .map((problem): Problem => {
        const override = overrides.find(
          (o) => problem.path === o.path || problem.path.startsWith(`${o.path}.`),
        );
        if (override !== undefined) {
          return {
            path: problem.path,
            message: `${problem.message} (from --set ${override.path}=${override.value})`,
          };
        }
        const line = lineOf(document.contents as Node, problem.keys, lines);
        return { path: problem.path, message: problem.message, ...(line !== undefined && { line }) };
      });
    throw new InputError(problems, { file });
  }
  return { scenario: checked.data, container, base };
}

/** A problem and the path to it as keys, the last of which may not exist. */
interface LocatedProblem {
  readonly path: string;
  readonly keys: readonly PropertyKey[];
  readonly message: string;
}

/** Words one zod issue as the problems it stands for. */
function problemsOf(
  issue: z.core.$ZodIssue,
  root: unknown,
  above: readonly PropertyKey[] = [],
): LocatedProblem[] {
  const keys = [...above, ...issue.path];
  const value = valueAt(root, keys);
  const at = (path: readonly PropertyKey[], message: string): LocatedProblem => ({
    path: path.map(String).join("."),
    keys: path,
    message,
  });

  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const hint = meant !== undefined ? `; did you mean "${meant}"?` : "";
      const list = known.length > 0 ? ` Known here: ${known.join(", ")}` : "";
      return at([...keys, key], `unknown name${hint}${list}`);
    });
  }
  if (issue.code === "invalid_union" && !issue.message.startsWith("unknown ")) {
    // A reference whose component is known: the branch that got furthest tells what is wrong with its options.
    const branch = issue.errors.find((errors) =>
      errors.some((e) => e.path.length > 0 || e.code === "unrecognized_keys"),
    );
    const inner = branch?.filter((e) => e.code !== "invalid_union" || e.errors.length > 0) ?? [];
    if (inner.length > 0) return inner.flatMap((e) => problemsOf(e as z.core.$ZodIssue, root, keys));
  }
  const message = issue.message.replace(/^Invalid input: /, "");
  if (value === undefined) return [at(keys, `is missing: ${message.replace(/, received undefined$/, "")}`)];
  const shown = message.includes("Registered: ") ? message : `${message}, got ${preview(value)}`;
  return [at(keys, shown)];
}

/** Names that a strict object knows, where the schema tells. */
function knownKeys(issue: z.core.$ZodIssue): string[] {
  const shape = (issue as { inst?: { _zod?: { def?: { shape?: object } } } }).inst?._zod?.def?.shape;
  return shape === undefined ? [] : Object.keys(shape).filter((key) => key !== "$schema");
}

function valueAt(root: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  );
}

/** The line of the deepest node on the path that the file has. */
function lineOf(contents: Node, keys: readonly PropertyKey[], lines: LineCounter): number | undefined {
  let node: Node = contents;
  let offset = node.range?.[0];
  for (const key of keys) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      if (pair.value === null) break;
      node = pair.value as Node;
    } else {
      const child = (node as { items?: Node[] }).items?.[Number(key)];
      if (child === undefined) break;
      node = child;
      offset = node.range?.[0] ?? offset;
    }
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

function preview(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The published JSON Schema of scenario files, from which editors complete. */
export function scenarioJsonSchema(container: DependencyContainer): object {
  return z.toJSONSchema(scenarioSchema(refsOf(container)), {
    io: "input",
    reused: "ref",
    unrepresentable: "any",
  });
}

/** Holds expectations against metrics. A metric that was not measured is an expectation missed. */
export function judgeExpectations(
  expect: Readonly<Record<string, Expectation>>,
  metrics: Readonly<Record<string, number>>,
): ExpectationResult[] {
  return Object.entries(expect).map(([metric, bounds]) => {
    const { atLeast = -Infinity, atMost = Infinity, between = [-Infinity, Infinity] } = bounds;
    const words = [
      bounds.atLeast === undefined ? [] : [`at least ${bounds.atLeast}`],
      bounds.atMost === undefined ? [] : [`at most ${bounds.atMost}`],
      bounds.between === undefined ? [] : [`between ${bounds.between[0]} and ${bounds.between[1]}`],
    ].flat();
    const expected = words.join(", ");
    const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
    if (value === undefined) {
      const meant = nearest(metric, Object.keys(metrics));
      const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
      return { metric, expected: `${expected} (no such metric was measured${hint})`, met: false };
    }
    const met = value >= Math.max(atLeast, between[0]) && value <= Math.min(atMost, between[1]);
    return { metric, expected, value, met };
  });
}
