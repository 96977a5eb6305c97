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
export async function runScenario(
  text: string,
  options: {
    readonly plugin?: PluginExport;
    readonly base?: URL;
    readonly overrides?: readonly Override[];
  } = {},
): Promise<Ran> {
  const { plugin, base = here(), overrides = [] } = options;
  const own = plugin === undefined ? [] : [pluginOf("the plugin under test", plugin)];
  const loaded = await loadScenario(text, {
    base,
    file: "scenario.yaml",
    name: "test",
    plugins: [...builtinPlugins, ...own],
    overrides,
  });
  const store = await contextOf(loaded.registry, base).create(Stores, "memory");
  const events = await lastValueFrom(run(loaded, { store }).pipe(toArray()));
  const [id] = await store.list();
  const result = await (await store.open(id!)).result();
  if (result === undefined) throw new Error("the run has no result");
  return { result, events };
}
