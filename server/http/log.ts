/**
 * The events of one run for all who read it over HTTP: however many they are, the store is looked into once for them
 * all, and an event is put into its wire form once. Kept is only what was read lately, and all of it can be dropped.
 *
 * @module
 */
import {
  defer,
  distinctUntilChanged,
  finalize,
  type Observable,
  ReplaySubject,
  repeat,
  share,
  timer,
} from "rxjs";
import { InputError, type RunReader, type Store } from "../../core/mod.ts";
import { BREATHE, breath } from "./breath.ts";
import { type Digest, newDigest } from "./digest.ts";

/** An event as text, and what a reader may choose it by. */
interface Line {
  readonly seq: number;
  readonly type: string;
  readonly json: string;
}

/** How far a run has come. */
export interface Position {
  /** Changes where the events are no continuation of what they were. */
  readonly generation: string;
  /** Number of the last event. */
  readonly last: number;
  /** Nothing follows: the run has ended, or nobody writes it any more. */
  readonly over: boolean;
}

/** Some of a run's events, in order. */
export interface Page {
  readonly lines: readonly Line[];
  /** What to go on from: every event up to it that was asked for is in the page or in those before it. */
  readonly next: number;
}

/** Which events are wanted; all of them unless types are given. */
export type Types = ReadonlySet<string> | undefined;

/** The events of a run. */
export interface RunLog {
  readonly reader: RunReader;
  /** Looks into the store. */
  look(): Promise<Position>;
  /** How far it has come, now and whenever it comes further. Errors where the run is no longer there. */
  readonly positions: Observable<Position>;
  /** Events above `since` that were there at the last look, `limit` at most. */
  page(since: number, limit: number, types?: Types): Promise<Page>;
  /** The same as server-sent events. */
  frames(
    since: number,
    limit: number,
    types?: Types,
  ): Promise<{ readonly bytes: Uint8Array; readonly next: number }>;
  /** What all the events come to, those of the last look included. */
  digest(): Promise<Digest>;
  /** About what is kept in memory. */
  readonly bytes: number;
}

/** How often a log that somebody waits for looks into the store, in milliseconds; with a crowd that waits, less often. */
const LOOK_EVERY = 150;
const LONGER_EACH = 1.7;
const SELDOM = 1000;
/** How often it looks whether anybody still writes the run. */
const ASK_EVERY = 1000;
/** How long a run that has no events yet, nor a process that writes it, is given to find one, in milliseconds. */
const JUST_NOW = 2000;
/** Events kept at hand for those who follow the run. */
const RECENT = 2000;
/** Events looked through for one page, where only some types are wanted. */
const LOOK_THROUGH = 50_000;

/** Whether somebody has ordered that a run begin or go on, and it has not ended since. */
export type Ordered = (id: string) => boolean;

/** Opens the events of a run. @throws InputError where there is no such run */
async function openLog(store: Store, id: string, ordered: Ordered): Promise<RunLog> {
  const reader = await store.open(id);
  let recent: Line[] = [];
  let position: Position = { generation: "", last: 0, over: false };
  let digest = newDigest();
  let asked = Number.NEGATIVE_INFINITY;
  let abandoned = false;
  /** What there was when an order was first seen: its own events are still to come. */
  let before: number | undefined;
  let frame: { readonly key: string; readonly bytes: Uint8Array; readonly next: number } | undefined;

  /** Takes in what is new. */
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
      // A run's folder is there a moment before its writer's lock.
      const isNew = last === 0 && Date.now() - Date.parse(began) < JUST_NOW;
      abandoned = status !== "running" && !isNew;
      asked = performance.now();
      // It may have written its end between the two looks.
      if (abandoned && (await reader.extent()).last > last) return await advance();
    }
    before = ordered(id) ? (before ?? last) : undefined;
    const over = (ended || abandoned) && before !== last;
    if (generation !== position.generation || last !== position.last || over !== position.over) {
      position = { generation, last, over };
    }
    return position;
  };
  const look = inTurns(advance);
  let watchers = 0;
  /** The more there are who wait, the more of what is new is told to them at once. */
  const pause = (): number => Math.min(SELDOM, LOOK_EVERY + LONGER_EACH * watchers);
  const shared = defer(look).pipe(
    repeat({ delay: () => timer(pause()) }),
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
        if (lines.length >= limit || line.seq > position.last || line.seq > since + LOOK_THROUGH) {
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
      // Those who keep up all ask for the same.
      const key = `${position.generation} ${since} ${position.last} ${limit} ${types === undefined ? "" : [...types]}`;
      if (frame?.key === key) return frame;
      const { lines, next } = await page(since, limit, types);
      const text = lines.map(({ seq, json }) => `id: ${seq}\ndata: ${json}\n\n`).join("");
      frame = { key, bytes: new TextEncoder().encode(text), next };
      return frame;
    },
    digest: inTurns(async () => {
      const current = digest;
      let breathed = performance.now();
      for await (const piece of reader.lines(current.last)) {
        current.add(piece);
        if (performance.now() - breathed < BREATHE) continue;
        await breath();
        breathed = performance.now();
      }
      return current;
    }),
    get bytes() {
      return digest.bytes + recent.length * 300;
    },
  };
}

