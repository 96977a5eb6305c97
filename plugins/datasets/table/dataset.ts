/**
 * Datasets of tables: the options that all formats share, and what is made of them.
 *
 * @module
 */
import { type Column, type FiniteDataset, fromArrays, InputError, Key, path, z } from "../../../core/mod.ts";
import { plannedColumns, standardisedValues, statistics } from "./columns.ts";
import {
  type Cell,
  cellsOf,
  type Encoded,
  encoded,
  inScenario,
  numberIn,
  type Table,
  textIn,
} from "./table.ts";

const name = z.string().min(1);

/** Options of every dataset of a table, for its schema to take in. */
export const tableShape = {
  file: path().describe("The table: a path, in a scenario from its file on, or a URL."),
  columns: z
    .array(name)
    .min(1)
    .optional()
    .describe("Names of the columns to learn from, in this order; by default all but that of the labels."),
  except: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("Names of columns not to learn from, where all others are; instead of columns."),
  oneHot: z
    .array(name)
    .default([])
    .describe("Those among them that hold categories: each category becomes a value, 1 or 0."),
  labels: name
    .optional()
    .describe(
      "Column of the class of each row. Whole numbers from 0 to 255 stay what they are, other classes are numbered by alphabet.",
    ),
  standardise: z
    .boolean()
    .default(true)
    .describe(
      "Gives each column of numbers mean 0 and standard deviation 1, by the rows to train with alone.",
    ),
  test: path().optional().describe("A second table of the same columns: the rows held out for testing."),
  testShare: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      "Share of the rows to hold out for testing, drawn by splitSeed; where there is no second table.",
    ),
  splitSeed: z.int().default(0).describe("Which rows are held out."),
  badRows: z
    .enum(["refuse", "skip"])
    .default("refuse")
    .describe(
      "What to do about rows with a cell that is empty or no number: name them and stop, or leave them out.",
    ),
};

/** Options of every dataset of a table, checked. */
export type TableOptions = z.output<z.ZodObject<typeof tableShape>>;

/**
 * A dataset of a table.
 * @param read reads a table from a path
 * @throws InputError naming files, columns and rows at fault
 */
export async function tableDataset(
  format: string,
  options: TableOptions,
  read: (file: string) => Promise<Table>,
): Promise<FiniteDataset> {
  const { file, labels, test, testShare, splitSeed } = options;
  if (test !== undefined && testShare > 0) {
    throw new InputError("test and testShare both say which rows are held out: give one of them");
  }
  if (options.columns !== undefined && options.except !== undefined) {
    throw new InputError("columns and except both say which columns to learn from: give one of them");
  }
  const table = await read(file);
  const second = test === undefined ? undefined : await read(test);
  const names = options.columns ?? namesOf(table, labels, options.except);
  const columns = plannedColumns(table, names, options.oneHot);
  const numbered = labels === undefined ? undefined : classesOf(second ? [table, second] : [table], labels);
  const whole = partOf(table, columns, numbered, options);
  const held = second && partOf(second, columns, numbered, options);
  const order = Key.from(splitSeed).fold("split").permutation(whole.size);
  const count = Math.round(testShare * whole.size);
  if (count === whole.size)
    throw new InputError(`testShare: ${testShare} of ${count} rows leaves none to train with`);
  const train = order.subarray(count).toSorted();
  const parts: Parts = {
    name: format,
    classes: numbered?.size,
    train: count === 0 ? whole : taken(whole, train, columns.length),
    test:
      held ?? (count === 0 ? undefined : taken(whole, order.subarray(0, count).toSorted(), columns.length)),
  };
  const every = Int32Array.from({ length: parts.train.size }, (_, i) => i);
  if (!options.standardise) return withColumns(parts, columns);
  return standardisable(parts, columns, every);
}

/**
 * All columns but that of the labels, and those that are left out.
 * @throws InputError where one of these is not there, or one that is left has no name: an index, most probably
 */
function namesOf(table: Table, labels: string | undefined, except: readonly string[] = []): string[] {
  for (const name of except) cellsOf(table, name);
  const names = [...table.columns.keys()];
  const unnamed = names.indexOf("");
  if (unnamed < 0 || except.includes("")) {
    return names.filter((column) => column !== labels && !except.includes(column));
  }
  throw new InputError(
    `${table.path}: column ${unnamed + 1} has no name, as an index of pandas has none. Name it if it is to be learnt ` +
      `from, or leave it out, ${inScenario("except", [""])}`,
  );
}

/** Rows in the table's units. */
interface Part {
  readonly size: number;
  readonly values: Float64Array;
  readonly labels: Uint8Array | undefined;
}

interface Parts {
  readonly name: string;
  readonly classes: number | undefined;
  readonly train: Part;
  readonly test: Part | undefined;
}

function standardisable(parts: Parts, columns: readonly Column[], rows: ArrayLike<number>): FiniteDataset {
  const data = withColumns(parts, statistics(parts.train, columns, rows));
  return { ...data, standardisedBy: (indices) => standardisable(parts, columns, indices) };
}

function withColumns({ name, classes, train, test }: Parts, columns: readonly Column[]): FiniteDataset {
  const data = (part: Part): FiniteDataset =>
    fromArrays({
      ...{ name, columns, shape: [columns.length], values: standardisedValues(part, columns) },
      ...(part.labels && { labels: part.labels, classes: classes! }),
      ...(part === train && test !== undefined && { heldOut: async () => data(test) }),
    });
  return data(train);
}

function taken({ values, labels }: Part, rows: Int32Array, width: number): Part {
  const chosen = new Float64Array(rows.length * width);
  rows.forEach((row, i) => void chosen.set(values.subarray(row * width, (row + 1) * width), i * width));
  return {
    size: rows.length,
    values: chosen,
    labels: labels && Uint8Array.from(rows, (row) => labels[row]!),
  };
}

function partOf(
  table: Table,
  columns: readonly Column[],
  numbered: Classes | undefined,
  { labels, badRows }: TableOptions,
): Part {
  const { values, rows }: Encoded = encoded(table, columns, badRows);
  const cells = labels === undefined ? undefined : cellsOf(table, labels);
  const label = (row: number): number => {
    const found = numbered!.of(cells![row]!);
    if (found !== undefined) return found;
    throw new InputError(
      `${table.path}: ${table.place(row)}: column "${labels}": expected a class, found nothing`,
    );
  };
  return { size: rows.length, values, labels: cells && Uint8Array.from(rows, label) };
}

/** How classes are numbered. */
interface Classes {
  /** One more than the largest number. */
  readonly size: number;
  /** Undefined where the cell is empty. */
  of(cell: Cell): number | undefined;
}

/** Numbers the classes of several tables. @throws InputError where there are more than 256 */
function classesOf(tables: readonly Table[], column: string): Classes {
  const cells = tables.flatMap((table) => cellsOf(table, column));
  const number = (cell: Cell): number => numberIn(cell, tables[0]!.decimal);
  const numbers = cells.map(number);
  if (numbers.every((n) => Number.isInteger(n) && n >= 0 && n <= 255)) {
    return { size: numbers.reduce((most, n) => Math.max(most, n + 1), 0), of: number };
  }
  const names = [...new Set(cells.map(textIn))].filter((text) => text !== undefined).sort();
  if (names.length > 256) {
    throw new InputError(
      `${tables[0]!.path}: column "${column}" has ${names.length} classes; 256 are the most`,
    );
  }
  return {
    size: names.length,
    of(cell) {
      const text = textIn(cell);
      return text === undefined ? undefined : names.indexOf(text);
    },
  };
}
