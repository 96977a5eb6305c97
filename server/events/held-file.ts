/**
 * A file whose bytes are here, as one that is read in pieces.
 *
 * @module
 */
import type { RunFile } from "../../core/run/store.ts";

/** The file that has these bytes. */
export async function heldFile(data: Uint8Array): Promise<RunFile> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", data as Uint8Array<ArrayBuffer>));
  return {
    size: data.length,
    version: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    async *pieces(start = 0, end = data.length) {
      if (start < end) yield data.subarray(start, end);
    },
  };
}
