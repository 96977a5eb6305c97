/**
 * Arithmetic on each element, comparisons, choices, casts.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { Elem, isReal } from "../elem.ts";
import { type Known, zipped } from "../known.ts";
import { given, type Inputs, numbersOf, type Operator, type Operators, scalar } from "../node.ts";
import { each, isKnown, laid, plain, shapeOf, together, transpose, type Value } from "../value.ts";

type Two = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** A function of two values that broadcast: of known ones here, of others by TensorFlow.js. */
function two(a: Value, b: Value, known: (x: number, y: number) => number, f: Two, elem?: Elem): Value {
  return isKnown(a) && isKnown(b)
    ? zipped(elem ?? a.elem, known, a, b)
    : together([a, b], f as typeof tf.add);
}

export const add = (a: Value, b: Value): Value => two(a, b, (x, y) => x + y, tf.add);
export const sub = (a: Value, b: Value): Value => two(a, b, (x, y) => x - y, tf.sub);
export const mul = (a: Value, b: Value): Value => two(a, b, (x, y) => x * y, tf.mul);
export const div = (a: Value, b: Value): Value =>
  two(a, b, (x, y) => (isKnown(a) && !isReal(a.elem) ? Math.trunc(x / y) : x / y), tf.div);

/** The square root of a value. */
export const sqrt = (x: Value): Value => (isKnown(x) ? zipped(x.elem, Math.sqrt, x) : each(x, tf.sqrt));

/** Of two or more values, one after the other. */
const folded =
  (f: (a: Value, b: Value) => Value): Operator =>
  () =>
  (inputs) =>
    inputs.map((_, i) => given(inputs, i)).reduce(f);

const binary =
  (f: (a: Value, b: Value) => Value): Operator =>
  () =>
  (inputs) =>
    f(given(inputs, 0), given(inputs, 1));

const compared = (known: (x: number, y: number) => boolean, f: Two): Operator =>
  binary((a, b) => two(a, b, (x, y) => Number(known(x, y)), f, Elem.bool));

/** x^y, without the logarithm in the slope to y, which is a constant: tfjs's slope is NaN below 0. */
function pow(a: Value, b: Value): Value {
  if (isKnown(a) && isKnown(b)) return zipped(a.elem, (x, y) => x ** y, a, b);
  if (isKnown(b) && b.data.length === 1) {
    const exponent = b.data[0]!;
    if (exponent === 1) return a;
    if (exponent === 2) return each(a, tf.square);
    if (exponent === 3) return each(a, (x) => tf.mul(x, tf.square(x)));
    if (exponent === 0.5) return each(a, tf.sqrt);
    if (exponent === -1) return each(a, tf.reciprocal);
  }
  return together([a, b], (x, y) => tf.pow(x!, tf.cast(y!, x!.dtype as "float32")));
}

/** Remainders: with the sign of the divisor, or, where `fmod` is set, of the dividend. */
const modulo: Operator = (node) => {
  const c = node.int("fmod", 0) === 1;
  return (inputs) =>
    two(
      given(inputs, 0),
      given(inputs, 1),
      (x, y) => (c ? x % y : x - y * Math.floor(x / y)),
      c ? node.fail("takes remainders with fmod, which only known values can have") : tf.mod,
    );
};

interface Unary {
  readonly known?: (x: number) => number;
  readonly f: (x: tf.Tensor) => tf.Tensor;
  readonly elem?: Elem;
}

