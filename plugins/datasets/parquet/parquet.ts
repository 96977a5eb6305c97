/**
 * Tables as Apache Parquet files, read by the package hyparquet, which is installed by those who need it.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import {
  component,
  Datasets,
  type FiniteDataset,
  InputError,
  messageOf,
  parseOptions,
  z,
} from "../../../core/mod.ts";
import { placeOf, readableName } from "../options.ts";
import { tableDataset, tableShape } from "../table/dataset.ts";
import type { Cell, Table } from "../table/table.ts";

const options = z.strictObject(tableShape);

/** Options of {@link parquet}. */
export type ParquetOptions = z.input<typeof options>;

const HOW_TO_PACK = "Write it packed by Snappy, with pandas: x.to_parquet(path, compression='snappy')";

/** What is used of hyparquet. */
type Hyparquet = Pick<typeof import("hyparquet"), "parquetMetadata" | "parquetReadObjects" | "parquetSchema">;

/**
 * Reads a table. Compression: none and Snappy, which most files have.
 * @throws InputError where the package or the file is missing, or the file is damaged
 */
export async function readParquet(
  url: URL,
  load: () => Promise<Hyparquet> = () => import("hyparquet"),
): Promise<Table> {
  const path = readableName(url);
  const { parquetMetadata, parquetReadObjects, parquetSchema } = await packageOf(load);
  try {
    const bytes = await readFile(url);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const metadata = parquetMetadata(file);
    const names = parquetSchema(metadata).children.map(({ element }) => element.name);
    const rows = await parquetReadObjects({ file, metadata });
    if (rows.length === 0) throw new Error("there are no rows");
    return {
      path,
      size: rows.length,
      columns: new Map(names.map((name) => [name, rows.map((row) => cellOf(row[name]))])),
      place: (row) => `row ${row + 1}`,
    };
  } catch (cause) {
    const absent = (cause as { code?: unknown }).code === "ENOENT";
    const why = absent ? "there is no such file" : messageOf(cause);
    const isPacked = /compression codec/.test(why);
    throw new InputError(`${path}: ${why}${isPacked ? `. ${HOW_TO_PACK}` : ""}`, { cause });
  }
}

async function packageOf(load: () => Promise<Hyparquet>): Promise<Hyparquet> {
  try {
    return await load();
  } catch (cause) {
    throw new InputError(
      'dataset "parquet": the package "hyparquet", which reads such files, is not installed. ' +
        "Install it: npm install hyparquet",
      { cause },
    );
  }
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "boolean") return Number(value);
  return value instanceof Date ? value.toISOString() : String(value);
}

/**
 * Rows of a Parquet file, `[d]` a sample.
 * @param given paths: relative ones start at the directory that the process runs in
 * @throws InputError where hyparquet is not installed; naming files, columns and rows at fault
 * @example
 * ```ts no-run needs a file
 * import { parquet } from "dsgan/datasets";
 *
 * const data = await parquet({ file: "machines.parquet", columns: ["temperature", "pressure"] });
 * ```
 */
export async function parquet(given: ParquetOptions): Promise<FiniteDataset> {
  const parsed = parseOptions("parquet", options, given);
  return await tableDataset("parquet", parsed, (file) => readParquet(placeOf(file)));
}

/** A scenario names it `{ use: parquet, file: ./machines.parquet }`. */
export default component(Datasets, {
  name: "parquet",
  summary: "Rows of a Parquet file: columns chosen and standardised (needs the package hyparquet)",
  reference: "Apache Parquet",
  options,
  create({ file, test, ...rest }, context) {
    const located = (path: string): string => context.locate(path).href;
    return parquet({ ...rest, file: located(file), ...(test !== undefined && { test: located(test) }) });
  },
});
