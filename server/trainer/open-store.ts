/**
 * The store that a command or a trainer keeps runs in.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { assemble, contextOf, loadPlugins, type PluginExport, type Store, storeAt } from "../../core/mod.ts";
import type { TrainerRequest } from "./protocol.ts";

/**
 * Opens a store.
 * @param plugins those that are always there
 * @throws InputError where there is no such store, or one of its plugins cannot be loaded
 */
export async function openStore(
  { runs, storePlugins = [] }: Pick<TrainerRequest, "runs" | "storePlugins">,
  plugins: readonly PluginExport[],
): Promise<Store> {
  const here = pathToFileURL(`${process.cwd()}/`);
  const registry = await assemble([...plugins, ...(await loadPlugins(storePlugins, here))]);
  return await storeAt(runs, contextOf(registry, here));
}
