/**
 * Reads sweep files: checks the grammar, then that every setting that may be tried makes a valid scenario.
 *
 * @module
 */
import { assemble } from "../plugin/assemble.ts";
import type { Registry } from "../plugin/component.ts";
import { contextOf } from "../plugin/context.ts";
import { InputError, type Problem } from "../plugin/errors.ts";
import type { Modules } from "../plugin/load.ts";
import { check } from "../plugin/messages.ts";
import type { PluginExport } from "../plugin/plugin.ts";
import { refsOf } from "../plugin/refs.ts";
import { componentFindings } from "../scenario/components.ts";
import {
  type Fault,
  loadScenario,
  type OpenedScenario,
  openScenario,
  withoutExtensions,
} from "../scenario/load.ts";
import type { Override } from "../scenario/override.ts";
import type { LoadedScenario } from "../scenario/scenario.ts";
import { type Origins, type Source, sourceOf } from "../scenario/source.ts";
import { trialId } from "./ids.ts";
import { probes } from "./probes.ts";
import { type Goal, type Search, Searches } from "./search.ts";
import type { Settings, Space } from "./space.ts";
import { spaceOf } from "./space-file.ts";
import { type Sweep, sweepSchema } from "./sweep.ts";

/** What every sweep file has, for messages. */
export const SWEEP_NAMES = '"scenario" and "vary"';

/** The text of a scenario, and where it comes from. */
export interface ScenarioText {
  readonly text: string;
  /** Names it in messages. */
  readonly file: string;
  /** Where its relative paths start. */
  readonly base: URL;
  /** Used where the scenario has none. */
  readonly name: string;
  readonly origins?: Origins | undefined;
}

/** Where a sweep's text comes from, and what it may count on. */
export interface SweepOrigin {
  /** Where relative paths start: the location of the file. */
  readonly base: URL;
  /** Names the file in messages. */
  readonly file: string;
  /** The plugins that are always there. */
  readonly plugins: readonly PluginExport[];
  /** Used where the sweep has none. */
  readonly name: string;
  readonly origins?: Origins | undefined;
  readonly modules?: Modules;
  /**
   * Finds the scenario that a sweep names.
   * @throws InputError where there is none
   */
  find(given: string, base: URL): ScenarioText;
}

/** A sweep ready to be run. */
export interface LoadedSweep {
  readonly sweep: Sweep;
  readonly space: Space;
  readonly goal: Goal | undefined;
  readonly search: Search;
  readonly registry: Registry;
  /** What every run is given, with overrides of its own: the scenario's text, and where it comes from. */
  readonly scenario: ScenarioText;
  /** What a run of these settings changes in the scenario. */
  overridesOf(settings: Settings, seed: number): readonly Override[];
  /** The id of the trial of these settings. @throws InputError where they make no valid scenario */
  trialIdOf(settings: Settings): string;
  /** Something wrong at a path of the sweep file, with its line. */
  problemAt(keys: readonly PropertyKey[], message: string): Problem;
}

/**
 * Reads a sweep file.
 * @param text YAML or JSON
 * @throws InputError with every problem found, each with its line
 */
export async function loadSweep(text: string, origin: SweepOrigin): Promise<LoadedSweep> {
  const { file, base } = origin;
  const source = sourceOf({ text, ...origin }, SWEEP_NAMES);
  const problemAt = (keys: readonly PropertyKey[], message: string): Problem => ({
    path: keys.map(String).join("."),
    message,
    ...source.placeOf(keys),
  });
  const fail = (problems: readonly Problem[], cause?: unknown): never => {
    const distinct = problems.filter(
      (one, i) =>
        problems.findIndex(({ path, message }) => path === one.path && message === one.message) === i,
    );
    throw new InputError(
      distinct.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
      { file, cause },
    );
  };

  // A search may come from a plugin of the scenario, which is found first where the file says enough for that.
  const found = await scenarioOf(source, origin, problemAt, fail);
  const said = withoutExtensions(source.value);
  const given = "name" in said ? said : { name: origin.name, ...said };
  const checked = check(sweepSchema(refsOf(found.registry)), given);
  if ("findings" in checked)
    return fail(checked.findings.map(({ keys, message }) => problemAt(keys, message)));
  const sweep = checked.data as Sweep;
  const { space, problems } = spaceOf(sweep);
  if (problems.length > 0) return fail(problems.map(({ keys, message }) => problemAt(keys, message)));

  const { opened, scenario } = found;
  const place = (fault: Fault, settings: Settings): Problem => found.problemOf(fault, sweep, settings);
  const wrong: Problem[] = [];
  for (const settings of probes(space)) {
    const outcome = opened.under(overridesOf(settings));
    const faults =
      "faults" in outcome
        ? outcome.faults
        : (await componentFindings(outcome.loaded)).findings.map((finding) => outcome.blame(finding));
    wrong.push(...faults.map((fault) => place(fault, settings)));
  }
  if (wrong.length > 0) return fail(wrong);

  const goal = goalOf(sweep);
  const search = await contextOf(found.registry, {
    ...{ base, keys: ["search"], options: sweep.search },
  })
    .create(Searches, sweep.search)
    .then((made) => {
      made.check?.({ space, goal });
      return made;
    })
    .catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error;
      const at = error.problems.map(({ path, message }) =>
        problemAt(path === "" ? ["search"] : path.split("."), message),
      );
      return fail(at, error);
    });

  return {
    ...{ sweep, space, goal, search, scenario, problemAt },
    registry: found.registry,
    overridesOf: (settings, seed) => [
      ...Object.entries(sweep.set).map(overrideOf),
      ...overridesOf(settings),
      { path: "seed", value: String(seed) },
    ],
    trialIdOf(settings) {
      const outcome = opened.under(overridesOf(settings));
      if ("faults" in outcome) return fail(outcome.faults.map((fault) => place(fault, settings)));
      return trialId(sweep.name, settings, deciding(outcome.loaded));
    },
  };
}

