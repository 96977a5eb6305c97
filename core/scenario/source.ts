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
}

/**
 * Parses a scenario file.
 * @param text YAML 1.2 (merge keys allowed) or JSON
 * @param file for messages
 * @param wanted the keys that such a file cannot do without, for messages
 * @throws InputError listing every fault with its line
 */
export function readSource(text: string, file: string, wanted = '"application"'): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const fail = (problems: readonly Problem[]): never => {
    throw new InputError(problems, { file });
  };
  const faults = [...document.errors, ...document.warnings].map((e) => ({
    path: "",
    message: inWords(e, text),
    line: lines.linePos(e.pos[0]).line,
  }));
  if (faults.length > 0) fail(faults.filter((f, i) => faults.findIndex((g) => g.line === f.line) === i));

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
  return {
    value: value as object,
    lineOf: (keys) => lines.linePos(offsetOf(document, keys)).line,
  };
}

function inWords({ code, message, pos }: YAMLError, text: string): string {
  if (code === "DUPLICATE_KEY") {
    const key = /^[^\s:]+/.exec(text.slice(pos[0]))?.[0] ?? "a key";
    return `not valid YAML: ${key} stands here a second time; keep one`;
  }
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
