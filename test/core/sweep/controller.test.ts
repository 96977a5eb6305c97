/** The controller: what is to be done next, whatever has happened and wherever a controller crashed. */
import t from "tap";
import {
  type Decision,
  type DecisionOptions,
  decide,
  type InputError,
  type JobOutcome,
  type JobRecord,
  judgeSweep,
  Key,
  type LoadedSweep,
  type Search,
  type SweepJob,
} from "../../../core/mod.ts";
import { sweepOf } from "./parts.ts";

const table = `
scenario: ring
vary: { application.k: [1, 3], application.m: [8, 16] }
seeds: [0, 1]
search: grid
`;
const halving = `
scenario: ring
vary: { application.m: { min: 2, max: 64, integer: true } }
seeds: [0, 1]
search: { use: asha, trials: 6, rungs: [10, 20], keep: 1/2 }
goal: { maximize: coverage }
limits: { atOnce: 4 }
`;

/** What a run comes to: a function of its job, as it is in life. */
function fateOf({ settings, seed, rung, until }: SweepJob): JobOutcome {
  const coverage = Number(settings["application.m"]) / 100 + seed / 1000 + rung / 10;
  return { kind: until === undefined ? "ended" : "paused", metrics: { coverage } };
}

/** Works off jobs: each turn all that is decided is put, then one job ends. @param fate of a job */
async function worked(
  loaded: LoadedSweep,
  {
    fate = fateOf,
    keep = () => true,
    ...options
  }: DecisionOptions & {
    fate?: (job: SweepJob) => JobOutcome;
    /** Which of the jobs to put are put before the controller crashes. */
    keep?: (job: SweepJob) => boolean;
  } = {},
): Promise<{ readonly records: readonly JobRecord[]; readonly last: Decision; readonly most: number }> {
  const records: JobRecord[] = [];
  let most = 0;
  for (let turn = 0; turn < 500; turn++) {
    const last = await decide(loaded, records, options);
    for (const job of last.put) {
      if (records.some((record) => record.job.id === job.id)) throw new Error(`${job.id} is put twice`);
      if (keep(job)) records.push({ job });
    }
    for (const id of last.cancel) {
      const i = records.findIndex(({ job }) => job.id === id);
      records[i] = { job: records[i]!.job, outcome: { kind: "cancelled" } };
    }
    const open = records.filter(({ outcome }) => outcome === undefined);
    most = Math.max(most, open.length);
    if (last.over !== undefined) return { records, last, most };
    const next = open[Key.from(turn).integers(1, Math.max(1, open.length))[0]!];
    if (next !== undefined) records[records.indexOf(next)] = { job: next.job, outcome: fate(next.job) };
  }
  throw new Error("the sweep does not end");
}

const idsOf = (records: readonly JobRecord[]): string[] => records.map(({ job }) => job.id).sort();

t.test("decide() puts every seed of every trial, with what the run changes", async (t) => {
  const loaded = await sweepOf(table);
  const { put, trials, over, cancel } = await decide(loaded, []);
  t.equal(put.length, 8);
  t.match(put[3], {
    run: /^sweep-k1-m16-[0-9a-f]{12}-seed1$/,
    number: 1,
    seed: 1,
    rung: 0,
    overrides: [
      { path: "application.k", value: "1" },
      { path: "application.m", value: "16" },
      { path: "seed", value: "1" },
    ],
    retries: 3,
  });
  t.equal(put[3]!.id, put[3]!.run);
  t.notOk("until" in put[3]!);
  t.same([trials.length, cancel, over], [4, [], undefined]);
});

t.test("decide() keeps to the room there is, and to the sweep's limit", async (t) => {
  const { most, records, last } = await worked(await sweepOf(table), { room: 3 });
  t.equal(most, 3);
  t.equal(records.length, 8);
  t.equal(last.over, "done");
  t.same(
    last.trials.map(({ state }) => state),
    ["ended", "ended", "ended", "ended"],
  );
  t.equal((await worked(await sweepOf(`${table}limits: { atOnce: 1 }`))).most, 1);
});

