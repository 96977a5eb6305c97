/**
 * What a scenario that comes from outside may name: a plugin is a program, and a file belongs to whoever runs it.
 *
 * @module
 */
import { InputError } from "../plugin/errors.ts";

/**
 * Plugins and places that a scenario may name, as it writes them. An entry that ends in `/` is a prefix.
 */
export type AllowList = readonly string[];

/** What a scenario from outside calls the place of the runs of whoever runs it, wherever that is. */
const OWN_RUNS = "runs";

/**
 * A document from outside, without the place of earlier runs where that is said to be {@link OWN_RUNS}: they are looked
 * for where its own run is kept.
 */
export function withOwnRuns(document: unknown): unknown {
  if (Array.isArray(document)) return document.map(withOwnRuns);
  if (typeof document !== "object" || document === null) return document;
  const members = Object.entries(document);
  const kept =
    "run" in document ? members.filter(([name, it]) => name !== "runs" || it !== OWN_RUNS) : members;
  return Object.fromEntries(kept.map(([name, it]) => [name, withOwnRuns(it)]));
}

/** A scenario from outside names what it may not. */
export class NotAllowed extends InputError {
  override readonly name = "NotAllowed";
}

/** @throws NotAllowed with the names that are not on the list */
export function requireAllowed(names: Iterable<string>, allow: AllowList): void {
  const refused = [...new Set(names)].filter((name) => !isAllowed(name, allow));
  if (refused.length === 0) return;
  const list = refused.slice(0, 10).map((name) => JSON.stringify(name.slice(0, 100)));
  throw new NotAllowed(
    `a scenario from outside cannot name ${list.join(", ")}: plugins, files and URLs must be on the list of whoever runs ` +
      "it (dsgan serve --allow)",
  );
}

/** What keeps components from opening places that their scenario may not name, whatever their schemas say. */
export function permitOf({ allow }: { readonly allow?: AllowList | undefined }) {
  return allow === undefined ? {} : { permit: (path: string): void => requireAllowed([path], allow) };
}

/** Whether a name is on a list. */
export function isAllowed(name: string, allow: AllowList): boolean {
  const climbs = decoded(name).split(/[\\/]/).includes("..");
  return allow.some((entry) => entry === name || (entry.endsWith("/") && !climbs && name.startsWith(entry)));
}

/** With what a URL may write as an escape: in a path, `%` is a character like any other. */
function decoded(name: string): string {
  return name.replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
