/**
 * Events as lines of text. A line is passed on to clients as it is, and is parsed only where it has to be.
 *
 * @module
 */
import { InputError } from "../../core/plugin/errors.ts";

/** An event as JSON, with what readers choose it by. */
export interface Line {
  readonly seq: number;
  readonly type: string;
  readonly json: string;
}

/** The beginning of an event as this project writes it. */
const ENVELOPE = /^\{"seq":(\d+),"time":"[^"\\]*","type":"(\w+)"/;

/** Splits a piece of an event log into its lines. @throws InputError for a line that is not JSON */
export function* linesOf(piece: string): Generator<Line> {
  for (let index = 0; index < piece.length; ) {
    const end = piece.indexOf("\n", index);
    const json = piece.slice(index, end);
    index = end + 1;
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
