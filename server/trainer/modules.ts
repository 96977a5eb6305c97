/**
 * Finds the modules of plugins: a package as the scenario's folder sees it, or else as dsgan does.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ImportedModule, Modules } from "../../core/mod.ts";

/** How Node and Deno find modules. */
export const modules: Modules = {
  async import(specifier, base) {
    if (isUrl(specifier)) return await imported(specifier);
    const beside = process.versions.deno === undefined ? resolveInNode : resolveInDeno;
    const found = await beside(specifier, base).catch((error) => {
      if (isMissing(error, specifier)) return undefined;
      throw error;
    });
    if (found !== undefined) return await imported(found);
    return await imported(specifier).catch((error) => {
      throw isMissing(error, specifier) ? notFound(specifier) : error;
    });
  },
  hash: async (url) => await hashOf(url),
};

function isUrl(specifier: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(specifier);
}

async function imported(specifier: string): Promise<ImportedModule> {
  const url = isUrl(specifier) ? specifier : import.meta.resolve(specifier);
  const version = await versionOf(url);
  return { exports: await import(specifier), url, ...(version !== undefined && { version }) };
}

/** Version of the package that a module is part of; undefined where it is part of none. */
async function versionOf(url: string): Promise<string | undefined> {
  if (!url.startsWith("file:") || !url.includes("/node_modules/")) return undefined;
  for (let folder = dirname(fileURLToPath(url)); dirname(folder) !== folder; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (!existsSync(file)) continue;
    const { version } = JSON.parse(await readFile(file, "utf8")) as { readonly version?: unknown };
    if (typeof version === "string") return version;
  }
  return undefined;
}

/** Whether it is the package itself that was not found, rather than a part of one that is there. */
function isMissing(error: unknown, specifier: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (
    (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") &&
    String(message).includes(`'${packageOf(specifier)}'`)
  );
}

function notFound(specifier: string): Error {
  const error = new Error(`Cannot find package '${packageOf(specifier)}'`);
  return Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
}

const PROBE = "dsgan-resolve:";

/**
 * Resolves as an import in a module of the scenario's folder would: with the condition `import`, those of
 * `--conditions`, and whatever hooks are installed. Node offers that only to hooks.
 */
async function resolveInNode(specifier: string, base: URL): Promise<string> {
  let found: string | undefined;
  const probe = `${PROBE}${crypto.randomUUID()}`;
  const hooks = nodeModule.registerHooks({
    resolve(asked, context, next) {
      if (asked !== probe) return next(asked, context);
      found = next(specifier, { ...context, parentURL: base.href }).url;
      return { url: "data:text/javascript,", shortCircuit: true };
    },
  });
  try {
    await import(probe);
  } finally {
    hooks.deregister();
  }
  return found!;
}

/**
 * Resolves among the packages beside the scenario, with the condition `import`: Deno's `require.resolve` knows
 * `require` alone. An import map needs nothing of the kind, as it is for all modules alike.
 */
async function resolveInDeno(specifier: string, base: URL): Promise<string> {
  const name = packageOf(specifier);
  const folder = packageFolder(name, dirname(fileURLToPath(base)));
  if (folder === undefined) throw notFound(specifier);
  const { exports } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    exports?: unknown;
  };
  const target = targetOf(exports, `.${specifier.slice(name.length)}`);
  const path =
    target === undefined ? nodeModule.createRequire(base).resolve(specifier) : join(folder, target);
  return pathToFileURL(path).href;
}

/** `@scope/name` of `@scope/name/part`. */
function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The nearest folder of a package, from a folder upwards. */
function packageFolder(name: string, from: string): string | undefined {
  const folder = join(from, "node_modules", name);
  if (existsSync(join(folder, "package.json"))) return folder;
  const above = dirname(from);
  return above === from ? undefined : packageFolder(name, above);
}

/** Conditions that hold for an import in Deno. */
const CONDITIONS = new Set(["deno", "node", "import", "module-sync", "default"]);

/** The file that a package exports under a subpath; undefined where `exports` does not say, or says it by a pattern. */
function targetOf(exports: unknown, subpath: string): string | undefined {
  if (typeof exports === "string") return subpath === "." ? exports : undefined;
  if (Array.isArray(exports))
    return exports.map((one) => targetOf(one, subpath)).find((one) => one !== undefined);
  if (typeof exports !== "object" || exports === null) return undefined;
  for (const [key, value] of Object.entries(exports)) {
    const found = key.startsWith(".")
      ? key === subpath && targetOf(value, ".")
      : CONDITIONS.has(key) && targetOf(value, subpath);
    if (typeof found === "string") return found;
  }
  return undefined;
}

/** Imports and exports by relative paths, whose modules belong to the plugin. */
const RELATIVE = /(?:\bfrom|\bimport|\bimport\s*\()\s*(["'])(\.{1,2}\/[^"'\n]+)\1/g;

/** SHA-256 of a module and of those that it imports by relative paths, in the order in which they are found. */
async function hashOf(url: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  const seen = new Set<string>();
  const add = async (module: string): Promise<boolean> => {
    if (seen.has(module)) return true;
    seen.add(module);
    const source = await sourceOf(module);
    if (source === undefined) return false;
    hash.update(source);
    for (const [, , path] of source.matchAll(RELATIVE)) await add(new URL(path!, module).href);
    return true;
  };
  return (await add(url)) ? hash.digest("hex") : undefined;
}

async function sourceOf(url: string): Promise<string | undefined> {
  try {
    if (url.startsWith("file:")) return await readFile(fileURLToPath(url), "utf8");
    if (!/^https?:/.test(url)) return undefined;
    const answer = await fetch(url);
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined; // it was imported, so it is no longer what it was: no hash says so
  }
}
