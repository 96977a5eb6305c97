/**
 * Where runs are kept, in one word: a folder, or a URL whose scheme says which store keeps them.
 *
 * @module
 */
import type { Context } from "../plugin/component.ts";
import { InputError } from "../plugin/errors.ts";
import { withoutSecrets } from "../plugin/secrets.ts";
import { type Store, Stores } from "./store.ts";

/** The scheme of a location, lower case; empty where it has none. One letter is a drive of Windows. */
export function schemeOf(location: string): string {
  return /^([a-z][a-z\d+.-]+):/i.exec(location)?.[1]?.toLowerCase() ?? "";
}

/**
 * Opens the store of a location.
 * @param location such as `runs`, `/data/runs` or `postgres://host/database`
 * @param context knows the stores that there are
 * @throws InputError where no store has locations of that scheme, listing those there are, and as the store does
 */
export async function storeAt(location: string, context: Pick<Context, "all" | "create">): Promise<Store> {
  const scheme = schemeOf(location);
  const stores = context.all(Stores);
  for (const { name, location: own } of stores) {
    if (own?.schemes.includes(scheme))
      return await context.create(Stores, { use: name, ...own.options(location) });
  }
  const known = stores.flatMap(({ location: own }) => own?.schemes.filter((one) => one !== "") ?? []);
  const there = ["a folder", ...known.map((one) => `${one}:`)].join(", ");
  throw new InputError(
    `runs cannot be kept in ${JSON.stringify(withoutSecrets(location))}: no store has locations that begin with ` +
      `"${scheme}:". There are: ${there}. A plugin with such a store is named with --plugin`,
  );
}
