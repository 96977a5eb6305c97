/**
 * Resized images. Along each axis a new row is a weighted sum of old ones: a product with a matrix of a few entries a
 * row, whatever the coordinates, and so is its slope. (tfjs's own has no slope with half-pixel centres.)
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { given, type Inputs, numbersOf, type OnnxNode, type Operator, type Operators } from "../node.ts";
import { axisOf, isKnown, laid, placeOf, rankOf, shapeOf, upload, type Value } from "../value.ts";

/** How one axis is resized. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** Where a new row is among the old ones, by `coordinate_transformation_mode`. */
const COORDINATES: Readonly<Record<string, (i: number, stretch: Stretch) => number>> = {
  half_pixel: (i, { scale }) => (i + 0.5) / scale - 0.5,
  half_pixel_symmetric: (i, { scale, from, to }) => {
    const adjusted = to / (scale * from); // what rounding the length did
    return (from / 2) * (1 - adjusted) + (i + 0.5) / scale - 0.5;
  },
  pytorch_half_pixel: (i, { scale, to }) => (to > 1 ? (i + 0.5) / scale - 0.5 : 0),
  align_corners: (i, { from, to }) => (to > 1 ? (i * (from - 1)) / (to - 1) : 0),
  asymmetric: (i, { scale }) => i / scale,
};

/** Which whole number is nearest, by `nearest_mode`. */
const NEAREST: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** What a row is made of: old rows, counted from one, and their shares. */
type Mix = (at: number, scale: number) => { readonly first: number; readonly shares: readonly number[] };

const linear: Mix = (at) => {
  const first = Math.floor(at);
  return { first, shares: [1 - (at - first), at - first] };
};

/** R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 29(6), 1981. */
const cubic =
  (a: number): Mix =>
  (at) => {
    const first = Math.floor(at);
    const t = at - first;
    const inner = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
    const outer = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return { first: first - 1, shares: [outer(1 + t), inner(t), inner(1 - t), outer(2 - t)] };
  };

interface Plan {
  readonly at: (i: number, stretch: Stretch) => number;
  readonly mix: Mix;
  /** Whether rows beyond the edge are left out, rather than the edge's repeated. */
  readonly excludeOutside: boolean;
}

/** The matrix of one axis, `[to, from]`. */
function matrixOf({ at, mix, excludeOutside }: Plan, stretch: Stretch): Float32Array {
  const { from, to, scale } = stretch;
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const { first, shares } = mix(at(i, stretch), scale);
    const outside = (k: number): boolean => first + k < 0 || first + k >= from;
    const used = shares.map((share, k) => (excludeOutside && outside(k) ? 0 : share));
    const sum = excludeOutside ? used.reduce((a, b) => a + b, 0) : 1;
    used.forEach((share, k) => {
      const row = Math.max(0, Math.min(from - 1, first + k));
      matrix[i * from + row]! += share / sum;
    });
  }
  return matrix;
}

/** A tensor with one axis multiplied by a matrix `[to, from]`. */
function multiplied(x: tf.Tensor, axis: number, matrix: Float32Array, to: number): tf.Tensor {
  const from = x.shape[axis]!;
  const before = x.shape.slice(0, axis).reduce((n, m) => n * m, 1);
  const after = x.shape.slice(axis + 1).reduce((n, m) => n * m, 1);
  const shape = x.shape.with(axis, to);
  if (after === 1) {
    const rows = tf.reshape(x, [before, from]) as tf.Tensor2D;
    return tf.reshape(tf.matMul(rows, tf.tensor2d(matrix, [to, from]), false, true), shape);
  }
  const weights = tf.tile(tf.tensor3d(matrix, [1, to, from]), [before, 1, 1]);
  return tf.reshape(tf.matMul(weights, tf.reshape(x, [before, from, after])), shape);
}

function mixOf(node: OnnxNode, mode: string): Mix {
  if (mode === "linear") return linear;
  if (mode === "cubic") return cubic(node.float("cubic_coeff_a", -0.75));
  const nearest = node.text(
    "nearest_mode",
    node.op === "Upsample" || node.opset < 11 ? "floor" : "round_prefer_floor",
  );
  const round = NEAREST[nearest] ?? node.fail(`has the nearest_mode "${nearest}"`);
  return (at) => ({ first: round(at), shares: [1] });
}

const resize: Operator = (node) => {
  const old = node.op === "Upsample" || node.opset < 11;
  const mode = node.text("mode", "nearest");
  const coordinates = node.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  const at = COORDINATES[coordinates];
  if (at === undefined) node.fail(`has the coordinates "${coordinates}", which aren't supported`);
  if (!["nearest", "linear", "cubic"].includes(mode)) node.fail(`has the mode "${mode}"`);
  if (node.int("antialias", 0) === 1) node.fail("has antialias, which isn't supported");
  if (node.text("keep_aspect_ratio_policy", "stretch") !== "stretch") node.fail("keeps the aspect ratio");
  const excludeOutside = node.int("exclude_outside", 0) === 1;
  const plan: Plan = { at: at!, mix: mixOf(node, mode), excludeOutside };
  const axes = node.ints("axes");
  return (inputs) => {
    const x = given(inputs, 0);
    const rank = rankOf(x);
    const which = axes?.map((axis) => axisOf(axis, rank)) ?? [...Array(rank).keys()];
    return stretchesOf(
      node,
      old,
      inputs,
      which.map((axis) => shapeOf(x)[axis]!),
    ).reduce<Value>((y, stretch, i) => {
      if (stretch.from === stretch.to && stretch.scale === 1) return y;
      const { tensor, last } = isKnown(y) ? laid(upload(y)) : y;
      const place = placeOf({ tensor, last }, which[i]!);
      return laid(multiplied(tensor, place, matrixOf(plan, stretch), stretch.to), last);
    }, x);
  };
};

/** How each axis is resized: by scales or to sizes, in an attribute or an input, by version. */
function stretchesOf(node: OnnxNode, old: boolean, inputs: Inputs, lengths: readonly number[]): Stretch[] {
  const scalesAt = old ? 1 : 2;
  const listed = (at: number, what: string): number[] | undefined => {
    const numbers = inputs[at] === undefined ? undefined : numbersOf(inputs[at], what);
    return numbers?.length === 0 ? undefined : numbers;
  };
  const scales = node.floats("scales") ?? listed(scalesAt, "scales");
  const sizes = old ? undefined : listed(3, "sizes");
  if (scales === undefined && sizes === undefined) throw new Error("has neither scales nor sizes");
  return lengths.map((from, i) => {
    const to = sizes?.[i] ?? Math.floor(from * scales![i]!);
    return { from, to, scale: sizes === undefined ? scales![i]! : to / from };
  });
}

/** Resized images. */
export const resizing: Operators = { Resize: resize, Upsample: resize };
