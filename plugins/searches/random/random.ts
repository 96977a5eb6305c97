/**
 * The search `random`: combinations drawn at random, none of them twice.
 *
 * @module
 */
import {
  canonical,
  component,
  drawn,
  type Key,
  parseOptions,
  type Search,
  Searches,
  type SearchHistory,
  type Settings,
  z,
} from "../../../core/mod.ts";
import { budget } from "../options.ts";

const options = z.strictObject(budget);

/** Options of {@link random}. */
export type RandomOptions = z.input<typeof options>;

/**
 * Draws combinations evenly: from each list a value, from each range a number, or the number's logarithm. Which ones, and in
 * which order, depends on the seed alone, and not on when trials end.
 * @throws InputError where an option is out of its range
 */
export function random(given: RandomOptions): Search {
  const { trials, seed } = parseOptions("random", options, given);
  return {
    name: "random",
    seed,
    next(history, key) {
      if (history.trials.length >= trials) return undefined;
      const start = nextDrawn(history, key);
      return start && { start };
    },
  };
}

/** The first combination in the key's order that is not tried yet; undefined where none is left. */
export function nextDrawn({ space, trials }: SearchHistory, key: Key): Settings | undefined {
  const tried = new Set(trials.map(({ settings }) => canonical(settings)));
  for (const settings of drawn(space, key)) if (!tried.has(canonical(settings))) return settings;
  return undefined;
}

/** How a sweep names it: `search: { use: random, trials: 20 }`. */
export default component(Searches, {
  name: "random",
  summary: "Combinations drawn at random",
  reference: "Bergstra & Bengio, Random Search for Hyper-Parameter Optimization, JMLR 2012",
  options,
  create: random,
});
