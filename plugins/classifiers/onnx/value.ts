/**
 * Values of a graph while it runs. Operators are written once, on these; what is known is computed at once, and the
 * rest by TensorFlow.js.
 *
 * ONNX's images have their channels first, `[n, c, h, w]`, those of TensorFlow.js last. A tensor may therefore be *laid
 * out* with channels last while the graph means them first. Convolutions lay out so, most operators keep what they are
 * given, and only where the order matters is a tensor turned back.
 *
 * @module
 */
import { sizeOf, tf } from "../../../core/mod.ts";
import { Elem, isReal } from "./elem.ts";
import { broadcastShape, expanded, joined, type Known, strided, stridesOf, transposed } from "./known.ts";

/** A tensor; `last`: it is `[n, h, w, c]` where the graph means `[n, c, h, w]`. */
export interface Laid {
  readonly tensor: tf.Tensor;
  readonly last: boolean;
}

/** A value of a graph. */
export type Value = Known | Laid;

/** Where axis 0 to 3 of the graph is in a tensor with channels last. */
const PLACE = [0, 3, 1, 2] as const;
const TO_LAST = [0, 2, 3, 1];

/** Whether a value is known before the graph runs. */
export const isKnown = (value: Value): value is Known => "data" in value;

/** A tensor laid out as the graph means it. */
export const laid = (tensor: tf.Tensor, last = false): Laid => ({ tensor, last });

/** The shape that the graph means. */
export function shapeOf(value: Value): readonly number[] {
  if (isKnown(value)) return value.shape;
  const { tensor, last } = value;
  return last ? PLACE.map((place) => tensor.shape[place]!) : tensor.shape;
}

/** Number of axes. */
export const rankOf = (value: Value): number => (isKnown(value) ? value.shape : value.tensor.shape).length;

/** An axis counted from the front. @throws Error where there is none */
export function axisOf(axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(found) || found < 0 || found >= rank) throw new Error(`axis ${axis} of ${rank}`);
  return found;
}

/** The axis of a value's tensor that is an axis of the graph. */
export const placeOf = (value: Laid, axis: number): number => (value.last ? PLACE[axis]! : axis);

const INT32 = 2 ** 31;

/** A known array as a tensor; whole numbers beyond 32 bits are the nearest within. */
export function upload({ elem, shape, data }: Known): tf.Tensor {
  const dims = [...shape];
  if (isReal(elem)) return tf.tensor(Float32Array.from(data), dims, "float32");
  if (elem === Elem.bool) return tf.tensor(Uint8Array.from(data), dims, "bool");
  const within = (value: number): number => Math.max(-INT32, Math.min(INT32 - 1, value));
  return tf.tensor(Int32Array.from(data, within), dims, "int32");
}

/** A value as a tensor in the graph's order of axes. */
export function plain(value: Value): tf.Tensor {
  if (isKnown(value)) return value.tensor ?? upload(value);
  return value.last ? turned(value.tensor, [0, 3, 1, 2]) : value.tensor;
}

/** A value of four axes as a tensor with channels last. */
export function channelsLast(value: Value): tf.Tensor {
  return isKnown(value) || !value.last ? turned(plain(value), TO_LAST) : value.tensor;
}

/** A transposition; where only axes of length 1 change places, a reshape. */
function turned(x: tf.Tensor, perm: number[]): tf.Tensor {
  const long = perm.filter((axis) => x.shape[axis] !== 1);
  const same = long.every((axis, i) => i === 0 || axis > long[i - 1]!);
  return same
    ? tf.reshape(
        x,
        perm.map((axis) => x.shape[axis]!),
      )
    : tf.transpose(x, perm);
}

/** The value in another shape of as many elements. */
export function reshape(value: Value, shape: readonly number[]): Value {
  if (sizeOf(shape) !== sizeOf(shapeOf(value))) {
    throw new Error(`[${shapeOf(value)}] cannot be reshaped to [${shape}]`);
  }
  return isKnown(value)
    ? { elem: value.elem, shape, data: value.data }
    : laid(tf.reshape(plain(value), [...shape]));
}

/** Its axes in another order. What only undoes or makes the layout of channels last costs nothing. */
export function transpose(value: Value, perm: readonly number[]): Value {
  if (isKnown(value)) return transposed(value, perm);
  const { tensor, last } = value;
  if (perm.every((axis, i) => axis === i)) return value;
  if (perm.length === 4 && !last && perm.every((axis, i) => axis === PLACE[i])) return laid(tensor, true);
  const places = perm.map((axis) => placeOf(value, axis));
  return laid(places.every((place, i) => place === i) ? tensor : turned(tensor, places));
}

