/**
 * Files of a run in the database, read a chunk at a time.
 *
 * @module
 */
import { checkRunPath, InputError, RUN_FILES, RunError, type RunFile } from "../../../core/mod.ts";
import type { Database } from "./database.ts";

/** A chunk of a file: its number, and how many bytes it has. */
interface Chunk {
  readonly n: number;
  readonly bytes: number;
}

/**
 * A file of a run, see `RunReader.file`.
 * @param lines the events of the run
 */
export async function fileOf(
  id: string,
  database: Database,
  path: string,
  lines: () => AsyncIterable<string>,
): Promise<RunFile> {
  if (checkRunPath(path) === RUN_FILES.events) return await logOf(id, database, lines);
  const chunks = await database.ask(
    (sql) => sql<(Chunk & { upload: string })[]>`
      select upload::text, n, octet_length(data) as bytes from dsgan.chunks join dsgan.files using (run, upload)
      where run = (select number from dsgan.runs where id = ${id}) and path = ${path}
      order by n`,
  );
  const version = chunks[0]?.upload;
  if (version === undefined) throw new InputError(`run ${id} has no file ${JSON.stringify(path)}`);
  const size = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  const dataOf = async (n: number): Promise<Uint8Array> => {
    const [row] = await database.ask(
      (sql) => sql<{ data: Uint8Array }[]>`
        select data from dsgan.chunks
        where run = (select number from dsgan.runs where id = ${id}) and upload = ${version}::text::uuid
          and n = ${n}::integer`,
    );
    if (row === undefined) throw new RunError(`run ${id}: ${path} was replaced while it was read`);
    return row.data;
  };
  return {
    size,
    version,
    async *pieces(start = 0, end = size) {
      let at = 0;
      for (const { n, bytes } of chunks) {
        const [from, to] = [Math.max(start - at, 0), Math.min(end - at, bytes)];
        if (from < to) yield (await dataOf(n)).subarray(from, to);
        at += bytes;
      }
    },
  };
}

/** The log of events as a file, as far as it reaches now. */
async function logOf(id: string, database: Database, lines: () => AsyncIterable<string>): Promise<RunFile> {
  const [row] = await database.ask(
    (sql) => sql<{ bytes: string; last: number }[]>`
      select coalesce(sum(octet_length(line) + 1), 0)::text as bytes, coalesce(max(seq), 0) as last from dsgan.events
      where run = (select number from dsgan.runs where id = ${id})`,
  );
  const size = Number(row!.bytes);
  return {
    size,
    version: `log-${row!.last}`,
    async *pieces(start = 0, end = size) {
      let at = 0;
      for await (const text of lines()) {
        const data = new TextEncoder().encode(text);
        const [from, to] = [Math.max(start - at, 0), Math.min(end - at, data.length)];
        if (from < to) yield data.subarray(from, to);
        at += data.length;
        if (at >= end) return;
      }
    },
  };
}
