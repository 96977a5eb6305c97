/**
 * The pages whose tables of options are generated, as they are and as they should be.
 *
 * @module
 */
import { assemble } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { tableOf, withTables } from "../../server/cli/options-table.ts";
import type { Page } from "./pages.ts";

/** A page with its tables as the schemas have them, beside what it is now. */
export interface WrittenPage extends Page {
  readonly current: string;
}

/**
 * Pages that have tables, those written anew.
 * @throws InputError for markers that are broken, or that name no built-in component
 */
export async function pagesWithTables(all: readonly Page[]): Promise<WrittenPage[]> {
  const registry = await assemble(builtinPlugins);
  return all
    .filter(({ text }) => /^<!-- \/?options/m.test(text))
    .map(({ path, text }) => ({
      path,
      current: text,
      text: withTables(path, text, (contract, name) => tableOf(registry, contract, name)),
    }));
}
