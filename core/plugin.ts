/**
 * Plugins and how they meet: each contract has a token in a tsyringe container, a plugin registers named
 * components under it, and a scenario names them (`use: wgan-gp`) with their options.
 *
 * @module
 */
import "reflect-metadata";
import { distance } from "fastest-levenshtein";
import { satisfies, validRange } from "semver";
import { type DependencyContainer, container as root } from "tsyringe";
import { z } from "zod";
import { InputError, messageOf, type Problem } from "./errors.ts";

export type { DependencyContainer };

/** Version of the contracts; plugins say which versions they were written for. */
export const CORE_VERSION = "0.1.0";

/** A kind of thing that plugins supply. */
export interface Contract<T> {
  /** Its name in messages and listings, e.g. `objective`. */
  readonly kind: string;
  /** Token of its components in the container. */
  readonly token: symbol;
  /** Never present: carries the type. */
  readonly type?: T;
}

/** Makes the contract for a kind of thing. */
export function contract<T>(kind: string): Contract<T> {
  return { kind, token: Symbol.for(`dsgan:${kind}`) };
}

/** A component named in a scenario, with its checked options. */
export interface Ref {
  readonly use: string;
  readonly [option: string]: unknown;
}

/** Gives, for use inside an options schema, the schema of a reference to a component of another contract. */
export type Refs = <T>(contract: Contract<T>) => z.ZodType<Ref>;

/** What a component is created with. */
export interface Context {
  /** Creates the component that a reference names. */
  create<T>(contract: Contract<T>, ref: Ref): Promise<T>;
  /** All components of a contract. */
  all<T>(contract: Contract<T>): readonly Component<T>[];
  /** The location that a path in the scenario means: relative paths start at the scenario file. */
  locate(path: string): URL;
  /** For services that plugins share beyond the contracts. */
  readonly container: DependencyContainer;
}

/** A named implementation of a contract. */
export interface Component<T> {
  /** What a scenario calls it; unique within its contract. */
  readonly name: string;
  /** One line, shown by `dsgan list`. */
  readonly summary: string;
  /** The paper it comes from. */
  readonly reference?: string;
  /** Schema of its options. */
  options(refs: Refs): z.ZodObject;
  // biome-ignore lint/suspicious/noExplicitAny: the options' type is checked where `component` is called
  create(options: any, context: Context): T | Promise<T>;
}

/** Describes a component, inferring the type of its options from their schema. */
export function component<T, O extends z.ZodObject>(description: {
  readonly name: string;
  readonly summary: string;
  readonly reference?: string;
  readonly options: (refs: Refs) => O;
  readonly create: (options: z.output<O>, context: Context) => T | Promise<T>;
}): Component<T> {
  return description;
}

/** A named set of components. */
export interface Plugin {
  readonly name: string;
  /** Versions of the core it works with, as a semver range. */
  readonly core: string;
  /** Names of plugins it needs beside itself. */
  readonly requires?: readonly string[];
  /** Registers its components. */
  install(container: DependencyContainer): void;
}

/** Describes a plugin; its module's default export. */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}

/** Registers components under their contract: the body of most `install` functions. */
export function provide<T>(
  container: DependencyContainer,
  to: Contract<T>,
  ...components: Component<T>[]
): void {
  for (const useValue of components) container.register(to.token, { useValue });
}

/** A plugin, or what stands in its place where its module could not be had. */
export interface LoadedPlugin {
  /** Where it was asked for: a specifier from a scenario, or the plugin's own name. */
  readonly from: string;
  readonly plugin?: unknown;
  readonly error?: string;
}

/**
 * Imports plugin modules. Never throws: what fails is reported by {@link assemble}, with everything else.
 * @param specifiers paths and URLs (relative ones to `base`), or package names
 */
