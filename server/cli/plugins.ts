/**
 * The components that a command knows: the built-in ones, those of plugins named on the command line, and those of a
 * scenario.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { assemble, loadPlugins, type Registry } from "../../core/mod.ts";
import { sourceOf } from "../../core/scenario/source.ts";
import { findScenario } from "./find.ts";
import type { Host } from "./host.ts";

/** Options of commands that take plugins. */
export interface PluginOptions {
  /** Paths (from the working directory), URLs or names of packages. */
  readonly plugin?: readonly string[];
}

/**
 * Puts components together.
 * @param scenario a file whose plugins are added; it need not be a valid scenario yet
 * @throws InputError with every problem of the plugins
 */
export async function registryFor(
  host: Host,
  { plugin = [] }: PluginOptions = {},
  scenario?: string,
): Promise<Registry> {
  const here = pathToFileURL(`${process.cwd()}/`);
  const loaded = await loadPlugins(plugin, here);
  if (scenario === undefined) return await assemble([...host.plugins, ...loaded]);
  const found = findScenario(scenario);
  const { base } = found;
  const { plugins } = sourceOf(found).value as { readonly plugins?: unknown };
  const named = Array.isArray(plugins) ? plugins.filter((name) => typeof name === "string") : [];
  return await assemble([...host.plugins, ...loaded, ...(await loadPlugins(named, base))]);
}
