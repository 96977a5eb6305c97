/**
 * Tables as text: CSV and the like. Y. Shafranovich, RFC 4180, 2005.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import {
  component,
  Datasets,
  decodeText,
  type FiniteDataset,
  InputError,
  messageOf,
  parseOptions,
  z,
} from "../../../core/mod.ts";
import { placeOf, readableName } from "../options.ts";
import { tableDataset, tableShape } from "../table/dataset.ts";
import { inScenario, type Naming, type Table } from "../table/table.ts";

/** How a file of text is cut into cells. */
export const csvShape = {
  delimiter: z.string().min(1).default(",").describe('What stands between cells: "," ";" or "\\t".'),
  header: z
    .boolean()
    .default(true)
    .describe("Whether the first row names the columns; else they are called 1, 2, …"),
  decimal: z
    .enum([".", ","])
    .default(".")
    .describe('What stands before the fraction of a number: a point, or "," as where commas do.'),
};

const options = z.strictObject({ ...tableShape, ...csvShape });

/** Options of {@link csv}. */
export type CsvOptions = z.input<typeof options>;

/** Options of {@link readCsv}. */
export type CsvFormat = z.output<z.ZodObject<typeof csvShape>>;

/** A row as the parser gives it: cells, and the line that it ends in. */
interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * Reads a table.
 * @param naming how messages name an option
 * @throws InputError where the file is missing or no UTF-8, or rows differ in length, with the line
 */
export async function readCsv(url: URL, format: CsvFormat, naming: Naming = inScenario): Promise<Table> {
  const { header, decimal } = format;
  const delimiter = format.delimiter === "\\t" ? "\t" : format.delimiter; // as YAML without quotes, and shells, have it
  const path = readableName(url);
  let rows: readonly Parsed[];
  let text = "";
  try {
    text = decodeText(await readFile(url), path);
    rows = parse(text, { delimiter, bom: true, info: true, skip_empty_lines: true }) as unknown as Parsed[];
  } catch (cause) {
    if (cause instanceof InputError) throw new InputError(cause.message, { cause });
    const absent = (cause as { code?: unknown }).code === "ENOENT";
    const advice = adviceOn(text, delimiter, naming);
    throw new InputError(`${path}: ${absent ? "there is no such file" : messageOf(cause)}${advice}`, {
      cause,
    });
  }
  const [first] = rows;
  const advice = first?.record.length === 1 ? adviceOn(text, delimiter, naming) : "";
  if (advice !== "") throw new InputError(`${path}: there is one column${advice}`);
  if (first === undefined || (header && rows.length === 1))
    throw new InputError(`${path}: there are no rows`);
  const names = first.record.map((cell, i) => (header ? cell.trim() : String(i + 1)));
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new InputError(`${path}: two columns are called "${twice}"`);
  if (header && names.every(isNumber) && !names.every(isWhole)) {
    throw new InputError(
      `${path}: the first row holds numbers (${names.slice(0, 3).join(", ")}), and no names of columns: give ${naming("header", false)}`,
    );
  }
  const body = header ? rows.slice(1) : rows;
  return {
    path,
    size: body.length,
    columns: new Map(names.map((name, i) => [name, body.map(({ record }) => record[i]!)])),
    place: (row) => `row ${row + 1} (line ${body[row]!.info.lines})`,
    ...{ decimal, naming },
  };
}

/** Whether a name is a number; such as pandas writes them, whole ones, are names all the same. */
const isNumber = (name: string): boolean => name !== "" && Number.isFinite(Number(name));
const isWhole = (name: string): boolean => /^\d+$/.test(name);

/** The most that is looked at for the first line. */
const FIRST_LINE = 100_000;

/** What to say where the first line has none of the delimiter, and has another one; nothing elsewhere. */
function adviceOn(text: string, delimiter: string, naming: Naming): string {
  const unquoted = text.slice(0, FIRST_LINE).replace(/"(?:[^"]|"")*"/g, "");
  const line = unquoted.slice(0, unquoted.search(/[\r\n]|$/));
  const other = [";", "\t", ","].find((mark) => line.includes(mark));
  if (line.includes(delimiter) || other === undefined) return "";
  return `. Its first line has no ${JSON.stringify(delimiter)}, but has ${JSON.stringify(other)}: give ${naming("delimiter", other)}`;
}

/**
 * Rows of a CSV file, `[d]` a sample.
 * @param given paths: relative ones start at the directory that the process runs in
 * @throws InputError naming files, columns and rows at fault: text where a number should be, cells that are empty, rows
 *   of another length
 * @example
 * ```ts no-run needs a file
 * import { csv } from "dsgan/datasets";
 *
 * const data = await csv({ file: "machines.csv", columns: ["temperature", "pressure"] });
 * console.log(data.size, data.columns); // and by which numbers it was standardised
 * ```
 */
export async function csv(given: CsvOptions): Promise<FiniteDataset> {
  const parsed = parseOptions("csv", options, given);
  return await tableDataset("csv", parsed, (file) => readCsv(placeOf(file), parsed));
}

/** A scenario names it `{ use: csv, file: ./machines.csv }`. */
export default component(Datasets, {
  name: "csv",
  summary: "Rows of a CSV file: columns chosen and standardised",
  reference: "RFC 4180",
  options,
  create({ file, test, ...rest }, context) {
    const located = (path: string): string => context.locate(path).href;
    return csv({ ...rest, file: located(file), ...(test !== undefined && { test: located(test) }) });
  },
});
