/**
 * Limits what a scenario that comes over HTTP may name: no plugin, file or URL except those on the operator's list. A
 * plugin is a program, and a file belongs to the operator.
 *
 * @module
 */
import { applyOverride } from "../../core/scenario/override.ts";
import { readSource } from "../../core/scenario/source.ts";
import { Refusal } from "./problem.ts";
import type { RunOrder } from "./runner.ts";

/**
 * Checks the names in a scenario against the list.
 * @param allow names as the scenario writes them; an entry ending in `/` is a prefix
 * @throws Refusal 403 with the names that are not on the list
 * @throws InputError for a document that cannot be read
 */
export function requireAllowed({ text, file, overrides }: RunOrder, allow: readonly string[]): void {
  let document: unknown = readSource(text, file).value;
  for (const override of overrides) document = applyOverride(document, override);
  const { plugins, engine, application } = document as Record<string, unknown>;
  const named = [
    ...new Set([...strings(plugins), ...[...strings(engine), ...strings(application)].filter(isPlace)]),
  ];
  const refused = named.filter((name) => !isAllowed(name, allow));
  if (refused.length === 0) return;
  const list = refused.map((name) => JSON.stringify(name.slice(0, 100))).join(", ");
  throw new Refusal(
    403,
    `a scenario from outside cannot name ${list}: plugins, files and URLs must be on the list of this server's ` +
      "operator (dsgan serve --allow)",
  );
}

function isAllowed(name: string, allow: readonly string[]): boolean {
  const climbs = decoded(name).split(/[\\/]/).includes("..");
  return allow.some((entry) => entry === name || (entry.endsWith("/") && !climbs && name.startsWith(entry)));
}

/** With what a URL may write as an escape: in a path, `%` is a character like any other. */
function decoded(name: string): string {
  return name.replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Whether text is a path, a URL or the name of a file. */
function isPlace(text: string): boolean {
  return /[\\/]|^[a-z][a-z0-9+.-]*:|^\.|\.(npy|npz|gz|idx\d?|bin|mat|json|ya?ml|[cm]?[jt]s|wasm|safetensors)$/i.test(
    text,
  );
}

/** All strings in a value, keys of mappings included. */
function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    Array.isArray(value) ? strings(inner) : [key, ...strings(inner)],
  );
}
