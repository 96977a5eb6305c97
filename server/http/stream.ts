/**
 * A run as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). What a client has not
 * taken yet stays in the store and not in memory: each has a small queue, and one that stays far behind a run that goes
 * on is cut off and told how to go on. Nobody waits for it.
 *
 * @module
 */
import { interval, type Observable, Subscription, share } from "rxjs";
import { turns } from "./breath.ts";
import type { Position, RunLog, Types } from "./log.ts";

/** Bytes on their way to one client, at most and beside one frame. */
const QUEUE_BYTES = 64 * 1024;
/** How many events a client that had kept up may be behind, and for how long, in milliseconds. */
const BEHIND = 1000;
const PATIENCE = 5000;
/** How long a client may take nothing while there is something for it, in milliseconds. */
const STALLED = 30_000;
/** A comment after so many silent milliseconds keeps what is in between from taking the connection for dead. */
const HEARTBEAT = 15_000;
/** How often all streams look at the clock, in milliseconds, at most. */
const TICK = 1000;
/** Events in a frame. */
const FRAME = 500;

/** What a stream is told of, for counting. */
export interface StreamCounter {
  opened(): void;
  closed(): void;
  cutOff(): void;
  sent(bytes: number): void;
}

/** Limits, for tests. */
export interface StreamLimits {
  readonly behind?: number;
  readonly patience?: number;
  readonly stalled?: number;
  readonly heartbeat?: number;
}

/** Runs as server-sent events. */
export interface EventStreams {
  /**
   * The events of a run above `since`, those that are still to come included.
   *
   * The last one is named `end` and tells how the run stands; a client that is too slow gets one named `slow` in its
   * place, with the address to go on from: `path` is that of its stream. `retry` tells the client to come back after one
   * to three seconds, at random, so that not all come at once.
   */
  of(log: RunLog, since: number, types: Types, path: string): ReadableStream<Uint8Array>;
}

/** What the streams of an app share. */
interface Shared {
  readonly counter: StreamCounter;
  readonly limits: StreamLimits;
  readonly clock: Observable<unknown>;
  /** Does a job when its turn has come. */
  readonly turn: (job: () => void) => void;
}

/** Streams that share a clock and take turns: timers of its own for each of a crowd would wake the process all the time. */
export function eventStreams(counter: StreamCounter, limits: StreamLimits = {}): EventStreams {
  const every = Math.min(TICK, limits.heartbeat ?? HEARTBEAT, limits.patience ?? PATIENCE);
  const clock = interval(every).pipe(share());
  const turn = turns();
  return {
    of: (log, since, types, path) => eventStream(log, since, types, path, { counter, limits, clock, turn }),
  };
}

function eventStream(
  log: RunLog,
  since: number,
  types: Types,
  path: string,
  { counter, limits, clock, turn }: Shared,
): ReadableStream<Uint8Array> {
  const { behind = BEHIND, patience = PATIENCE, stalled = STALLED, heartbeat = HEARTBEAT } = limits;
  const encoder = new TextEncoder();
  const subscriptions = new Subscription();
  let cursor = since;
  let position: Position | undefined;
  let hasKeptUp = false;
  let taken = performance.now();
  let wrote = taken;
  let behindSince = Number.POSITIVE_INFINITY;
  let isOver = false;
  let pumping = false;

  const close = (): void => {
    if (isOver) return;
    isOver = true;
    subscriptions.unsubscribe();
    counter.closed();
  };
  const write = (controller: ReadableStreamDefaultController<Uint8Array>, bytes: Uint8Array): void => {
    wrote = performance.now();
    controller.enqueue(bytes);
  };
  const last = (
    controller: ReadableStreamDefaultController<Uint8Array>,
    name: string,
    data: object,
  ): void => {
    write(controller, encoder.encode(`event: ${name}\nid: ${cursor}\ndata: ${JSON.stringify(data)}\n\n`));
    close();
    controller.close();
  };

  /** Hands over as much as the client has room for. */
  const pump = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    if (pumping || isOver || position === undefined) return;
    pumping = true;
    try {
      while (!isOver && cursor < position.last && (controller.desiredSize ?? 0) > 0) {
        const { bytes, next } = await log.frames(cursor, FRAME, types);
        if (isOver) return;
        if (next === cursor) break;
        cursor = next;
        if (bytes.length > 0) {
          write(controller, bytes);
          counter.sent(bytes.length);
        }
      }
      if (isOver) return;
      if (cursor >= position.last) {
        hasKeptUp = true;
        taken = performance.now();
        if (position.over) last(controller, "end", { next: cursor });
        return;
      }
      const now = performance.now();
      if (!hasKeptUp || position.last - cursor <= behind) behindSince = Number.POSITIVE_INFINITY;
      else behindSince = Math.min(behindSince, now);
      if (now - behindSince > patience || now - taken > stalled) {
        counter.cutOff();
        last(controller, "slow", {
          next: cursor,
          behind: position.last - cursor,
          resume: `${path}?since=${cursor}`,
        });
      }
    } finally {
      pumping = false;
    }
  };

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        counter.opened();
        const retry = 1000 + Math.floor(2000 * Math.random());
        controller.enqueue(encoder.encode(`retry: ${retry}\n: run ${log.reader.id}\n\n`));
        const pumped = (): void =>
          turn(() => {
            pump(controller).catch(failed);
          });
        const failed = (error: unknown): void => {
          close();
          controller.error(error);
        };
        subscriptions.add(
          clock.subscribe(() => {
            if (position !== undefined && cursor < position.last) pumped();
            else if (performance.now() - wrote >= heartbeat && (controller.desiredSize ?? 0) > 0) {
              write(controller, encoder.encode(":\n\n"));
            }
          }),
        );
        subscriptions.add(
          log.positions.subscribe({
            next(now) {
              if (
                position !== undefined &&
                position.generation !== "" &&
                now.generation !== position.generation
              ) {
                close();
                controller.close(); // the client comes back with a number of another generation, and is told so
                return;
              }
              position = now;
              pumped();
            },
            error: failed,
          }),
        );
      },
      pull(controller) {
        taken = performance.now();
        return pump(controller);
      },
      cancel: close,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: QUEUE_BYTES }),
  );
}
