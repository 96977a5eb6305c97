/**
 * Puts plugins together, and says everything that is wrong with them at once.
 *
 * @module
 */
import "reflect-metadata"; // before tsyringe, which asks for it
import { satisfies, validRange } from "semver";
import { container as root } from "tsyringe";
import type { Component, Registry } from "./component.ts";
import { InputError, type Problem } from "./errors.ts";
import type { LoadedPlugin } from "./load.ts";
import { objectOf } from "./options.ts";
import { CORE_VERSION, nameOf, type Plugin, type PluginExport, pluginOf } from "./plugin.ts";
import { refsOf } from "./refs.ts";
import { register, registryOf } from "./registry.ts";
import { unknownName } from "./suggest.ts";
import { locatedMessage } from "./thrown.ts";

/**
 * Puts plugins together: registers their components and awaits their `install`.
 * @returns a registry of their components
 * @throws InputError listing every problem of every plugin at once
 */
export async function assemble(plugins: readonly (PluginExport | LoadedPlugin)[]): Promise<Registry> {
  const registry = registryOf(root.createChildContainer());
  const problems: Problem[] = [];
  const causes: unknown[] = [];
  const sound: Entry[] = [];
  const dependent: Entry[] = []; // sound or not
  const names: string[] = [];

  for (const given of plugins) {
    const {
      from,
      plugin,
      error,
      cause,
      path = "plugins",
    }: LoadedPlugin = "from" in given ? given : madeHere(given);
    if (cause !== undefined) causes.push(cause);
    const report = (message: string): void => void problems.push({ path, message: `"${from}": ${message}` });
    const faults = error === undefined ? pluginFaults(plugin) : [error];
    faults.forEach(report);
    const entry: Entry = { plugin: plugin as Plugin, report };
    const name = (plugin as Partial<Plugin> | null | undefined)?.name;
    if (typeof name === "string" && name !== "") {
      if (names.includes(name)) {
        report(`a plugin named "${name}" is there already; each may be listed once`);
        continue;
      }
      names.push(name);
      dependent.push(entry);
    }
    if (faults.length === 0) sound.push(entry);
  }
  for (const { plugin, report } of dependent) {
    for (const name of listOfNames(plugin.requires)) {
      if (!names.includes(name)) report(`requires ${unknownName("plugin", name, names)}`);
    }
  }

  const owners = new Map<string, string>();
  const registered: { readonly component: Component; readonly report: Entry["report"] }[] = [];
  for (const { plugin, report } of sound) {
    for (const component of plugin.components ?? []) {
      const fault = identityFault(component);
      if (fault !== undefined) {
        report(fault);
        continue;
      }
      const { contract, name } = component;
      const key = `${contract.kind} "${name}"`;
      const owner = owners.get(key);
      if (owner !== undefined) report(`${key} is registered already, by "${owner}"; rename one of them`);
      else owners.set(key, plugin.name);
      register(registry.container, component);
      registered.push({ component, report });
    }
    try {
      await plugin.install?.(registry.container);
    } catch (error) {
      causes.push(error);
      report(`install failed: ${locatedMessage(error)}`);
    }
  }
  // Options may refer to components of plugins that come later.
  for (const { component, report } of registered)
    componentFaults(component, registry, causes).forEach(report);
  if (problems.length > 0) throw new InputError(problems, { cause: causeOf(causes) });
  return registry;
}

/** A plugin that a program has at hand. */
function madeHere(given: PluginExport): LoadedPlugin {
  const name = nameOf(given);
  return { from: name, plugin: pluginOf(name, given) };
}

/** A plugin, and where to report what is wrong with it. */
interface Entry {
  readonly plugin: Plugin;
  readonly report: (message: string) => void;
}

function listOfNames(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
}

/** What keeps a value from being a plugin that this core can use. */
function pluginFaults(plugin: unknown): string[] {
  if (typeof plugin !== "object" || plugin === null) {
    const seen = plugin === null ? "null" : typeof plugin;
    return [`expected a component, a list of components, or a plugin made by definePlugin, got ${seen}`];
  }
  if (plugin instanceof Promise)
    return ["its default export is a promise: export what it resolves to, by await"];
  const { name, version, core, requires, components, install } = plugin as Partial<
    Record<keyof Plugin, unknown>
  >;
  const faults: string[] = [];
  if (typeof name !== "string" || name === "") faults.push(`needs a name, got ${JSON.stringify(name)}`);
  if (version !== undefined && typeof version !== "string") {
    faults.push(`"version" must be a string, got ${JSON.stringify(version)}`);
  }
  if (components === undefined && install === undefined) {
    faults.push("brings nothing: give it components, or an install(container) function");
  }
  if (components !== undefined && !Array.isArray(components)) {
    faults.push(`"components" must be a list, got ${typeof components}`);
  }
  if (install !== undefined && typeof install !== "function") {
    faults.push(`"install" must be a function of the container, got ${typeof install}`);
  }
  if (requires !== undefined && !(Array.isArray(requires) && requires.every((r) => typeof r === "string"))) {
    faults.push(`"requires" must be a list of plugin names, got ${JSON.stringify(requires)}`);
  }
  if (core === undefined) return faults;
  if (typeof core !== "string" || validRange(core) === null) {
    faults.push(`"core" must be a semver range such as "^${CORE_VERSION}", got ${JSON.stringify(core)}`);
  } else if (!satisfies(CORE_VERSION, core)) {
    faults.push(`works with core ${core}, but this is core ${CORE_VERSION}`);
  }
  return faults;
}

/** What keeps a value from being registered as a component at all. */
function identityFault(component: unknown): string | undefined {
  if (typeof component !== "object" || component === null)
    return `a component must be an object, got ${component}`;
  if (Array.isArray(component)) return "a list of components holds a list: spread it, ...inner";
  if ("components" in component)
    return "a list of components holds a plugin: export that by itself, from a module of its own";
  const { contract, name } = component as Partial<Component>;
  if (typeof contract?.kind !== "string" || typeof contract.token !== "symbol") {
    return `component ${JSON.stringify(name)} names no contract: make it with component(contract, { … })`;
  }
  if (typeof name === "string" && name !== "") return undefined;
  return `${contract.kind} needs a name, got ${JSON.stringify(name)}`;
}

/** The cause of an error with several problems, whose stacks it carries. */
function causeOf(causes: readonly unknown[]): unknown {
  return causes.length > 1 ? new AggregateError(causes, "several plugins failed") : causes[0];
}

/**
 * What else is wrong with a component: plugins may be plain JavaScript.
 * @param causes gets what was thrown
 */
function componentFaults(component: Component, registry: Registry, causes: unknown[]): string[] {
  const { contract, name, summary, options, create } = component as unknown as Record<
    keyof Component,
    unknown
  > & {
    readonly contract: Component["contract"];
  };
  const faults: string[] = [];
  const fault = (message: string): void => void faults.push(`${contract.kind} "${name}": ${message}`);
  if (typeof summary !== "string") fault(`needs a summary in one line, got ${JSON.stringify(summary)}`);
  if (typeof create !== "function") fault("needs a create(options, context) function");
  if (typeof options !== "function") {
    fault("its options must be a zod schema, or a function options(refs) that gives one");
    return faults;
  }
  try {
    const object = objectOf(options(refsOf(registry)));
    if (object === undefined)
      fault("its options must be a z.strictObject, which may be refined or transformed");
    else if ("use" in object.shape) fault('has an option "use", the name that tells components apart');
  } catch (error) {
    causes.push(error);
    fault(`options(refs) failed: ${locatedMessage(error)}`);
  }
  return faults;
}
