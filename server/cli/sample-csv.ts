/**
 * Rows of a table as CSV.
 *
 * @module
 */
import type { Column, NetworkPorts } from "../../core/mod.ts";
import type { Draft } from "./files.ts";
import { csvCell } from "./words.ts";

/**
 * Writes generated rows under the names of their columns. One-hot columns become text again: the likeliest category.
 * @param blocks rows `[n, width]`, in the table's units
 */
export async function writeCsv(
  draft: Draft,
  { output: [width], outputColumns = numbered(width!) }: NetworkPorts,
  blocks: AsyncIterable<Float32Array>,
): Promise<void> {
  const text = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(`${lines.join("\n")}\n`);
  const names = [...new Set(outputColumns.map(({ name }) => name))];
  const cells = names.map((name) => {
    const places = outputColumns.flatMap((column, i) => (column.name === name ? [i] : []));
    if (outputColumns[places[0]!]!.category === undefined)
      return (row: Float32Array) => String(row[places[0]!]);
    return (row: Float32Array) =>
      outputColumns[places.reduce((best, i) => (row[i]! > row[best]! ? i : best))]!.category!;
  });
  await draft.append(text([names.map(csvCell).join(",")]));
  for await (const rows of blocks) {
    const lines = Array.from({ length: rows.length / width! }, (_, i) => {
      const row = rows.subarray(i * width!, (i + 1) * width!);
      return cells.map((cell) => csvCell(cell(row))).join(",");
    });
    await draft.append(text(lines));
  }
}

/** Columns of rows that are of no table, called 1, 2, … */
function numbered(width: number): Column[] {
  return Array.from({ length: width }, (_, i) => ({ name: String(i + 1), mean: 0, scale: 1 }));
}
