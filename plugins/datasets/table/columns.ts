/**
 * Which columns of a table a dataset has, and by which numbers they are standardised.
 *
 * @module
 */
import { type Column, InputError } from "../../../core/mod.ts";
import {
  type Cell,
  cellsOf,
  type Encoded,
  inScenario,
  isOtherDecimal,
  numberIn,
  shown,
  type Table,
  textIn,
} from "./table.ts";

/** The most categories that a column may have: each becomes a value of the row. */
const MOST = 100;

/**
 * The values that rows have: one for each column of numbers, one for each category of the others; not yet standardised.
 * @param names of columns, in this order
 * @param oneHot those among them that are categories
 * @throws InputError for a column of text that is not said to be of categories
 */
export function plannedColumns(table: Table, names: readonly string[], oneHot: readonly string[]): Column[] {
  const strange = oneHot.find((name) => !names.includes(name));
  if (strange !== undefined)
    throw new InputError(`oneHot names "${strange}", which is not among the columns`);
  const columns = names.flatMap((name): Column[] => {
    const cells = cellsOf(table, name);
    const plain = { name, mean: 0, scale: 1 };
    if (oneHot.includes(name))
      return categoriesOf(table, name, cells).map((category) => ({ ...plain, category }));
    requireNumbers(table, name, cells);
    return [plain];
  });
  if (columns.length > 0) return columns;
  throw new InputError(`${table.path}: no column is left to learn from`);
}

function categoriesOf({ path }: Table, name: string, cells: readonly Cell[]): string[] {
  const found = [...new Set(cells.map(textIn))].filter((text) => text !== undefined).sort();
  if (found.length > 0 && found.length <= MOST) return found;
  throw new InputError(
    `${path}: column "${name}" has ${found.length} categories, and one-hot takes 1 to ${MOST}: leave it out, ${inScenario("except", [name])}`,
  );
}

/** A day, with or without a time: 2024-03-01T12:00, 1.3.2024, 3/1/24. */
const DAY = /^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?!\d)/;

/** @throws InputError where most cells hold text, with advice on what to do with it */
function requireNumbers(table: Table, name: string, cells: readonly Cell[]): void {
  const { path, place, decimal } = table;
  const isText = (cell: Cell): boolean =>
    textIn(cell) !== undefined && Number.isNaN(numberIn(cell, decimal)) && !isOtherDecimal(cell, table);
  const texts = cells.filter(isText);
  if (texts.length <= cells.length / 2) return;
  const row = cells.findIndex(isText);
  const where = `(${place(row)}: ${shown(cells[row]!)})`;
  const without = inScenario("except", [name]);
  if (texts.every((cell) => DAY.test(String(cell)))) {
    throw new InputError(
      `${path}: column "${name}" holds dates ${where}. Leave it out, ${without}, or write them as numbers`,
    );
  }
  const categories = new Set(texts.map(textIn)).size;
  throw new InputError(
    `${path}: column "${name}" holds text ${where}` +
      (categories > MOST
        ? `, ${categories} different ones. Leave it out, ${without}`
        : `. List it under oneHot to make its categories columns of 0 and 1, or leave it out, ${without}`),
  );
}

/**
 * The same columns, standardised by the mean and the standard deviation of some rows (division by n). Categories stay 0
 * and 1; a column that never changes is only shifted.
 * @param rows indices into the encoded rows
 */
export function statistics(
  { values }: Pick<Encoded, "values">,
  columns: readonly Column[],
  rows: ArrayLike<number>,
): Column[] {
  const n = rows.length;
  const d = columns.length;
  return columns.map((column, j) => {
    if (column.category !== undefined) return column;
    const first = values[rows[0]! * d + j]!;
    let shift = 0; // from the first value on: a column that never changes has none, and no rounding for a scale
    for (let i = 0; i < n; i++) shift += (values[rows[i]! * d + j]! - first) / n;
    let variance = 0;
    for (let i = 0; i < n; i++) variance += (values[rows[i]! * d + j]! - first - shift) ** 2 / n;
    return { ...column, mean: first + shift, scale: variance > 0 ? Math.sqrt(variance) : 1 };
  });
}

/** Rows in the table's units, standardised. */
export function standardisedValues(
  { values }: Pick<Encoded, "values">,
  columns: readonly Column[],
): Float32Array {
  const d = columns.length;
  return Float32Array.from(values, (value, i) => {
    const { mean, scale } = columns[i % d]!;
    return (value - mean) / scale;
  });
}
