/**
 * The search `grid`: every combination, in the order of the sweep file.
 *
 * @module
 */
import {
  canonical,
  combinations,
  component,
  InputError,
  type Search,
  Searches,
  sizeOfDomain,
  sizeOfSpace,
} from "../../../core/mod.ts";

/** Combinations beyond which a grid is rather a mistake. */
const MOST = 10_000;

/** Tries every combination that the sweep allows, the setting that stands last changing fastest. */
export function grid(): Search {
  return {
    name: "grid",
    check({ space }) {
      const continuous = Object.keys(space.domains).filter(
        (path) => !Number.isFinite(sizeOfDomain(space.domains[path]!)),
      );
      if (continuous.length > 0) {
        throw new InputError(
          `grid tries every value, and ${continuous.join(", ")} has no end of them: list the values to try, or search with random or asha`,
        );
      }
      const size = sizeOfSpace(space);
      if (size <= MOST) return;
      throw new InputError(
        `grid would try ${size} combinations, more than ${MOST}: vary less, or search with random or asha`,
      );
    },
    next({ space, trials }) {
      const tried = new Set(trials.map(({ settings }) => canonical(settings)));
      for (const settings of combinations(space))
        if (!tried.has(canonical(settings))) return { start: settings };
      return undefined;
    },
  };
}

/** How a sweep names it: `search: grid`. */
export default component(Searches, {
  name: "grid",
  summary: "Every combination, in the order of the file",
  create: grid,
});
