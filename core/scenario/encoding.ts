/**
 * From the bytes of a text file to its text: UTF-8, and nothing else by mistake.
 *
 * @module
 */
import { InputError } from "../plugin/errors.ts";

/** How UTF-16 and UTF-32 begin where they have a mark; the longest first. */
const MARKS: readonly (readonly [encoding: string, bytes: readonly number[]])[] = [
  ["UTF-32 (little endian)", [0xff, 0xfe, 0, 0]],
  ["UTF-32 (big endian)", [0, 0, 0xfe, 0xff]],
  ["UTF-16 (little endian)", [0xff, 0xfe]],
  ["UTF-16 (big endian)", [0xfe, 0xff]],
];

const ADVICE = "Save it as UTF-8";

/**
 * Decodes a text file. A mark at the beginning of UTF-8 is left out.
 * @param file for messages
 * @throws InputError where it is no UTF-8, saying which encoding it seems to have
 */
export function decodeText(bytes: Uint8Array, file: string): string {
  const wide = wideEncodingOf(bytes);
  if (wide !== undefined) throw new InputError(`it seems to be ${wide}, not UTF-8. ${ADVICE}`, { file });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const at = firstFault(bytes);
    const line = 1 + bytes.subarray(0, at).filter((byte) => byte === 0x0a).length;
    const byte = `0x${(bytes[at] ?? 0).toString(16).padStart(2, "0")}`;
    const guess = isBinary(bytes) ? "it seems to be no text" : `it seems to be ${narrowEncodingOf(bytes)}`;
    const message = `not valid UTF-8 (byte ${byte}): ${guess}. ${ADVICE}`;
    throw new InputError([{ path: "", message, line }], { file });
  }
}

/** The encoding of a text whose letters take two bytes or four: by its mark, or by its zero bytes. */
function wideEncodingOf(bytes: Uint8Array): string | undefined {
  const marked = MARKS.find(([, mark]) => mark.every((byte, i) => bytes[i] === byte));
  if (marked !== undefined) return marked[0];
  const [zero0, zero1] = [0, 1].map((first) => {
    let zeros = 0;
    for (let i = first; i < bytes.length; i += 2) if (bytes[i] === 0) zeros++;
    return zeros / Math.max(1, Math.floor(bytes.length / 2));
  }) as [number, number];
  if (bytes.length < 4 || Math.max(zero0, zero1) < 0.4 || Math.min(zero0, zero1) > 0.1) return undefined;
  return zero1 > zero0 ? "UTF-16 (little endian)" : "UTF-16 (big endian)";
}

/** An encoding of one byte a letter: Windows-1252 has signs where Latin-1 has controls. */
function narrowEncodingOf(bytes: Uint8Array): string {
  return bytes.some((byte) => byte >= 0x80 && byte <= 0x9f) ? "Windows-1252" : "Latin-1 (ISO 8859-1)";
}

function isBinary(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d, 0x1b].includes(byte));
}

/** The first byte that no UTF-8 has in its place. */
function firstFault(bytes: Uint8Array): number {
  let [sound, broken] = [0, bytes.length];
  while (sound < broken) {
    const middle = Math.ceil((sound + broken) / 2);
    if (isSoundSoFar(bytes.subarray(0, middle))) sound = middle;
    else broken = middle - 1;
  }
  return sound;
}

/** Whether bytes are UTF-8, the last letter of which may be cut. */
function isSoundSoFar(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
