/**
 * What moves elements, and what computes shapes.
 *
 * @module
 */
import { sizeOf } from "../../../../core/mod.ts";
import { given, listOf, numbersOf, type Operator, type Operators } from "../node.ts";
import {
  axisOf,
  type Cut,
  concat,
  expand,
  rankOf,
  reshape,
  shapeOf,
  slice,
  transpose,
  type Value,
} from "../value.ts";

/** Cuts that leave all of a shape. */
export const wholeOf = (shape: readonly number[]): Cut[] =>
  shape.map((size) => ({ begin: 0, size, step: 1 }));

/** Elements from `begin` on along one axis. */
export const part = (x: Value, axis: number, begin: number, size: number): Value =>
  slice(x, wholeOf(shapeOf(x)).with(axis, { begin, size, step: 1 }));

/**
 * The shape that a Reshape asks for: 0 keeps a size (unless zeros are allowed), −1 is what is left over. A file for one
 * image may say 1 for the batch: more images are then kept as they are.
 */
function wanted(shape: readonly number[], target: readonly number[], allowZero: boolean): number[] {
  const sizes = target.map((n, i) => (n === 0 && !allowZero ? shape[i]! : n));
  const open = sizes.indexOf(-1);
  const rest = sizeOf(sizes.filter((n) => n !== -1));
  const whole = open < 0 ? sizes : sizes.with(open, sizeOf(shape) / rest);
  const [n] = shape;
  return sizeOf(whole) !== sizeOf(shape) && whole[0] === 1 && sizeOf(whole) * n! === sizeOf(shape)
    ? whole.with(0, n!)
    : whole;
}

const reshaping: Operator = (node) => {
  const allowZero = node.int("allowzero", 0) === 1;
  return (inputs) => {
    const x = given(inputs, 0);
    return reshape(x, wanted(shapeOf(x), listOf(node, "shape", inputs, 1) ?? [], allowZero));
  };
};

const flatten: Operator = (node) => {
  const axis = node.int("axis", 1);
  return (inputs) => {
    const x = given(inputs, 0);
    const shape = shapeOf(x);
    const at = axis < 0 ? axis + shape.length : axis;
    return reshape(x, [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at))]);
  };
};

const squeeze: Operator = (node) => (inputs) => {
  const x = given(inputs, 0);
  const shape = shapeOf(x);
  const axes = listOf(node, "axes", inputs, 1)?.map((axis) => axisOf(axis, shape.length));
  const wrong = axes?.find((axis) => shape[axis] !== 1);
  if (wrong !== undefined) throw new Error(`axis ${wrong} of [${shape}] is no 1 to be squeezed out`);
  return reshape(
    x,
    shape.filter((n, axis) => (axes === undefined ? n !== 1 : !axes.includes(axis))),
  );
};

const unsqueeze: Operator = (node) => (inputs) => {
  const x = given(inputs, 0);
  const axes = listOf(node, "axes", inputs, 1) ?? [];
  const rank = rankOf(x) + axes.length;
  const at = axes.map((axis) => axisOf(axis, rank));
  const rest = [...shapeOf(x)];
  return reshape(
    x,
    Array.from({ length: rank }, (_, axis) => (at.includes(axis) ? 1 : rest.shift()!)),
  );
};

const transposing: Operator = (node) => {
  const perm = node.ints("perm");
  return (inputs) => {
    const x = given(inputs, 0);
    return transpose(x, perm ?? [...shapeOf(x).keys()].reverse());
  };
};

const concatenation: Operator = (node) => {
  const axis = node.int("axis", 0);
  return (inputs) => {
    const values = inputs.map((_, i) => given(inputs, i));
    return concat(values, axisOf(axis, rankOf(values[0]!)));
  };
};

const split: Operator = (node) => {
  const axis = node.int("axis", 0);
  const parts = node.int("num_outputs", node.outputs);
  return (inputs) => {
    const x = given(inputs, 0);
    const at = axisOf(axis, rankOf(x));
    const length = shapeOf(x)[at]!;
    const each = Math.ceil(length / parts);
    const sizes =
      listOf(node, "split", inputs, 1) ??
      Array.from({ length: parts }, (_, i) => Math.min(each, length - i * each));
    let from = 0;
    return sizes.map((size) => {
      from += size;
      return part(x, at, from - size, size);
    });
  };
};