/** What an axis is cut down to: elements from `begin` on, every `step`-th, `size` of them. */
export interface Cut {
  readonly begin: number;
  readonly size: number;
  readonly step: number;
}

/** Part of a value, given a cut for each axis. */
export function slice(value: Value, cuts: readonly Cut[]): Value {
  const shape = shapeOf(value);
  if (cuts.every(({ begin, size, step }, axis) => begin === 0 && step === 1 && size === shape[axis]))
    return value;
  if (isKnown(value)) {
    const strides = stridesOf(shape);
    const from = cuts.reduce((sum, { begin }, axis) => sum + begin * strides[axis]!, 0);
    return strided(
      value,
      cuts.map(({ size }) => size),
      cuts.map(({ step }, axis) => step * strides[axis]!),
      from,
    );
  }
  const inPlace = placed(value, cuts);
  const span = inPlace.map(({ begin, size, step }) => {
    const length = (size - 1) * Math.abs(step) + 1;
    return size === 0 ? [0, 0] : [step < 0 ? begin - length + 1 : begin, length];
  });
  let out = tf.slice(
    value.tensor,
    span.map(([begin]) => begin!),
    span.map(([, length]) => length!),
  );
  inPlace.forEach(({ step, size }, axis) => {
    if (step < 0) out = tf.reverse(out, axis);
    if (Math.abs(step) > 1) out = everyNth(out, axis, Math.abs(step), size);
  });
  return laid(out, value.last);
}

/** What stands for each axis of the graph, for each axis of the tensor. */
function placed<X>(value: Laid, perAxis: readonly X[]): X[] {
  return value.last ? TO_LAST.map((axis) => perAxis[axis]!) : [...perAxis];
}

/** Every n-th element along an axis: padded to whole groups, of which the first is taken, so that it has a gradient. */
function everyNth(x: tf.Tensor, axis: number, n: number, size: number): tf.Tensor {
  const missing = size * n - x.shape[axis]!;
  const whole = tf.pad(
    x,
    x.shape.map((_, i) => [0, i === axis ? missing : 0] as [number, number]),
  );
  const groups = [...x.shape.slice(0, axis), size, n, ...x.shape.slice(axis + 1)];
  const firsts = groups.with(axis + 1, 1);
  const taken = tf.slice(
    tf.reshape(whole, groups),
    groups.map(() => 0),
    firsts,
  );
  return tf.reshape(taken, firsts.toSpliced(axis + 1, 1));
}

/** Values one after the other along an axis. */
export function concat(values: readonly Value[], axis: number): Value {
  const [first] = values as [Value];
  if (values.length === 1) return first;
  if (values.every(isKnown)) return joined(values, axis);
  const last = values.some((value) => !isKnown(value) && value.last);
  const tensors = values.map((value) => (last ? channelsLast(value) : plain(value)));
  return laid(tf.concat(tensors, last ? PLACE[axis] : axis), last);
}

/** A value repeated along its axes of length 1, as ONNX's Expand does: a longer axis stays. */
export function expand(value: Value, to: readonly number[]): Value {
  const shape = broadcastShape(shapeOf(value), to);
  if (isKnown(value)) return expanded(value, shape);
  if (shape.length === rankOf(value) && shape.every((n, i) => n === shapeOf(value)[i])) return value;
  return laid(tf.broadcastTo(plain(value), shape));
}

/** A function of one tensor that acts on each element. */
export function each(value: Value, f: (x: tf.Tensor) => tf.Tensor): Laid {
  return isKnown(value) ? laid(f(plain(value))) : laid(f(value.tensor), value.last);
}

/** A function of tensors that act on each element and broadcast: all with channels last, if one of them is. */
export function together(values: readonly Value[], f: (...xs: tf.Tensor[]) => tf.Tensor): Laid {
  const rank = Math.max(...values.map(rankOf));
  const last = rank === 4 && values.some((value) => !isKnown(value) && value.last);
  if (!last) return laid(f(...values.map(plain)));
  const anyLong = values.some((value) => sizeOf(shapeOf(value)) !== 1); // one of them keeps the four axes
  const xs = values.map((value) => {
    const missing = 4 - rankOf(value);
    if (sizeOf(shapeOf(value)) === 1 && anyLong) return tf.reshape(plain(value), []);
    return channelsLast(missing > 0 ? reshape(value, [...Array(missing).fill(1), ...shapeOf(value)]) : value);
  });
  return laid(f(...xs), true);
}
