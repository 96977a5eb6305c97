/**
 * The IDX format of unsigned bytes: four bytes of magic (0, 0, 8 for unsigned bytes, number of dimensions), each
 * dimension as a big-endian uint32, then the values, the last dimension running fastest.
 * Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998.
 *
 * @module
 */

/** The content of an IDX file. */
export interface Idx {
  readonly dimensions: readonly number[];
  /** A view of the file's bytes, `dimensions` multiplied in number. */
  readonly values: Uint8Array;
}

/**
 * Reads the bytes of an IDX file of unsigned bytes.
 * @param rank number of dimensions that it must have
 * @throws Error saying what was expected and what was found
 */
export function parseIdx(bytes: Uint8Array, rank: number): Idx {
  const header = 4 + 4 * rank;
  if (bytes.length === 0) throw new Error(`expected a header of ${header} bytes, found an empty file`);
  if (bytes.length < header)
    throw new Error(`expected a header of ${header} bytes, found ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expected = 0x800 + rank;
  if (magic !== expected) {
    throw new Error(
      `expected magic ${hex(expected)} (unsigned bytes in ${rank} ${rank === 1 ? "dimension" : "dimensions"}), found ${hex(magic)}`,
    );
  }
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = dimensions.reduce((product, n) => product * n, 1);
  const shown = dimensions.join(" × ");
  if (count === 0) throw new Error(`expected at least one value, found dimensions ${shown}`);
  if (bytes.length !== header + count) {
    throw new Error(
      `expected ${header + count} bytes (${header} of header, ${shown} values), found ${bytes.length}`,
    );
  }
  return { dimensions, values: bytes.subarray(header) };
}

function hex(magic: number): string {
  return `0x${magic.toString(16).padStart(8, "0")}`;
}
