// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the environment are written so
/**
 * Scenario files that build on others and on the environment: `extends: other.yaml`, `${NAME}` and `${NAME:-default}`.
 * Only files of this machine may: what comes over HTTP is not expanded.
 *
 * @module
 */
import { type Document, isScalar, parseDocument, Scalar, visit } from "yaml";
import { InputError, type Problem } from "../plugin/errors.ts";
import { preview } from "../plugin/messages.ts";
import { type Origins, originKey, parseSource, type Source } from "./source.ts";

/** The text of a document, and where it comes from. */
export interface SourceText {
  readonly text: string;
  /** Names it in messages. */
  readonly file: string;
  /** Where its relative paths start: its location. */
  readonly base: URL;
  /** Where its parts come from that were written elsewhere. */
  readonly origins?: Origins;
}

/** What a file may reach beyond itself. */
export interface Reach {
  /**
   * Reads the file that another one extends.
   * @throws InputError where there is none
   */
  read(name: string, from: URL): SourceText;
  /** A relative path as it is from another location. */
  rebase(path: string, from: URL, to: URL): string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A document with the origins of its parts. */
interface Part {
  readonly value: Record<string, unknown>;
  readonly origins: Record<string, readonly [file: string, line: number]>;
}

/**
 * A file with all that it extends, and with the environment's values. A file that does neither is returned as it is.
 * @throws InputError with every problem found, each with its file and line
 */
export function expanded(given: SourceText, reach: Reach): SourceText {
  if (!/\bextends\b|\$\{/.test(given.text)) return given;
  const { value, origins } = partOf(given, given, reach, []);
  return { ...given, text: `${JSON.stringify(value, null, 2)}\n`, origins };
}

/** @param chain files that led here */
function partOf(given: SourceText, root: SourceText, reach: Reach, chain: readonly SourceText[]): Part {
  const { text, file, base } = given;
  const source = parseSource(text, file, (document) => substitute(document, reach.env));
  const fail = (message: string): never => {
    throw new InputError([{ path: "extends", message, line: source.lineOf(["extends"]) }], { file });
  };
  const { extends: extended, ...own } = source.value as Record<string, unknown>;
  const parents = extended === undefined ? [] : Array.isArray(extended) ? extended : [extended];
  const links = [...chain, given];
  const folder = new URL(".", base).href;
  const rebased = folder === new URL(".", root.base).href ? own : moved(own, base, root.base, reach);
  let made: Part = { value: {}, origins: {} };
  for (const parent of parents) {
    if (typeof parent !== "string" || parent === "")
      fail(`expected the name of a file, got ${preview(parent)}`);
    const found = readParent(parent, base, reach, fail);
    const again = links.findIndex((link) => link.base.href === found.base.href);
    if (again >= 0) {
      fail(`goes round in a circle: ${[...links.slice(again), found].map((link) => link.file).join(" → ")}`);
    }
    const { value, origins } = partOf(found, root, reach, links);
    const { name: _, $schema: __, ...inherited } = value;
    made = merged(made, { value: inherited, origins });
  }
  return merged(made, { value: rebased as Record<string, unknown>, origins: originsOf(own, source, file) });
}

function readParent(name: string, from: URL, reach: Reach, fail: (message: string) => never): SourceText {
  try {
    return reach.read(name, from);
  } catch (error) {
    if (!(error instanceof InputError) || error.file !== undefined) throw error;
    return fail(error.problems.map(({ message }) => message).join("; "));
  }
}

/** A document with what another one says over it: mappings are merged, all else is replaced; null takes out. */
function merged(under: Part, over: Part): Part {
  const origins = { ...under.origins, ...over.origins };
  return { value: mergedValue(under.value, over.value) as Record<string, unknown>, origins };
}

function mergedValue(under: unknown, over: unknown): unknown {
  if (!isMapping(over)) return over;
  const base = typeof under === "string" && !("use" in over) ? { use: under } : under;
  // Options of one component say nothing to another.
  const isOther = "use" in over && over.use !== (isMapping(base) ? base.use : base);
  if (!isMapping(base) || ("use" in base && isOther)) return withoutNulls(over);
  const made = new Map<string, unknown>(Object.entries(base));
  for (const [name, value] of Object.entries(over)) {
    if (value === null) made.delete(name);
    else made.set(name, mergedValue(made.get(name), value));
  }
  return Object.fromEntries(made);
}

function withoutNulls(value: unknown): unknown {
  if (!isMapping(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutNulls(inner)]));
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Paths that begin with `./` or `../`, which are meant from where they are written, as they are from elsewhere. */
function moved(value: unknown, from: URL, to: URL, reach: Reach): unknown {
  if (typeof value === "string") return /^\.\.?\//.test(value) ? reach.rebase(value, from, to) : value;
  if (Array.isArray(value)) return value.map((item) => moved(item, from, to, reach));
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, moved(inner, from, to, reach)]),
  );
}

/** The file and the line of every part of a document. */
function originsOf(value: unknown, { lineOf }: Source, file: string): Part["origins"] {
  const origins: Part["origins"] = {};
  const note = (node: unknown, keys: readonly string[]): void => {
    if (keys.length > 0) origins[originKey(keys)] = [file, lineOf(keys)];
    if (typeof node !== "object" || node === null) return;
    for (const [key, inner] of Object.entries(node)) note(inner, [...keys, key]);
  };
  note(value, []);
  return origins;
}

/** `$${` stands for `${`; otherwise what is in the braces is a variable. */
const VARIABLE = /\$(\$\{)|\$\{([^}]*)\}?/g;
const NAME = /^([A-Za-z_]\w*)(?::-((?:(?!\$\{).)*))?$/s;

/**
 * Puts the environment's values into a document's scalars. One that is a variable and nothing else, without quotes, is read
 * as YAML reads it: `seed: ${SEED}` is a number.
 * @returns what is wrong, each with its offset
 */
function substitute(
  document: Document,
  env: Reach["env"],
): readonly (Omit<Problem, "line"> & { readonly offset: number })[] {
  const problems: { path: string; message: string; offset: number }[] = [];
  visit(document, {
    Scalar(key, node) {
      if (key === "key" || typeof node.value !== "string" || !node.value.includes("${")) return;
      const wrong = (message: string): string => {
        problems.push({ path: "", message, offset: node.range?.[0] ?? 0 });
        return "";
      };
      const made = node.value.replaceAll(VARIABLE, (whole, literal: string | undefined, inner = "") => {
        if (literal !== undefined) return literal;
        const found = whole.endsWith("}") ? NAME.exec(inner) : null;
        if (found === null)
          return wrong(
            `${whole}: expected \${NAME} or \${NAME:-default}; a dollar and a brace are written $\${`,
          );
        const [, name, fallback] = found as unknown as [string, string, string | undefined];
        const value = Object.hasOwn(env, name) ? env[name] : undefined;
        if (fallback !== undefined) return value || fallback;
        return value ?? wrong(`${name} is not set in the environment: set it, or write \${${name}:-default}`);
      });
      const isAlone = node.type === Scalar.PLAIN && /^\$\{[^}]*\}$/.test(node.value);
      node.value = isAlone ? typed(made) : made;
    },
  });
  return problems;
}

/** What a scalar without quotes stands for. */
function typed(text: string): unknown {
  const { contents, errors } = parseDocument(text);
  return errors.length === 0 && isScalar(contents) ? contents.value : text;
}
