/** Runs of a sweep that others make, as their events in the store tell of them. */
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import t, { type Test } from "tap";
import type { LoadedSweep, RunEvent } from "../../core/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { sweepDisplay } from "../../server/cli/sweep-display.ts";
import { followRuns } from "../../server/sweep/follow.ts";
import { asEvent, type HeldSweep } from "../../server/sweep/kept.ts";
import { jobOf, SWEEP, training } from "./sweep-fixtures.ts";

const loaded = {
  sweep: { seeds: [0, 1], expect: {}, limits: {} },
  goal: { metric: "coverage", direction: "maximize" },
  search: { name: "grid" },
} as unknown as LoadedSweep;

function put(rate: number, seed: number, outcome?: "ended" | "paused"): RunEvent {
  const metrics = { coverage: 0.5 };
  return {
    ...{ seq: 0, time: "2026-01-01T00:00:00.000Z" },
    ...asEvent(jobOf(rate, seed), outcome && { kind: outcome, metrics }),
  };
}

/** A store, a follower of its runs, and what that told: the run, and the step or the message. */
function following(t: Test, records: Parameters<typeof followRuns>[0]["records"] = []) {
  const store = memoryStore();
  const told: string[] = [];
  const follower = followRuns(
    { store, records },
    (run, event) => {
      if (event.type === "progress") told.push(`${run} ${event.step}`);
      if (event.type === "warning") told.push(`${run} ${event.message}`);
    },
    10,
  );
  t.teardown(() => follower.close());
  /** Waits until so much was told. */
  const heard = async (count: number): Promise<readonly string[]> => {
    while (told.length < count) await sleep(5);
    return told;
  };
  return { store, follower, told, heard };
}

t.test("runs of open jobs are followed from their first event to their last, each event once", async (t) => {
  const { store, follower, told, heard } = following(t);
  follower.take(put(0.01, 0));
  follower.take(put(0.01, 1));
  const one = await training(store, 0.01, 0); // the other has not begun
  await one.tell({ type: "warning", message: "careful" });
  await one.steps(1, 2);
  await heard(3);
  const other = await training(store, 0.1, 0); // of no job of this sweep
  await other.steps(1, 1);
  await one.steps(3, 3);
  await heard(4);
  follower.take(put(0.01, 0, "ended"));
  await one.tell({ type: "warning", message: "late" }); // was on its way when the job's end came
  await follower.end();
  const run = "demo-rate0.01-seed0";
  t.strictSame(told, [`${run} careful`, `${run} 1`, `${run} 2`, `${run} 3`, `${run} late`]);
  await one.steps(4, 4);
  await sleep(50);
  t.equal(told.length, 5, "nothing is told after the end");
});

t.test("of a run that was there before its sweep was taken up, only what is new is told", async (t) => {
  const before = put(0.01, 0) as unknown as { job: ReturnType<typeof jobOf> };
  const { store, heard } = following(t, [{ job: before.job, round: 1 }]);
  const run = await training(store, 0.01, 0);
  await run.tell({ type: "warning", message: "told by the host before" });
  await run.steps(1, 2);
  let isSeen = false;
  const { open } = store;
  store.open = async (id) => {
    const reader = await open(id);
    const events: typeof reader.events = (...which) => {
      isSeen = true;
      return reader.events(...which);
    };
    return { ...reader, events };
  };
  while (!isSeen) await sleep(5);
  await run.steps(3, 3);
  t.strictSame(await heard(1), ["demo-rate0.01-seed0 3"]);
});

t.test("a store that is away for a while is asked again", async (t) => {
  const { store, follower, heard } = following(t);
  const { open } = store;
  let asked = 0;
  store.open = async (id) => {
    if (asked++ < 3) throw new Error("away");
    return await open(id);
  };
  follower.take(put(0.01, 0));
  await (await training(store, 0.01, 0)).steps(1, 1);
  t.strictSame(await heard(1), ["demo-rate0.01-seed0 1"]);
});

t.test("the live table has a row a trial, with how far each of its runs is", async (t) => {
  for (const name of ["CI", "GITHUB_ACTIONS"]) {
    const value = process.env[name];
    process.env[name] = "";
    if (value !== undefined) t.teardown(() => (process.env[name] = value));
  }
  const store = memoryStore();
  const writer = await store.create("demo", { id: SWEEP });
  const sweep: HeldSweep = { writer, events: [], records: [], seconds: 0, result: undefined };
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 10 });
  const shown = { id: SWEEP, loaded, sweep, makers: "2 workers", total: 4 };
  const display = sweepDisplay(shown, {}, terminal as unknown as NodeJS.WriteStream);
  const follower = followRuns({ store, records: [] }, display.run!, 10);
  const show = (event: RunEvent): void => {
    display.show(event);
    follower.take(event);
  };
  t.teardown(() => {
    follower.close();
    display.end();
  });
  for (const seed of [0, 1]) show(put(0.01, seed));
  const run = await training(store, 0.01, 0);
  await run.steps(1, 42);
  let out = "";
  const drawn = async (what: RegExp): Promise<void> => {
    for (let waited = 0; waited < 10_000 && !what.test(out); waited += 50) {
      await sleep(50);
      out += stripVTControlCharacters(String(terminal.read() ?? ""));
    }
    t.match(out, what);
  };
  await drawn(/1 trial, 0 of 4 jobs over\n {2}learningRate=0\.01 {2}running {2}seed 0 42 % {2}seed 1 …\n/);
  await run.steps(43, 77);
  await drawn(/seed 0 77 %/);
  show(put(0.01, 0, "ended"));
  await drawn(/1 of 4 jobs over\n {2}learningRate=0\.01 {2}running {2}seed 1 …\n/);
});