function goalOf({ goal }: Sweep): Goal | undefined {
  if (goal === undefined) return undefined;
  return "maximize" in goal
    ? { metric: goal.maximize, direction: "maximize" }
    : { metric: goal.minimize, direction: "minimize" };
}

/** Settings as changes of a scenario. */
function overridesOf(settings: Settings): Override[] {
  return Object.entries(settings).map(overrideOf);
}

function overrideOf([path, value]: readonly [string, unknown]): Override {
  return { path, value: JSON.stringify(value) }; // JSON is YAML
}

/** What of a scenario decides a run's results beside its seed: the trial is another one where it has changed. */
function deciding({ scenario, plugins }: LoadedScenario): unknown {
  const { name, description, tags, seed, checkpoint, expect, ...rest } = scenario;
  return [rest, plugins.map(({ name, version, sha256 }) => ({ name, version, sha256 }))];
}

/** The scenario of a sweep, under what the sweep sets. */
interface FoundScenario {
  readonly scenario: ScenarioText;
  readonly opened: OpenedScenario;
  readonly registry: Registry;
  /** Where in the sweep file a fault stems from. */
  problemOf(fault: Fault, sweep: Pick<Sweep, "vary">, settings: Settings): Problem;
}

/**
 * Finds the scenario and loads its plugins.
 * @throws InputError where it is not valid even without the sweep: of its own file where it has one
 */
async function scenarioOf(
  source: Source,
  origin: SweepOrigin,
  problemAt: LoadedSweep["problemAt"],
  fail: (problems: readonly Problem[], cause?: unknown) => never,
): Promise<FoundScenario> {
  const { base, file, plugins, name, modules } = origin;
  const { scenario: given, set } = source.value as { readonly scenario?: unknown; readonly set?: unknown };
  const isInline = typeof given === "object" && given !== null && !Array.isArray(given);
  if (!isInline && (typeof given !== "string" || given === "")) {
    const registry = await assemble(plugins); // to tell what else is wrong
    const checked = check(sweepSchema(refsOf(registry)), { name, ...withoutExtensions(source.value) });
    return fail(
      "findings" in checked ? checked.findings.map(({ keys, message }) => problemAt(keys, message)) : [],
    );
  }
  let scenario: ScenarioText;
  try {
    scenario = isInline
      ? { text: JSON.stringify(given), file, base, name }
      : origin.find(given as string, base);
  } catch (error) {
    if (!(error instanceof InputError) || error.file !== undefined) throw error;
    return fail(
      error.problems.map(({ message }) => problemAt(["scenario"], message)),
      error,
    );
  }
  const inner: Source = isInline
    ? {
        value: given as object,
        lineOf: (keys) => source.lineOf(["scenario", ...keys]),
        placeOf: (keys) => source.placeOf(["scenario", ...keys]),
      }
    : sourceOf(scenario);
  const settings = typeof set === "object" && set !== null && !Array.isArray(set) ? Object.entries(set) : [];
  const openOrigin = { ...scenario, plugins, ...(modules && { modules }) };
  // A scenario that is at fault itself says so in its own words, unless the sweep sets what it lacks.
  const overrides = settings.map(overrideOf);
  const problemOf: FoundScenario["problemOf"] = ({ keys, message, override }, { vary }, settings) => {
    const path = keys.map(String).join(".");
    if (override === undefined) {
      // Sound without the settings, so that these are to blame together.
      if (Object.keys(settings).length > 0) {
        return problemAt(
          ["vary"],
          `${JSON.stringify(settings)} does not fit the scenario: ${path}: ${message}`,
        );
      }
      return isInline ? problemAt(["scenario", ...keys], message) : { path, message };
    }
    const about = override.path === path ? "" : `${path}: `;
    const choices = override.path in settings ? vary[override.path] : undefined;
    const i = Array.isArray(choices)
      ? choices.findIndex((one) => JSON.stringify(one) === override.value)
      : -1;
    const where = [choices === undefined ? "set" : "vary", override.path, ...(i < 0 ? [] : [i])];
    return problemAt(where, `${override.value} does not fit the scenario: ${about}${message}`);
  };
  const opened = await openScenario(inner, { ...openOrigin, overrides });
  const outcome = "faults" in opened ? opened : opened.under([]);
  if ("faults" in outcome) {
    const isOwn = outcome.faults.every(({ override }) => override === undefined);
    if (isOwn && !isInline) await loadScenario(scenario.text, openOrigin); // throws, with the lines of that file
    return fail(outcome.faults.map((fault) => problemOf(fault, { vary: {} }, {})));
  }
  return {
    scenario,
    opened: opened as OpenedScenario,
    registry: (opened as OpenedScenario).registry,
    problemOf,
  };
}
