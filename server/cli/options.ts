/**
 * `dsgan options`: tables of the options of components, to read, or written into a page.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { InputError, messageOf, type Registry, unknownName } from "../../core/mod.ts";
import type { Host } from "./host.ts";
import { optionsTable, tableOf, withTables } from "./options-table.ts";
import { type PluginOptions, registryFor } from "./plugins.ts";

/** Options of `dsgan options`. */
export interface OptionsOptions extends PluginOptions {
  readonly write?: string;
}

/**
 * Prints the tables of the components of some names, or writes those that a page has markers for.
 * @returns the exit code
 */
export async function optionsCommand(
  names: readonly string[],
  options: OptionsOptions,
  host: Host,
): Promise<number> {
  const registry = await registryFor(host, options);
  if (options.write !== undefined) writeTables(options.write, registry);
  else process.stdout.write(tablesOf(names, registry));
  return 0;
}

/** Writes a page's tables anew. @throws InputError where it cannot, or the page has no markers */
function writeTables(file: string, registry: Registry): void {
  const attempt = <T>(what: () => T): T => {
    try {
      return what();
    } catch (error) {
      throw new InputError(`--write ${file}: ${messageOf(error)}`, { cause: error });
    }
  };
  const page = attempt(() => readFileSync(file, "utf8"));
  const written = withTables(file, page, (contract, name) =>
    attempt(() => tableOf(registry, contract, name)),
  );
  if (!page.includes("<!-- options ")) {
    throw new InputError(
      `--write ${file}: it has no place for a table: put <!-- options <contract> <name> --> and <!-- /options --> on lines ` +
        "of their own",
    );
  }
  attempt(() => writeFileSync(file, written));
}

/** The tables of all components of the given names; of all that there are where none is given. */
function tablesOf(names: readonly string[], registry: Registry): string {
  const all = registry.contracts().flatMap((contract) => registry.all(contract));
  const known = [...new Set(all.map(({ name }) => name))];
  for (const name of names) {
    if (!known.includes(name)) throw new InputError(unknownName("component", name, known));
  }
  return all
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .map((component) => {
      const { contract, name, summary } = component;
      return `${contract.kind} ${name}: ${summary}\n\n${optionsTable(component)}\n`;
    })
    .join("\n");
}
