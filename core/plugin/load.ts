/**
 * Imports the modules of plugins.
 *
 * @module
 */
import { locate } from "./context.ts";
import { messageOf } from "./errors.ts";
import { type PluginExport, pluginOf } from "./plugin.ts";

/** A plugin, or what stands in its place where its module could not be had. */
export interface LoadedPlugin {
  /** Where it was asked for: a specifier from a scenario, or the plugin's own name. */
  readonly from: string;
  readonly plugin?: unknown;
  readonly error?: string;
  /** Path in the scenario that asks for it; `plugins` unless given. */
  readonly path?: string;
}

/**
 * Imports plugin modules. Never throws: what fails is reported by {@link assemble}, with everything else.
 * @param specifiers paths and URLs (relative ones to `base`), or package names
 */
export async function loadPlugins(specifiers: readonly string[], base: URL): Promise<LoadedPlugin[]> {
  return await Promise.all(
    specifiers.map(async (from, i): Promise<LoadedPlugin> => {
      const path = `plugins.${i}`;
      try {
        const module = await import(isLocation(from) ? locate(from, base).href : from);
        const exported = module.default as PluginExport | undefined;
        return exported === undefined || exported === null
          ? { from, path, error: "its module has no default export; export default component(…, { … })" }
          : { from, path, plugin: pluginOf(from, exported) };
      } catch (error) {
        return { from, path, error: `cannot be loaded: ${importFault(error)}${fileHint(from)}` };
      }
    }),
  );
}

/** Whether a specifier is a path or a URL rather than the name of a package. */
function isLocation(specifier: string): boolean {
  return /^(\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i.test(specifier) && !/^(npm|jsr|node):/.test(specifier);
}

/** What went wrong in an import, without who imported it. */
function importFault(error: unknown): string {
  const message = messageOf(error).replace(/ imported from .*/s, "");
  return error instanceof SyntaxError ? `syntax error: ${message}` : message;
}

/** A file named like a package is looked for among the packages. */
function fileHint(specifier: string): string {
  return !isLocation(specifier) && /\.[cm]?[jt]s$/.test(specifier)
    ? `. If it is a file, write "./${specifier}"`
    : "";
}