/** Rounds halves to even numbers, as tfjs does. */
function rounded(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

const UNARY: Readonly<Record<string, Unary>> = {
  Neg: { known: (x) => -x, f: tf.neg },
  Abs: { known: Math.abs, f: tf.abs },
  Sqrt: { known: Math.sqrt, f: tf.sqrt },
  Exp: { known: Math.exp, f: tf.exp },
  Log: { known: Math.log, f: tf.log },
  Floor: { known: Math.floor, f: tf.floor },
  Ceil: { known: Math.ceil, f: tf.ceil },
  Round: { known: rounded, f: tf.round },
  Reciprocal: { known: (x) => 1 / x, f: tf.reciprocal },
  Sign: { known: Math.sign, f: tf.sign },
  Not: { known: (x) => Number(x === 0), f: tf.logicalNot, elem: Elem.bool },
  IsNaN: { known: (x) => Number(Number.isNaN(x)), f: tf.isNaN, elem: Elem.bool },
  Sin: { known: Math.sin, f: tf.sin },
  Cos: { known: Math.cos, f: tf.cos },
  Tan: { known: Math.tan, f: tf.tan },
  Asin: { known: Math.asin, f: tf.asin },
  Acos: { known: Math.acos, f: tf.acos },
  Atan: { known: Math.atan, f: tf.atan },
  Sinh: { known: Math.sinh, f: tf.sinh },
  Cosh: { known: Math.cosh, f: tf.cosh },
  Erf: { f: tf.erf },
};

const unary =
  ({ known, f, elem }: Unary): Operator =>
  () =>
  (inputs) => {
    const x = given(inputs, 0);
    return isKnown(x) && known !== undefined ? zipped(elem ?? x.elem, known, x) : each(x, f);
  };

/** The value itself. */
const identity: Operator = (node) => {
  if (node.outputs > 1) node.fail("gives a mask, which isn't supported");
  return (inputs) => given(inputs, 0);
};

const where: Operator = () => (inputs) => {
  const [condition, a, b] = [given(inputs, 0), given(inputs, 1), given(inputs, 2)];
  if (isKnown(condition) && isKnown(a) && isKnown(b)) {
    return zipped(a.elem, (c, x, y) => (c !== 0 ? x : y), condition, a, b);
  }
  return together([condition, a, b], (c, x, y) => tf.where(tf.cast(c!, "bool"), x!, y!));
};

/** Values of another type: whole numbers are cut off, and a slope is kept between real ones alone. */
export function cast(x: Value, elem: number): Value {
  const real = isReal(elem);
  if (isKnown(x)) return castKnown(x, elem);
  if (real) return x.tensor.dtype === "float32" ? x : each(x, (t) => tf.cast(t, "float32"));
  return each(x, (t) => tf.cast(t, elem === Elem.bool ? "bool" : "int32"));
}

function castKnown(x: Known, elem: number): Known {
  if (elem === x.elem) return x;
  if (elem === Elem.bool) return zipped(elem, (v) => Number(v !== 0), x);
  return zipped(elem, isReal(elem) ? (v) => v : Math.trunc, x);
}

const casting: Operator = (node) => {
  const to = node.int("to", 0);
  return (inputs) => cast(given(inputs, 0), to);
};

const castLike: Operator = () => (inputs) => {
  const [x, like] = [given(inputs, 0), given(inputs, 1)];
  if (isKnown(like)) return cast(x, like.elem);
  return cast(x, { float32: Elem.float, bool: Elem.bool }[like.tensor.dtype as string] ?? Elem.int32);
};

/** Values held between a smallest and a largest one, given as attributes or, from version 11 on, as inputs. */
const clip: Operator = (node) => {
  const bound = (inputs: Inputs, at: number, name: string): Value | undefined =>
    inputs[at] ?? (node.opset < 11 && node.has(name) ? scalar(node.float(name, 0)) : undefined);
  return (inputs) => {
    const x = given(inputs, 0);
    const [low, high] = [bound(inputs, 1, "min"), bound(inputs, 2, "max")];
    if (isKnown(x)) {
      const [least, most] = [low, high].map((value) => value && numbersOf(value, "a bound")[0]);
      return zipped(x.elem, (v) => Math.min(Math.max(v, least ?? v), most ?? Number.POSITIVE_INFINITY), x);
    }
    if (low !== undefined && high !== undefined && isKnown(low) && isKnown(high)) {
      return each(x, (t) => tf.clipByValue(t, low.data[0]!, Math.max(low.data[0]!, high.data[0]!)));
    }
    const above = low === undefined ? x : together([x, low], tf.maximum as typeof tf.add);
    return high === undefined ? above : together([above, high], tf.minimum as typeof tf.add);
  };
};

/** Softmax and its logarithm: along one axis; before version 13 along that and all that follow. */
const softmax =
  (f: (x: tf.Tensor) => tf.Tensor): Operator =>
  (node) => {
    const newer = node.opset >= 13;
    const axis = node.int("axis", newer ? -1 : 1);
    return (inputs) => {
      const x = given(inputs, 0);
      const shape = shapeOf(x);
      const at = axis < 0 ? axis + shape.length : axis;
      if (newer || at === shape.length - 1) {
        const perm = [...shape.keys()].filter((i) => i !== at);
        const back = [...perm, at];
        const moved = plain(transpose(x, back));
        return transpose(
          laid(f(moved)),
          [...shape.keys()].map((i) => back.indexOf(i)),
        );
      }
      const outer = shape.slice(0, at).reduce((n, m) => n * m, 1);
      return laid(tf.reshape(f(tf.reshape(plain(x), [outer, -1])), [...shape]));
    };
  };

/** Arithmetic, comparisons, choices and casts. */
export const pointwise: Operators = {
  ...Object.fromEntries(Object.entries(UNARY).map(([op, row]) => [op, unary(row)])),
  Add: binary(add),
  Sub: binary(sub),
  Mul: binary(mul),
  Div: binary(div),
  Sum: folded(add),
  Mean: () => (inputs) => div(inputs.map((_, i) => given(inputs, i)).reduce(add), scalar(inputs.length)),
  Min: folded((a, b) => two(a, b, Math.min, tf.minimum)),
  Max: folded((a, b) => two(a, b, Math.max, tf.maximum)),
  Pow: binary(pow),
  Mod: modulo,
  Equal: compared((x, y) => x === y, tf.equal),
  Less: compared((x, y) => x < y, tf.less),
  LessOrEqual: compared((x, y) => x <= y, tf.lessEqual),
  Greater: compared((x, y) => x > y, tf.greater),
  GreaterOrEqual: compared((x, y) => x >= y, tf.greaterEqual),
  And: compared((x, y) => x !== 0 && y !== 0, tf.logicalAnd),
  Or: compared((x, y) => x !== 0 || y !== 0, tf.logicalOr),
  Xor: compared((x, y) => (x !== 0) !== (y !== 0), tf.logicalXor),
  Where: where,
  Cast: casting,
  CastLike: castLike,
  Clip: clip,
  Identity: identity,
  Dropout: identity,
  Softmax: softmax((x) => tf.softmax(x)),
  LogSoftmax: softmax((x) => tf.sub(x, tf.logSumExp(x, -1, true))),
};
