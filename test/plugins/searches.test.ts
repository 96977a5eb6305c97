/** Searches keep their contract, and do what their pages say. */
import { spawnSync } from "node:child_process";
import t from "tap";
import {
  InputError,
  Key,
  type Move,
  type Search,
  type SearchTask,
  type Space,
  type Trial,
} from "../../core/mod.ts";
import { type AshaOptions, asha } from "../../plugins/searches/asha/asha.ts";
import { grid } from "../../plugins/searches/grid/grid.ts";
import { optuna } from "../../plugins/searches/optuna/optuna.ts";
import { random } from "../../plugins/searches/random/random.ts";
import { checkSearch } from "../conformance/search.ts";

const goal = { metric: "coverage", direction: "maximize" } as const;
const continuous: Space = {
  domains: {
    rate: { kind: "range", min: 1e-4, max: 1e-2, scale: "log", integer: false },
    k: { kind: "choices", values: [1, 3] },
  },
  exclude: [{ k: { values: [3] }, rate: { atLeast: 5e-3 } }],
};
const key = Key.from(0);

t.test("grid keeps the contract of searches", async (t) => await checkSearch(t, grid));
t.test("random keeps the contract of searches", async (t) => {
  await checkSearch(t, () => random({ trials: 20 }));
  await checkSearch(t, () => random({ trials: 1000 })); // more than there are
  await checkSearch(t, () => random({ trials: 15, seed: 3 }), { task: { space: continuous } });
});
t.test("asha keeps the contract of searches", async (t) => {
  const rungs = [10, 20, 40];
  await checkSearch(t, () => asha({ trials: 30, rungs }), { keep: 1 / 3 });
  await checkSearch(t, () => asha({ trials: 25, rungs, keep: 0.5 }), {
    keep: 0.5,
    task: { space: continuous, goal },
  });
  const minimize = { ...goal, direction: "minimize" } as const;
  await checkSearch(t, () => asha({ trials: 9, rungs: [5] }), {
    keep: 1 / 3,
    task: { space: continuous, goal: minimize },
  });
});

const python = process.env.DSGAN_PYTHON ?? "python3";
const has =
  spawnSync(python, ["-c", "import optuna; assert int(optuna.__version__.split('.')[0]) >= 4"]).status === 0;
const skip =
  !has &&
  `${python} -c 'import optuna' fails: pip install 'optuna>=4', or name another interpreter in DSGAN_PYTHON`;
t.test("optuna keeps the contract of searches", { skip }, async (t) => {
  await checkSearch(t, () => optuna({ trials: 25, startup: 5 }));
  await checkSearch(t, () => optuna({ trials: 12, startup: 4 }), { task: { space: continuous, goal } });
});

t.test("optuna comes nearer to the best than random", { skip }, async (t) => {
  const space: Space = {
    domains: { rate: { kind: "range", min: 1e-6, max: 1, scale: "log", integer: false } },
    exclude: [],
  };
  const score = (rate: unknown): number => -Math.abs(Math.log10(rate as number) + 2);
  const late = async (search: Search): Promise<number> => {
    const trials: Trial[] = [];
    for (;;) {
      const move = await search.next({ space, goal, trials }, key);
      if (move === undefined) break;
      const { start: settings } = move as Extract<Move, { start: unknown }>;
      const scores = [score(settings.rate)];
      trials.push({ ...{ id: `${trials.length}`, settings, state: "ended", rung: 0 }, scores });
    }
    await search.close?.();
    const last = trials.slice(-20).map(({ scores }) => scores[0]!);
    return last.reduce((sum, x) => sum + x, 0) / last.length;
  };
  const [learned, blind] = [await late(optuna({ trials: 40 })), await late(random({ trials: 40 }))];
  t.ok(learned > blind, `mean of the last 20 scores: ${learned} against ${blind}`);
});

t.test("optuna says how to install what is missing", async (t) => {
  const before = process.env.DSGAN_PYTHON;
  t.teardown(() => {
    if (before === undefined) delete process.env.DSGAN_PYTHON;
    else process.env.DSGAN_PYTHON = before;
  });
  const fresh = (): Search => optuna({ trials: 3 });
  const ask = async (search: Search): Promise<unknown> =>
    search.next({ space: continuous, goal, trials: [] }, key);
  process.env.DSGAN_PYTHON = "/nowhere/python3";
  await t.rejects(ask(fresh()), { name: "InputError", message: /python3 -m pip install 'optuna>=4'/ });
  process.env.DSGAN_PYTHON = "false"; // a program that ends at once
  await t.rejects(ask(fresh()), { name: "RunError", message: /ended with 1/ });
});

