/**
 * Finds the modules of plugins: a package as the scenario's folder sees it, or else as dsgan does.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as nodeModule from "node:module";
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
    return await imported(found ?? specifier);
  },
  hash: async (url) => await hashOf(url),
};

function isUrl(specifier: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(specifier);
}

async function imported(specifier: string): Promise<ImportedModule> {
  const url = isUrl(specifier) ? specifier : import.meta.resolve(specifier);
  return { exports: await import(specifier), url };
}

/** Whether it is the package itself that was not found, rather than a part of one that is there. */
function isMissing(error: unknown, specifier: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  return (
    (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") && String(message).includes(`'${name}`)
  );
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

/** Resolves among the packages beside the scenario. An import map is for all modules alike. */
async function resolveInDeno(specifier: string, base: URL): Promise<string> {
  const path = nodeModule.createRequire(base).resolve(specifier);
  return pathToFileURL(path).href;
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
