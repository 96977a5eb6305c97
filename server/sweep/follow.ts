/**
 * Following the runs of a sweep as the store has their events: whoever makes them, on whichever machine.
 *
 * @module
 */
import { glancesOf, type RunEvent, type RunReader, type Store } from "../../core/mod.ts";
import { type KeptJob, takeIn } from "./records.ts";

/** A sweep whose runs are followed. */
export interface Followed {
  readonly store: Store;
  /** What had become of its jobs before. */
  readonly records: readonly KeptJob[];
}

/** Follows runs. */
export interface Follower {
  /** An event of the sweep: a job that is put has a run to follow, until it is over. */
  take(event: RunEvent): void;
  /** Resolves once what the store had when it was called was told, or could not be read; there is nothing told after. */
  end(): Promise<void>;
  /** Tells nothing more. */
  close(): void;
}

/** Milliseconds between two looks. */
const LOOK_MS = 1000;

/**
 * Follows the runs of jobs that are not over. Of a run that was there before, only what comes from now on is told.
 * @param tell called with each event, in the order of its run
 * @param every milliseconds between two looks
 */
export function followRuns(
  { store, records: before }: Followed,
  tell: (run: string, event: RunEvent) => void,
  every: number = LOOK_MS,
): Follower {
  const records = new Map(before.map((record) => [record.job.id, record]));
  const old = new Set(before.map(({ job }) => job.run));
  const readers = new Map<string, RunReader>();
  /** Numbers of the last events that were told. */
  const told = new Map<string, number>();
  let isOpen = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking: Promise<void> | undefined;

  const read = async (run: string): Promise<void> => {
    const reader = readers.get(run) ?? (await store.open(run));
    readers.set(run, reader);
    let since = told.get(run) ?? (old.has(run) ? (await reader.extent()).last : 0);
    for (const event of await reader.events(since)) {
      if (isOpen) tell(run, event);
      since = event.seq;
    }
    told.set(run, since);
  };
  const look = async (): Promise<void> => {
    const open = new Set<string>();
    for (const { job, outcome } of records.values()) if (outcome === undefined) open.add(job.run);
    const runs = new Set(readers.keys()); // one that has come to its end since may have told more
    for await (const { run, status } of glancesOf(store, [...open])) if (status === "running") runs.add(run);
    await Promise.allSettled([...runs].map(read)); // what cannot be read now can be later
    for (const run of runs) if (!open.has(run)) readers.delete(run);
  };
  const next = (): Promise<void> => {
    clearTimeout(timer);
    looking ??= look()
      .catch(() => {}) // the store is away: whoever keeps the sweep's log tells so
      .finally(() => {
        looking = undefined;
        if (isOpen) timer = setTimeout(next, every).unref();
      });
    return looking;
  };
  const close = (): void => {
    isOpen = false;
    clearTimeout(timer);
  };
  timer = setTimeout(next, every).unref();
  return {
    take(event) {
      if (event.type === "job") takeIn(records, event);
    },
    async end() {
      await looking;
      await next();
      close();
    },
    close,
  };
}
