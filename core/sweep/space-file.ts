/**
 * From what a sweep file says of its settings to their space, with all that is wrong with it.
 *
 * @module
 */
import { type Finding, preview } from "../plugin/messages.ts";
import { meant } from "../plugin/suggest.ts";
import { namesOf } from "../scenario/path.ts";
import {
  type Choices,
  type Condition,
  combinations,
  type Domain,
  type Interval,
  type Space,
  sameValue,
  sizeOfSpace,
} from "./space.ts";
import { boundsOf, type Sweep } from "./sweep.ts";

/** Parts of a scenario that no sweep sets, and what to do instead. */
const RESERVED: Readonly<Record<string, string>> = {
  seed: "list seeds under `seeds`",
  name: "runs are named after the sweep",
  plugins: "list them in the scenario: what a sweep varies must be known to one set of plugins",
};

/** Spaces larger than this are not searched for a combination that is left. */
const SEARCHED = 100_000;

/** The space of a sweep, and what is wrong with it. */
export function spaceOf(sweep: Pick<Sweep, "set" | "vary" | "exclude" | "seeds">): {
  readonly space: Space;
  readonly problems: readonly Finding[];
} {
  const problems: Finding[] = [];
  const domains: Record<string, Domain> = {};
  for (const [part, settings] of [
    ["set", sweep.set],
    ["vary", sweep.vary],
  ] as const) {
    for (const path of Object.keys(settings)) {
      const instead = RESERVED[namesOf(path)[0]!];
      if (instead !== undefined)
        problems.push({ keys: [part, path], message: `cannot be set here: ${instead}` });
    }
  }
  problems.push(...clashes([...Object.keys(sweep.set), ...Object.keys(sweep.vary)], sweep));
  problems.push(...repeated(sweep.seeds).map(([i, first]) => twice(["seeds", i], sweep.seeds[i], first)));
  for (const [path, given] of Object.entries(sweep.vary)) {
    if (isList(given)) {
      domains[path] = { kind: "choices", values: given } satisfies Choices;
      problems.push(...repeated(given).map(([i, first]) => twice(["vary", path, i], given[i], first)));
    } else domains[path] = { kind: "range", ...given } satisfies Interval;
  }
  const exclude = sweep.exclude.map((entry, i) =>
    Object.fromEntries(
      Object.entries(entry).flatMap(([path, given]) => {
        const found = conditionOf(given, domains[path], path, Object.keys(domains));
        if ("condition" in found) return [[path, found.condition] as const];
        problems.push({ keys: ["exclude", i, path], message: found.message });
        return [];
      }),
    ),
  );
  const space = { domains, exclude };
  if (problems.length === 0 && sizeOfSpace(space) <= SEARCHED && combinations(space).next().done) {
    problems.push({ keys: ["exclude"], message: "leaves no combination at all" });
  }
  return { space, problems };
}

function isList(given: Sweep["vary"][string]): given is readonly unknown[] {
  return Array.isArray(given);
}

function twice(keys: readonly PropertyKey[], value: unknown, first: number): Finding {
  return { keys, message: `${preview(value)} is listed already, as item ${first + 1}; keep one` };
}

/** Items that stand in a list before: their index, and that of the first alike. */
function repeated(list: readonly unknown[]): (readonly [number, number])[] {
  return list.flatMap((value, i) => {
    const first = list.findIndex((other) => sameValue(other, value));
    return first < i ? [[i, first] as const] : [];
  });
}

/** Paths that stand twice, or that undo one before them: a component chosen after an option of it. */
function clashes(paths: readonly string[], { set }: Pick<Sweep, "set">): Finding[] {
  return paths.flatMap((path, i) => {
    const keys = [i < Object.keys(set).length ? "set" : "vary", path];
    const before = paths.slice(0, i);
    const names = namesOf(path);
    const within = before.filter((other) => names.every((name, n) => namesOf(other)[n] === name));
    const same = within.find((other) => namesOf(other).length === names.length);
    if (same !== undefined) return [{ keys, message: "is set and varied: keep one" }];
    const [undone] = within;
    return undone === undefined ? [] : [{ keys, message: `would undo ${undone}, which comes before it` }];
  });
}

function conditionOf(
  given: unknown,
  domain: Domain | undefined,
  path: string,
  varied: readonly string[],
): { readonly condition: Condition } | { readonly message: string } {
  if (domain === undefined) {
    return {
      message: `is not varied${meant(path, varied)}${varied.length === 0 ? "" : `; varied are ${varied.join(", ")}`}`,
    };
  }
  const bounds = boundsOf(given);
  if (bounds !== undefined) {
    const numeric = domain.kind === "range" || domain.values.some((value) => typeof value === "number");
    if (!numeric) return { message: "has bounds, but no value of its list is a number" };
    return { condition: bounds };
  }
  const isOne = domain.kind === "choices" && domain.values.some((value) => sameValue(value, given));
  const values = isOne || !Array.isArray(given) ? [given] : given;
  for (const value of values) {
    if (domain.kind === "range") {
      if (typeof value !== "number") {
        return {
          message: `expected a number or { atLeast, atMost }, got ${preview(value)}: it varies over a range`,
        };
      }
      if (value < domain.min || value > domain.max) {
        return { message: `${value} is not within ${domain.min} and ${domain.max}, over which it varies` };
      }
    } else if (!domain.values.some((choice) => sameValue(choice, value))) {
      const list = domain.values.map((choice) => preview(choice)).join(", ");
      return { message: `${preview(value)} is not among the values that it varies over: ${list}` };
    }
  }
  return { condition: { values } };
}
