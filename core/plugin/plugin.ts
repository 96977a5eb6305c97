/**
 * Plugins and how they meet: each contract has a token in a tsyringe container, a plugin registers named
 * components under it, and a scenario names them (`use: wgan-gp`) with their options.
 *
 * @module
 */
import "reflect-metadata";
import type { DependencyContainer } from "tsyringe";
import type { z } from "zod";
import { InputError } from "./errors.ts";
import { unknownName } from "./suggest.ts";

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

/** Names of all the contracts of the core. */
export const CONTRACT_KINDS: readonly string[] = [
  "application",
  "attack",
  "classifier",
  "dataset",
  "download",
  "engine",
  "measure",
  "mixer",
  "network",
  "objective",
  "optimizer",
  "painter",
  "ssl-method",
  "store",
  "target",
];

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

/** The location that a path or a URL means, relative ones to `base`; in a path, no character is special. */
export function locate(path: string, base: URL): URL {
  const isUrl = /^[a-z][a-z0-9+.-]+:/i.test(path); // two letters at least: one is a drive of Windows
  return new URL(isUrl ? path : encodeURI(path).replace(/[?#]/g, encodeURIComponent), base);
}

/** A file in a folder, whether or not the folder's URL ends with a slash. */
export function inFolder(folder: URL, path: string): URL {
  return new URL(path, folder.href.endsWith("/") ? folder : `${folder.href}/`);
}

const origins = new WeakMap<object, Ref>();

/** The reference that a component was created from; undefined where a program made it by itself. */
export function originOf(created: object): Ref | undefined {
  return origins.get(created);
}

/** The context in which components of a container are created. */
export function contextOf(container: DependencyContainer, base: URL): Context {
  const context: Context = {
    container,
    all: (of) => components(container, of),
    locate: (path) => locate(path, base),
    create: async (of, ref) => {
      const { use, ...options } = ref;
      const created = await componentNamed(container, of, use).create(options, context);
      if (typeof created === "object" && created !== null) origins.set(created, ref);
      return created;
    },
  };
  return context;
}
