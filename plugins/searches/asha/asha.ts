/**
 * The search `asha`: asynchronous successive halving. Every trial pauses at rungs, and only the best go on. A paused trial
 * resumes exactly, and none is made shorter: schedules depend on the length of a training.
 *
 * @module
 */
import {
  component,
  type Goal,
  InputError,
  type Move,
  parseOptions,
  ranked,
  type Search,
  Searches,
  type SearchHistory,
  type Trial,
  z,
} from "../../../core/mod.ts";
import { budget, share, shareOf } from "../options.ts";
import { nextDrawn } from "../random/random.ts";

const options = z.strictObject({
  ...budget,
  rungs: z
    .array(z.int().positive())
    .min(1)
    .refine((rungs) => rungs.every((step, i) => i === 0 || step > rungs[i - 1]!), {
      error: "expected rising steps",
    })
    .describe("Steps at which trials pause; all that pass the last one run to their end."),
  keep: share.default("1/3").describe("Share of the trials at a rung that go on, as a number or a fraction."),
});

/** Options of {@link asha}. */
export type AshaOptions = z.input<typeof options>;

/**
 * Draws combinations as `random` does. A trial goes on from a rung as soon as it is among the best share of those that
 * have come so far (Li et al., Algorithm 2); otherwise another begins. Once no more can come to a rung, the best share of all
 * goes on, and at least one, so that a small sweep ends with a trial at its full length.
 * @throws InputError where an option is out of its range
 */
export function asha(given: AshaOptions): Search {
  const { trials: most, seed, rungs, keep } = parseOptions("asha", options, given);
  const part = shareOf(keep);
  return {
    name: "asha",
    seed,
    rungs,
    check({ goal }) {
      if (goal === undefined) {
        throw new InputError("asha keeps the best trials: name a goal, such as goal: { maximize: coverage }");
      }
    },
    next(history, key) {
      const { goal, trials } = history;
      const promoted = promotion(trials, rungs.length, part, goal!, false);
      if (promoted !== undefined) return promoted;
      const start = trials.length < most ? nextDrawn(history, key) : undefined;
      return start === undefined ? promotion(trials, rungs.length, part, goal!, true) : { start };
    },
  };
}

/**
 * A trial that goes on, from the highest rung where one may.
 * @param all no other trial begins any more
 */
function promotion(
  trials: SearchHistory["trials"],
  rungs: number,
  keep: number,
  goal: Goal,
  all: boolean,
): Move | undefined {
  const going = (rung: number, isComplete: boolean): Trial | undefined => {
    const here = ranked(trials, rung, goal);
    const places = Math.floor(here.length * keep + 1e-9); // a third of three is one, whatever the rounding
    const best = here.slice(0, isComplete ? Math.max(1, places) : places);
    return best.find((trial) => trial.state === "paused" && trial.rung === rung);
  };
  for (let rung = rungs - 1; rung >= 0; rung--) {
    // Complete: nothing is on its way to this rung, neither running nor paused below with a place above.
    const isComplete =
      all &&
      !trials.some((trial) => trial.state === "running" && trial.rung <= rung) &&
      !Array.from({ length: rung }, (_, below) => going(below, true)).some((trial) => trial !== undefined);
    const trial = going(rung, isComplete);
    if (trial !== undefined) return { promote: trial.id };
  }
  return undefined;
}

/** How a sweep names it: `search: { use: asha, trials: 40, rungs: [250, 500, 1000] }`. */
export default component(Searches, {
  name: "asha",
  summary: "Successive halving: trials pause at rungs, and the best go on",
  reference:
    "Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020 (arXiv:1810.05934)",
  options,
  create: asha,
});
