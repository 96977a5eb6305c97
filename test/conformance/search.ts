/**
 * What every search must do. Plugin authors call this from their own tests.
 *
 * @module
 */
import {
  allows,
  canonical,
  Key,
  type Move,
  ranked,
  type Search,
  type SearchHistory,
  type SearchTask,
  type Space,
  type Trial,
} from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

/** What a search is checked on. */
export interface SearchCheck {
  /** A space of some dozens of combinations, and a goal, unless given. */
  readonly task?: SearchTask;
  /** Of a search with rungs: the share of the trials at a rung that may go on; at least one may. */
  readonly keep?: number;
}

const SPACE: Space = {
  domains: {
    "application.k": { kind: "choices", values: [1, 3, 5] },
    "application.objective": { kind: "choices", values: ["wgan", { use: "wgan-gp", lambda: 1 }] },
    "application.m": { kind: "range", min: 1, max: 6, scale: "linear", integer: true },
  },
  exclude: [{ "application.k": { values: [5] }, "application.m": { atLeast: 3, atMost: 4 } }],
};
const TASK: SearchTask = { space: SPACE, goal: { metric: "coverage", direction: "maximize" } };

/** Moves after which a search is thought to have no end. */
const ENDLESS = 1000;

/** A question that a search was asked, and its answer. */
interface Asked {
  readonly history: SearchHistory;
  readonly move: Move | undefined;
}

/**
 * Checks a search: it is a function of history and key, keeps to the space, tries nothing twice, ends, and promotes only what
 * may be promoted. Trials are made up: some fail, and they end in different orders.
 * @param make makes the search anew, as a controller does that replaces one that crashed
 */
export async function checkSearch(t: Tester, make: () => Search, check: SearchCheck = {}): Promise<void> {
  const { task = TASK } = check;
  const search = make();
  t.ok(search.name, "has a name");
  const { rungs = [] } = search;
  t.ok(
    rungs.every((step, i) => Number.isInteger(step) && step > (rungs[i - 1] ?? 0)),
    "rungs are rising steps",
  );
  try {
    search.check?.(task);
    const key = Key.from(5);
    const first = await simulated(t, search, check, key, Key.from("first in, first out"));
    t.ok(first.length > 1, "it tries something");
    const other = await simulated(t, search, check, key, Key.from("another order"));
    if (!search.learns) {
      const wanted = first.map(({ move }) => move).filter(isStart);
      t.same(
        other.map(({ move }) => move).filter(isStart),
        wanted,
        "what it tries does not depend on how trials fare",
      );
    }
    if (search.seed !== undefined) {
      const { move } = first[0]!;
      const keys = Array.from({ length: 5 }, (_, i) => Key.from(100 + i));
      const moves: (Move | undefined)[] = [];
      for (const one of keys) moves.push(await search.next({ ...task, trials: [] }, one));
      t.ok(
        moves.some((one) => canonical(one) !== canonical(move)),
        "another key, other settings",
      );
    }
    await replayed(t, make(), [...first, ...other].toReversed(), key);
  } finally {
    await search.close?.();
  }
}

function isStart(move: Move | undefined): boolean {
  return move !== undefined && "start" in move;
}

/** Another instance gives the same answers to the same questions, in another order. */
async function replayed(t: Tester, search: Search, asked: readonly Asked[], key: Key): Promise<void> {
  try {
    for (const { history, move } of asked) {
      const again = await search.next(history, key);
      if (canonical(again ?? null) === canonical(move ?? null)) continue;
      t.same(again ?? null, move ?? null, "a replay decides the same");
      return;
    }
  } finally {
    await search.close?.();
  }
}

/** Runs a sweep of made-up trials to its end, three at once. @param order in which they end */
async function simulated(
  t: Tester,
  search: Search,
  { task = TASK, keep }: SearchCheck,
  key: Key,
  order: Key,
): Promise<Asked[]> {
  const asked: Asked[] = [];
  const trials: Trial[] = [];
  const wrong: string[] = [];
  const tops = search.rungs?.length ?? 0;
  const note = (problem: string): void => {
    if (!wrong.includes(problem)) wrong.push(problem);
  };
  while (wrong.length === 0) {
    if (asked.length > ENDLESS) {
      note("comes to an end");
      break;
    }
    const running = trials.filter(({ state }) => state === "running");
    const history = frozen({ ...task, trials: structuredClone(trials) });
    const move = running.length < 3 ? await search.next(history, key) : undefined;
    if (running.length < 3) {
      asked.push({ history, move });
      const again = await search.next(history, key);
      if (canonical(again ?? null) !== canonical(move ?? null)) note("asked twice, it decides the same");
    }
    if (move === undefined) {
      if (running.length === 0) break;
      const n = asked.length + trials.length;
      const ending = running[order.fold(n, running.length).integers(1, running.length)[0]!]!;
      trials[trials.indexOf(ending)] = after(ending, tops, n);
    } else apply(move);
  }
  for (const problem of wrong) t.ok(false, problem);
  return asked;

  function apply(move: Move): void {
    if ("start" in move) {
      const { start: settings } = move;
      if (!allows(task.space, settings)) note("tries only what the space allows");
      if (trials.some((trial) => canonical(trial.settings) === canonical(settings)))
        note("tries nothing twice");
      trials.push({ id: `trial-${trials.length}`, settings, state: "running", rung: 0, scores: [] });
      return;
    }
    const id = "promote" in move ? move.promote : move.stop;
    const i = trials.findIndex((trial) => trial.id === id);
    const trial = trials[i];
    if (trial === undefined) note("decides only on trials that there are");
    else if ("stop" in move) {
      if (trial.state !== "running" && trial.state !== "paused") note("stops only what runs or is paused");
      trials[i] = { ...trial, state: "stopped" };
    } else {
      if (trial.state !== "paused") note("promotes only what is paused");
      const goal = task.goal;
      if (goal !== undefined && keep !== undefined) {
        const here = ranked(trials, trial.rung, goal);
        const places = Math.max(1, Math.floor(here.length * keep + 1e-9));
        if (here.indexOf(trial) >= places) note("promotes only from the best share of a rung");
      }
      trials[i] = { ...trial, state: "running", rung: trial.rung + 1 };
    }
  }
}

/** What becomes of a trial that runs: one in six fails, the others come to their rung with a score. */
function after(trial: Trial, rungs: number, n: number): Trial {
  const key = Key.from(canonical(trial.settings));
  if (key.fold("fails", n).integers(1, 6)[0] === 0) return { ...trial, state: "failed" };
  const score = key.fold("score").integers(1, 40)[0]! + key.fold("score", trial.rung).integers(1, 10)[0]!;
  const scores = [...trial.scores, score];
  return { ...trial, scores, state: trial.rung < rungs ? "paused" : "ended" };
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}