/** One axis' cut. Ends may lie far outside; steps may go back. */
function cutOf(length: number, start: number, end: number, step: number): Cut {
  const within = (at: number, low: number, high: number): number =>
    Math.max(low, Math.min(high, at < 0 ? at + length : at));
  const [begin, stop] =
    step > 0
      ? [within(start, 0, length), within(end, 0, length)]
      : [within(start, 0, length - 1), within(end, -1, length - 1)];
  return { begin, size: Math.max(0, Math.ceil((stop - begin) / step)), step };
}

const slicing: Operator = (node) => (inputs) => {
  const x = given(inputs, 0);
  const shape = shapeOf(x);
  const starts = listOf(node, "starts", inputs, 1) ?? [];
  const ends = listOf(node, "ends", inputs, 2) ?? [];
  const axes = listOf(node, "axes", inputs, 3) ?? [...starts.keys()];
  const steps = inputs[4] === undefined ? undefined : numbersOf(inputs[4], "steps");
  const cuts = wholeOf(shape);
  axes.forEach((axis, i) => {
    const at = axisOf(axis, shape.length);
    cuts[at] = cutOf(shape[at]!, starts[i]!, ends[i]!, steps?.[i] ?? 1);
  });
  return slice(x, cuts);
};

/** Elements at known places along an axis: neighbours are taken together. */
const gather: Operator = (node) => {
  const axis = node.int("axis", 0);
  return (inputs) => {
    const [x, indices] = [given(inputs, 0), given(inputs, 1)];
    const shape = shapeOf(x);
    const at = axisOf(axis, shape.length);
    const places = numbersOf(indices, "indices").map((i) => (i < 0 ? i + shape[at]! : i));
    const outside = places.find((i) => i >= shape[at]! || i < 0);
    if (outside !== undefined) throw new Error(`index ${outside} of ${shape[at]}`);
    const runs: [number, number][] = [];
    for (const place of places) {
      const run = runs.at(-1);
      if (run !== undefined && run[0] + run[1] === place) run[1]++;
      else runs.push([place, 1]);
    }
    const taken = concat(
      runs.map(([begin, size]) => part(x, at, begin, size)),
      at,
    );
    return reshape(taken, [...shape.slice(0, at), ...shapeOf(indices), ...shape.slice(at + 1)]);
  };
};

const tile: Operator = () => (inputs) => {
  const repeats = numbersOf(given(inputs, 1), "repeats");
  return repeats.reduce((x, times, axis) => concat(Array<Value>(times).fill(x), axis), given(inputs, 0));
};

/** Channels as blocks of pixels, or the reverse. */
const depthToSpace: Operator = (node) => {
  const block = node.int("blocksize", 1);
  const columnFirst = node.text("mode", "DCR") === "CRD";
  return (inputs) => {
    const x = given(inputs, 0);
    const [n, c, h, w] = shapeOf(x) as [number, number, number, number];
    const deep = c / block ** 2;
    const groups = columnFirst ? [n, deep, block, block, h, w] : [n, block, block, deep, h, w];
    const turned = transpose(reshape(x, groups), columnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]);
    return reshape(turned, [n, deep, h * block, w * block]);
  };
};

const spaceToDepth: Operator = (node) => {
  const block = node.int("blocksize", 1);
  return (inputs) => {
    const x = given(inputs, 0);
    const [n, c, h, w] = shapeOf(x) as [number, number, number, number];
    const groups = reshape(x, [n, c, h / block, block, w / block, block]);
    return reshape(transpose(groups, [0, 3, 5, 1, 2, 4]), [n, c * block ** 2, h / block, w / block]);
  };
};

/** Movement and shapes. */
export const shapes: Operators = {
  Reshape: reshaping,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transposing,
  Concat: concatenation,
  Split: split,
  Slice: slicing,
  Gather: gather,
  Tile: tile,
  Expand: () => (inputs) => expand(given(inputs, 0), numbersOf(given(inputs, 1), "a shape")),
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