/** One call at a time; those that come meanwhile share the next one, which begins after they came. */
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

/** An event as this project writes it tells number and type without being parsed. */
const ENVELOPE = /^\{"seq":(\d+),"time":"[^"\\]*","type":"(\w+)"/;

function* linesOf(piece: string): Generator<Line> {
  for (let at = 0; at < piece.length; ) {
    const end = piece.indexOf("\n", at);
    const json = piece.slice(at, end);
    at = end + 1;
    const [, seq, type] = ENVELOPE.exec(json) ?? [];
    if (seq !== undefined) yield { seq: Number(seq), type: type!, json };
    else {
      const event = parsed(json);
      yield { seq: Number(event.seq), type: String(event.type), json };
    }
  }
}

function parsed(json: string): { readonly seq?: unknown; readonly type?: unknown } {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new InputError(`an event of the run is damaged, not JSON: ${json.slice(0, 60)}`, { cause: error });
  }
}

/** Index of the first line above a number. */
function indexAbove(lines: readonly Line[], since: number): number {
  let low = 0;
  for (let high = lines.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (lines[middle]!.seq > since) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The logs of a store's runs: those read lately are kept open. */
export interface Logs {
  /** A run's events, looked at just now. @throws InputError where there is no such run */
  open(id: string): Promise<{ readonly log: RunLog; readonly position: Position }>;
}

/** Logs kept open at most, and the memory they may take. */
const LOGS = 256;
const LOG_BYTES = 256e6;

/** Opens the logs of a store. */
export function logsOf(store: Store, ordered: Ordered): Logs {
  const kept = new Map<string, { readonly log: RunLog; readonly generation: string }>(); // the one used last comes last
  const opening = new Map<string, Promise<{ readonly log: RunLog; readonly position: Position }>>();

  const makeRoom = (): void => {
    let bytes = [...kept.values()].reduce((sum, { log }) => sum + log.bytes, 0);
    for (const [old, { log }] of kept) {
      if (kept.size <= 1 || (kept.size <= LOGS && bytes <= LOG_BYTES)) break;
      kept.delete(old);
      bytes -= log.bytes;
    }
  };
  const open = async (id: string) => {
    const log = await openLog(store, id, ordered);
    const position = await log.look();
    kept.delete(id);
    kept.set(id, { log, generation: position.generation });
    makeRoom();
    return { log, position };
  };

  return {
    async open(id) {
      const known = kept.get(id);
      if (known !== undefined) {
        const position = await known.log.look();
        if (position.generation === known.generation && known.generation !== "") {
          kept.delete(id);
          kept.set(id, known);
          return { log: known.log, position };
        }
        if (kept.get(id) === known) kept.delete(id); // removed, and perhaps made anew
      }
      const pending = opening.get(id) ?? open(id).finally(() => opening.delete(id));
      opening.set(id, pending);
      return await pending;
    },
  };
}
