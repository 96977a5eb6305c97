/**
 * Paths in a scenario: names and list indices joined by dots.
 *
 * @module
 */

/** A part of a path. */
export interface PathPart {
  readonly name: string;
  /** Whether it stood in quotes: then it is the name of a member as it stands, dots and digits included. */
  readonly isQuoted: boolean;
}

/** A longer path leads nowhere that a scenario could have. */
const MOST_PARTS = 64;

/** A part: in double quotes (`\"` and `\\` for those two), in single ones, or without. */
const PART = /(?:"((?:[^"\\]|\\["\\])*)"|'([^']*)'|([^.]*))/y;

/** The parts of a path such as `expect."m.clean".atLeast`, or why it is none. */
export function partsOf(path: string): { readonly parts: readonly PathPart[] } | { readonly fault: string } {
  const fail = (what: string) => ({ fault: `${JSON.stringify(path)} ${what}` });
  const parts: PathPart[] = [];
  for (let at = 0; ; at++) {
    PART.lastIndex = at;
    const [whole, double, single, bare] = PART.exec(path)!; // it matches nothing at all, too
    at += whole.length;
    const isQuoted = bare === undefined;
    const name = double?.replaceAll(/\\(["\\])/g, "$1") ?? single ?? bare!;
    if (name === "") return fail("is not a path such as application.m");
    if (!isQuoted && /^["']/.test(name)) return fail(`has a quote that is not closed: ${name}`);
    if (at < path.length && path[at] !== ".")
      return fail(`goes on after a quote: expected a dot, got "${path[at]}"`);
    parts.push({ name, isQuoted });
    if (parts.length > MOST_PARTS) return fail(`has more than ${MOST_PARTS} parts`);
    if (at >= path.length) return { parts };
  }
}

/** The names in a path, without quotes; the path itself where it is none. */
export function namesOf(path: string): readonly string[] {
  const found = partsOf(path);
  return "parts" in found ? found.parts.map(({ name }) => name) : [path];
}

/** A path to a place: names that have dots or quotes, or that look like an index, stand in quotes. */
export function pathTo(names: readonly string[]): string {
  return names.map((name) => (/^[^."'+]+$/.test(name) ? name : JSON.stringify(name))).join(".");
}

/**
 * Splits `path=value` at the first `=` that no quotes enclose.
 * @returns undefined where there is none, or nothing before it
 */
export function splitAssignment(text: string): { readonly path: string; readonly value: string } | undefined {
  const found = /^((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^="'])+)=/.exec(text)?.[1] ?? text.split("=", 1)[0]!;
  if (found === "" || found.length === text.length) return undefined;
  return { path: found, value: text.slice(found.length + 1) };
}
