/**
 * Plugins: sets of components. A scenario names further ones; each is an ES module whose default export is a component,
 * a list of components, or a plugin.
 *
 * @module
 */
import type { Component, DependencyContainer } from "./component.ts";

/** Version of the contracts; plugins may say which versions they were written for. */
export const CORE_VERSION = "0.1.0";

/** A named set of components. */
export interface Plugin {
  readonly name: string;
  /** Its own version, kept with each run. */
  readonly version?: string;
  /** Versions of the core it works with, as a semver range; absent: any. */
  readonly core?: string;
  /** Names of plugins it needs beside itself. */
  readonly requires?: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: components of all contracts
  readonly components?: readonly Component<any, any>[];
  /** Registers services that components resolve; awaited before anything is created. */
  install?(container: DependencyContainer): void | Promise<void>;
}

/** What the module of a plugin may export by default. */
// biome-ignore lint/suspicious/noExplicitAny: components of all contracts
export type PluginExport = Plugin | Component<any, any> | readonly Component<any, any>[];

/**
 * Describes a plugin of several components, or one that brings services.
 * @example
 * ```ts
 * import { component, definePlugin, Mixers } from "dsgan";
 *
 * const half = component(Mixers, {
 *   name: "half",
 *   summary: "Half of the batch is generated, whatever alpha is",
 *   create: () => ({
 *     name: "half",
 *     mix: (_alpha, m, pg, pd) => [
 *       { weight: 0.5, x: pg(m) },
 *       { weight: 0.5, x: pd(m) },
 *     ],
 *   }),
 * });
 * export default definePlugin({ name: "my-mixers", version: "1.0.0", components: [half] });
 * ```
 */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}

/** What to call a plugin that no module names: by its components. */
export function nameOf(exported: PluginExport): string {
  if (Array.isArray(exported)) return (exported as readonly Component[]).map(nameOf).join(", ");
  const { contract, name } = exported as Partial<Component>;
  return contract === undefined ? String(name) : `${contract.kind} ${name}`;
}

/** The plugin that a module's default export makes. @param name used where the export has none of its own */
export function pluginOf(name: string, exported: PluginExport): Plugin {
  if (Array.isArray(exported)) return { name, components: exported as readonly Component[] };
  return isComponent(exported) ? { name, components: [exported] } : (exported as Plugin);
}

function isComponent(value: unknown): value is Component {
  return typeof value === "object" && value !== null && "create" in value;
}
