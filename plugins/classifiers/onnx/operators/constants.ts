/**
 * What is computed before a graph runs, or as soon as the shape of its images is known.
 *
 * @module
 */
import { sizeOf } from "../../../../core/mod.ts";
import { Elem } from "../elem.ts";
import { filled, type Known, knownOf, stridesOf, zipped } from "../known.ts";
import { given, numbersOf, type Operator, type Operators } from "../node.ts";
import { isKnown, shapeOf, type Value } from "../value.ts";

const shapeOperator: Operator = (node) => {
  const [start, end] = [node.int("start", 0), node.int("end", Number.MAX_SAFE_INTEGER)];
  return (inputs) => {
    const shape = shapeOf(given(inputs, 0)).slice(start, end);
    return knownOf(Elem.int64, [shape.length], shape);
  };
};

const constantOfShape: Operator = (node) => {
  const value = node.tensor("value");
  return (inputs) =>
    filled(value?.elem ?? Elem.float, numbersOf(given(inputs, 0), "a shape"), value?.data[0] ?? 0);
};

const range: Operator = () => (inputs) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => numbersOf(given(inputs, i), "a range")[0]!);
  const length = Math.max(0, Math.ceil((limit! - start!) / delta!));
  const values = Array.from({ length }, (_, i) => start! + i * delta!);
  return knownOf((inputs[0] as Known).elem, [length], values);
};

const constant: Operator = (node) => {
  const value = node.tensor("value");
  const list = (elem: number, values: readonly number[]): Known => knownOf(elem, [values.length], values);
  const made =
    value ??
    (node.has("value_float") ? knownOf(Elem.float, [], [node.float("value_float", 0)]) : undefined) ??
    (node.has("value_int") ? knownOf(Elem.int64, [], [node.int("value_int", 0)]) : undefined) ??
    (node.has("value_floats") ? list(Elem.float, node.floats("value_floats") ?? []) : undefined) ??
    (node.has("value_ints") ? list(Elem.int64, node.ints("value_ints") ?? []) : undefined);
  return () => made ?? node.fail("is a text or a sparse tensor, which isn't supported");
};

/** Places of what is not 0, `[rank, n]`. */
const nonZero: Operator = () => (inputs) => {
  const x = given(inputs, 0);
  const values = numbersOf(x, "what is not 0");
  const places = values.flatMap((value, i) => (value === 0 ? [] : [i]));
  const [shape, strides] = [shapeOf(x), stridesOf(shapeOf(x))];
  const rows = shape.map((n, axis) => places.map((i) => Math.floor(i / strides[axis]!) % n));
  return knownOf(Elem.int64, [shape.length, places.length], rows.flat());
};

/** Values written over rows of known ones, at known places. */
const scatterNd: Operator = () => (inputs) => {
  const [x, indices, updates] = [0, 1, 2].map((i) => given(inputs, i)) as [Value, Value, Value];
  if (!isKnown(x) || !isKnown(indices) || !isKnown(updates)) {
    throw new Error("writes over values that depend on the images, which isn't supported");
  }
  const depth = indices.shape.at(-1)!;
  const strides = stridesOf(x.shape);
  const width = sizeOf(x.shape.slice(depth));
  const data = x.data.slice();
  for (let i = 0; i * width < updates.data.length; i++) {
    const place = Array.from(indices.data.subarray(i * depth, (i + 1) * depth));
    const at = place.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
    data.set(updates.data.subarray(i * width, (i + 1) * width), at);
  }
  return { ...x, data };
};

/** The upper or lower triangle of known matrices, such as a mask of attention. */
const trilu: Operator = (node) => {
  const upper = node.int("upper", 1) === 1;
  return (inputs) => {
    const x = given(inputs, 0);
    if (!isKnown(x)) throw new Error("takes a triangle of values that depend on the images");
    const k = inputs[1] === undefined ? 0 : numbersOf(inputs[1], "k")[0]!;
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    const keep = Uint8Array.from({ length: rows * columns }, (_, i) => {
      const off = (i % columns) - Math.floor(i / columns) - k;
      return Number(upper ? off >= 0 : off <= 0);
    });
    const mask = { elem: Elem.bool, shape: [rows, columns], data: keep };
    return zipped(x.elem, (value, kept) => (kept === 1 ? value : 0), x, mask);
  };
};

/** Constants, and the arithmetic of shapes. */
export const constants: Operators = {
  Shape: shapeOperator,
  Size: () => (inputs) => knownOf(Elem.int64, [], [sizeOf(shapeOf(given(inputs, 0)))]),
  ConstantOfShape: constantOfShape,
  Range: range,
  Constant: constant,
  NonZero: nonZero,
  ScatterND: scatterNd,
  Trilu: trilu,
};
