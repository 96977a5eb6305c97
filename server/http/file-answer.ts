/**
 * Answers with a file a piece at a time, as fast as the client takes it: whole, or a range of it (RFC 9110, section 14).
 *
 * @module
 */
import type { Context } from "hono";
import type { RunFile } from "../../core/run/store.ts";
import { Refusal } from "./problem.ts";

/** Answers with a file. @throws Refusal 416 for a range that it does not have */
export function fileAnswer(c: Context, file: RunFile, headers: Readonly<Record<string, string>>): Response {
  const { size, version } = file;
  const etag = `"${version}"`;
  const common = { ...headers, ETag: etag, "Accept-Ranges": "bytes", "Cache-Control": "no-cache" };
  const isHead = c.req.method === "HEAD";
  if (isKnown(c, etag)) return c.body(null, 304, common);
  const range = isHead ? undefined : rangeOf(c, etag, size);
  if (range === undefined) {
    const whole = { ...common, "Content-Length": String(size) };
    return isHead ? c.body(null, 200, whole) : c.body(streamOf(file, 0, size), 200, whole);
  }
  const { start, end } = range;
  return c.body(streamOf(file, start, end), 206, {
    ...common,
    "Content-Range": `bytes ${start}-${end - 1}/${size}`,
    "Content-Length": String(end - start),
  });
}

/** Whether the client has the file already. */
function isKnown(c: Context, etag: string): boolean {
  const known = c.req.header("If-None-Match");
  return known !== undefined && (known.trim() === "*" || new Set(known.match(/"[^"]*"/g)).has(etag));
}

/** A part of a file, its end not included. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** The range that is asked for; undefined where it is the whole, or several, which are answered with the whole. */
function rangeOf(c: Context, etag: string, size: number): Range | undefined {
  const asked = c.req.header("Range");
  const same = c.req.header("If-Range");
  if (asked === undefined || (same !== undefined && same !== etag)) return undefined;
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(asked.replaceAll(" ", "")) ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (last !== "" && first !== "" && Number(last) < Number(first)) return undefined; // no range at all
  if (start < end) return { start, end };
  throw new Refusal(416, `the file has ${size} bytes, and no range ${JSON.stringify(asked.slice(0, 100))}`, {
    headers: { "Content-Range": `bytes */${size}` },
  });
}

/** Reads a piece whenever the client has room for one. */
function streamOf(file: RunFile, start: number, end: number): ReadableStream<Uint8Array> {
  const pieces = file.pieces(start, end)[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await pieces.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
