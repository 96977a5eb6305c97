/**
 * Which settings are tried on the scenario before anything runs.
 *
 * @module
 */
import { allows, combinations, type Domain, type Settings, type Space, sizeOfSpace } from "./space.ts";

/** Spaces of this many combinations at most are checked as a whole. */
const WHOLE = 256;

/**
 * Settings that stand for a space: all combinations of a small one; of a larger one each value of a list and both ends of
 * a range, the other settings at their first values that go with it.
 */
export function* probes(space: Space): Generator<Settings, undefined> {
  if (sizeOfSpace(space) <= WHOLE) {
    yield* combinations(space);
    return undefined;
  }
  const ends = Object.entries(space.domains).map(([path, domain]) => [path, endsOf(domain)] as const);
  const first: Settings = Object.fromEntries(ends.map(([path, [value]]) => [path, value]));
  for (const [path, values] of ends) {
    for (const value of values) {
      const settings = { ...first, [path]: value };
      if (allows(space, settings)) yield settings;
    }
  }
  return undefined;
}

function endsOf(domain: Domain): readonly unknown[] {
  return domain.kind === "choices" ? domain.values : [domain.min, domain.max];
}
