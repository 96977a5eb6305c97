/**
 * A run as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). What a client has not
 * taken yet stays in the store and not in memory: each has a small queue, and one that stays far behind a run that goes
 * on is cut off and told how to go on. Nobody waits for it.
 *
 * @module
 */
import { interval, type Observable, type Subscription, share } from "rxjs";
import { turns } from "./breath.ts";
import type { Position, RunLog, Types } from "./log.ts";

/** Bytes on their way to one client, at most and beside one frame. */
export const QUEUE_BYTES: number = 64 * 1024;
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

/** Where the bytes of a feed go. */
export interface Outlet {
  /** Whether it takes more now; where not, it calls {@link Feed.pull} when it does. */
  readonly hasRoom: boolean;
  write(bytes: Uint8Array): void;
  end(): void;
  fail(error: unknown): void;
}

/** A run's events on their way to one client. */
export interface Feed {
  /** Begins. */
  start(outlet: Outlet): void;
  /** The client has taken something. */
  pull(): void;
  /** The client is gone. */
  stop(): void;
}

/** What a host may bring along with a request, as Hono's `env`, that writes feeds to its sockets itself. */
export interface FeedingHost {
  takeFeed?(feed: Feed): void;
}

/** Limits, for tests. */
export interface StreamLimits {
  readonly behind?: number;
  readonly patience?: number;
  readonly stalled?: number;
  readonly heartbeat?: number;
}

/** Makes feeds. */
export interface Feeds {
  /**
   * The events of a run above `since`, those that are still to come included.
   *
   * The last one is named `end` and tells how the run stands; a client that is too slow gets one named `slow` in its
   * place, with the address to go on from: `path` is that of its stream. `retry` tells the client to come back after one
   * to three seconds, at random, so that not all come at once.
   */
  of(log: RunLog, since: number, types: Types, path: string): Feed;
}

/** Feeds that share a clock and take turns: a timer of its own for each of a crowd would wake the process all the time. */
export function newFeeds(counter: StreamCounter, limits: StreamLimits = {}): Feeds {
  const every = Math.min(TICK, limits.heartbeat ?? HEARTBEAT, limits.patience ?? PATIENCE);
  const clock = interval(every).pipe(share());
  const turn = turns();
  return {
    of: (log, since, types, path) => newFeed(log, since, types, path, { counter, limits, clock, turn }),
  };
}

/** What the feeds of an app share. */
interface Shared {
  readonly counter: StreamCounter;
  readonly limits: StreamLimits;
  readonly clock: Observable<unknown>;
  /** Does a job when its turn has come. */
  readonly turn: (job: () => void) => void;
}

function newFeed(
  log: RunLog,
  since: number,
  types: Types,
  path: string,
  { counter, limits, clock, turn }: Shared,
): Feed {
  const { behind = BEHIND, patience = PATIENCE, stalled = STALLED, heartbeat = HEARTBEAT } = limits;
  const encoder = new TextEncoder();
  let outlet: Outlet;
  let subscriptions: Subscription[] = [];
  let cursor = since;
  let position: Position | undefined;
  let hasKeptUp = false;
  let taken = performance.now();
  let wrote = taken;
  let behindSince = Number.POSITIVE_INFINITY;
  let isOver = false;
  let pumping = false;

  const stop = (): void => {
    if (isOver) return;
    isOver = true;
    for (const subscription of subscriptions) subscription.unsubscribe();
    counter.closed();
  };
  const end = (): void => {
    stop();
    outlet.end();
  };
  const fail = (error: unknown): void => {
    stop();
    outlet.fail(error);
  };
  const write = (bytes: Uint8Array): void => {
    wrote = performance.now();
    outlet.write(bytes);
  };
  const last = (name: string, data: object): void => {
    write(encoder.encode(`event: ${name}\nid: ${cursor}\ndata: ${JSON.stringify(data)}\n\n`));
    end();
  };

  /** Hands over as much as the client has room for. */
  const pump = async (): Promise<void> => {
    if (pumping || isOver || position === undefined) return;
    pumping = true;
    try {
      while (!isOver && cursor < position.last && outlet.hasRoom) {
        const { bytes, next } = await log.frames(cursor, FRAME, types);
        if (isOver) return;
        if (next === cursor) break;
        cursor = next;
        if (bytes.length > 0) {
          write(bytes);
          counter.sent(bytes.length);
        }
      }
      if (isOver) return;
      if (cursor >= position.last) {
        hasKeptUp = true;
        taken = performance.now();
        if (position.over) last("end", { next: cursor });
        return;
      }
      const now = performance.now();
      if (!hasKeptUp || position.last - cursor <= behind) behindSince = Number.POSITIVE_INFINITY;
      else behindSince = Math.min(behindSince, now);
      if (now - behindSince > patience || now - taken > stalled) {
        counter.cutOff();
        last("slow", {
          next: cursor,
          behind: position.last - cursor,
          resume: `${path}?since=${cursor}`,
        });
      }
    } catch (error) {
      if (!isOver) fail(error);
    } finally {
      pumping = false;
    }
  };

  return {
    start(to) {
      outlet = to;
      counter.opened();
      const retry = 1000 + Math.floor(2000 * Math.random());
      write(encoder.encode(`retry: ${retry}\n: run ${log.reader.id}\n\n`));
      const news = log.positions.subscribe({
        next(now) {
          if (position !== undefined && position.life !== "" && now.life !== position.life) {
            end(); // the client comes back with a number of another life, and is told so
            return;
          }
          position = now;
          turn(() => void pump());
        },
        error: fail,
      });
      const ticks = clock.subscribe(() => {
        if (position !== undefined && cursor < position.last) turn(() => void pump());
        else if (performance.now() - wrote >= heartbeat && outlet.hasRoom) write(encoder.encode(":\n\n"));
      });
      subscriptions = [news, ticks];
      if (isOver) for (const subscription of subscriptions) subscription.unsubscribe();
    },
    pull() {
      taken = performance.now();
      void pump();
    },
    stop,
  };
}

/** A feed as the body of a Response, for hosts that know nothing else. */
export function asBody(feed: Feed): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        feed.start({
          get hasRoom() {
            return (controller.desiredSize ?? 0) > 0;
          },
          write: (bytes) => controller.enqueue(bytes),
          end: () => controller.close(),
          fail: (error) => controller.error(error),
        });
      },
      pull: () => feed.pull(),
      cancel: () => feed.stop(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: QUEUE_BYTES }),
  );
}
