/**
 * Workers that take jobs from pg-boss: they ask for as many as they have room for, and tell from time to time that they
 * are alive and what they are at.
 *
 * @module
 */
import { hostname } from "node:os";
import {
  attemptJob,
  isAlike,
  type JobHandler,
  JobStopped,
  type JobWorker,
  judgeAttempt,
  type Machine,
  messageOf,
  RETRIES,
  type WorkerTraits,
  type WorkOptions,
} from "../../../core/mod.ts";
import {
  type AttemptRef,
  type Fetched,
  inOne,
  type Kept,
  type Link,
  LONGEST_ATTEMPT,
  QUEUE,
  workersSeen,
} from "./link.ts";

/** How a worker goes about it. */
export interface WorkerSetting {
  readonly machine: Machine;
  /** Milliseconds between two looks for jobs. */
  readonly poll: number;
  /** Seconds without a sign of life after which an attempt is lost. */
  readonly silence: number;
}

/** Milliseconds between two signs of life, each of which also learns of jobs that were cancelled. */
const BEAT_MS = 2000;
/** Seconds after which an attempt is given back, for pg-boss takes it away a little later. */
const LONG_ATTEMPT = LONGEST_ATTEMPT - 1800;
/** How often a job is passed on to a like worker before an unlike one makes it, and seconds until the next offer. */
const PASSES = 5;
const PASS_SECONDS = 3;
/** Seconds that a worker is remembered after its last sign of life: so long it is known what it was at. */
const REMEMBERED = 86_400;

/** An attempt under way. */
interface Held {
  readonly ref: AttemptRef;
  readonly kept: Kept;
  readonly stop: AbortController;
  readonly since: number;
}

/** Which of the attempts that were meant pg-boss still knew as that. */
interface Settled {
  readonly settled?: readonly string[];
}

