/**
 * What every queue of jobs must do. A queue's own test calls {@link checkJobs} and adds what only it can do.
 *
 * @module
 */
import { filter, firstValueFrom, throwError, timeout } from "rxjs";
import {
  type AttemptEnd,
  InputError,
  type Job,
  type JobHandler,
  JobStopped,
  type Jobs,
  type Machine,
  type QueuedJob,
  type TakenJob,
  thisMachine,
  type WorkerTraits,
} from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

/** A queue to check, without jobs. */
export interface JobsUnderTest {
  /**
   * The queue as another process sees it at each call.
   * @param machine whose timers a worker's signs of life go by
   */
  open(machine: Machine): Promise<Jobs> | Jobs;
  /** Whether a worker that gives no sign of life loses its jobs. No: all workers are of one process, and die together. */
  readonly losesSilent: boolean;
  /** The longest that a change may take to be seen, in milliseconds; 90 000 unless given. */
  readonly patience?: number;
}

const traits: WorkerTraits = { engine: "cpu", processor: "x", threads: 1, versions: { dsgan: "0" } };

const job = (id: string, more: Partial<Job> = {}): Job => ({
  id,
  task: { scenario: { text: "{}", file: `${id}.yaml`, base: "file:///" }, run: id },
  ...more,
});

const ended = (run: string, x = 1): AttemptEnd => ({
  kind: "ended",
  run,
  status: "passed",
  metrics: { x },
});

/** Settles when its job is to stop, as a run that writes its checkpoint. */
async function untilStopped({ id }: TakenJob, signal: AbortSignal): Promise<AttemptEnd> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
  return { kind: "cancelled", run: id };
}

/** A queue, and what it takes to wait for its changes. */
interface Hall {
  readonly jobs: Jobs;
  another(machine?: Machine): Promise<Jobs>;
  /** Resolves with a job once it is as wanted. */
  when(id: string, isWanted: (found: QueuedJob) => boolean): Promise<QueuedJob>;
}

/**
 * Checks a queue against its contract.
 * @param makeQueue a new queue without jobs at each call
 */
