/**
 * Rows written into the scenario, or kept in files of NumPy's.
 *
 * @module
 */
import {
  type ArraySource,
  component,
  Datasets,
  type FiniteDataset,
  fromArrays,
  InputError,
  type Labels,
  parseOptions,
  path,
  type Range,
  sizeOf,
  z,
} from "../../../core/mod.ts";
import { placeOf } from "../options.ts";
import { standardisedValues, statistics } from "../table/columns.ts";
import { type NpyArray, readArray } from "./read.ts";

/** A number, or a list of such. */
type Nested = number | readonly Nested[];

const nestedSchema: z.ZodType<Nested> = z.lazy(() => z.union([z.number(), z.array(nestedSchema)]));

const arraySchema = z.union([
  path(),
  z.strictObject({
    file: path().describe("The file: a path."),
    array: z.string().min(1).describe("Which of its arrays."),
  }),
  z.array(nestedSchema).min(1),
]);

const options = z.strictObject({
  values: arraySchema.describe(
    "The rows: nested lists, or the path of a .npy file of real numbers, or of a .npz file of one array; of one of " +
      "several, `{ file: data.npz, array: x }`. A row that is a number has the shape [1].",
  ),
  labels: arraySchema
    .optional()
    .describe(
      "Class of each row, from 0: as `values` are given, one number a row, or one-hot rows, a column a class.",
    ),
  classes: z
    .int()
    .min(2)
    .optional()
    .describe("Number of classes, where the labels lack the last ones; one more than the largest label."),
  range: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, "range must ascend")
    .optional()
    .describe("Smallest and largest value that is possible: checked here, and kept by a generator."),
  standardise: z
    .boolean()
    .default(false)
    .describe(
      "Of rows of numbers, a table: gives each column mean 0 and standard deviation 1, as datasets of tables do.",
    ),
});

/** Options of {@link arrays}. */
export type ArraysOptions = z.input<typeof options>;

/** @throws InputError where the lists are not all of one shape */
function flattened(rows: readonly Nested[]): NpyArray {
  const shape: number[] = [];
  for (let node: Nested = rows; typeof node !== "number"; node = node[0] ?? 0) shape.push(node.length);
  const values: number[] = [];
  const walk = (node: Nested, depth: number, row: number): void => {
    const wanted = shape[depth];
    const found = typeof node === "number" ? undefined : node.length;
    if (wanted !== found) {
      const words = (length: number | undefined): string =>
        length === undefined ? "a number" : `a list of ${length}`;
      throw new InputError(
        `dataset "arrays": row ${row} of values differs in shape from row 0: expected ${words(wanted)}, found ${words(found)}`,
      );
    }
    if (typeof node === "number") values.push(node);
    else node.forEach((inner, i) => void walk(inner, depth + 1, depth === 0 ? i : row));
  };
  walk(rows, 0, 0);
  return { shape, values, path: 'dataset "arrays"' };
}

/** The rows as float32. @throws InputError at a value that is not finite or not in the range */
function checkedValues({ values, shape, path }: NpyArray, [low, high]: Range): Float32Array {
  const width = sizeOf(shape.slice(1));
  return Float32Array.from(values, (value, i) => {
    if (Number.isFinite(Math.fround(value)) && value >= low && value <= high) return value;
    const expected = Number.isFinite(low) ? `a number in the range [${low}, ${high}]` : "a finite float32";
    throw new InputError(`${path}: row ${Math.floor(i / width)}: expected ${expected}, found ${value}`);
  });
}

/** More classes than any data has: a label beyond is no class number. */
const MOST_CLASSES = 2 ** 20;

/** Classes of rows, and how many there are where that is known. @throws InputError at what is no class */
function checkedLabels({ values, shape, path }: NpyArray): { labels: Labels; classes?: number } {
  const [rows = 0, columns = 1] = shape;
  if (shape.length < 1 || shape.length > 2) {
    throw new InputError(
      `${path}: expected a label, or a one-hot row, for each row, found shape (${shape.join(", ")})`,
    );
  }
  if (columns > 1) {
    return {
      labels: Int32Array.from({ length: rows }, (_, row) => hotOf(values, row, columns, path)),
      classes: columns,
    };
  }
  const labels = Int32Array.from(values, (value, row) => {
    if (Number.isInteger(value) && value >= 0 && value < MOST_CLASSES) return value;
    throw new InputError(
      `${path}: label ${row}: expected an integer from 0 to ${MOST_CLASSES - 1}, found ${value}`,
    );
  });
  return { labels };
}