export async function loadPlugins(specifiers: readonly string[], base: URL): Promise<LoadedPlugin[]> {
  return await Promise.all(
    specifiers.map(async (from): Promise<LoadedPlugin> => {
      const isPath = /^(\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i.test(from) && !from.startsWith("npm:");
      try {
        const module = await import(isPath ? new URL(from, base).href : from);
        if (module.default === undefined) return { from, error: "its module has no default export" };
        return { from, plugin: module.default };
      } catch (error) {
        return { from, error: messageOf(error) };
      }
    }),
  );
}

/**
 * Puts plugins together.
 * @returns a container of their components
 * @throws InputError listing every problem of every plugin at once
 */
export function assemble(plugins: readonly (Plugin | LoadedPlugin)[]): DependencyContainer {
  const container = root.createChildContainer();
  const problems: Problem[] = [];
  const installed: { plugin: Plugin; from: string }[] = [];

  for (const given of plugins) {
    const { from, plugin, error } =
      "from" in given ? given : { from: given.name, plugin: given, error: undefined };
    const report = (message: string): void =>
      void problems.push({ path: "plugins", message: `"${from}": ${message}` });
    if (error !== undefined) {
      report(`cannot be loaded: ${error}`);
      continue;
    }
    const faults = faultsOf(plugin);
    faults.forEach(report);
    if (faults.length > 0) continue;
    const sound = plugin as Plugin;
    if (installed.some((other) => other.plugin.name === sound.name)) {
      report(`a plugin named "${sound.name}" is there already; each may be listed once`);
      continue;
    }
    installed.push({ plugin: sound, from });
  }

  const names = installed.map(({ plugin }) => plugin.name);
  for (const { plugin, from } of installed) {
    for (const name of plugin.requires ?? []) {
      if (names.includes(name)) continue;
      problems.push({
        path: "plugins",
        message: `"${from}": requires ${unknownName("plugin", name, names)}`,
      });
    }
    try {
      plugin.install(container);
    } catch (error) {
      problems.push({ path: "plugins", message: `"${from}": install failed: ${messageOf(error)}` });
    }
  }

  problems.push(...duplicateComponents(container));
  if (problems.length > 0) throw new InputError(problems);
  return container;
}

/** What keeps a value from being a plugin that this core can use. */
function faultsOf(plugin: unknown): string[] {
  if (typeof plugin !== "object" || plugin === null) {
    return [`expected a plugin made by definePlugin, got ${plugin === null ? "null" : typeof plugin}`];
  }
  const { name, core, requires, install } = plugin as Partial<Record<keyof Plugin, unknown>>;
  const faults: string[] = [];
  if (typeof name !== "string" || name === "") faults.push(`needs a name, got ${JSON.stringify(name)}`);
  if (typeof install !== "function") faults.push("needs an install(container) function");
  if (requires !== undefined && !(Array.isArray(requires) && requires.every((r) => typeof r === "string"))) {
    faults.push(`"requires" must be a list of plugin names, got ${JSON.stringify(requires)}`);
  }
  if (typeof core !== "string" || validRange(core) === null) {
    faults.push(`needs "core", a semver range such as "^${CORE_VERSION}", got ${JSON.stringify(core)}`);
  } else if (!satisfies(CORE_VERSION, core)) {
    faults.push(`works with core ${core}, but this is core ${CORE_VERSION}`);
  }
  return faults;
}

const kinds = [
  "application",
  "attack",
  "dataset",
  "engine",
  "measure",
  "mixer",
  "network",
  "objective",
  "optimizer",
  "painter",
  "store",
  "target",
] as const;

/** Names of all the contracts of the core. */
export const CONTRACT_KINDS: readonly string[] = kinds;

/** Problems of names that two plugins gave to components of one contract. */
function duplicateComponents(container: DependencyContainer): Problem[] {
  return kinds.flatMap((kind) => {
    const names = components(container, contract(kind)).map((c) => c.name);
    const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i));
    return [...twice].map((name) => ({
      path: "plugins",
      message: `${kind} "${name}" is registered more than once; rename one of them`,
    }));
  });
}

/** All components of a contract, in the order of registration. */
export function components<T>(container: DependencyContainer, of: Contract<T>): readonly Component<T>[] {
  return container.isRegistered(of.token, true) ? container.resolveAll<Component<T>>(of.token) : [];
}

/** The component of a name. @throws InputError listing what is registered */
export function componentNamed<T>(
  container: DependencyContainer,
  of: Contract<T>,
  name: string,
): Component<T> {
  const all = components(container, of);
  const found = all.find((c) => c.name === name);
  if (found !== undefined) return found;
  throw new InputError(
    unknownName(
      of.kind,
      name,
      all.map((c) => c.name),
    ),
  );
}

/** `unknown objective "wgan-pg"; did you mean "wgan-gp"? Registered: …`. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const list = known.length === 0 ? "none" : [...known].sort().join(", ");
  return `unknown ${kind} ${JSON.stringify(name)}${meant === undefined ? "" : `; did you mean "${meant}"?`} Registered: ${list}`;
}

/** The known name that a misspelt one most probably means. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, away: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.away - b.away);
  const best = ranked[0];
  return best !== undefined && best.away <= Math.max(2, name.length / 3) ? best.candidate : undefined;
}

/**
 * Schemas of references to the components of a container. A reference is an object with `use` and the component's
 * options, or the bare name where all options may keep their defaults.
 */
export function refsOf(container: DependencyContainer): Refs {
  const known = new Map<string, z.ZodType<Ref>>();
  const refs: Refs = (of) => {
    const made = known.get(of.kind);
    if (made !== undefined) return made;
    const all = components(container, of);
    const schema = z.lazy((): z.ZodType<Ref> => {
      if (all.length === 0) return z.never({ error: `no ${of.kind} is registered` }) as z.ZodType<never>;
      const objects = all.map((c) =>
        z.strictObject({ use: z.literal(c.name).describe(c.summary), ...c.options(refs).shape }),
      );
      const object = z.discriminatedUnion(
        "use",
        objects as unknown as [z.ZodObject<{ use: z.ZodLiteral<string> }>],
      );
      const name = z
        .enum(all.map((c) => c.name))
        .transform((use) => ({ use }))
        .pipe(object);
      return z.union([name, object], {
        error: (issue) => {
          const given = issue.input;
          const use = typeof given === "object" && given !== null ? (given as Partial<Ref>).use : given;
          if (typeof use === "string")
            return unknownName(
              of.kind,
              use,
              all.map((c) => c.name),
            );
          return `expected the name of a ${of.kind}, or an object with "use"; registered: ${all.map((c) => c.name).join(", ")}`;
        },
      }) as unknown as z.ZodType<Ref>;
    });
    known.set(of.kind, schema);
    return schema;
  };
  return refs;
}

/** The context in which components of a container are created. */
export function contextOf(container: DependencyContainer, base: URL): Context {
  const context: Context = {
    container,
    all: (of) => components(container, of),
    locate: (path) => new URL(path, base),
    create: async (of, ref) => {
      const { use, ...options } = ref;
      return await componentNamed(container, of, use).create(options, context);
    },
  };
  return context;
}
