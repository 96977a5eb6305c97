/**
 * A database that is asked, patiently: statements are sent again while what is wrong may pass, connections end when
 * nobody needs them.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "postgres";
import { InputError } from "../../../core/mod.ts";
import type { Address } from "./address.ts";
import { type Link, linkTo } from "./link.ts";
import { migration, VERSION } from "./tables.ts";
import { codeOf, mayPass, Unanswered } from "./trouble.ts";

/** How a statement is asked. It must do the same when it is sent twice: an answer may be lost. */
export interface Asking {
  /** `lease` has a connection of its own, so that no lease lapses behind a long upload. */
  readonly by?: "lease" | "work";
  /**
   * Milliseconds that it is waited in all before the statement is sent another time, where what is wrong may pass. Unless
   * given a few seconds where the server was reached before, and none where it was not.
   */
  readonly patience?: number;
  /** Bytes that the statement carries: they take their time. */
  readonly bytes?: number;
}

/** A database. */
export interface Database {
  /** Its address, for messages. */
  readonly shown: string;
  /** Asks it. @throws as the client does, where it does not pass */
  ask<T>(statement: (sql: Sql) => PromiseLike<T>, asking?: Asking): Promise<T>;
  /** Keeps the connections, and the process alive. @returns ends that */
  hold(): () => void;
  /** Calls a function for each notification with a text, and where some may have been missed. @returns ends that */
  listen(text: string, call: () => void): () => void;
}

/** Name of the channel that appended events are told on; the text is the run's id. */
export const CHANNEL = "dsgan";

const READ_PATIENCE_MS = 10_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2000;
/** Seconds that an answer may take, and how many bytes may travel in one more. */
const ANSWER_S = 15;
const BYTES_PER_S = 50_000;
/** How long connections stay that nobody needs. */
const LINGER_MS = 30_000;

/** A database at an address. Nothing is connected before something is asked. */
export function databaseAt(address: Address): Database {
  const links = { work: linkTo(address, { max: 2 }), lease: linkTo(address, { max: 1 }) };
  let isReady = false;
  let readying: Promise<void> | undefined;
  let holds = 0;
  let ending: ReturnType<typeof setTimeout> | undefined;

  const hold = (): (() => void) => {
    clearTimeout(ending);
    if (holds++ === 0) for (const link of Object.values(links)) link.keepAlive(true);
    let isBlocked = true;
    return () => {
      if (!isBlocked) return;
      isBlocked = false;
      if (--holds > 0) return;
      for (const link of Object.values(links)) link.keepAlive(false);
      ending = setTimeout(() => {
        for (const link of Object.values(links)) link.end();
      }, LINGER_MS);
      ending.unref();
    };
  };
  const ready = async (sql: Sql): Promise<void> => {
    readying ??= prepare(sql).then(
      () => {
        isReady = true;
      },
      (error) => {
        readying = undefined;
        throw error;
      },
    );
    await readying;
  };
  const once = async <T>(link: Link, statement: (sql: Sql) => PromiseLike<T>, bytes: number): Promise<T> => {
    const sql = await link.sql();
    const asked = async (): Promise<T> => {
      if (!isReady) await ready(sql);
      return await statement(sql);
    };
    try {
      return await answered(asked(), ANSWER_S + Math.ceil(bytes / BYTES_PER_S));
    } catch (error) {
      const isAnswer = (error as Error).name === "PostgresError" && !mayPass(error);
      if (!isAnswer && !(error instanceof InputError)) link.drop(sql);
      throw error;
    }
  };
  return {
    shown: address.shown,
    hold,
    async ask(statement, { by = "work", patience = isReady ? READ_PATIENCE_MS : 0, bytes = 0 } = {}) {
      const release = hold();
      try {
        let waited = 0; // counted, not measured: this process may have been stopped for long
        for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
          try {
            return await once(links[by], statement, bytes);
          } catch (error) {
            if (!mayPass(error) || waited >= patience) throw error;
            if (error instanceof Unanswered) waited += ANSWER_S * 1000;
          }
          await sleep(wait);
          waited += wait;
        }
      } finally {
        release();
      }
    },
    listen: listenerOf(address, hold),
  };
}

/** Sees to it that the tables are there. @throws InputError where they cannot be, or are of a later version */
async function prepare(sql: Sql): Promise<void> {
  const version = await sql<{ number: number }[]>`select max(number) as number from dsgan.version`.then(
    ([row]) => row?.number ?? 0,
    (error) => {
      if (["42P01", "3F000"].includes(codeOf(error) ?? "")) return 0; // no such table, no such schema
      throw error;
    },
  );
  if (version > VERSION) {
    throw new InputError(
      `a newer dsgan has made its tables (version ${version}, this one knows ${VERSION}): update dsgan`,
    );
  }
  if (version === VERSION) return;
  const [row] = await sql<{ encoding: string }[]>`select current_setting('server_encoding') as encoding`;
  if (!["UTF8", "SQL_ASCII"].includes(row!.encoding)) {
    throw new InputError(
      `the database's encoding is ${row!.encoding}: make one with \`createdb -E UTF8 -T template0 <name>\``,
    );
  }
  await sql.unsafe(migration());
}

/**
 * What is asked, unless no answer comes for so many seconds. They are counted one by one: while a training blocks this
 * process they do not pass, and the answer may be waiting behind it.
 */
async function answered<T>(asked: Promise<T>, seconds: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  let passed = 0;
  const timer = setInterval(() => {
    if (++passed > seconds) reject(new Unanswered(seconds));
  }, 1000);
  try {
    return await Promise.race([asked, promise]);
  } finally {
    clearInterval(timer);
  }
}

/** A connection that listens for as long as anybody wants to be told. */
function listenerOf(address: Address, hold: () => () => void): Database["listen"] {
  const calls = new Map<string, Set<() => void>>();
  let link: Link | undefined;
  let release: (() => void) | undefined;

  const listenOn = async (wanted: Link): Promise<void> => {
    try {
      const sql = await wanted.sql();
      await answered((async () => await sql.unsafe(`listen ${CHANNEL}`))(), ANSWER_S);
      for (const call of [...calls.values()].flatMap((some) => [...some])) call(); // of what was missed meanwhile
    } catch {
      if (link !== wanted) return;
      wanted.end();
      await sleep(LONGEST_WAIT_MS);
      if (link === wanted) await listenOn(wanted);
    }
  };
  const begin = (): void => {
    release = hold();
    const begun: Link = linkTo(address, {
      max: 1,
      onNotify: (_, text) => {
        for (const call of calls.get(text) ?? []) call();
      },
      onClose: () => {
        if (link !== begun) return;
        begun.end();
        listenOn(begun);
      },
    });
    link = begun;
    listenOn(begun);
  };
  return (text, call) => {
    calls.set(text, (calls.get(text) ?? new Set()).add(call));
    if (link === undefined) begin();
    return () => {
      calls.get(text)?.delete(call);
      if (calls.get(text)?.size === 0) calls.delete(text);
      if (calls.size > 0) return;
      const ended = link;
      link = undefined;
      ended?.end();
      release?.();
    };
  };
}
