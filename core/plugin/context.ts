/**
 * What a component is created with: other components, services, and the place of the scenario.
 *
 * @module
 */
import type { z } from "zod";
import type { Built, Context, Ref, Registry } from "./component.ts";
import type { Contract } from "./contract.ts";
import { InputError, RunError } from "./errors.ts";
import { checkSettled } from "./options.ts";
import { locate } from "./place.ts";
import { contractOf, refsOf } from "./refs.ts";
import { locatedMessage } from "./thrown.ts";

const origins = new WeakMap<object, Ref>();

/** The reference that a component was created from; undefined where a program made it by itself. */
export function originOf(created: object): Ref | undefined {
  return origins.get(created);
}

/** Where in a scenario a component stands, and what stands there. */
export interface ContextPlace {
  /** Where relative paths start. */
  readonly base: URL;
  /** Path in the scenario; empty for the scenario itself. */
  readonly keys: readonly PropertyKey[];
  /** The options there, among which references are looked for. */
  readonly options: unknown;
  /** Whether a contract's components are left uncreated: asking for one throws {@link Deferred}. */
  readonly defers?: (contract: Contract<unknown>) => boolean;
  /** Throws for a place that the scenario may not name; absent: it may name any. */
  readonly permit?: (path: string) => void;
}

/** Thrown where a component needs one that is not to be created now. */
export class Deferred extends Error {}

/**
 * The context in which components of a registry are created.
 * @param where where relative paths start; with a place in a scenario, errors name the path of what they are about
 */
export function contextOf(registry: Registry, where: URL | ContextPlace): Context {
  const place: ContextPlace = where instanceof URL ? { base: where, keys: [], options: undefined } : where;
  const { base, keys, options } = place;
  const refs = refsOf(registry);
  const context: Context = {
    registry,
    container: registry.container,
    all: (contract) => registry.all(contract),
    locate(path) {
      if (path !== ".") place.permit?.(path); // the scenario's own place says nothing
      return locate(path, base);
    },
    service: (token) => registry.container.resolve(token),
    async create(contract, ref) {
      const here = [...keys, ...(keysOf(ref, options) ?? [])];
      const use = typeof ref === "string" ? ref : ref.use;
      try {
        const component = registry.find(contract, use);
        const { use: _, ...written } = checkedRef(refs(contract), ref, `${contract.kind} "${use}"`);
        if (place.defers?.(contract)) throw new Deferred(`${contract.kind} "${use}" is not created now`);
        const given = await component.options(refs).parseAsync(written);
        const inside = contextOf(registry, { ...place, keys: here, options: given });
        const created = await component.create(given, inside);
        if (created === undefined || created === null) {
          throw new RunError(
            `${contract.kind} "${use}": its create returned ${created}, and no ${contract.kind}`,
          );
        }
        if (typeof created === "object") origins.set(created, { use, ...written });
        return created;
      } catch (error) {
        throw placed(error, contract.kind, use, here);
      }
    },
    build: async <O>(options: O) => (await built(options, context)) as Built<O>,
  };
  return context;
}

/** A reference with every default filled in. @throws InputError for options that the component does not take */
function checkedRef(schema: z.ZodType<Ref>, ref: Ref | string, name: string): Ref {
  const checked = checkSettled(schema, ref);
  if ("data" in checked) return checked.data;
  throw new InputError(
    checked.findings.map(({ keys, message }) => ({
      path: keys.map(String).join("."),
      message: message.startsWith(name) ? message : `${name}: ${message}`,
    })),
    { cause: checked.findings.find(({ cause }) => cause !== undefined)?.cause },
  );
}

/** The path of a reference within options; undefined where it was made elsewhere. */
function keysOf(ref: Ref | string, options: unknown): readonly PropertyKey[] | undefined {
  if (typeof ref !== "object" || typeof options !== "object" || options === null) return undefined;
  if (ref === options) return [];
  const proto = Object.getPrototypeOf(options);
  if (!Array.isArray(options) && proto !== Object.prototype && proto !== null) return undefined;
  for (const [name, value] of Object.entries(options)) {
    const inner = keysOf(ref, value);
    if (inner !== undefined) return [Array.isArray(options) ? Number(name) : name, ...inner];
  }
  return undefined;
}

/** Errors that name their place already. */
const located = new WeakSet<object>();

/** An error in creating a component, with the component's name and its path in the scenario. */
function placed(error: unknown, kind: string, use: string, keys: readonly PropertyKey[]): unknown {
  if (error instanceof Deferred) return error;
  if (typeof error === "object" && error !== null && located.has(error)) return error;
  const path = keys.map(String).join(".");
  const made =
    error instanceof InputError
      ? inputErrorAt(error, use, path)
      : new RunError(
          error instanceof RunError ? error.message : `${kind} "${use}": ${locatedMessage(error)}`,
          {
            path,
            cause: error,
          },
        );
  located.add(made);
  return made;
}

/** The same error, its problems below a path. */
function inputErrorAt(error: InputError, use: string, above: string): InputError {
  const problems = error.problems.map((problem) => {
    const keys = problem.path.split(".").filter((key) => key !== "");
    const inside = keys[0] === use ? keys.slice(1) : keys; // options checked by a factory are called by its name
    return { ...problem, path: [above, ...inside].filter((key) => key !== "").join(".") };
  });
  const { file, cause, stack } = error;
  const made = new InputError(problems, { ...(file !== undefined && { file }), cause });
  return Object.assign(made, { stack });
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
