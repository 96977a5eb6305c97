/**
 * Changes to a scenario from outside: `--set application.target.alpha=0.3`, the `set` of a posted order, the settings of a
 * sweep. All of them say by the same paths what they change.
 *
 * @module
 */
import { parseDocument } from "yaml";
import { InputError, messageOf } from "../plugin/errors.ts";
import { type PathPart, partsOf } from "./path.ts";

/** A change to a scenario from outside: a path, and a value in YAML. */
export interface Override {
  /**
   * Names and list indices joined by dots, e.g. `application.target.pd.0`. A name that has dots stands in quotes
   * (`expect."m.clean".atLeast`) where the scenario does not have it yet; `+` appends to a list (`tags.+`).
   */
  readonly path: string;
  readonly value: string;
}

/** A change that was made, and the place that its path led to. */
export interface Applied {
  readonly override: Override;
  readonly keys: readonly string[];
}

/** A document after changes, with those that were made and those that cannot be. */
export interface Changed {
  readonly document: unknown;
  readonly applied: readonly Applied[];
  readonly refused: readonly { readonly override: Override; readonly message: string }[];
}

/** Why an override cannot be applied. */
class Refusal extends Error {}

const refuse = (why: string): never => {
  throw new Refusal(why);
};

/** Stands for a value that is to be taken out. */
const OUT = Symbol("out");

/**
 * A document with values at paths replaced or added, in order; the one given stays as it is. Mappings and lists on the way
 * that are not there are made; an index one past a list's end appends, as `+` does; a component named by its bare name
 * becomes `{ use: name }`. The value `null`, which no scenario has, takes out what is there. A value that is not YAML, or a
 * path that cannot be walked, is refused; the other changes are made all the same.
 */
export function changed(document: unknown, overrides: readonly Override[]): Changed {
  // Each mapping and list is copied once, however many changes there are within it.
  const owned = new Set<object>();
  const applied: Applied[] = [];
  const refused: { override: Override; message: string }[] = [];
  let root = document;
  for (const override of overrides) {
    try {
      const parts = partsOf(override.path);
      if ("fault" in parts) refuse(parts.fault);
      const given = parseValue(override.value);
      // Nothing at all is null in YAML too, and rather a slip.
      const value = given === null && override.value.trim() !== "" ? OUT : given;
      const keys: string[] = [];
      root = put(root, (parts as { parts: readonly PathPart[] }).parts, value, { owned, keys });
      applied.push({ override, keys });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refused.push({ override, message: error.message });
    }
  }
  return { document: root, applied, refused };
}

/** The document that {@link changed} makes. @throws InputError where an override cannot be applied */
export function withOverrides(document: unknown, overrides: readonly Override[]): unknown {
  const { document: made, refused } = changed(document, overrides);
  if (refused.length === 0) return made;
  throw new InputError(
    refused.map(({ override: { path, value }, message }) => ({
      path: "",
      message: `--set ${path}=${value}: ${message}`,
    })),
  );
}

function parseValue(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) return refuse(`the value is not valid YAML: ${fault.message}`);
  try {
    return document.toJS();
  } catch (error) {
    return refuse(`the value is not valid YAML: ${messageOf(error)}`);
  }
}

/** What changes go along with. */
interface Walk {
  /** Mappings and lists that are copies already. */
  readonly owned: Set<object>;
  /** Gets the keys on the way. */
  readonly keys: string[];
}

function put(node: unknown, parts: readonly PathPart[], value: unknown, walk: Walk): unknown {
  const [part, ...rest] = parts;
  if (part === undefined) return value;
  const here = walk.keys.join(".");
  if (Array.isArray(node)) return putItem(node, part, rest, value, walk);
  if (typeof node === "object" && node !== null) return putMember(node, parts, value, walk);
  if (value === OUT && (node === undefined || node === null || typeof node === "string")) {
    return refuse(absent(here, parts.map(({ name }) => name).join(".")));
  }
  const isIndex = !part.isQuoted && /^(\+|\d+)$/.test(part.name);
  if (node === undefined || node === null) {
    const isFirst = isIndex && (part.name === "0" || part.name === "+");
    if (isFirst) return putItem(grown([], walk), part, rest, value, walk);
    return putMember(grown({}, walk), [part, ...rest], value, walk, 1);
  }
  if (typeof node === "string" && !isIndex)
    return putMember(grown({ use: node }, walk), [part, ...rest], value, walk, 1);
  return refuse(`${here} is ${JSON.stringify(node)}, which has no "${part.name}" to set`);
}

function putItem(
  list: readonly unknown[],
  part: PathPart,
  rest: readonly PathPart[],
  value: unknown,
  walk: Walk,
): unknown {
  const here = walk.keys.join(".");
  const index = part.name === "+" && !part.isQuoted ? list.length : Number(part.name);
  if (!/^(\d+|\+)$/.test(part.name) || index > list.length) {
    const last = list.length === 0 ? "0 appends" : `0 to ${list.length - 1}, or ${list.length} to append`;
    return refuse(`${here} is a list of ${list.length}: expected an index (${last}), got "${part.name}"`);
  }
  const name = String(index);
  walk.keys.push(name);
  if (rest.length === 0 && value === OUT) {
    if (index === list.length) return refuse(absent(here, name));
    const copy = own(list, walk) as unknown[];
    copy.splice(index, 1);
    return copy;
  }
  const item = put(list[index], rest, value, walk);
  const copy = own(list, walk) as unknown[];
  copy[index] = item;
  return copy;
}

/** @param n how many parts make up the key, where that is known */
function putMember(
  mapping: object,
  parts: readonly PathPart[],
  value: unknown,
  walk: Walk,
  n: number = keyLength(mapping, parts),
): unknown {
  const here = walk.keys.join(".");
  const key = parts
    .slice(0, n)
    .map(({ name }) => name)
    .join(".");
  walk.keys.push(key);
  if (parts.length === n && value === OUT) {
    if (!Object.hasOwn(mapping, key)) return refuse(absent(here, key));
    const copy = own(mapping, walk) as Record<string, unknown>;
    delete copy[key];
    return copy;
  }
  const child = Object.hasOwn(mapping, key) ? (mapping as Record<string, unknown>)[key] : undefined;
  const inner = put(child, parts.slice(n), value, walk);
  const copy = own(mapping, walk);
  // Whatever the key is: `__proto__` too is a name like others.
  Object.defineProperty(copy, key, { value: inner, writable: true, enumerable: true, configurable: true });
  return copy;
}

/** A mapping or list that may be changed: a copy of the one given, unless that is one. */
function own(node: object, walk: Walk): object {
  if (walk.owned.has(node)) return node;
  return grown(Array.isArray(node) ? [...node] : { ...node }, walk);
}

/** Notes that a new mapping or list may be changed. */
function grown<T extends object>(node: T, { owned }: Walk): T {
  owned.add(node);
  return node;
}

function absent(here: string, what: string): string {
  return `${here === "" ? "the scenario" : here} has no "${what}" to take out`;
}

/** How many parts make up a key of the mapping: names may themselves hold dots, and the longest is meant. */
function keyLength(mapping: object, parts: readonly PathPart[]): number {
  const quoted = parts.findIndex(({ isQuoted }) => isQuoted);
  const most = quoted < 0 ? parts.length : quoted;
  for (let n = most; n > 1; n--) {
    const name = parts
      .slice(0, n)
      .map((part) => part.name)
      .join(".");
    if (Object.hasOwn(mapping, name)) return n;
  }
  return 1;
}
