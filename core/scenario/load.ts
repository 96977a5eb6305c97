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
import { type AllowList, requireAllowed } from "./allow.ts";
import { type Override, tryOverride } from "./override.ts";
import {
  anything,
  defaultEngine,
  type LoadedScenario,
  type PluginRecord,
  type Scenario,
  scenarioSchema,
} from "./scenario.ts";
import { readSource, type Source } from "./source.ts";

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
  const source = readSource(text, origin.file);
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
  const document = name === undefined || "name" in source.value ? source.value : { name, ...source.value };
  const changed = overridden(document, overrides);
  if ("faults" in changed) return changed;
  const given = changed.value;

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
    return { faults: findings.map((finding) => blamed(finding, source.value, overrides)) };
  }

  const schema = scenarioSchema(refsOf(registry), defaultEngine(registry)) as z.ZodType<Scenario>;
  return {
    registry,
    under(further) {
      const all = [...overrides, ...further];
      const value = overridden(given, further);
      if ("faults" in value) return value;
      const blame = (finding: Finding): Fault => blamed(finding, source.value, all);
      // What is written, and not what is filled in: defaults are the plugins' own.
      if (allow !== undefined)
        requireAllowed(
          placesIn(() => void check(schema, value.value)),
          allow,
        );
      const checked = checkSettled(schema, value.value);
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

function problemOf({ keys, message, override, unapplied }: Fault, { lineOf }: Source): Problem {
  const path = keys.map(String).join(".");
  if (override === undefined) return { path, message, line: lineOf(keys) };
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

/** A document after changes, or every change that cannot be made. */
function overridden(
  document: unknown,
  overrides: readonly Override[],
): { readonly value: unknown } | { readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  let value = document;
  for (const override of overrides) {
    const applied = tryOverride(value, override);
    if ("fault" in applied) {
      faults.push({ keys: override.path.split("."), message: applied.fault, override, unapplied: true });
    } else value = applied.document;
  }
  return faults.length > 0 ? { faults } : { value };
}

/** What was found, with the last override on its path if that is to blame for it rather than the file. */
function blamed(finding: Finding, document: object, overrides: readonly Override[]): Fault {
  const { keys, message } = finding;
  const path = keys.map(String).join(".");
  const written = valueAt(document, keys);
  // Parts were set of what the file does not have, or has as a mere string.
  const grafted = written === undefined || (typeof written === "string" && message.startsWith("expected "));
  const override = overrides.findLast(
    (o) => `${path}.`.startsWith(`${o.path}.`) || (grafted && o.path.startsWith(`${path}.`)),
  );
  if (override === undefined) return finding;
  const told =
    typeof written === "string" && override.path !== path && grafted
      ? `is ${JSON.stringify(written)}, which has no "${override.path.slice(path.length + 1)}" to set`
      : message;
  return { ...finding, message: told, override };
}
