/**
 * What a plugin's tests begin with: the built-in components and the plugin's own, on the engine that is everywhere.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { lastValueFrom, toArray } from "rxjs";
import {
  assemble,
  type Context,
  contextOf,
  Engines,
  type LoadedScenario,
  loadScenario,
  type Override,
  type PluginExport,
  pluginOf,
  type RunEvent,
  type RunResult,
  run,
  Stores,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";

/** Where a plugin under test stands. */
export interface ContextOptions {
  /** The engine to start; `cpu`, which is exact and everywhere, unless given. */
  readonly engine?: string;
  /** Where relative paths start; the working directory unless given. */
  readonly base?: URL;
}

const here = (): URL => pathToFileURL(`${process.cwd()}/`);

/**
 * Puts a plugin together with the built-in ones and starts an engine.
 * @param plugin what the plugin's module exports by default; absent: the built-in components alone
 */
export async function contextFor(
  plugin?: PluginExport,
  { engine = "cpu", base = here() }: ContextOptions = {},
): Promise<Context> {
  const own = plugin === undefined ? [] : [pluginOf("the plugin under test", plugin)];
  const context = contextOf(await assemble([...builtinPlugins, ...own]), base);
  await (await context.create(Engines, engine)).start();
  return context;
}

/** A scenario, and the plugin whose components it uses. */
export interface UnderTest {
  /** What the plugin's module exports by default; absent: a built-in one, or one that the scenario names. */
  readonly plugin?: PluginExport | undefined;
  /** Where the scenario's relative paths start; the working directory unless given. */
  readonly base?: URL | undefined;
  readonly overrides?: readonly Override[] | undefined;
}

/** Loads a scenario with the built-in components and those of the plugin. @throws InputError with all its problems */
export async function loadUnderTest(
  text: string,
  { plugin, base = here(), overrides = [] }: UnderTest,
): Promise<LoadedScenario> {
  const own = plugin === undefined ? [] : [pluginOf("the plugin under test", plugin)];
  const plugins = [...builtinPlugins, ...own];
  return await loadScenario(text, { base, file: "scenario.yaml", name: "test", plugins, overrides });
}

/** What came out of a scenario. */
export interface Ran {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
}

/**
 * Runs a scenario to its end in this process, kept in memory alone.
 * @param text YAML or JSON
 * @param options `plugin` is added to the built-in ones; `base` is where the scenario's relative paths start
 * @throws InputError with every problem of the scenario
 */
export async function runScenario(text: string, options: UnderTest = {}): Promise<Ran> {
  const loaded = await loadUnderTest(text, options);
  const store = await contextOf(loaded.registry, loaded.base).create(Stores, "memory");
  const events = await lastValueFrom(run(loaded, { store }).pipe(toArray()));
  const [id] = await store.list();
  const result = await (await store.open(id!)).result();
  if (result === undefined) throw new Error("the run has no result");
  return { result, events };
}
