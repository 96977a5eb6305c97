/**
 * What a component is created with: other components, services, and the place of the scenario.
 *
 * @module
 */
import type { Built, Context, Ref, Registry } from "./component.ts";
import { InputError } from "./errors.ts";
import { checkSettled } from "./options.ts";
import { contractOf, refsOf } from "./refs.ts";

const origins = new WeakMap<object, Ref>();

/** The reference that a component was created from; undefined where a program made it by itself. */
export function originOf(created: object): Ref | undefined {
  return origins.get(created);
}

/** The context in which components of a registry are created. @param base where relative paths start */
export function contextOf(registry: Registry, base: URL): Context {
  const refs = refsOf(registry);
  const context: Context = {
    registry,
    container: registry.container,
    all: (contract) => registry.all(contract),
    locate: (path) => locate(path, base),
    service: (token) => registry.container.resolve(token),
    async create(contract, ref) {
      const use = typeof ref === "string" ? ref : ref.use;
      const component = registry.find(contract, use);
      const checked = checkSettled(refs(contract), ref);
      if ("findings" in checked) {
        throw new InputError(
          checked.findings.map(({ keys, message }) => ({
            path: keys.map(String).join("."),
            message: `${contract.kind} "${use}": ${message}`,
          })),
        );
      }
      const { use: _, ...written } = checked.data;
      const options = await component.options(refs).parseAsync(written);
      const created = await component.create(options, context);
      if (typeof created === "object" && created !== null) origins.set(created, checked.data);
      return created;
    },
    build: async <O>(options: O) => (await built(options, context)) as Built<O>,
  };
  return context;
}

async function built(value: unknown, context: Context): Promise<unknown> {
  const contract = contractOf(value);
  if (contract !== undefined) return await context.create(contract, value as Ref);
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(await built(item, context));
    return items;
  }
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  const parts: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) parts[name] = await built(part, context);
  return parts;
}

/** The location that a path or a URL means, relative ones to `base`; in a path, no character is special. */
export function locate(path: string, base: URL): URL {
  const isUrl = /^[a-z][a-z0-9+.-]+:/i.test(path); // two letters at least: one is a drive of Windows
  return new URL(isUrl ? path : encodeURI(path).replace(/[?#]/g, encodeURIComponent), base);
}

/** A file in a folder, whether or not the folder's URL ends with a slash. */
export function inFolder(folder: URL, path: string): URL {
  return new URL(path, folder.href.endsWith("/") ? folder : `${folder.href}/`);
}
