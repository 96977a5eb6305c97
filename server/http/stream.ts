/**
 * A run as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). What a client has not
 * taken yet stays in the store and not in memory: each has a small queue, and one that stays far behind a run that goes
 * on is cut off and told how to go on. Nobody waits for it.
 *
 * @module
 */
import { map, merge, type Subscription, timer } from "rxjs";
import type { Position, RunLog, Types } from "./log.ts";

/** Bytes on their way to one client, at most and beside one frame. */
const QUEUE_BYTES = 64 * 1024;
/** How many events a client that had kept up may be behind, and for how long, in milliseconds. */
const BEHIND = 1000;
const PATIENCE = 5000;
/** How long a client may take nothing while there is something for it, in milliseconds. */
const STALLED = 30_000;
/** A comment in so many milliseconds keeps what is in between from taking the connection for dead. */
const HEARTBEAT = 15_000;
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

/**
 * The events of a run above `since`, those that are still to come included.
 *
 * The last one is named `end` and tells how the run stands; a client that is too slow gets one named `slow` in its
 * place, with the address to go on from. `retry` tells the client to come back after one to three seconds, at random,
 * so that not all come at once.
 */
export function eventStream(
  log: RunLog,
  since: number,
  types: Types,
  {
    path,
    counter,
    turn,
    limits: { behind = BEHIND, patience = PATIENCE, stalled = STALLED, heartbeat = HEARTBEAT } = {},
  }: {
    /** Of this stream. */
    readonly path: string;
    readonly counter: StreamCounter;
    /** Does a job when its turn has come. */
    readonly turn: (job: () => void) => void;
    readonly limits?: StreamLimits;
  },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let subscription: Subscription | undefined;
  let cursor = since;
  let position: Position | undefined;
  let hasKeptUp = false;
  let taken = performance.now();
  let behindSince = Number.POSITIVE_INFINITY;
  let isOver = false;
  let pumping = false;

  const close = (): void => {
    if (isOver) return;
    isOver = true;
    subscription?.unsubscribe();
    counter.closed();
  };
  const last = (
    controller: ReadableStreamDefaultController<Uint8Array>,
    name: string,
    data: object,
  ): void => {
    controller.enqueue(encoder.encode(`event: ${name}\nid: ${cursor}\ndata: ${JSON.stringify(data)}\n\n`));
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
          controller.enqueue(bytes);
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
        const news = merge(
          log.positions,
          timer(heartbeat * Math.random(), heartbeat).pipe(map(() => "beat" as const)),
          timer(patience, patience).pipe(map(() => "check" as const)),
        );
        subscription = news.subscribe({
          next(now) {
            if (now === "beat") {
              if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(":\n\n"));
              return;
            }
            if (now !== "check") {
              if (position !== undefined && position.life !== "" && now.life !== position.life) {
                close();
                controller.close(); // the client comes back with a number of another life, and is told so
                return;
              }
              position = now;
            }
            turn(() => {
              pump(controller).catch((error) => {
                close();
                controller.error(error);
              });
            });
          },
          error(error) {
            close();
            controller.error(error);
          },
        });
        if (isOver) subscription.unsubscribe();
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