t.test("trials pause at rungs, and the best go on as other jobs of the same runs", async (t) => {
  const loaded = await sweepOf(halving);
  const { records, last, most } = await worked(loaded);
  t.equal(most, 4);
  t.equal(last.over, "done");
  const ended = last.trials.filter(({ state }) => state === "ended");
  t.ok(ended.length >= 1 && ended.length <= 3, `${ended.length} of 6 run to their end`);
  t.equal(last.trials.filter(({ state }) => state === "paused").length, 6 - ended.length);
  const [first] = records
    .filter(({ job }) => job.trial === ended[0]!.id && job.seed === 1)
    .map(({ job }) => job);
  const jobs = records.filter(({ job }) => job.run === first!.run).map(({ job }) => [job.id, job.until]);
  t.same(jobs, [
    [`${first!.run}-rung0`, 10],
    [`${first!.run}-rung1`, 20],
    [first!.run, undefined],
  ]);
  const best = last.trials.toSorted((a, b) => b.scores[0]! - a.scores[0]!)[0]!;
  t.equal(best.state, "ended", "the best at the first rung is among them");
  t.same(
    best.scores.map((score) => Number((score - best.scores[0]!).toFixed(6))),
    [0, 0.1, 0.2],
    "means over seeds",
  );
});

t.test("a controller that crashes between two jobs is replaced: the same jobs, once each", async (t) => {
  for (const text of [table, halving]) {
    const undisturbed = await worked(await sweepOf(text), { room: 4 });
    for (let lost = 2; lost <= 4; lost++) {
      let n = 0;
      // Of what is decided, every so-manyth job is not put before the crash, nor kept in mind.
      const again = await worked(await sweepOf(text), { room: 4, keep: () => ++n % lost !== 0 });
      t.equal(again.last.over, "done");
      if (text === table) t.same(idsOf(again.records), idsOf(undisturbed.records));
      const tried = (of: typeof again): unknown => of.last.trials.map(({ settings }) => settings);
      t.same(tried(again), tried(undisturbed), `the same trials, where one job in ${lost} was lost`);
    }
  }
  const { records } = await worked(await sweepOf(halving));
  for (let length = 0; length <= records.length; length++) {
    const some = records.slice(0, length);
    const decision = await decide(await sweepOf(halving), some);
    t.same(
      await decide(await sweepOf(halving), some.toReversed()),
      decision,
      "whatever the order of the records",
    );
  }
});

t.test("a failed run does not end the sweep, more than the limit do", async (t) => {
  const fate = (job: SweepJob): JobOutcome =>
    job.settings["application.k"] === 3 ? { kind: "failed", message: "NaN" } : fateOf(job);
  const through = await worked(await sweepOf(table), { fate, room: 2 });
  t.equal(through.last.over, "done");
  t.same(
    through.last.trials.map(({ state }) => state),
    ["ended", "ended", "failed", "failed"],
  );
  t.equal(through.records.length, 8, "the other seeds of a failed trial run all the same");
  const ending = await worked(await sweepOf(`${table}limits: { failures: 1 }`), { fate, room: 2 });
  t.equal(ending.last.over, "failures");
  t.ok(ending.records.length < 8);
  t.equal(ending.last.put.length, 0);
});

t.test("a failed trial is not promoted", async (t) => {
  const fate = (job: SweepJob): JobOutcome =>
    job.number === 2 && job.seed === 1 ? { kind: "failed", message: "lost" } : fateOf(job);
  const { last } = await worked(await sweepOf(halving), { fate });
  t.match(last.trials[2], { state: "failed", rung: 0 });
});

