/**
 * Runs read from the database.
 *
 * @module
 */
import {
  checkRunPath,
  InputError,
  type Machine,
  RUN_FILES,
  type RunEvent,
  type RunGlance,
  type RunReader,
  type RunStanding,
} from "../../../core/mod.ts";
import type { Database } from "./database.ts";
import { fileOf } from "./file.ts";
import { ownerOf } from "./lease.ts";

/** Bytes of lines in a piece, about. */
const PIECE = 1_000_000;
/** Lines in a piece at most. */
const LINES = 5000;
/** More than any run has. */
const ALL = 2 ** 31 - 1;

/** @param absent the error where there is no such run any more */
export function readerOf(
  id: string,
  database: Database,
  machine: Machine,
  absent: () => InputError,
): RunReader {
  const linesAfter = async (since: number): Promise<readonly { seq: number; line: string }[]> =>
    await database.ask(
      (sql) => sql<{ seq: number; line: string }[]>`
        select seq, line from (
          select seq, line, sum(octet_length(line)) over (order by seq) - octet_length(line) as before from (
            select seq, line from dsgan.events
            where run = (select number from dsgan.runs where id = ${id}) and seq > ${clamp(since)}::integer
            order by seq limit ${LINES}::integer
          ) as following
        ) as piece where before < ${PIECE}::integer order by seq`,
    );
  const lines = async function* (since = 0): AsyncGenerator<string> {
    for (let from = since; ; ) {
      const piece = await linesAfter(from);
      if (piece.length === 0) return;
      yield piece.map(({ line }) => `${line}\n`).join("");
      from = piece.at(-1)!.seq;
    }
  };
  const fileAt = async (path: string): Promise<Uint8Array | undefined> => {
    const pieces = await database.ask(
      (sql) => sql<{ data: Uint8Array }[]>`
        select data from dsgan.chunks join dsgan.files using (run, upload)
        where run = (select number from dsgan.runs where id = ${id}) and path = ${path}
        order by n`,
    );
    if (pieces.length === 0) return undefined;
    return pieces.length === 1 ? pieces[0]!.data : Buffer.concat(pieces.map(({ data }) => data));
  };
  return {
    id,
    location: `${database.shown}#${id}`,
    owner: () => ownerOf(id, database, machine),
    async events(since = 0, limit = ALL) {
      const rows = await database.ask(
        (sql) => sql<{ line: string }[]>`
          select line from dsgan.events
          where run = (select number from dsgan.runs where id = ${id}) and seq > ${clamp(since)}::integer
          order by seq limit ${clamp(limit)}::integer`,
      );
      return rows.map(({ line }) => JSON.parse(line) as RunEvent);
    },
    lines,
    async extent() {
      const [row] = await database.ask(
        (sql) => sql<{ number: string; began: string; last: number }[]>`
          select number::text, (extract(epoch from began) * 1000000)::bigint::text as began, last
          from dsgan.runs where id = ${id}`,
      );
      if (row === undefined) throw absent();
      return { generation: `${row.number}-${row.began}`, last: row.last };
    },
    onAppend: (call) => database.listen(id, call),
    async read(path) {
      if (checkRunPath(path) === RUN_FILES.events) {
        const pieces: string[] = [];
        for await (const piece of lines()) pieces.push(piece);
        return new TextEncoder().encode(pieces.join(""));
      }
      const data = await fileAt(path);
      if (data === undefined) throw new InputError(`run ${id} has no file ${JSON.stringify(path)}`);
      return data;
    },
    file: (path) => fileOf(id, database, path, lines),
    async files(prefix) {
      const rows = await database.ask(
        (sql) => sql<{ path: string }[]>`
          select path from dsgan.files
          where run = (select number from dsgan.runs where id = ${id}) and starts_with(path, ${prefix})`,
      );
      return rows.map(({ path }) => path).sort();
    },
    async result() {
      const data = await fileAt(RUN_FILES.result);
      if (data === undefined) return undefined;
      try {
        return JSON.parse(new TextDecoder().decode(data));
      } catch (cause) {
        throw new InputError(`run ${id}: ${RUN_FILES.result} is damaged, not JSON`, { cause });
      }
    },
  };
}

/** A number as the database's `integer` holds it. */
function clamp(number: number): number {
  return Math.min(number, ALL);
}

/** What a row tells at a glance. */
interface GlanceRow {
  readonly id: string;
  readonly scenario: string;
  readonly began: number;
  readonly running: boolean;
  readonly tags: readonly string[];
  readonly status: Exclude<RunStanding, "running" | "abandoned"> | null;
  readonly seconds: number | null;
}

/** Glances of those of some runs that are there, in the order given. */
export async function glancesAt(ids: readonly string[], database: Database): Promise<readonly RunGlance[]> {
  const rows = await database.ask(
    (sql) => sql<GlanceRow[]>`
      select id, scenario, (extract(epoch from began) * 1000)::float8 as began, tags, status, seconds,
        (holder is not null and until > clock_timestamp()) as running
      from dsgan.runs
      where id in (select json_array_elements_text(${JSON.stringify(ids)}::text::json))`,
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = found.get(id);
    return row === undefined ? [] : [glanceOf(row)];
  });
}

function glanceOf({ id, scenario, began, running, tags, status, seconds }: GlanceRow): RunGlance {
  return {
    run: id,
    scenario,
    status: running ? "running" : (status ?? "abandoned"),
    tags,
    began: new Date(began).toISOString(),
    ...(!running && seconds !== null && { seconds }),
  };
}
