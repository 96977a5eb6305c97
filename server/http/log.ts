/**
 * The events of one run for everybody who reads it over HTTP. However many readers there are, the server looks into the
 * store once for all of them. It keeps recent events in memory alone, and can drop them at any time.
 *
 * @module
 */
import {
  concatWith,
  defer,
  distinctUntilChanged,
  finalize,
  type Observable,
  of,
  ReplaySubject,
  race,
  repeat,
  Subject,
  share,
  skip,
  take,
  tap,
  timer,
} from "rxjs";
import type { RunReader, Store } from "../../core/run/store.ts";
import { type Digest, newDigest } from "../events/digest.ts";
import { indexAbove, type Line, linesOf } from "../events/lines.ts";
import { breaths } from "./breath.ts";

/** How far a run has come. */
export interface Position {
  /** Changes where a run of that name was removed and made anew. */
  readonly generation: string;
  /** Number of the last event. */
  readonly last: number;
  /** No events follow: the run has ended, or no process writes it any more. */
  readonly over: boolean;
}

/** Some of a run's events, in order. */
export interface Page {
  readonly lines: readonly Line[];
  /** The number to go on from: no event that was asked for lies between it and the page. */
  readonly next: number;
}

/** Types of the events that are wanted; all unless given. */
export type Types = ReadonlySet<string> | undefined;

/** The events of a run. */
export interface RunLog {
  readonly reader: RunReader;
  /** Looks into the store for new events. */
  look(): Promise<Position>;
  /** How far the run has come: now, and whenever it comes further. Errors once the run is removed. */
  readonly positions: Observable<Position>;
  /** Events above `since` that were there at the last look, `limit` at most. */
  page(since: number, limit: number, types?: Types): Promise<Page>;
  /** The same events as server-sent events. */
  frames(
    since: number,
    limit: number,
    types?: Types,
  ): Promise<{ readonly bytes: Uint8Array; readonly next: number }>;
  /** The digest of all events, those of the last look included. */
  digest(): Promise<Digest>;
  /** Approximate memory that the log takes. */
  readonly bytes: number;
}

/** How often a log with a reader that waits looks into the store, in milliseconds. A crowd of readers makes it slower. */
const LOOK_EVERY = 150;
const LONGER_PER_READER = 1.7;
const SLOWEST = 1000;
/** How often it asks the store whether a process still writes the run, in milliseconds. */
const ASK_EVERY = 1000;
/** How long a new run may have neither events nor a process that writes it, in milliseconds. */
const NEW_FOR = 2000;
/** Recent events that are kept for those who follow the run. */
const RECENT = 2000;
/** Most events that are searched for one page, where only some types are wanted. */
const MOST_SEARCHED = 50_000;

/** Whether a run was ordered to begin or to resume, and has not ended since. */
export type IsOrdered = (id: string) => boolean;

