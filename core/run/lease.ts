/**
 * Leases: how long a store lets the writer of a run be silent before another may take the run over.
 *
 * @module
 */
import { RunLost } from "../plugin/errors.ts";
import type { RunOwner } from "./store.ts";

/**
 * Milliseconds that a lease lasts unless it is renewed. A training may block its process for so long that no timer
 * fires; the longest seen is a few seconds.
 */
export const LEASE_MS = 30_000;

/** A lease is renewed so often while it would last. */
export const RENEWALS = 6;

/** A machine as a store sees it. Tests give stores others than this one, which stop, or whose clock is wrong. */
export interface Machine {
  /** Milliseconds since 1970, by a clock that need not agree with those of other machines. */
  now(): number;
  /** Calls a function every so many milliseconds, without keeping the process alive for it. @returns ends that */
  every(milliseconds: number, call: () => void): () => void;
}

/** The machine that this process runs on. */
export const thisMachine: Machine = {
  now: () => performance.timeOrigin + performance.now(),
  every(milliseconds, call) {
    const timer: unknown = setInterval(call, milliseconds);
    (timer as { unref?(): void }).unref?.(); // browsers have numbers, which keep nothing alive
    return () => clearInterval(timer as number);
  },
};

/** A lease as its holder sees it. */
export interface HeldLease {
  /** See `RunWriter.lost`. */
  readonly lost: AbortSignal;
  /** Notes that the run was taken over. @returns the error to throw, always the same */
  lose(by: Pick<RunOwner, "pid" | "host"> | undefined): RunLost;
  /** Ends the renewing. */
  end(): void;
}

/**
 * Renews a lease from time to time, until it is lost or ended.
 * @param renew tells who has taken the run over, `gone` where the run is not there any more, undefined where the lease
 *   holds; whatever it throws counts as a renewal that failed, and is tried again
 */
export function keepLease(
  run: string,
  { machine = thisMachine, lease = LEASE_MS }: { readonly machine?: Machine; readonly lease?: number },
  renew: () => Promise<Pick<RunOwner, "pid" | "host"> | "gone" | undefined>,
): HeldLease {
  const lost = new AbortController();
  let isEnded = false;
  let isBusy = false;
  const stop = machine.every(lease / RENEWALS, async () => {
    if (isBusy) return;
    isBusy = true;
    try {
      const by = await renew();
      if (by !== undefined && !isEnded) held.lose(by === "gone" ? undefined : by);
    } catch {
      // A disk that is full, a network that is away: as long as nobody takes the run over, it is ours.
    } finally {
      isBusy = false;
    }
  });
  const held: HeldLease = {
    lost: lost.signal,
    lose(by) {
      stop();
      if (!lost.signal.aborted) lost.abort(lostTo(run, by));
      return lost.signal.reason;
    },
    end() {
      isEnded = true;
      stop();
    },
  };
  return held;
}

function lostTo(run: string, by: Pick<RunOwner, "pid" | "host"> | undefined): RunLost {
  return new RunLost(
    by === undefined
      ? `run ${run} was moved or removed while this process wrote it: it stops, and records nothing more`
      : `run ${run} was taken over by process ${by.pid} on ${by.host}: this process stops, and records nothing more`,
  );
}