/** The column of the single 1 among zeros. */
function hotOf(values: ArrayLike<number>, row: number, columns: number, path: string): number {
  const cells = Array.from({ length: columns }, (_, column) => values[row * columns + column]!);
  const hot = cells.indexOf(1);
  if (hot >= 0 && cells.every((cell, column) => cell === (column === hot ? 1 : 0))) return hot;
  throw new InputError(
    `${path}: label ${row}: expected a one-hot row, a single 1 among zeros, found ${cells.slice(0, 10).join(", ")}` +
      `${columns > 10 ? ", …" : ""}`,
  );
}

async function rowsOf(given: z.output<typeof arraySchema>): Promise<NpyArray> {
  if (Array.isArray(given)) return flattened(given);
  return typeof given === "string"
    ? await readArray(placeOf(given))
    : await readArray(placeOf(given.file), given.array);
}

/**
 * Rows given as lists, or kept in `.npy` or `.npz` files. Rows already in typed arrays are best given to the core's `fromArrays`.
 * @param given paths: relative ones start at the directory that the process runs in
 * @throws InputError naming the row or the file where rows differ in shape, values are not finite or lie outside the
 *   range, or a file is missing or damaged
 * @example
 * ```ts
 * import { arrays } from "dsgan/datasets";
 *
 * const data = await arrays({ values: [[0, 0], [1, 0], [0, 1]], labels: [0, 1, 1] });
 * console.log(data.size, data.shape, data.classes); // 3, [2], 2
 * ```
 */
export async function arrays(given: ArraysOptions): Promise<FiniteDataset> {
  const { values, labels, classes, range, standardise } = parseOptions("arrays", options, given);
  const rows = await rowsOf(values);
  if (rows.shape.length === 0 || sizeOf(rows.shape) === 0) {
    throw new InputError(`${rows.path}: expected rows of values, found shape (${rows.shape.join(", ")})`);
  }
  const shape = rows.shape.slice(1);
  const labelled = labels === undefined ? {} : checkedLabels(await rowsOf(labels));
  const source: ArraySource = {
    name: "arrays",
    values: checkedValues(rows, range ?? [-Infinity, Infinity]),
    shape: shape.length === 0 ? [1] : shape,
    ...labelled,
    ...(classes !== undefined && { classes }),
    ...(range !== undefined && { range }),
  };
  if (!standardise) return fromArrays(source);
  if (shape.length <= 1 && range === undefined) return standardised(source);
  throw new InputError(
    `${rows.path}: standardise is for rows of numbers without a range, found rows of [${shape}]` +
      (range === undefined ? "" : ` in the range [${range}]`),
  );
}

/** A table of columns called 1, 2, … @param rows by which it is standardised; all unless given */
function standardised(source: ArraySource, rows?: ArrayLike<number>): FiniteDataset {
  const values = Float64Array.from(source.values);
  const width = sizeOf(source.shape);
  const plain = Array.from({ length: width }, (_, i) => ({ name: String(i + 1), mean: 0, scale: 1 }));
  const every = { length: values.length / width };
  const columns = statistics({ values }, plain, rows ?? Array.from(every, (_, i) => i));
  const data = fromArrays({ ...source, columns, values: standardisedValues({ values }, columns) });
  return { ...data, standardisedBy: (indices) => standardised(source, indices) };
}

/** A scenario names it `{ use: arrays, values: [[0, 1], [1, 0]], labels: [0, 1] }`. */
export default component(Datasets, {
  name: "arrays",
  summary: "Rows written into the scenario, or kept in .npy or .npz files",
  options,
  create({ values, labels, ...rest }, context) {
    const located = <T>(rows: T): T => {
      if (typeof rows === "string") return context.locate(rows).href as T;
      const inFile = typeof rows === "object" && rows !== null && "file" in rows;
      return inFile ? { ...rows, file: context.locate(String(rows.file)).href } : rows;
    };
    return arrays({ values: located(values), labels: located(labels), ...rest });
  },
});
