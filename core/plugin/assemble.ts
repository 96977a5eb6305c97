/**
 * Puts plugins together, and says everything that is wrong with them at once.
 *
 * @module
 */
import { satisfies, validRange } from "semver";
import { container as root } from "tsyringe";
import { InputError, messageOf, type Problem } from "./errors.ts";
import {
  CONTRACT_KINDS,
  CORE_VERSION,
  components,
  contract,
  type DependencyContainer,
  locate,
  type Plugin,
} from "./plugin.ts";
import { refsOf } from "./refs.ts";
import { unknownName } from "./suggest.ts";

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
        return module.default === undefined
          ? { from, path, error: "its module has no default export; export default definePlugin({ … })" }
          : { from, path, plugin: module.default };
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

/**
 * Puts plugins together.
 * @returns a container of their components
 * @throws InputError listing every problem of every plugin at once
 */
export function assemble(plugins: readonly (Plugin | LoadedPlugin)[]): DependencyContainer {
  const container = root.createChildContainer();
  const problems: Problem[] = [];
  const sound: Entry[] = [];
  const dependent: Entry[] = []; // sound or not
  const names: string[] = [];

  for (const given of plugins) {
    const {
      from,
      plugin,
      error,
      path = "plugins",
    }: LoadedPlugin = "from" in given ? given : { from: given.name, plugin: given };
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
  for (const { plugin, report } of sound) {
    const before = CONTRACT_KINDS.map((kind) => components(container, contract(kind)).length);
    try {
      plugin.install(container);
    } catch (error) {
      report(`install failed: ${messageOf(error)}`);
    }
    for (const [i, kind] of CONTRACT_KINDS.entries()) {
      for (const component of components(container, contract(kind)).slice(before[i])) {
        componentFaults(component, container).forEach((fault) => void report(`${kind} ${fault}`));
        if (typeof component?.name !== "string") continue;
        const key = `${kind} "${component.name}"`;
        const owner = owners.get(key);
        if (owner !== undefined) report(`${key} is registered already, by "${owner}"; rename one of them`);
        else owners.set(key, plugin.name);
      }
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  return container;
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

/** What keeps a value from being a component: plugins may be plain JavaScript. */
function componentFaults(component: unknown, container: DependencyContainer): string[] {
  if (typeof component !== "object" || component === null) return [`must be an object, got ${component}`];
  const { name, summary, options, create } = component as Record<string, unknown>;
  if (typeof name !== "string" || name === "") return [`needs a name, got ${JSON.stringify(name)}`];
  const faults: string[] = [];
  const fault = (message: string): void => void faults.push(`"${name}": ${message}`);
  if (typeof summary !== "string") fault(`needs a summary in one line, got ${JSON.stringify(summary)}`);
  if (typeof create !== "function") fault("needs a create(options, context) function");
  if (typeof options !== "function") {
    fault("needs an options(refs) function");
    return faults;
  }
  try {
    const schema = options(refsOf(container));
    if (schema?._zod?.def?.type !== "object") fault("options(refs) must return a z.strictObject");
    else if ("use" in schema.shape) fault('has an option "use", the name that tells components apart');
  } catch (error) {
    fault(`options(refs) failed: ${messageOf(error)}`);
  }
  return faults;
}
