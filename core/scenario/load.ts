/**
 * Reads scenarios: parses them, applies changes from outside, loads their plugins, checks them against the schema that
 * these make.
 *
 * @module
 */
import type { z } from "zod";
import { assemble } from "../plugin/assemble.ts";
import type { Registry } from "../plugin/component.ts";
import { InputError, type Problem } from "../plugin/errors.ts";
import { type LoadedPlugin, loadPlugins, type Modules } from "../plugin/load.ts";
import { check, type Finding, valueAt } from "../plugin/messages.ts";
import { checkSettled } from "../plugin/options.ts";
import { placesIn } from "../plugin/path.ts";
import type { Plugin, PluginExport } from "../plugin/plugin.ts";
import { refsOf } from "../plugin/refs.ts";
import { type AllowList, requireAllowed, withOwnRuns } from "./allow.ts";
import { type Applied, changed, type Override } from "./override.ts";
import { namesOf, pathTo } from "./path.ts";
import {
  anything,
  defaultEngine,
  type LoadedScenario,
  type PluginRecord,
  type Scenario,
  scenarioSchema,
} from "./scenario.ts";
import { type Origins, type Source, sourceOf } from "./source.ts";

/** Where a scenario's text comes from, and what it may count on. */
export interface ScenarioOrigin {
  /** Where relative paths start: the location of the file. */
  readonly base: URL;
  /** Names the file in messages. */
  readonly file: string;
  /** Where its parts come from, where it was put together of several files. */
  readonly origins?: Origins | undefined;
  /** The plugins that are always there. */
  readonly plugins: readonly PluginExport[];
  /** Applied in order. */
  readonly overrides?: readonly Override[];
  /** Used where the scenario has none. */
  readonly name?: string;
  /** Plugins and places that the scenario may name; all of them unless given. */
  readonly allow?: AllowList | undefined;
  /** Finds the modules of the scenario's plugins; without it, packages are looked for where the core lies. */
  readonly modules?: Modules;
}

/** Something wrong with a scenario, and the change from outside that is to blame for it, if one is. */
export interface Fault extends Finding {
  readonly override?: Override;
  /** The change cannot even be made. */
  readonly unapplied?: boolean;
}

/** A scenario that passed, or all that is wrong with it. */
export type CheckedScenario =
  | {
      readonly loaded: LoadedScenario;
      /** Finds the change to blame for something that was found later. */
      blame(finding: Finding): Fault;
    }
  | { readonly faults: readonly Fault[] };

/** A scenario whose plugins are loaded, so that it can be checked again and again under further changes. */
export interface OpenedScenario {
  readonly registry: Registry;
  /** Checks the scenario under changes beyond those it was opened with. */
  under(overrides: readonly Override[]): CheckedScenario;
}

/**
 * Reads a scenario.
 * @param text YAML or JSON
 * @throws InputError with every problem found, each with its line
 */
export async function loadScenario(text: string, origin: ScenarioOrigin): Promise<LoadedScenario> {
  const source = sourceOf({ text, ...origin });
  const fail = (faults: readonly Fault[]): never => {
    throw scenarioError(faults, source, origin.file);
  };
  const opened = await openScenario(source, origin);
  if ("faults" in opened) return fail(opened.faults);
  const checked = opened.under([]);
  return "faults" in checked ? fail(checked.faults) : checked.loaded;
}

/** Reads a scenario up to its plugins, which are loaded. @returns what keeps it from being checked, if anything does */
export async function openScenario(
  source: Source,
  origin: ScenarioOrigin,
): Promise<OpenedScenario | { readonly faults: readonly Fault[] }> {
  const { base, name, overrides = [], modules, allow } = origin;
  const written = withoutExtensions(source.value);
  const document = name === undefined || "name" in written ? written : { name, ...written };
  const first = overridden(document, overrides);
  if ("faults" in first) return first;
  const { value: given } = first;

  const { plugins: listed = [] } = given as { plugins?: unknown };
  const named = Array.isArray(listed) && listed.every((p) => typeof p === "string") ? listed : [];
  if (allow !== undefined) requireAllowed(named, allow);
  let registry: Registry;
  let plugins: readonly LoadedPlugin[];
  try {
    plugins = await loadPlugins(named, base, modules);
    registry = await assemble([...origin.plugins, ...plugins]);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const found = error.problems.map((p) => ({ keys: p.path.split("."), message: p.message, cause: error }));
    const frame = check(scenarioSchema(anything, ""), given); // what can be checked without the components
    const findings: Finding[] = [...found, ...("findings" in frame ? frame.findings : [])];
    return { faults: findings.map((finding) => blamed(finding, source.value, first.applied)) };
  }

  const schema = scenarioSchema(refsOf(registry), defaultEngine(registry)) as z.ZodType<Scenario>;
  return {
    registry,
    under(further) {
      const value = overridden(given, further);
      if ("faults" in value) return value;
      const applied = [...first.applied, ...value.applied];
      const blame = (finding: Finding): Fault => blamed(finding, source.value, applied);
      const whole = allow === undefined ? value.value : withOwnRuns(value.value);
      // What is written, and not what is filled in: defaults are the plugins' own.
      if (allow !== undefined)
        requireAllowed(
          placesIn(() => void check(schema, whole)),
          allow,
        );
      const checked = checkSettled(schema, whole);
      if ("findings" in checked) return { faults: checked.findings.map(blame) };
      const loaded: LoadedScenario = {
        scenario: checked.data,
        registry,
        base,
        ...(allow && { allow }),
        plugins: plugins.map(recordOf),
        problemAt: (keys, message) => problemOf(blame({ keys, message }), source),
      };
      return { loaded, blame };
    },
  };
}