/** Starts a worker. */
export async function startWorker(
  link: Link,
  slots: number,
  handle: JobHandler,
  { traits, trouble = () => {} }: WorkOptions,
  { machine, poll, silence }: WorkerSetting,
): Promise<JobWorker> {
  const { boss, schema, sql } = link;
  const id = crypto.randomUUID();
  const since = new Date().toISOString();
  const about = { id, host: hostname(), pid: process.pid, slots, traits, since };
  const held = new Map<string, Held>();
  const attempts = new Set<Promise<void>>();
  let isOpen = true;

  const tell = async (): Promise<void> => {
    const jobs = [...held.values()].map(({ ref, kept }) => ({
      job: kept.job.id,
      retryCount: ref.retryCount,
    }));
    await sql(
      `insert into ${schema}.dsgan_worker values ($1, $2, $3, now())
       on conflict (id) do update set jobs = excluded.jobs, seen = excluded.seen`,
      [id, JSON.stringify(about), JSON.stringify(jobs)],
    );
  };
  const often = reporting(trouble);

  /** Takes as many jobs as there is room for. */
  const look = often(async () => {
    if (!isOpen || held.size >= slots) return;
    const found = await boss.fetch<Kept>(QUEUE, { includeMetadata: true, batchSize: slots - held.size });
    for (const fetched of found) await begin(fetched);
  });
  /** Shows that it is alive, and stops what is not its own any more. */
  const beat = often(async () => {
    await tell();
    if (held.size === 0) return;
    const before = [...held.values()];
    const { settled = [] } = (await boss.touch(
      QUEUE,
      before.map(({ ref }) => ref),
    )) as Settled;
    for (const one of before) {
      if (!settled.includes(one.ref.id) && held.get(one.ref.id) === one) await takeAway(one);
      else if (performance.now() - one.since > LONG_ATTEMPT * 1000) {
        one.stop.abort(
          new JobStopped("returned", "an attempt lasts a day at most: the run goes on in another"),
        );
      }
    }
  });
  const takeAway = async ({ ref, stop }: Held): Promise<void> => {
    const [row] = await sql<{ state: string }>(
      `select state from ${schema}.job where name = $1 and id = $2`,
      [QUEUE, ref.id],
    );
    if (row?.state === "cancelled") stop.abort(new JobStopped("cancelled", "cancelled"));
    else stop.abort(new JobStopped("lost", `no sign of life reached the queue for ${silence} s`));
  };

  const begin = async (fetched: Fetched): Promise<void> => {
    const { data: kept, retryCount } = fetched;
    const ref = { id: fetched.id, retryCount };
    const losses = retryCount - kept.unlost;
    const { retries = RETRIES } = kept.job;
    if (losses > retries) {
      const message = `${troubleOf(fetched.output) ?? "lost"} (attempt ${retryCount - kept.passed})`;
      await boss.complete(QUEUE, ref, { kind: "failed", message });
      return;
    }
    const before = retryCount > 0 ? await traitsBefore(fetched) : undefined;
    if (
      before !== undefined &&
      kept.passed < PASSES &&
      !isAlike(before, traits) &&
      (await isLikeFree(before))
    ) {
      await again(
        ref,
        { ...kept, passed: kept.passed + 1 },
        before,
        "waits for a worker like the one before",
        {
          after: PASS_SECONDS,
          isLoss: false,
        },
      );
      return;
    }
    const one: Held = { ref, kept, stop: new AbortController(), since: performance.now() };
    held.set(ref.id, one);
    const attempt = tell()
      .catch(() => {}) // the next sign of life tells
      .then(() => make(one, losses))
      .finally(() => attempts.delete(attempt));
    attempts.add(attempt);
  };
  const make = async (one: Held, losses: number): Promise<void> => {
    const { ref, kept, stop } = one;
    const attempt = ref.retryCount + 1 - kept.passed;
    const ended = await attemptJob(handle, { ...kept.job, attempt }, stop.signal);
    const verdict = judgeAttempt(kept.job, losses, ended, stop.signal);
    await insist(async () => {
      if ("outcome" in verdict) await boss.complete(QUEUE, ref, verdict.outcome);
      else await again(ref, kept, traits, verdict.again.trouble, verdict.again);
    }, trouble);
    held.delete(ref.id);
    look();
  };
  /** Puts a job back, unless the attempt is not this worker's any more. */
  const again = async (
    ref: AttemptRef,
    kept: Kept,
    traits: WorkerTraits,
    message: string,
    { after, isLoss }: { readonly after: number; readonly isLoss: boolean },
  ): Promise<void> => {
    await inOne(link, async (db) => {
      const { settled = [] } = (await boss.fail(QUEUE, ref, { trouble: message }, { db })) as Settled;
      if (!settled.includes(ref.id)) return;
      const next: Kept = { ...kept, traits, unlost: kept.unlost + (isLoss ? 0 : 1) };
      const soon = new Date(Date.now() + after * 1000);
      await boss.update(QUEUE, next, { id: ref.id, ...(!isLoss && { startAfter: soon }), db });
    });
  };
  /** Of the worker that made the attempt before. One that died has left a row that tells what it was at. */
  const traitsBefore = async ({ data: kept, retryCount }: Fetched): Promise<WorkerTraits | undefined> => {
    const [dead] = await sql<{ traits: WorkerTraits }>(
      `select about->'traits' as traits from ${schema}.dsgan_worker where jobs @> $1 and id <> $2`,
      [JSON.stringify([{ job: kept.job.id, retryCount: retryCount - 1 }]), id],
    );
    return dead?.traits ?? kept.traits;
  };
  const isLikeFree = async (before: WorkerTraits): Promise<boolean> =>
    (await workersSeen(link, silence)).some(
      ({ about, jobs }) => isAlike(about.traits, before) && jobs.length < about.slots,
    );

  await sql(`delete from ${schema}.dsgan_worker where seen < now() - make_interval(secs => $1)`, [
    REMEMBERED,
  ]);
  await tell();
  const timers = [machine.every(poll, look), machine.every(BEAT_MS, beat)];
  look();

  const drain = async (): Promise<void> => {
    isOpen = false;
    await look(); // one that is under way may still bring a job
    while (attempts.size > 0) await Promise.all(attempts);
    for (const end of timers) end();
    await sql(`delete from ${schema}.dsgan_worker where id = $1`, [id]).catch(() => {}); // it is soon taken for dead
  };
  return {
    id,
    drain,
    async stop(reason) {
      isOpen = false;
      await look();
      for (const { stop } of held.values()) stop.abort(new JobStopped("returned", reason));
      await drain();
    },
  };
}

/** What pg-boss keeps of why an attempt came to nothing. */
export function troubleOf(output: unknown): string | undefined {
  if (typeof output !== "object" || output === null) return undefined;
  const { trouble, value } = output as { trouble?: unknown; value?: { message?: unknown } };
  if (typeof trouble === "string") return trouble;
  if (value?.message === "job heartbeat timeout") return "its worker gave no sign of life any more";
  return typeof value?.message === "string" ? value.message : undefined;
}

/**
 * Makes a function that does something one call at a time: a call while one is under way awaits that one. What goes wrong
 * is told once, until it goes well again.
 */
function reporting(trouble: (message: string) => void): (act: () => Promise<void>) => () => Promise<void> {
  let isTold = false;
  return (act) => {
    let under: Promise<void> | undefined;
    return async () => {
      under ??= act()
        .then(
          () => {
            isTold = false;
          },
          (error) => {
            if (!isTold) trouble(messageOf(error));
            isTold = true;
          },
        )
        .finally(() => {
          under = undefined;
        });
      await under;
    };
  };
}

/** Milliseconds for which a worker tries to say how an attempt ended, and between two tries. */
const INSIST_MS = 60_000;
const TRY_AGAIN_MS = 1000;

/** Tries for a while. After that the attempt counts as lost, and whoever makes the next finds the result in the store. */
async function insist(act: () => Promise<void>, trouble: (message: string) => void): Promise<void> {
  const until = performance.now() + INSIST_MS;
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (performance.now() > until) {
        trouble(`what became of a job could not be told to the queue: ${messageOf(error)}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
  }
}
