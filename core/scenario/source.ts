/**
 * The text of a scenario: what it says, and on which line.
 *
 * @module
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from "yaml";
import { InputError, messageOf, type Problem } from "../plugin/errors.ts";
import { preview } from "../plugin/messages.ts";

/** A parsed scenario file. */
export interface Source {
  /** Mappings, lists and scalars, unchecked. */
  readonly value: object;
  /** The line, from 1, of the deepest node on the path that the file has. */
  lineOf(keys: readonly PropertyKey[]): number;
  /** The same, with the file where that is another one. */
  placeOf(keys: readonly PropertyKey[]): Pick<Problem, "line" | "file">;
}

/** Where parts of a document come from that was put together: file and line, by {@link originKey}. */
export type Origins = Readonly<Record<string, readonly [file: string, line: number]>>;

/** The name of a place in {@link Origins}. */
export function originKey(keys: readonly PropertyKey[]): string {
  return JSON.stringify(keys.map(String));
}

/**
 * Parses a scenario file.
 * @param text YAML 1.2 (merge keys allowed) or JSON
 * @param file for messages
 * @param wanted the keys that such a file cannot do without, for messages
 * @throws InputError listing every fault with its line
 */
export function readSource(text: string, file: string, wanted?: string): Source {
  return parseSource(text, file, () => [], wanted);
}

/** Parses a file as {@link readSource} does, with the places that its parts come from. */
export function sourceOf(
  {
    text,
    file,
    origins,
  }: { readonly text: string; readonly file: string; readonly origins?: Origins | undefined },
  wanted?: string,
): Source {
  const source = readSource(text, file, wanted);
  if (origins === undefined) return source;
  const placeOf: Source["placeOf"] = (keys) => {
    for (let n = keys.length; n > 0; n--) {
      const found = origins[originKey(keys.slice(0, n))];
      if (found !== undefined) return { file: found[0], line: found[1] };
    }
    return { line: 1 };
  };
  return { ...source, placeOf, lineOf: (keys) => placeOf(keys).line! };
}

/**
 * Parses a file as {@link readSource} does.
 * @param change changes the document before it becomes a value, and tells what is wrong with it
 */
export function parseSource(
  text: string,
  file: string,
  change: (document: Document) => readonly (Problem & { readonly offset: number })[],
  wanted = '"application"',
): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const fail = (problems: readonly Problem[]): never => {
    throw new InputError(problems, { file });
  };
  const faults = [...causes(document.errors, text), ...document.warnings].map((e) => ({
    path: "",
    message: inWords(e, text),
    line: lines.linePos(e.pos[0]).line,
  }));
  if (faults.length > 0) fail(faults.filter((f, i) => faults.findIndex((g) => g.line === f.line) === i));

  const problems = change(document).map(({ offset, ...rest }) => ({
    ...rest,
    line: lines.linePos(offset).line,
  }));
  if (problems.length > 0) fail(problems);
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    fail([{ path: "", message: `not valid YAML: ${messageOf(error)}` }]);
  }
  if (!isMap(document.contents)) {
    const seen = value === null || value === undefined ? "nothing: the file is empty" : preview(value);
    fail([{ path: "", message: `expected a mapping with ${wanted}, got ${seen}`, line: 1 }]);
  }
  const lineOf = (keys: readonly PropertyKey[]): number => lines.linePos(offsetOf(document, keys)).line;
  return { value: value as object, lineOf, placeOf: (keys) => ({ line: lineOf(keys) }) };
}

/** Faults that follow from one before them, such as a tab that indents a line. */
const CONSEQUENCES: ReadonlySet<string> = new Set([
  "BAD_INDENT",
  "BLOCK_AS_IMPLICIT_KEY",
  "BLOCK_IN_FLOW",
  "MISSING_CHAR",
  "MULTILINE_IMPLICIT_KEY",
  "UNEXPECTED_TOKEN",
]);

/** What is wrong, without what would not be but for a fault before it. */
function causes(errors: readonly YAMLError[], text: string): readonly YAMLError[] {
  const inOrder = errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
  // A tab is told first, though the parser stumbles over the line before.
  const tabs = inOrder.filter(({ code }) => code === "TAB_AS_INDENT");
  return tabs.length > 0
    ? [...tabs, ...inOrder.filter((error) => error.code !== "TAB_AS_INDENT" && !followsTab(error, text))]
    : inOrder.filter(({ code }, i) => i === 0 || !CONSEQUENCES.has(code));
}

/** Whether a fault is one that a tab brings about: a key that stands twice is one where it has no name. */
function followsTab({ code, pos }: YAMLError, text: string): boolean {
  return CONSEQUENCES.has(code) || (code === "DUPLICATE_KEY" && !/^[^\s:]/.test(text.slice(pos[0])));
}

function inWords({ code, message, pos }: YAMLError, text: string): string {
  if (code === "DUPLICATE_KEY") {
    const key = /^[^\s:]+/.exec(text.slice(pos[0]))?.[0] ?? "a key";
    return `not valid YAML: ${key} stands here a second time; keep one`;
  }
  if (code === "TAB_AS_INDENT") return `not valid YAML: ${message}: use spaces`;
  if (code === "MULTIPLE_DOCS") return "expected one scenario, got another after `---`; give it its own file";
  return `not valid YAML: ${message}`;
}

/** Where the deepest node on the path starts: a value's key, an item of a list. */
function offsetOf(document: Document, keys: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const key of keys) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(key)];
      if (item === undefined) break;
      offset = (item as Node).range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}
