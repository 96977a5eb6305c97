/**
 * Sums, means, extremes along axes.
 *
 * @module
 */
import { sizeOf, tf } from "../../../../core/mod.ts";
import { isReal } from "../elem.ts";
import { type Known, reduced, zipped } from "../known.ts";
import { given, listOf, type Operator, type Operators } from "../node.ts";
import { axisOf, isKnown, laid, placeOf, plain, reshape, shapeOf, type Value } from "../value.ts";

interface Reduction {
  /** Reduces a tensor, its axes kept with length 1. */
  readonly f: (x: tf.Tensor, axes: number[]) => tf.Tensor;
  /** Reduces known values, of which `count` become one. */
  readonly known?: (x: Known, axes: readonly number[], count: number) => Known;
}

const plus = (a: number, b: number): number => a + b;
const total = (x: Known, axes: readonly number[]): Known => reduced(x, axes, plus, 0);

/** A mean of known values; of whole ones cut off. */
function mean(x: Known, axes: readonly number[], count: number): Known {
  return zipped(x.elem, (sum) => (isReal(x.elem) ? sum / count : Math.trunc(sum / count)), total(x, axes));
}

/**
 * A product: of what is left and what is taken, so that it has a slope where a factor is 0.
 */
function product(x: tf.Tensor, axes: number[]): tf.Tensor {
  return axes.reduce((y, axis) => {
    const factors = tf.split(y, y.shape[axis]!, axis);
    return factors.reduce((a, b) => tf.mul(a, b));
  }, x);
}

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  ReduceSum: { f: (x, axes) => tf.sum(x, axes, true), known: total },
  ReduceMean: { f: (x, axes) => tf.mean(x, axes, true), known: mean },
  ReduceMax: {
    f: (x, axes) => tf.max(x, axes, true),
    known: (x, axes) => reduced(x, axes, Math.max, Number.NEGATIVE_INFINITY),
  },
  ReduceMin: {
    f: (x, axes) => tf.min(x, axes, true),
    known: (x, axes) => reduced(x, axes, Math.min, Number.POSITIVE_INFINITY),
  },
  ReduceProd: { f: product, known: (x, axes) => reduced(x, axes, (a, b) => a * b, 1) },
  ReduceL1: { f: (x, axes) => tf.sum(tf.abs(x), axes, true) },
  ReduceL2: {
    f: (x, axes) => tf.sqrt(tf.sum(tf.square(x), axes, true)),
    known: (x, axes) =>
      zipped(
        x.elem,
        Math.sqrt,
        total(
          zipped(x.elem, (v) => v * v, x),
          axes,
        ),
      ),
  },
  ReduceSumSquare: {
    f: (x, axes) => tf.sum(tf.square(x), axes, true),
    known: (x, axes) =>
      total(
        zipped(x.elem, (v) => v * v, x),
        axes,
      ),
  },
  ReduceLogSum: { f: (x, axes) => tf.log(tf.sum(x, axes, true)) },
  ReduceLogSumExp: { f: (x, axes) => tf.logSumExp(x, axes, true) },
};

/** Reduces axes of a value, which stay with length 1. */
export function reduce(x: Value, axes: readonly number[], { f, known }: Reduction): Value {
  if (isKnown(x)) {
    if (known !== undefined) return known(x, axes, sizeOf(axes.map((axis) => x.shape[axis]!)));
    return laid(f(plain(x), [...axes]));
  }
  return laid(
    f(
      x.tensor,
      axes.map((axis) => placeOf(x, axis)),
    ),
    x.last,
  );
}

/** Means along axes, which stay with length 1. */
export const meanOver = (x: Value, axes: readonly number[]): Value => reduce(x, axes, REDUCTIONS.ReduceMean!);

/** All axes after a batch and its channels. */
export const spatial = (x: Value): number[] => [...shapeOf(x).keys()].slice(2);

const reduction =
  (row: Reduction): Operator =>
  (node) => {
    const keep = node.int("keepdims", 1) === 1;
    const noop = node.int("noop_with_empty_axes", 0) === 1;
    return (inputs) => {
      const x = given(inputs, 0);
      const shape = shapeOf(x);
      const named = listOf(node, "axes", inputs, 1) ?? [];
      if (named.length === 0 && noop) return x;
      const axes = named.length === 0 ? [...shape.keys()] : named.map((axis) => axisOf(axis, shape.length));
      const y = reduce(x, axes, row);
      return keep
        ? y
        : reshape(
            y,
            shape.filter((_, axis) => !axes.includes(axis)),
          );
    };
  };

const global =
  (row: Reduction): Operator =>
  () =>
  (inputs) =>
    reduce(given(inputs, 0), spatial(given(inputs, 0)), row);

/** Sums, means, extremes along axes, and over whole images. */
export const reductions: Operators = {
  ...Object.fromEntries(Object.entries(REDUCTIONS).map(([op, row]) => [op, reduction(row)])),
  GlobalAveragePool: global(REDUCTIONS.ReduceMean!),
  GlobalMaxPool: global(REDUCTIONS.ReduceMax!),
};