t.test("grid goes through all combinations in the order of the file", async (t) => {
  const space: Space = {
    domains: { a: { kind: "choices", values: [1, 2] }, b: { kind: "choices", values: ["x", "y"] } },
    exclude: [{ a: { values: [2] }, b: { values: ["x"] } }],
  };
  const trials: Trial[] = [];
  for (;;) {
    const move = await grid().next({ space, trials }, key);
    if (move === undefined) break;
    const { start: settings } = move as Extract<Move, { start: unknown }>;
    trials.push({ ...{ id: `${trials.length}`, settings, rung: 0, scores: [] }, state: "running" });
  }
  t.same(
    trials.map(({ settings }) => settings),
    [
      { a: 1, b: "x" },
      { a: 1, b: "y" },
      { a: 2, b: "y" },
    ],
  );
});

t.test("searches refuse tasks that are not theirs, with advice", (t) => {
  const refused = (search: Search, task: SearchTask, message: RegExp): void =>
    void t.throws(() => search.check!(task), { name: "InputError", message });
  refused(
    grid(),
    { space: continuous },
    /grid tries every value, and rate has no end of them: list the values/,
  );
  const large: Space = {
    domains: { n: { kind: "range", min: 1, max: 20_000, scale: "linear", integer: true } },
    exclude: [],
  };
  refused(grid(), { space: large }, /20000 combinations/);
  refused(asha({ trials: 3, rungs: [1] }), { space: continuous }, /name a goal/);
  refused(optuna({ trials: 3 }), { space: continuous }, /name a goal/);
  for (const given of [
    { rungs: [20, 10] },
    { rungs: [1], keep: "3/1" },
    { rungs: [1], keep: 1 },
    { rungs: [] },
  ]) {
    t.throws(() => asha({ trials: 4, ...given } as AshaOptions), InputError, JSON.stringify(given));
  }
  t.end();
});

/** A paused trial. */
const paused = (id: string, rung: number, ...scores: number[]): Trial => ({
  ...{ id, settings: { k: id, rate: 1e-3 }, state: "paused", rung },
  scores,
});

t.test("asha promotes the best third of a rung, from the highest rung first", async (t) => {
  const search = asha({ trials: 6, rungs: [10, 20] });
  const next = async (trials: readonly Trial[]): Promise<unknown> =>
    search.next({ space: continuous, goal, trials }, key);
  const two = [paused("a", 0, 0.1), paused("b", 0, 0.9)];
  t.match(await next(two), { start: {} }, "of two, a third is none");
  t.same(await next([...two, paused("c", 0, 0.5)]), { promote: "b" });
  const gone: Trial = { ...paused("b", 1, 0.9), state: "running" };
  t.match(await next([two[0]!, gone, paused("c", 0, 0.5)]), { start: {} }, "its place is taken");
  const above = [paused("d", 1, 0.7, 0.2), paused("e", 1, 0.6, 0.8), paused("f", 1, 0.95, 0.3)];
  t.same(await next([...two, paused("c", 0, 0.96), ...above]), { promote: "e" }, "the higher rung first");
});

t.test("a small asha ends with one trial at full length", async (t) => {
  const search = asha({ trials: 4, rungs: [10, 20, 40] });
  const next = async (trials: readonly Trial[]): Promise<unknown> =>
    search.next({ space: continuous, goal, trials }, key);
  const rest = [paused("b", 0, 0.2), paused("c", 0, 0.1), paused("d", 0, 0.3)];
  t.same(await next([paused("a", 1, 0.9, 0.9), ...rest]), { promote: "a" }, "no other comes to rung 1");
  const running: Trial = { ...paused("a", 1, 0.9), state: "running" };
  t.equal(await next([running, ...rest]), undefined);
  t.equal(
    await next([{ ...paused("a", 3, 0.9, 0.9, 0.9, 0.9), state: "ended" }, ...rest]),
    undefined,
    "the end",
  );
});
