/**
 * A run as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Each client has a small
 * queue; events that it has not read yet stay in the store. A client that stays far behind a running run is cut off and
 * told how to go on, so nobody waits for it.
 *
 * @module
 */
import { interval, type Observable, Subscription, share } from "rxjs";
import { turns } from "./breath.ts";
import type { StreamCounter } from "./counting.ts";
import type { Position, RunLog, Types } from "./log.ts";

/** Most bytes that are queued for one client, beside one frame. */
const QUEUE_BYTES = 64 * 1024;
/** How many events a client that had kept up may be behind, and for how long, in milliseconds. */
const BEHIND = 1000;
const PATIENCE = 5000;
/** How long a client may read nothing while there are events for it, in milliseconds. */
const STALLED = 30_000;
/** Milliseconds of silence after which a comment is sent, so that proxies do not take the connection for dead. */
const HEARTBEAT = 15_000;
/** Longest interval at which streams look at the clock, in milliseconds. */
const TICK = 1000;
/** Events in a frame. */
const FRAME = 500;

/** Limits of the streams. */
export interface StreamLimits {
  /** A client that had kept up is cut off once it is this many events behind, 1000 unless given… */
  readonly behind?: number;
  /** … for this long in milliseconds, 5000 unless given. */
  readonly patience?: number;
  /** A client is cut off that reads nothing for this long, in milliseconds, 30 000 unless given. */
  readonly stalled?: number;
  /** A silent stream sends a comment this often, in milliseconds, 15 000 unless given. */
  readonly heartbeat?: number;
}

/** Runs as server-sent events. */
export interface EventStreams {
  /**
   * The events of a run above `since`, future ones included.
   *
   * The last message is named `end`. A client that is too slow gets one named `slow` instead, with the address to go on
   * from: `path` is that of its stream. `retry` tells clients to reconnect after one to three seconds, at random, so that
   * they do not all come at once.
   */
  open(log: RunLog, since: number, types: Types, path: string): ReadableStream<Uint8Array>;
}

/** What the streams of an app share. */
interface Shared {
  readonly counter: StreamCounter;
  readonly limits: StreamLimits;
  readonly clock: Observable<unknown>;
  /** Queues a job for its turn. */
  readonly turn: (job: () => void) => void;
}

/**
 * Streams that share a clock and take turns. If each had its own timers, a crowd would wake the process all the time.
 * @param base path under which the server is reached
 */
export function eventStreams(counter: StreamCounter, limits: StreamLimits = {}, base = ""): EventStreams {
  const every = Math.min(TICK, limits.heartbeat ?? HEARTBEAT, limits.patience ?? PATIENCE);
  const clock = interval(every).pipe(share());
  const turn = turns();
  return {
    open: (log, since, types, path) =>
      eventStream(log, since, types, `${base}${path}`, { counter, limits, clock, turn }),
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

  /** Queues as many events as the client has room for. */
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
