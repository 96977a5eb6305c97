/**
 * Events as lines of text. The HTTP server passes lines on as they are, and parses only what it has to.
 *
 * @module
 */
import { InputError } from "../../core/plugin/errors.ts";
import type { RunEvent } from "../../core/run/event.ts";

/** An event as JSON, with what readers choose it by. */
export interface Line {
  readonly seq: number;
  readonly type: string;
  readonly json: string;
}

/** The beginning of an event as this project writes it. */
const ENVELOPE = /^\{"seq":(\d+),"time":"[^"\\]*","type":"(\w+)"/;

/** Splits a piece of an event log into its lines, but for damaged ones: whoever shows a run shows the rest of it. */
export function* linesOf(piece: string): Generator<Line> {
  for (let index = 0; index < piece.length; ) {
    const end = piece.indexOf("\n", index);
    const json = piece.slice(index, end);
    index = end + 1;
    const [, seq, type] = ENVELOPE.exec(json) ?? [];
    if (seq !== undefined && json.endsWith("}")) yield { seq: Number(seq), type: type!, json };
    else {
      const event = soundEvent(json);
      if (event !== undefined) yield { seq: event.seq, type: String(event.type), json };
    }
  }
}

/** An event; undefined of a line that is damaged. */
export function soundEvent(json: string): RunEvent | undefined {
  try {
    const event = JSON.parse(json);
    return Number.isInteger(event?.seq) ? event : undefined;
  } catch {
    return undefined;
  }
}

/** Parses an event. @throws InputError for a line that is not JSON */
export function eventOf(json: string): RunEvent {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new InputError(`an event of the run is damaged, not JSON: ${json.slice(0, 60)}`, { cause: error });
  }
}

/** Index of the first line with a number above `since`. */
export function indexAbove(lines: readonly Line[], since: number): number {
  let low = 0;
  for (let high = lines.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (lines[middle]!.seq > since) high = middle;
    else low = middle + 1;
  }
  return low;
}