t.test("a sweep that is cancelled ends once its jobs have", async (t) => {
  const loaded = await sweepOf(table);
  const { put } = await decide(loaded, [], { room: 2 });
  const running = put.map((job) => ({ job }));
  const decision = await decide(loaded, running, { cancelled: true });
  t.same(
    decision.cancel,
    put.map(({ id }) => id),
  );
  t.equal(decision.over, undefined);
  const records = put.map((job): JobRecord => ({ job, outcome: { kind: "cancelled" } }));
  t.equal((await decide(loaded, records, { cancelled: true })).over, "cancelled");
});

t.test("a search may give up a trial that runs", async (t) => {
  const loaded = await sweepOf(halving);
  const search: Search = {
    name: "strict",
    next(history, key) {
      const running = history.trials.find(({ state }) => state === "running");
      return running === undefined || running.id !== history.trials[0]!.id
        ? loaded.search.next(history, key)
        : { stop: running.id };
    },
  };
  const { put } = await decide(loaded, [], { room: 2 });
  const decision = await decide(
    { ...loaded, search },
    put.map((job) => ({ job })),
  );
  t.same(
    decision.stop,
    put.map(({ id }) => id),
  );
  t.equal(decision.trials[0]!.state, "stopped");
});

t.test("a search that does what no search may is told so", async (t) => {
  const loaded = await sweepOf(table);
  const searching = (next: Search["next"]): LoadedSweep => ({ ...loaded, search: { name: "mine", next } });
  const settings = { "application.k": 1, "application.m": 8 };
  const { put } = await decide(loaded, [], { room: 2 });
  const records = put.map((job) => ({ job }));
  for (const [next, message] of [
    [() => ({ start: { "application.k": 2 } }), /mine" tries .* which the sweep does not allow/],
    [() => ({ start: settings }), /a second time/],
    [() => ({ promote: "x" }), /decides on trial x, which there is not/],
    [() => ({ promote: put[0]!.trial }), /promotes trial .* is running, not paused/],
  ] as const) {
    await t.rejects(decide(searching(next), records), { name: "RunError", message });
  }
});

t.test("a goal that is not measured is told, with its line", async (t) => {
  const misspelt = await sweepOf(halving.replace("coverage", "covrage"));
  const { put } = await decide(misspelt, []);
  const records = put.map((job) => ({ job, outcome: fateOf(job) }));
  await t.rejects(decide(misspelt, records), {
    name: "InputError",
    message:
      /goal: run .* has no metric "covrage"; did you mean "coverage"\? at step 10: does the application measure/,
  });
  const error = await decide(misspelt, records).catch((thrown: unknown) => thrown);
  t.match((error as InputError).problems, [{ path: "goal", line: 6 }]);
});

t.test("judgeSweep() holds expectations against the best trial, or against each", async (t) => {
  const expect =
    "expect: { coverage: { mean: { atLeast: 0.1605 }, worst: { atLeast: 0.1605 }, best: { atLeast: 0.161 } } }";
  const judged = async (text: string, fate?: (job: SweepJob) => JobOutcome) => {
    const loaded = await sweepOf(text);
    const { records, last } = await worked(loaded, fate && { fate });
    return { results: judgeSweep(loaded, records, last.trials), trials: last.trials };
  };
  const { results, trials } = await judged(`${table}goal: { maximize: coverage }\n${expect}`);
  t.match(results, [
    { over: "mean", met: true, value: 0.1605, trial: trials[1]!.id },
    { over: "worst", met: false, value: 0.16, expected: "at least 0.1605" },
    { over: "best", met: true, value: 0.161 },
  ]);
  const each = await judged(`${table}${expect}`);
  t.equal(each.results.length, 4 * 3);
  t.equal(each.results.filter(({ met }) => met).length, 4, "of the two trials with m = 16");
  const failing = await judged(`${table}${expect}`, () => ({ kind: "failed", message: "NaN" }));
  t.ok(failing.results.every(({ met }) => !met));
  const none = await judged(`${table}${expect}`, () => ({ kind: "ended", metrics: { coverag: 1 } }));
  t.match(none.results[0], { met: false, expected: /no such metric was measured; did you mean "coverag"/ });
});
