/**
 * Imports the modules of plugins.
 *
 * @module
 */
import { messageOf } from "./errors.ts";
import { locate } from "./place.ts";
import { type Plugin, type PluginExport, pluginOf } from "./plugin.ts";
import { rememberPlugin, thrownAt } from "./thrown.ts";

/** A plugin, or what stands in its place where its module could not be had. */
export interface LoadedPlugin {
  /** Where it was asked for: a specifier from a scenario, or the plugin's own name. */
  readonly from: string;
  readonly plugin?: unknown;
  readonly error?: string;
  /** What was thrown. */
  readonly cause?: unknown;
  /** Path in the scenario that asks for it; `plugins` unless given. */
  readonly path?: string;
  /** Its module, where it was imported. */
  readonly module?: { readonly url: string; readonly sha256?: string };
}

/** A module that was imported. */
export interface ImportedModule {
  readonly exports: { readonly default?: unknown };
  /** Where it was found. */
  readonly url: string;
  /** Version of the package that it is part of. */
  readonly version?: string;
}

/** How modules are found and read. The core knows nothing of packages: whoever runs it may. */
export interface Modules {
  /** Imports what a specifier means to a module at `base`: a package name, or a URL. */
  import(specifier: string, base: URL): Promise<ImportedModule>;
  /** A hash of a module and of what it imports by relative paths, in hexadecimal digits; undefined where unreadable. */
  hash(url: string): Promise<string | undefined>;
}

/** What every host can do: packages are looked for where the core lies. */
const PLAIN_MODULES: Modules = {
  import: async (specifier) => ({ exports: await import(specifier), url: specifier }),
  hash: async () => undefined,
};

/**
 * Imports plugin modules. Never throws: what fails is reported by {@link assemble}, with everything else.
 * @param specifiers paths and URLs (relative ones to `base`), or package names
 */
export async function loadPlugins(
  specifiers: readonly string[],
  base: URL,
  modules: Modules = PLAIN_MODULES,
): Promise<LoadedPlugin[]> {
  return await Promise.all(
    specifiers.map(async (from, i): Promise<LoadedPlugin> => {
      const path = `plugins.${i}`;
      const specifier = isLocation(from) ? locate(from, base).href : from;
      rememberPlugin(specifier);
      try {
        const { exports, url, version } = await modules.import(specifier, base);
        rememberPlugin(url);
        const sha256 = await modules.hash(url);
        const module = { url, ...(sha256 !== undefined && { sha256 }) };
        const exported = exports.default as PluginExport | undefined;
        return exported === undefined || exported === null
          ? { from, path, error: "its module has no default export; export default component(…, { … })" }
          : { from, path, plugin: versioned(pluginOf(from, exported), version), module };
      } catch (cause) {
        return { from, path, error: `cannot be loaded: ${importFault(cause, from, base)}`, cause };
      }
    }),
  );
}

/** A plugin that says no version has that of its package. */
function versioned(plugin: Plugin, version: string | undefined): Plugin {
  if (version === undefined || typeof plugin !== "object" || plugin.version !== undefined) return plugin;
  return { ...plugin, version };
}

/** Whether a specifier is a path or a URL rather than the name of a package. */
function isLocation(specifier: string): boolean {
  return /^(\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i.test(specifier) && !REGISTRY.test(specifier);
}

/** Specifiers that only some runtimes know. */
const REGISTRY = /^(npm|jsr|node):/;

/** What went wrong in an import, and what to do. */
function importFault(error: unknown, specifier: string, base: URL): string {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === "ERR_UNSUPPORTED_ESM_URL_SCHEME") return unsupported(specifier);
  const message = messageOf(error);
  if (code === "ERR_MODULE_NOT_FOUND") return `${withoutScenario(message, base)}${fileHint(specifier)}`;
  const place = thrownAt(error);
  const fault = error instanceof SyntaxError ? `syntax error: ${message}` : message;
  return place === undefined || fault.includes(place) ? fault : `${fault} (at ${place})`;
}

/** What to do where the runtime does not know a kind of specifier. */
function unsupported(specifier: string): string {
  const [scheme, rest] = /^([a-z]+):\/{0,2}(.*)$/i.exec(specifier)?.slice(1) ?? [];
  const name = rest?.replace(/(?<=.)@[^/]*/, "");
  if (scheme === "npm")
    return `only Deno imports npm: specifiers. With Node, install it (npm install ${rest}) and write "${name}"`;
  if (scheme === "jsr")
    return `only Deno imports jsr: specifiers. With Node, install it (npx jsr add ${rest}) and write "${name}"`;
  return `this runtime imports no ${scheme}: URLs; Deno imports https: ones. Otherwise download the file and write its path`;
}

/** A message without who imports plugins: the scenario, or this module for it. */
function withoutScenario(message: string, base: URL): string {
  return message.replace(/ imported from (.*)/s, (all, importer: string) =>
    /\/(core\/plugin\/load|server\/trainer\/modules)\./.test(importer) ||
    base.href === locate(importer, new URL("file:///")).href
      ? ""
      : all,
  );
}

/** A file named like a package is looked for among the packages. */
function fileHint(specifier: string): string {
  return !isLocation(specifier) && /\.[cm]?[jt]s$/.test(specifier)
    ? `. If it is a file, write "./${specifier}"`
    : "";
}