/** Opens the events of a run. @throws InputError where there is no such run */
export async function openLog(store: Store, id: string, isOrdered: IsOrdered): Promise<RunLog> {
  const reader = await store.open(id);
  let recent: Line[] = [];
  let position: Position = { generation: "", last: 0, over: false };
  let digest = newDigest();
  let asked = Number.NEGATIVE_INFINITY;
  let abandoned = false;
  /** Number of the last event when an order was first seen: the events of that order follow. */
  let before: number | undefined;
  let frame: { readonly key: string; readonly bytes: Uint8Array; readonly next: number } | undefined;

  /** Reads new events. */
  const advance = async (): Promise<Position> => {
    const { generation, last } = await reader.extent();
    if (generation !== position.generation || last < position.last) {
      recent = [];
      digest = newDigest();
      asked = Number.NEGATIVE_INFINITY;
    }
    const head = recent.at(-1)?.seq ?? 0;
    if (last > head) {
      const from = Math.max(head, last - RECENT);
      if (from > head) recent = [];
      for await (const piece of reader.lines(from)) {
        for (const line of linesOf(piece)) if (line.seq <= last) recent.push(line);
      }
      if (recent.length > 2 * RECENT) recent = recent.slice(-RECENT);
      asked = Number.NEGATIVE_INFINITY;
    }
    const ended = recent.at(-1)?.type === "ended";
    if (!ended && performance.now() - asked > ASK_EVERY) {
      const { status, began } = await store.glance(id);
      // A store creates a run a moment before its writer locks it.
      const age = Date.now() - Date.parse(began); // clocks differ: one dated far ahead is not new
      const isNew = last === 0 && Math.abs(age) < NEW_FOR;
      abandoned = status !== "running" && !isNew;
      asked = performance.now();
      // The run may have ended between the two calls.
      if (abandoned && (await reader.extent()).last > last) return await advance();
    }
    before = isOrdered(id) ? (before ?? last) : undefined;
    const over = (ended || abandoned) && before !== last;
    if (generation !== position.generation || last !== position.last || over !== position.over) {
      position = { generation, last, over };
    }
    return position;
  };
  const look = inTurns(advance);
  let watchers = 0;
  /** With more readers that wait, each answer takes more events. */
  const pause = (): number => Math.min(SLOWEST, LOOK_EVERY + LONGER_PER_READER * watchers);
  /** Until the next look: as long as the store tells of new events by itself, that is when it tells, or asks are due. */
  const untilNext = (told: Observable<void> | undefined): Observable<unknown> =>
    told === undefined
      ? timer(pause())
      : timer(pause()).pipe(concatWith(race(told, timer(ASK_EVERY))), skip(1), take(1));
  const shared = defer(() => {
    const told = toldBy(reader);
    return defer(look).pipe(
      repeat({ delay: () => untilNext(told?.calls) }),
      finalize(() => told?.end()),
    );
  }).pipe(
    distinctUntilChanged(),
    share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true }),
  );

  const page = async (since: number, limit: number, types?: Types): Promise<Page> => {
    const first = recent[0]?.seq ?? 0;
    const lines: Line[] = [];
    let next = since;
    if (recent.length > 0 && since >= first - 1) {
      for (let i = indexAbove(recent, since); i < recent.length && lines.length < limit; i++) {
        next = recent[i]!.seq;
        if (types === undefined || types.has(recent[i]!.type)) lines.push(recent[i]!);
      }
      return { lines, next };
    }
    for await (const piece of reader.lines(since)) {
      for (const line of linesOf(piece)) {
        if (lines.length >= limit || line.seq > position.last || line.seq > since + MOST_SEARCHED) {
          return { lines, next };
        }
        next = line.seq;
        if (types === undefined || types.has(line.type)) lines.push(line);
      }
    }
    return { lines, next };
  };

  return {
    reader,
    look,
    positions: defer(() => {
      watchers++;
      return shared.pipe(finalize(() => watchers--));
    }),
    page,
    async frames(since, limit, types) {
      // Streams that keep up all ask for the same frame.
      const key = `${position.generation} ${since} ${position.last} ${limit} ${types === undefined ? "" : [...types]}`;
      if (frame?.key === key) return frame;
      const { lines, next } = await page(since, limit, types);
      const text = lines.map(({ seq, json }) => `id: ${seq}\ndata: ${json}\n\n`).join("");
      frame = { key, bytes: new TextEncoder().encode(text), next };
      return frame;
    },
    digest: inTurns(async () => {
      const current = digest;
      const breath = breaths();
      for await (const piece of reader.lines(current.last)) {
        current.add(piece);
        await breath();
      }
      return current;
    }),
    get bytes() {
      return digest.bytes + recent.length * 300;
    },
  };
}

/** The calls of a store that tells of new events: one that came while nobody waited is not lost. */
function toldBy(reader: RunReader): { readonly calls: Observable<void>; end(): void } | undefined {
  let isTold = false;
  const calls = new Subject<void>();
  const end = reader.onAppend?.(() => {
    isTold = true;
    calls.next();
  });
  if (end === undefined) return undefined;
  const taken = defer(() => (isTold ? of(undefined) : calls)).pipe(
    tap(() => {
      isTold = false;
    }),
  );
  return { calls: taken, end };
}

/** Makes one call at a time. Callers that arrive during a call share the next one. */
function inTurns<T>(call: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  let following: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    current = call().finally(() => {
      current = undefined;
    });
    return current;
  };
  return () => {
    if (current === undefined) return begin();
    following ??= current
      .catch(() => {})
      .then(() => {
        following = undefined;
        return begin();
      });
    return following;
  };
}
