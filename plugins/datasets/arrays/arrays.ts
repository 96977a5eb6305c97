/**
 * Rows written into the scenario, or kept in a `.npy` file.
 *
 * @module
 */
import {
  component,
  Datasets,
  type FiniteDataset,
  fromArrays,
  InputError,
  parseOptions,
  type Range,
  sizeOf,
  z,
} from "../../../core/mod.ts";
import { placeOf } from "../options.ts";
import { type NpyArray, readNpy } from "./npy.ts";

/** A number, or a list of such. */
type Nested = number | readonly Nested[];

const nestedSchema: z.ZodType<Nested> = z.lazy(() => z.union([z.number(), z.array(nestedSchema)]));

const options = z.strictObject({
  values: z
    .union([z.string().min(1), z.array(nestedSchema).min(1)])
    .describe(
      "The rows: nested lists, or the path of a .npy file of real numbers in C order. A row that is a number has the shape [1].",
    ),
  labels: z
    .union([z.string().min(1), z.array(z.int().min(0).max(255)).min(1)])
    .optional()
    .describe("Class of each row, from 0 to 255: a list, or the path of a .npy file."),
  range: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, "range must ascend")
    .optional()
    .describe("Smallest and largest value that is possible: checked here, and kept by a generator."),
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

/** @throws InputError at what is no class number */
function checkedLabels({ values, shape, path }: NpyArray): Uint8Array {
  if (shape.length !== 1) {
    throw new InputError(`${path}: expected one dimension of labels, found shape (${shape.join(", ")})`);
  }
  return Uint8Array.from(values, (value, row) => {
    if (Number.isInteger(value) && value >= 0 && value <= 255) return value;
    throw new InputError(`${path}: label ${row}: expected an integer from 0 to 255, found ${value}`);
  });
}

async function rowsOf(given: string | readonly Nested[]): Promise<NpyArray> {
  return typeof given === "string" ? await readNpy(placeOf(given)) : flattened(given);
}

/**
 * Rows given as lists, or kept in `.npy` files. Rows already in typed arrays are best given to the core's `fromArrays`.
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
  const { values, labels, range } = parseOptions("arrays", options, given);
  const rows = await rowsOf(values);
  if (rows.shape.length === 0 || sizeOf(rows.shape) === 0) {
    throw new InputError(`${rows.path}: expected rows of values, found shape (${rows.shape.join(", ")})`);
  }
  const shape = rows.shape.slice(1);
  return fromArrays({
    name: "arrays",
    values: checkedValues(rows, range ?? [-Infinity, Infinity]),
    shape: shape.length === 0 ? [1] : shape,
    ...(labels !== undefined && { labels: checkedLabels(await rowsOf(labels)) }),
    ...(range !== undefined && { range }),
  });
}

/** A scenario names it `{ use: arrays, values: [[0, 1], [1, 0]], labels: [0, 1] }`. */
export default component(Datasets, {
  name: "arrays",
  summary: "Rows written into the scenario, or kept in a .npy file",
  options,
  create({ values, labels, range }, context) {
    const located = <T>(rows: T): T | string => (typeof rows === "string" ? context.locate(rows).href : rows);
    return arrays({ values: located(values), labels: located(labels), range });
  },
});