/** The error that a scenario's faults make, each with its line, or with the override that is to blame. */
function scenarioError(faults: readonly Fault[], source: Source, file: string): InputError {
  const problems = faults.map((fault) => problemOf(fault, source));
  const cause = faults.find((fault) => fault.cause !== undefined)?.cause;
  return new InputError(
    problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    { file, cause },
  );
}

function problemOf({ keys, message, override, unapplied }: Fault, { placeOf }: Source): Problem {
  const path = keys.map(String).join(".");
  if (override === undefined) return { path, message, ...placeOf(keys) };
  const set = `--set ${override.path}=${override.value}`;
  return unapplied
    ? { path: "", message: `${set}: ${message}` }
    : { path, message: `${message} (from ${set})` };
}

/** @param loaded sound: {@link assemble} has taken it */
function recordOf({ from, plugin, module }: LoadedPlugin): PluginRecord {
  const { name, version } = plugin as Plugin;
  return { from, name, ...(version !== undefined && { version }), ...module! };
}

/** A document without its `x-` members, which are there for anchors. @param document may say more than it may */
export function withoutExtensions(document: object): object {
  const kept = Object.entries(document).filter(([name]) => !name.startsWith("x-"));
  return Object.fromEntries(kept);
}

/** A document after changes, or every change that cannot be made. */
function overridden(
  document: unknown,
  overrides: readonly Override[],
): { readonly value: unknown; readonly applied: readonly Applied[] } | { readonly faults: readonly Fault[] } {
  const { document: value, applied, refused } = changed(document, overrides);
  if (refused.length === 0) return { value, applied };
  return {
    faults: refused.map(({ override, message }) => ({
      keys: namesOf(override.path),
      message,
      override,
      unapplied: true,
    })),
  };
}

/** What was found, with the last override on its path if that is to blame for it rather than the file. */
function blamed(finding: Finding, document: object, applied: readonly Applied[]): Fault {
  const { message } = finding;
  const keys = finding.keys.map(String);
  const written = valueAt(document, finding.keys);
  // Parts were set of what the file does not have, or has as a mere string.
  const grafted = written === undefined || (typeof written === "string" && message.startsWith("expected "));
  const guilty = applied.findLast(
    (one) => leads(one.keys, keys) || (grafted && one.keys.length > keys.length && leads(keys, one.keys)),
  );
  if (guilty === undefined) return unextended(finding);
  const { override, keys: set } = guilty;
  if (typeof written === "string" && grafted && set.join(".") !== keys.join(".")) {
    const part = set.slice(keys.length).join(".");
    return { ...finding, message: `is ${JSON.stringify(written)}, which has no "${part}" to set`, override };
  }
  const name = set.slice(1, -1);
  const hint =
    set[0] === "expect" && name.length > 1
      ? `. The name of a metric that has dots is quoted: --set '${pathTo(["expect", name.join("."), set.at(-1)!])}=${override.value}'`
      : "";
  return { ...finding, message: `${message}${hint}`, override };
}

/** Whether a path leads to another one, or is that. */
function leads(path: readonly string[], to: readonly string[]): boolean {
  return path.length <= to.length && path.every((key, i) => key === to[i]);
}

/** What is wrong with a document that was to be put together, and was not. */
function unextended(finding: Finding): Finding {
  if (finding.keys.length !== 1 || finding.keys[0] !== "extends") return finding;
  return { ...finding, message: "only a file that a command reads can extend another one" };
}
