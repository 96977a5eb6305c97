/**
 * Changes to a scenario from outside: `--set application.target.alpha=0.3`.
 *
 * @module
 */
import { parseDocument } from "yaml";
import { InputError, messageOf } from "../plugin/errors.ts";

/** A change to a scenario from outside: a path, and a value in YAML. */
export interface Override {
  /** Names and list indices joined by dots, e.g. `application.target.pd.0`. */
  readonly path: string;
  readonly value: string;
}

/** A changed document, or why the change cannot be made. */
export type Overridden = { readonly document: unknown } | { readonly fault: string };

/** Why an override cannot be applied. */
class Refusal extends Error {}

const refuse = (why: string): never => {
  throw new Refusal(why);
};

/**
 * A copy of a document with a value at a path replaced or added. Mappings on the way that are not there are made; an
 * index one past a list's end appends; a component named by its bare name becomes `{ use: name }`. The value `null`, which no
 * scenario has, takes out what is there. A value that is not YAML, or a path that cannot be walked, is a fault.
 */
export function tryOverride(document: unknown, { path, value }: Override): Overridden {
  try {
    const parts = path.split(".");
    if (parts.includes("")) return refuse(`${JSON.stringify(path)} is not a path such as application.m`);
    const given = parseValue(value);
    // Nothing at all is null in YAML too, and rather a slip.
    return { document: put(document, parts, given === null && value.trim() !== "" ? OUT : given, []) };
  } catch (error) {
    if (error instanceof Refusal) return { fault: error.message };
    throw error;
  }
}

/** The document that {@link tryOverride} makes. @throws InputError where it makes none */
export function applyOverride(document: unknown, override: Override): unknown {
  const tried = tryOverride(document, override);
  if ("document" in tried) return tried.document;
  throw new InputError(`--set ${override.path}=${override.value}: ${tried.fault}`);
}

/** Stands for a value that is to be taken out. */
const OUT = Symbol("out");

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

function put(node: unknown, parts: readonly string[], value: unknown, above: readonly string[]): unknown {
  if (parts.length === 0) return value;
  const here = above.join(".");
  const inside = (child: unknown, n: number): unknown =>
    put(child, parts.slice(n), value, [...above, ...parts.slice(0, n)]);

  if (Array.isArray(node)) {
    const index = Number(parts[0]);
    if (!/^\d+$/.test(parts[0]!) || index > node.length) {
      const last = node.length === 0 ? "0 appends" : `0 to ${node.length - 1}, or ${node.length} to append`;
      return refuse(`${here} is a list of ${node.length}: expected an index (${last}), got "${parts[0]}"`);
    }
    if (parts.length === 1 && value === OUT) {
      return index === node.length ? refuse(absent(here, parts[0]!)) : node.toSpliced(index, 1);
    }
    return index === node.length ? [...node, inside(undefined, 1)] : node.with(index, inside(node[index], 1));
  }
  if (typeof node === "object" && node !== null) {
    const n = keyLength(node, parts);
    const key = parts.slice(0, n).join(".");
    if (parts.length === n && value === OUT) {
      if (!Object.hasOwn(node, key)) return refuse(absent(here, key));
      return Object.fromEntries(Object.entries(node).filter(([name]) => name !== key));
    }
    const child = Object.hasOwn(node, key) ? (node as Record<string, unknown>)[key] : undefined;
    return { ...node, [key]: inside(child, n) };
  }
  if (value === OUT && (node === undefined || node === null || typeof node === "string")) {
    return refuse(absent(here, parts.join(".")));
  }
  if (node === undefined || node === null) return { [parts[0]!]: inside(undefined, 1) };
  if (typeof node === "string") return { use: node, [parts[0]!]: inside(undefined, 1) };
  return refuse(`${here} is ${JSON.stringify(node)}, which has no "${parts[0]}" to set`);
}

function absent(here: string, what: string): string {
  return `${here === "" ? "the scenario" : here} has no "${what}" to take out`;
}

/** How many parts make up a key of the mapping: names may themselves hold dots, and the longest is meant. */
function keyLength(mapping: object, parts: readonly string[]): number {
  for (let n = parts.length; n > 1; n--) {
    if (Object.hasOwn(mapping, parts.slice(0, n).join("."))) return n;
  }
  return 1;
}
