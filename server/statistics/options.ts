/**
 * The options of runs by path, and those in which runs differ.
 *
 * @module
 */

/** Options of a scenario by path, such as `application.k`: of a list its JSON. */
export type Options = ReadonlyMap<string, unknown>;

/** Parts of a scenario that say nothing of what its runs come to. */
const BESIDE = new Set(["seed", "description", "tags", "checkpoint", "expect"]);

/** The options of a resolved scenario, without what does not change what is computed from a seed. */
export function optionsOf(scenario: object): Options {
  const rest = Object.fromEntries(Object.entries(scenario).filter(([name]) => !BESIDE.has(name)));
  return new Map(leaves(rest, ""));
}

/** Every value of a document, by its path. */
function* leaves(value: unknown, path: string): Generator<[string, unknown]> {
  if (value === null || typeof value !== "object") yield [path, value];
  else if (Array.isArray(value)) yield [path, JSON.stringify(value)];
  else {
    for (const [name, inner] of Object.entries(value)) {
      yield* leaves(inner, path === "" ? name : `${path}.${name}`);
    }
  }
}

/** Paths of the options that not all runs have alike: of nested ones only the name where the name differs. */
export function differingPaths(all: readonly Options[]): readonly string[] {
  const [first, ...others] = all;
  if (first === undefined) return [];
  const paths = [...new Set(all.flatMap((one) => [...one.keys()]))];
  const differing = paths.filter((path) => others.some((one) => one.get(path) !== first.get(path)));
  const parts = differing.filter((path) => path.endsWith(".use")).map((path) => path.slice(0, -"use".length));
  return differing.filter((path) => !parts.some((part) => path.startsWith(part) && path !== `${part}use`));
}
