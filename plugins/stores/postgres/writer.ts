/**
 * A run being written to the database. Each call is one statement that does nothing unless this writer is the last one the
 * run has had: no lock is held while the network may be away.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { Sql } from "postgres";
import {
  checkRunPath,
  InputError,
  parseKept,
  RUN_FILES,
  RunError,
  type RunEvent,
  RunLost,
  type RunResult,
  type RunWriter,
} from "../../../core/mod.ts";
import { turns } from "../turns.ts";
import { CHANNEL, type Database } from "./database.ts";
import type { Lease } from "./lease.ts";
import { reasonOf } from "./trouble.ts";

/** Bytes of a file in one row. */
const CHUNK = 1 << 20;

/** @param patience milliseconds that a statement is tried again for where the server is away */
export function writerOf(id: string, database: Database, lease: Lease, patience: number): RunWriter {
  const release = database.hold();
  let closed = false;
  let op = 0;
  const inTurn = turns();
  const requireOpen = (): void => {
    if (lease.lost.aborted) throw lease.lost.reason;
    if (closed) throw new RunError(`run ${id} is closed: nothing can be added to it`);
  };
  /** @param statement tells how many runs it found of which this is the writer */
  const fenced = async (
    what: string,
    statement: (sql: Sql) => PromiseLike<readonly { readonly held: number }[]>,
    bytes = 0,
  ): Promise<void> => {
    let rows: readonly { readonly held: number }[];
    try {
      rows = await database.ask(statement, { patience, bytes });
    } catch (error) {
      throw unwritten(`${database.shown}: ${what} of run ${id}`, error);
    }
    if (rows[0]?.held !== 1) throw await lease.refused();
  };
  const fileAt = (path: string): void => {
    if (checkRunPath(path) === RUN_FILES.events) throw new InputError(`${path} is written by append alone`);
    requireOpen();
  };
  const append = (events: readonly RunEvent[]): Promise<void> =>
    inTurn(async () => {
      requireOpen();
      const lines = events.map((event) => ({ seq: event.seq, line: JSON.stringify(event) }));
      const given = JSON.stringify(lines);
      const last = events.at(-1)!.seq;
      const number = ++op;
      let kept = lines.length;
      await fenced(
        "events",
        async (sql) => {
          const rows = await sql<{ held: number; kept: number }[]>`
            with held as (
              update dsgan.runs set op = ${number}::bigint, last = ${last}::integer
              where id = ${id} and epoch = ${lease.epoch}::integer and op <= ${number}::bigint returning number
            ), kept as (
              insert into dsgan.events (run, seq, line)
              select held.number, event.seq, event.line
              from held, json_to_recordset(${given}::text::json) as event (seq integer, line text)
              on conflict (run, seq) do update set line = excluded.line where events.line = excluded.line
              returning seq
            ), told as (
              select pg_notify(${CHANNEL}::text, ${id}::text) from held
            )
            select (select count(*) from held)::integer as held, (select count(*) from kept)::integer as kept,
              (select count(*) from told)::integer as told`;
          kept = rows[0]!.kept;
          return rows;
        },
        given.length,
      );
      if (kept < lines.length) throw new RunError(`run ${id} has other events of those numbers already`);
    });
  /** Sends all of a file but its last piece, which nobody sees yet. @returns the last piece, and its number */
  const upload = async (path: string, key: string, data: Uint8Array): Promise<[Uint8Array, number]> => {
    let n = 0;
    for (; data.length - n * CHUNK > CHUNK; n++) {
      const piece = data.subarray(n * CHUNK, (n + 1) * CHUNK);
      const index = n;
      await fenced(
        path,
        (sql) => sql<{ held: number }[]>`
          with held as (
            select number from dsgan.runs where id = ${id} and epoch = ${lease.epoch}::integer for share
          ), piece as (
            insert into dsgan.chunks (run, upload, n, data)
            select number, ${key}::text::uuid, ${index}::integer, ${piece}::bytea from held
            on conflict (run, upload, n) do nothing
          )
          select count(*)::integer as held from held`,
        piece.length,
      );
    }
    return [data.subarray(n * CHUNK), n];
  };
  const write = async (path: string, data: Uint8Array): Promise<void> => {
    const key = randomUUID();
    const [piece, n] = await upload(path, key, data);
    const number = ++op;
    const tags = path === RUN_FILES.scenario ? tagsIn(data) : undefined;
    const result = path === RUN_FILES.result ? resultIn(data) : undefined;
    await fenced(
      path,
      (sql) => sql<{ held: number }[]>`
        with held as (
          update dsgan.runs set op = ${number}::bigint
            ${tags === undefined ? sql`` : sql`, tags = ${JSON.stringify(tags)}::text::jsonb`}
            ${
              path === RUN_FILES.result
                ? sql`, status = ${result?.status ?? null}::text, seconds = ${result?.seconds ?? null}::float8`
                : sql``
            }
          where id = ${id} and epoch = ${lease.epoch}::integer and op <= ${number}::bigint returning number
        ), old as (
          delete from dsgan.chunks using held, dsgan.files as file
          where file.run = held.number and file.path = ${path}::text and file.upload <> ${key}::text::uuid
            and chunks.run = file.run and chunks.upload = file.upload
        ), piece as (
          insert into dsgan.chunks (run, upload, n, data)
          select number, ${key}::text::uuid, ${n}::integer, ${piece}::bytea from held
          on conflict (run, upload, n) do nothing
        ), put as (
          insert into dsgan.files (run, path, upload) select number, ${path}::text, ${key}::text::uuid from held
          on conflict (run, path) do update set upload = excluded.upload
        )
        select count(*)::integer as held from held`,
      piece.length,
    );
  };
  return {
    id,
    location: `${database.shown}#${id}`,
    epoch: lease.epoch,
    lost: lease.lost,
    append: (event) => append([event]),
    appendAll: append,
    write: (path, given) => {
      const data = typeof given === "string" ? new TextEncoder().encode(given) : new Uint8Array(given);
      return inTurn(async () => {
        fileAt(path);
        await write(path, data);
      });
    },
    remove: (path) =>
      inTurn(async () => {
        fileAt(path);
        const number = ++op;
        await fenced(
          path,
          (sql) => sql<{ held: number }[]>`
            with held as (
              update dsgan.runs set op = ${number}::bigint
              ${path === RUN_FILES.result ? sql`, status = null, seconds = null` : sql``}
              where id = ${id} and epoch = ${lease.epoch}::integer and op <= ${number}::bigint returning number
            ), old as (
              delete from dsgan.files using held where run = held.number and path = ${path}::text
              returning run, upload
            ), pieces as (
              delete from dsgan.chunks using old where chunks.run = old.run and chunks.upload = old.upload
            )
            select count(*)::integer as held from held`,
        );
      }),
    close: () =>
      inTurn(async () => {
        if (closed) return;
        closed = true;
        try {
          await lease.release(patience);
        } catch (error) {
          throw error instanceof RunLost ? error : unwritten(`${database.shown}: run ${id}`, error);
        } finally {
          release();
        }
      }),
  };
}

function tagsIn(scenario: Uint8Array): readonly string[] {
  try {
    const { tags } = parseKept(new TextDecoder().decode(scenario)) as { tags?: unknown };
    return Array.isArray(tags) ? tags.map(String) : [];
  } catch {
    return []; // damaged, which reading the run itself will tell
  }
}

function resultIn(data: Uint8Array): Partial<RunResult> {
  try {
    return JSON.parse(new TextDecoder().decode(data)) ?? {};
  } catch {
    return {};
  }
}

function unwritten(what: string, error: unknown): RunError {
  return new RunError(
    `cannot write ${what}: ${reasonOf(error)}. What was kept before is whole; see to the server, then resume the run`,
    { cause: error },
  );
}
