/**
 * Tables: named columns of cells, read from a file of whatever format.
 *
 * @module
 */
import { type Column, InputError, unknownName } from "../../../core/mod.ts";
import { literal } from "../options.ts";

/** A cell: a number, text, or nothing. */
export type Cell = number | string | null;

/** A table as a file has it. */
export interface Table {
  /** Where it comes from, for messages. */
  readonly path: string;
  readonly size: number;
  /** Cells by the column's name, one for each row. */
  readonly columns: ReadonlyMap<string, readonly Cell[]>;
  /** Names a row as its reader would: `row 3 (line 4)`. */
  place(row: number): string;
  /** Where its cells are text: what stands before the fraction of a number. */
  readonly decimal?: Decimal;
  /** How messages name an option; as a scenario writes it unless given. */
  readonly naming?: Naming;
}

/** What stands before the fraction of a number. */
export type Decimal = "." | ",";

/** Names an option and its value, such as `badRows: skip`. */
export type Naming = (option: string, value: unknown) => string;

/** As a scenario writes it. */
export const inScenario: Naming = (option, value) => `${option}: ${literal(value)}`;

/** What to do about rows with a cell that cannot be used. */
export type BadRows = "refuse" | "skip";

/** Rows as numbers. */
export interface Encoded {
  /** `[rows.length, columns.length]`, in the table's units. */
  readonly values: Float64Array;
  /** Which rows of the table they are: all, where none was skipped. */
  readonly rows: Int32Array;
  /** Why others were skipped, with their places; none where bad rows are refused. */
  readonly faults: readonly string[];
}

/** How many faults a message lists. */
const LISTED = 5;

/** A column's cells. @throws InputError where there is none of that name */
export function cellsOf({ path, columns }: Table, name: string): readonly Cell[] {
  const cells = columns.get(name);
  if (cells !== undefined) return cells;
  throw new InputError(`${path}: ${unknownName("column", name, [...columns.keys()])}`);
}

/** The number in a cell; NaN where there is none. */
export function numberIn(cell: Cell, decimal: Decimal = "."): number {
  if (typeof cell === "number") return cell;
  if (cell === null || cell.trim() === "") return Number.NaN;
  if (decimal === ".") return Number(cell);
  return cell.includes(".") ? Number.NaN : Number(cell.replace(",", ".")); // a point would part thousands
}

/** Whether a cell holds a number with the other decimal mark than the table's. */
export function isOtherDecimal(cell: Cell, { decimal }: Pick<Table, "decimal">): boolean {
  if (typeof cell !== "string" || decimal === undefined) return false;
  const other = decimal === "." ? "," : ".";
  return cell.includes(other) && !Number.isNaN(numberIn(cell, other));
}

/** The text in a cell; undefined where it is empty. */
export function textIn(cell: Cell): string | undefined {
  const text = cell === null ? "" : String(cell).trim();
  return text === "" ? undefined : text;
}

/**
 * The rows of a table as numbers, a value for each of the given columns.
 * @throws InputError naming rows with cells that cannot be used, unless they are skipped; where no row is left
 */
export function encoded(table: Table, columns: readonly Column[], badRows: BadRows): Encoded {
  const names = [...new Set(columns.map(({ name }) => name))];
  const readers = names.map((name) => readerOf(name, table, columns));
  const width = columns.length;
  const values = new Float64Array(table.size * width);
  const rows: number[] = [];
  const faults: string[] = [];
  for (let row = 0; row < table.size; row++) {
    const at = rows.length * width;
    const fault = readers.map((read) => read(row, values, at)).find((found) => found !== undefined);
    if (fault === undefined) rows.push(row);
    else faults.push(`${table.place(row)}: ${fault}`);
  }
  const advice = `. Mend these rows, or give ${(table.naming ?? inScenario)("badRows", "skip")}`;
  if (faults.length > 0 && badRows === "refuse") {
    throw new InputError(`${table.path}: ${listed(faults)}${advice}`);
  }
  if (rows.length === 0) {
    throw new InputError(
      `${table.path}: no row is left: ${faults.length > 0 ? listed(faults) : "there are none"}`,
    );
  }
  return { values: values.slice(0, rows.length * width), rows: Int32Array.from(rows), faults };
}

/** The first of the faults, and how many more there are. */
export function listed(faults: readonly string[]): string {
  const rest = faults.length - LISTED;
  const more = rest > 0 ? `; and ${rest} more ${rest === 1 ? "row" : "rows"}` : "";
  return `${faults.slice(0, LISTED).join("; ")}${more}`;
}

/** Puts what one column of the table gives a row into its place. @returns what is wrong with the cell, if anything is */
type Reader = (row: number, values: Float64Array, at: number) => string | undefined;

function readerOf(name: string, table: Table, columns: readonly Column[]): Reader {
  const cells = cellsOf(table, name);
  const places = columns.flatMap((column, i) => (column.name === name ? [i] : []));
  const categories = places.map((i) => columns[i]!.category);
  const isNumeric = categories[0] === undefined;
  return (row, values, at) => {
    const cell = cells[row]!;
    if (isNumeric) {
      const value = numberIn(cell, table.decimal);
      values[at + places[0]!] = value;
      if (Number.isFinite(Math.fround(value))) return undefined;
      return `column "${name}": expected a number, found ${shown(cell)}${reasonOf(cell, table)}`;
    }
    const text = textIn(cell);
    places.forEach((place, i) => {
      values[at + place] = categories[i] === text ? 1 : 0;
    });
    if (text !== undefined && categories.includes(text)) return undefined;
    return `column "${name}": expected one of ${categories.map((c) => JSON.stringify(c)).join(", ")}, found ${shown(cell)}`;
  };
}

/** Why what looks like a number is none that can be used; nothing where it does not. */
function reasonOf(cell: Cell, { decimal, naming = inScenario }: Table): string {
  if (Math.abs(numberIn(cell, decimal)) < Infinity) return ", which is beyond the range of float32, 3.4e38";
  if (decimal === undefined || !isOtherDecimal(cell, { decimal })) return "";
  return decimal === "."
    ? `: write a decimal point, or give ${naming("decimal", ",")}`
    : `: write a decimal comma, or give ${naming("decimal", ".")}`;
}

/** A cell as a message shows it. */
export function shown(cell: Cell): string {
  return textIn(cell) === undefined ? "nothing" : JSON.stringify(cell);
}