export async function checkJobs(
  tap: Tester,
  makeQueue: () => JobsUnderTest | Promise<JobsUnderTest>,
): Promise<void> {
  const check = (
    name: string,
    run: (t: Tester, hall: Hall, queue: Required<JobsUnderTest>) => Promise<void>,
  ): unknown =>
    tap.test(name, async (t) => {
      const queue = await makeQueue();
      const { patience = 90_000 } = queue;
      const opened: Jobs[] = [];
      const another = async (machine: Machine = thisMachine): Promise<Jobs> => {
        const jobs = await queue.open(machine);
        opened.push(jobs);
        return jobs;
      };
      const jobs = await another();
      const when: Hall["when"] = async (id, isWanted) =>
        await firstValueFrom(
          jobs.watch().pipe(
            filter((found) => found.job.id === id && isWanted(found)),
            timeout({
              first: patience,
              with: () => throwError(() => new Error(`${id} is not as it should be after ${patience} ms`)),
            }),
          ),
        );
      try {
        await run(t, { jobs, another, when }, { ...queue, patience });
      } finally {
        await Promise.all(opened.map((one) => one.close()));
      }
    });
  const isOver = ({ state }: QueuedJob): boolean => state === "over";

  await check("put() takes a job once, and says which are new", async (t, { jobs, another, when }) => {
    t.same(await jobs.put([job("a"), job("b", { group: "g" })]), ["a", "b"]);
    const changed = job("a", { priority: 5, group: "g" });
    t.same(
      await (await another()).put([changed, job("c"), job("c")]),
      ["c"],
      "twice is once, in one call too",
    );
    const all = await jobs.list();
    t.same(
      all.map((found) => found.job),
      [job("a"), job("b", { group: "g" }), job("c")],
      "as they were put first, in that order",
    );
    t.same(
      all.map(({ state, attempt }) => [state, attempt]),
      [1, 2, 3].map(() => ["waiting", 0]),
    );
    t.same(
      (await jobs.list({ group: "g" })).map((found) => found.job.id),
      ["b"],
    );
    const worker = await jobs.work(1, async ({ id }) => ended(id), { traits });
    await when("a", isOver);
    t.same(await jobs.put([job("a")]), [], "nor once it is over");
    t.match(
      (await jobs.list()).find((found) => found.job.id === "a"),
      { state: "over", attempt: 1, outcome: ended("a") },
    );
    await worker.stop("enough");
  });

  await check("put() refuses what is no job, and takes none of its fellows", async (t, { jobs }) => {
    for (const wrong of [
      job("../x"),
      job(""),
      job("a", { retries: -1 }),
      job("a", { retries: 0.5 }),
      job("a", { backoff: 0 }),
      job("a", { priority: 1.5 }),
      job("a", { task: { ...job("a").task, run: "a b" } as Job["task"] }),
    ]) {
      await t.rejects(jobs.put([job("sound"), wrong]), InputError, JSON.stringify(wrong));
    }
    t.same(await jobs.list(), []);
  });

  await check("the highest priority goes first, then what was put first", async (t, { jobs, when }) => {
    await jobs.put([job("a"), job("b", { priority: 1 }), job("c", { priority: -1 }), job("d"), job("e")]);
    await jobs.put([job("f", { priority: 1 })]);
    const order: string[] = [];
    const worker = await jobs.work(
      1,
      async ({ id }) => {
        order.push(id);
        return ended(id);
      },
      { traits },
    );
    await when("c", isOver);
    t.same(order, ["b", "f", "a", "d", "e", "c"], "in the order of priority, then of putting");
    await worker.stop("enough");
  });

  await check("each job is one worker's, and a worker takes as many as it has slots", async (t, hall) => {
    const { jobs, another, when } = hall;
    const taken: string[] = [];
    const most: number[] = [];
    const workers = await Promise.all(
      [jobs, await another(), await another()].map(async (one, i) => {
        let now = 0;
        const handle: JobHandler = async ({ id }) => {
          taken.push(id);
          most[i] = Math.max(++now, most[i] ?? 0);
          await new Promise((resolve) => setTimeout(resolve, 20));
          now--;
          return ended(id);
        };
        return await one.work(2, handle, { traits });
      }),
    );
    const ids = Array.from({ length: 24 }, (_, i) => `job-${i}`);
    await jobs.put(ids.map((id) => job(id)));
    await Promise.all(ids.map((id) => when(id, isOver)));
    t.same(taken.toSorted(), ids.toSorted(), "each once");
    t.ok(
      most.every((n) => n <= 2),
      `${most} at once`,
    );
    t.ok(
      (await jobs.list()).every(({ attempt }) => attempt === 1),
      "at the first attempt",
    );
    await Promise.all(workers.map((worker) => worker.stop("enough")));
  });

  await check(
    "an attempt that is lost is made again, later each time, and then the job fails",
    async (t, hall) => {
      const { jobs, when } = hall;
      const times: number[] = [];
      const attempts: number[] = [];
      const handle: JobHandler = async ({ id, attempt }) => {
        if (id === "refused") throw new InputError("no such application");
        if (id === "mended" && attempt > 1) return ended(id);
        if (id === "broken") {
          attempts.push(attempt);
          times.push(performance.now());
          if (attempt === 2) return { kind: "lost", run: "r-1", message: "the process was killed" };
        }
        throw new Error(`attempt ${attempt} broke`);
      };
      const worker = await jobs.work(4, handle, { traits });
      await jobs.put([
        job("broken", { retries: 2, backoff: 1 }),
        job("refused", { retries: 2 }),
        job("mended", { retries: 1 }),
        job("never", { retries: 0 }),
      ]);
      t.match((await when("broken", isOver)).outcome, { kind: "failed", message: "attempt 3 broke" });
      t.same(attempts, [1, 2, 3], "one attempt, and as many retries as it allows");
      t.ok(times[1]! - times[0]! >= 990, `${times[1]! - times[0]!} ms before the second attempt`);
      t.ok(times[2]! - times[1]! >= 1990, `${times[2]! - times[1]!} ms before the third`);
      t.match(await when("refused", isOver), {
        attempt: 1,
        outcome: { kind: "failed", message: "no such application" },
      });
      t.match(await when("mended", isOver), { attempt: 2, outcome: ended("mended") });
      t.match((await when("never", isOver)).outcome, { kind: "failed", message: "attempt 1 broke" });
      await worker.stop("enough");
    },
  );

  await check(
    "a job that has paused is over, with its numbers; another one goes on with the run",
    async (t, { jobs, when }) => {
      const paused: AttemptEnd = { kind: "paused", run: "a", metrics: { x: 0.5 } };
      const worker = await jobs.work(
        1,
        async ({ id, task: { until } }) => (until === undefined ? ended("a") : { ...paused, run: id }),
        { traits },
      );
      const task = { ...job("a").task, until: { step: 5, metric: "x" } };
      await jobs.put([job("a", { task })]);
      t.match(await when("a", isOver), { attempt: 1, outcome: paused }, "it is over as one that has paused");
      t.same((await jobs.list())[0]?.job.task, task, "where it is to pause is kept");
      await jobs.put([job("a-on", { task: job("a").task })]);
      t.match(await when("a-on", isOver), { attempt: 1, outcome: ended("a") });
      await worker.stop("enough");
    },
  );

  await check(
    "a job whose run another process writes waits for it, which costs no retry",
    async (t, { jobs, when }) => {
      const held: AttemptEnd = { kind: "lost", isBlocked: true, message: "process 7 on x writes run a" };
      const worker = await jobs.work(1, async ({ attempt }) => (attempt < 3 ? held : ended("a")), { traits });
      await jobs.put([job("a", { retries: 0 })]);
      t.match(await when("a", ({ state, attempt }) => state === "waiting" && attempt === 1), {
        trouble: "process 7 on x writes run a",
      });
      t.match(await when("a", isOver), { attempt: 3, outcome: ended("a") });
      await worker.stop("enough");
    },
  );

  await check("cancel() withdraws a job that waits, and stops one that runs, wherever", async (t, hall) => {
    const { jobs, another, when } = hall;
    const reasons: unknown[] = [];
    const elsewhere = await another();
    const worker = await elsewhere.work(
      1,
      async (taken, signal) => {
        if (taken.id === "done") return ended("done");
        const end = await untilStopped(taken, signal);
        reasons.push(signal.reason);
        return end;
      },
      { traits },
    );
    await jobs.put([job("done", { priority: 1 }), job("runs"), job("waits")]);
    await when("done", isOver);
    await when("runs", ({ state }) => state === "running");
    await jobs.cancel(["waits", "absent", "done"]);
    t.match(await when("waits", isOver), { attempt: 0, outcome: { kind: "cancelled" } });
    await jobs.cancel(["runs"], "no longer wanted");
    t.match((await when("runs", isOver)).outcome, { kind: "cancelled" });
    await worker.drain();
    t.equal(reasons.length, 1, "its signal was aborted");
    t.ok(reasons[0] instanceof JobStopped, String(reasons[0]));
    t.match(reasons[0], { why: "cancelled" });
    t.match(await when("done", isOver), { outcome: ended("done") }, "what was over stays");
  });

  await check("stop() gives jobs back, for another worker and at no cost", async (t, hall) => {
    const { jobs, another, when } = hall;
    const reasons: unknown[] = [];
    const first = await jobs.work(
      2,
      async (taken, signal) => {
        const end = await untilStopped(taken, signal);
        reasons.push((signal.reason as JobStopped).why, (signal.reason as JobStopped).message);
        if (taken.id === "throws") throw signal.reason;
        return end;
      },
      { traits },
    );
    await jobs.put([job("settles", { retries: 0 }), job("throws", { retries: 0 })]);
    for (const id of ["settles", "throws"]) await when(id, ({ state }) => state === "running");
    await first.stop("the machine goes down");
    t.same(reasons, Array(2).fill(["returned", "the machine goes down"]).flat());
    for (const id of ["settles", "throws"]) {
      t.match(await when(id, ({ state }) => state === "waiting"), { attempt: 1, trouble: "goes down" });
    }
    const second = await (await another()).work(2, async ({ id }) => ended(id), { traits });
    for (const id of ["settles", "throws"])
      t.match(await when(id, isOver), { attempt: 2, outcome: ended(id) });
    await second.stop("enough");
  });

  await check("drain() takes no more jobs and ends those under way", async (t, { jobs, when }) => {
    const go = Promise.withResolvers<void>();
    const worker = await jobs.work(
      1,
      async ({ id }) => {
        await go.promise;
        return ended(id);
      },
      { traits },
    );
    await jobs.put([job("a"), job("b")]);
    await when("a", ({ state }) => state === "running");
    const drained = worker.drain();
    go.resolve();
    await drained;
    t.match(
      (await jobs.list()).map(({ state }) => state),
      ["over", "waiting"],
    );
  });

  await check("watch() tells every change of every job, in order", async (t, hall, queue) => {
    const { jobs, another, when } = hall;
    await jobs.put([job("before", { group: "g" })]);
    const seen: QueuedJob[] = [];
    const all: string[] = [];
    const watcher = await another();
    const watching = watcher.watch({ group: "g" }).subscribe((found) => seen.push(found));
    const watchingAll = watcher.watch().subscribe((found) => all.push(found.job.id));
    const told = async (isTold: () => boolean): Promise<void> => {
      for (const until = performance.now() + queue.patience; !isTold() && performance.now() < until; ) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await told(() => seen.length > 0 && all.length > 0);
    await jobs.put([job("a", { group: "g", retries: 1 }), job("other", { group: "h" }), job("none")]);
    const worker = await jobs.work(
      1,
      async ({ id, attempt }) => {
        if (id === "a" && attempt === 1) throw new Error("the first breaks");
        return ended(id);
      },
      { traits },
    );
    await when("a", isOver);
    await when("none", isOver);
    await told(() => seen.some((found) => found.job.id === "a" && isOver(found)) && all.includes("none"));
    const of = (id: string): unknown[] =>
      seen.filter((found) => found.job.id === id).map(({ state, attempt }) => [state, attempt]);
    t.same(
      of("a"),
      [
        ["waiting", 0],
        ["running", 1],
        ["waiting", 1],
        ["running", 2],
        ["over", 2],
      ],
      "every change, once, in order",
    );
    t.same(of("before"), [
      ["waiting", 0],
      ["running", 1],
      ["over", 1],
    ]);
    t.match(
      seen.find(({ state, attempt }) => state === "waiting" && attempt === 1),
      { trouble: "the first breaks" },
    );
    t.match(seen.filter(({ job: { id } }) => id === "a").at(-1), { outcome: ended("a") });
    t.same(new Set(seen.map((found) => found.job.id)), new Set(["before", "a"]), "of the group alone");
    t.ok(all.includes("other"), "or of all");
    watching.unsubscribe();
    watchingAll.unsubscribe();
    const count = all.length;
    await jobs.put([job("late")]);
    await when("late", isOver);
    t.equal(all.length, count, "and nothing more once nobody listens");
    await worker.stop("enough");
  });

  await check("workers() tells who is there, and what each is at", async (t, { jobs, another, when }) => {
    t.same(await jobs.workers(), []);
    const other = { ...traits, processor: "y", threads: 4 };
    const first = await jobs.work(1, untilStopped, { traits });
    await jobs.put([job("a")]);
    const { worker } = await when("a", ({ state }) => state === "running");
    t.equal(worker, first.id);
    const second = await (await another()).work(3, untilStopped, { traits: other });
    const found = await jobs.workers();
    t.match(
      found.find(({ id }) => id === first.id),
      { slots: 1, traits, jobs: ["a"], pid: process.pid },
    );
    t.match(
      found.find(({ id }) => id === second.id),
      { slots: 3, traits: other, jobs: [] },
    );
    t.equal(found.length, 2, "each is there");
    await second.stop("enough");
    t.same(
      (await jobs.workers()).map(({ id }) => id),
      [first.id],
    );
    await first.stop("enough");
  });

  await check("a job goes on with a worker like the one before, where one is free", async (t, hall) => {
    const { jobs, another, when } = hall;
    const takers: string[] = [];
    const work = async (name: string, one: WorkerTraits, on: Jobs) =>
      await on.work(
        1,
        async (taken, signal) => {
          takers.push(name);
          return takers.length === 1 ? await untilStopped(taken, signal) : ended(taken.id);
        },
        { traits: one },
      );
    const first = await work("first", traits, jobs);
    await jobs.put([job("a")]);
    await when("a", ({ state }) => state === "running");
    const unlike = await work("unlike", { ...traits, processor: "y" }, await another());
    const alike = await work("alike", { ...traits, versions: { dsgan: "0" } }, await another());
    await first.stop("the machine goes down");
    await when("a", isOver);
    t.same(takers, ["first", "alike"], "with its like");
    await alike.stop("enough");
    await jobs.put([job("b")]);
    await when("b", isOver);
    t.equal(takers.at(-1), "unlike", "a job that nobody had is anybody's");
    await unlike.stop("enough");
  });

  await check(
    "a silent worker's job is another's, and nothing that it says later counts",
    async (t, hall, queue) => {
      if (!queue.losesSilent) return;
      const { jobs, another, when } = hall;
      let isAwake = true;
      const asleep: Machine = {
        ...thisMachine,
        every: (milliseconds, call) => thisMachine.every(milliseconds, () => void (isAwake && call())),
      };
      const woken = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      try {
        const zombie = await (await another(asleep)).work(
          1,
          async ({ id }) => {
            await woken.promise;
            return ended(id, 13);
          },
          { traits },
        );
        await jobs.put([job("a", { retries: 1 })]);
        t.equal((await when("a", ({ state }) => state === "running")).worker, zombie.id);
        isAwake = false;
        const next = await jobs.work(
          1,
          async ({ id }) => {
            await go.promise;
            return ended(id, 2);
          },
          { traits },
        );
        const again = await when("a", ({ state, attempt }) => state === "running" && attempt === 2);
        t.equal(again.worker, next.id);
        isAwake = true;
        woken.resolve();
        await zombie.drain();
        t.match(
          (await jobs.list()).find((found) => found.job.id === "a"),
          { state: "running", attempt: 2, worker: next.id },
          "its outcome was refused",
        );
        go.resolve();
        t.match(await when("a", isOver), { attempt: 2, outcome: ended("a", 2) });
        await next.stop("enough");
      } finally {
        woken.resolve();
        go.resolve();
      }
    },
  );
}
