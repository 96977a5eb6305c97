/**
 * The file of a run's events, read from any number on: an event a line, numbered upwards, appended to while it is read.
 * Where a number stands is found by bisection, so that a page at the end of a long run costs no more than one at its
 * beginning; nothing is kept but where the last reading ended.
 *
 * @module
 */
import { type Stats, statSync } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { dirname, sep } from "node:path";
import { InputError, type RunExtent } from "../../../core/mod.ts";
import { codeOf, reasonOf } from "./reason.ts";

/** Bytes read at a time. */
const PIECE = 1 << 20;
/** Bytes within which it is quicker to read on than to bisect further. */
const NEAR = 1 << 16;
const NEWLINE = 10;

/** A place between two lines. */
interface Mark {
  readonly seq: number;
  readonly offset: number;
}

const BEGINNING: Mark = { seq: 0, offset: 0 };

/** The events of a run as lines. */
export interface Log {
  /** Whole lines above `since`, see `RunReader.lines`. */
  lines(since: number): AsyncGenerator<string>;
  extent(): Promise<RunExtent>;
}

/** @param path the file, which may not be there yet */
export function logOf(path: string): Log {
  let generation = "";
  let size = 0;
  /** Where the last whole line ended when the file had that size. */
  let end: Mark = BEGINNING;
  /** Where the last reading ended. */
  let read: Mark = BEGINNING;

  /** Forgets what was seen of another file. */
  const look = (now: {
    readonly ino: number | bigint;
    readonly dev: number | bigint;
    readonly size: number;
  }) => {
    const found = `${now.dev.toString(36)}-${now.ino.toString(36)}`;
    if (found !== generation || now.size < size) [size, end, read] = [0, BEGINNING, BEGINNING];
    generation = found;
  };

  return {
    async extent() {
      const now = sizeOf(path);
      if (now === undefined) return { generation: "", last: 0 };
      look(now);
      if (now.size !== size) {
        await using file = await opened(path);
        end = await lastLine(file, now.size);
        size = now.size;
      }
      return { generation, last: end.seq };
    },
    async *lines(since) {
      await using file = await opened(path);
      if (file === undefined) return;
      const now = await file.stat();
      look(now);
      const start = [end, read].find(({ seq }) => seq === since) ?? (await seek(file, since, now.size));
      let isAbove = start.seq === since;
      for await (const { text, offset } of pieces(file, start.offset, path)) {
        const wanted = isAbove ? text : above(text, since);
        isAbove = wanted !== "";
        read = { seq: seqOf(text.slice(text.lastIndexOf("\n", text.length - 2) + 1, -1)), offset };
        if (isAbove) yield wanted;
      }
    },
  };
}

/** One call of the system, waited for: it is asked so often that handing it to another thread would cost more. */
function sizeOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new InputError(`cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Opens a file that lies where it says; undefined where there is none. */
async function opened(path: string): Promise<FileHandle | undefined> {
  try {
    const real = await realpath(path);
    if (!real.startsWith((await realpath(dirname(path))) + sep)) {
      throw new InputError(`${path} is a link to outside the run`);
    }
    return await open(real, "r");
  } catch (error) {
    return failed(path, undefined)(error);
  }
}

function failed<T>(path: string, absent: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof InputError) throw error;
    if (codeOf(error) === "ENOENT") return absent;
    throw new InputError(`cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  };
}

/** Whole lines from an offset on, and where each piece of them ends. */
async function* pieces(
  file: FileHandle,
  from: number,
  path: string,
): AsyncGenerator<{ readonly text: string; readonly offset: number }> {
  let buffer = Buffer.allocUnsafe(NEAR); // the first piece is small: most readers want the last few events
  for (let offset = from; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset).catch((error) => {
      throw new InputError(`cannot read ${path}: ${reasonOf(error)}`, { cause: error });
    });
    const length = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1;
    if (length > 0) {
      offset += length;
      yield { text: buffer.toString("utf8", 0, length), offset };
    }
    if (bytesRead < buffer.length) return; // what follows the last newline is still being written, or was torn
    if (length === 0 || buffer.length < PIECE) buffer = Buffer.allocUnsafe(buffer.length * 4);
  }
}

/** The lines of a piece that are above a number. */
function above(text: string, since: number): string {
  for (let start = 0; start < text.length; start = text.indexOf("\n", start) + 1) {
    if (!(seqOf(text.slice(start, text.indexOf("\n", start))) <= since)) return text.slice(start);
  }
  return "";
}

/** A place at or before the first line above a number, not far from it. */
async function seek(file: FileHandle, since: number, size: number): Promise<Mark> {
  let low = BEGINNING;
  for (let high = size; since > 0 && high - low.offset > NEAR; ) {
    const middle = Math.floor((low.offset + high) / 2);
    const line = await firstLine(file, middle, high);
    if (line === undefined) high = middle;
    else {
      const seq = seqOf(line.text);
      if (seq <= since) low = { seq: seq - 1, offset: line.offset };
      else high = middle;
    }
  }
  return low;
}

/** The first whole line that begins after an offset and before another. */
async function firstLine(
  file: FileHandle,
  after: number,
  before: number,
): Promise<{ readonly text: string; readonly offset: number } | undefined> {
  for (let length = 1 << 12; ; length *= 4) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, after);
    const bytes = buffer.subarray(0, bytesRead);
    const begin = bytes.indexOf(NEWLINE) + 1;
    const end = begin === 0 ? -1 : bytes.indexOf(NEWLINE, begin);
    if (begin > 0 && after + begin >= before) return undefined;
    if (end > 0) return { text: bytes.toString("utf8", begin, end), offset: after + begin };
    if (bytesRead < length) return undefined;
  }
}

/** Where the last whole line ends, and its number: that of the one before where it is damaged, and so on. */
async function lastLine(file: FileHandle | undefined, size: number): Promise<Mark> {
  if (file === undefined) return BEGINNING;
  for (let length = Math.min(1 << 12, size); length > 0; length = Math.min(length * 4, size)) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, size - length);
    const bytes = buffer.subarray(0, bytesRead);
    for (let end = bytes.lastIndexOf(NEWLINE); end >= 0; ) {
      const begin = end < 1 ? -1 : bytes.lastIndexOf(NEWLINE, end - 1);
      if (begin < 0 && length < size) break; // it begins before
      const line = bytes.toString("utf8", begin + 1, end);
      const seq = line.endsWith("}") ? seqOf(line) : Number.NaN;
      if (!Number.isNaN(seq)) return { seq, offset: size - length + end + 1 };
      end = begin;
    }
    if (length === size) break;
  }
  return BEGINNING;
}

/** The number of an event, NaN of a damaged one. Ours is the first thing in a line; others are parsed. */
function seqOf(line: string): number {
  const quick = /^\{"seq":(\d+),/.exec(line);
  if (quick !== null) return Number(quick[1]);
  try {
    return Number(JSON.parse(line).seq);
  } catch {
    return Number.NaN; // whoever reads the line as an event says what is wrong with it
  }
}
