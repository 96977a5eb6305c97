/**
 * Kernels of one input, element by element.
 *
 * @module
 */
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import { sizeOf, type View } from "../value.ts";
import { kernel } from "./kernel.ts";
import { log, unlessNaN, whereFinite, whereInfinite, whereNaN } from "./nan.ts";
import { pointwise } from "./pointwise.ts";

const { float32, int32, bool, float64 } = Elem;

/** Kernels that are one ONNX operator on floats, whatever the input's type. */
const FLOAT: Readonly<Record<string, string>> = {
  Acos: "Acos",
  Acosh: "Acosh",
  Asin: "Asin",
  Asinh: "Asinh",
  Atan: "Atan",
  Atanh: "Atanh",
  Cos: "Cos",
  Cosh: "Cosh",
  Elu: "Elu",
  Erf: "Erf",
  Exp: "Exp",
  Reciprocal: "Reciprocal",
  Selu: "Selu",
  Sin: "Sin",
  Sinh: "Sinh",
  Sqrt: "Sqrt",
  Tan: "Tan",
  Tanh: "Tanh",
};

/** Kernels that keep the type, and leave whole numbers as they are. */
const ROUNDING: Readonly<Record<string, string>> = { Ceil: "Ceil", Floor: "Floor", Round: "Round" };

/** Kernels that are one operator on floats and on whole numbers. */
const EITHER: Readonly<Record<string, string>> = { Abs: "Abs", Neg: "Neg", Sign: "Sign" };

const f = (g: Recorder, x: View): View => g.cast(x, float32);

/** Registers them. */
export function registerUnary(): void {
  for (const [name, op] of Object.entries(FLOAT)) {
    kernel(name, ({ g, input }) => pointwise(g, op, [f(g, input("x"))], float32));
  }
  kernel("Log", ({ g, input }) => log(g, f(g, input("x"))));
  kernel("Softplus", ({ g, input }) => softplus(g, f(g, input("x"))));
  kernel("Sigmoid", ({ g, input }) => sigmoid(g, f(g, input("x"))));
  for (const [name, op] of Object.entries(ROUNDING)) {
    kernel(name, ({ g, input }) => {
      const x = input("x");
      return x.value.elem === float32 ? pointwise(g, op, [x], float32) : x;
    });
  }
  for (const [name, op] of Object.entries(EITHER)) {
    kernel(name, ({ g, input }) => {
      const x = input("x");
      const y = x.value.elem === bool ? g.cast(x, int32) : x;
      return pointwise(g, op, [y], y.value.elem);
    });
  }
  kernel("Square", ({ g, input }) => {
    const x = input("x");
    const y = x.value.elem === bool ? g.cast(x, int32) : x;
    return pointwise(g, "Mul", [y, y], y.value.elem);
  });
  kernel("Rsqrt", ({ g, input }) =>
    pointwise(g, "Reciprocal", [pointwise(g, "Sqrt", [f(g, input("x"))], float32)], float32),
  );
  kernel("Relu", ({ g, input }) => relu(g, input("x")));
  kernel("Relu6", ({ g, input }) => clip(g, input("x"), 0, 6));
  kernel<{ clipValueMin: number; clipValueMax: number }>("ClipByValue", ({ g, input, attrs }) =>
    clip(g, input("x"), attrs.clipValueMin, attrs.clipValueMax),
  );
  kernel<{ alpha: number }>("LeakyRelu", ({ g, input, attrs }) => leakyRelu(g, input("x"), attrs.alpha));
  kernel<{ alpha: number }>("Step", ({ g, input, attrs }) => step(g, input("x"), attrs.alpha));
  // tanh(x/2)·(eˣ + 1) is eˣ − 1 without cancellation
  kernel("Expm1", ({ g, input }) => {
    const x = f(g, input("x"));
    const half = pointwise(g, "Tanh", [pointwise(g, "Mul", [x, g.scalar(0.5, float32)], float32)], float32);
    const sum = pointwise(g, "Add", [pointwise(g, "Exp", [x], float32), g.scalar(1, float32)], float32);
    return pointwise(g, "Mul", [half, sum], float32);
  });
  kernel("Log1p", ({ g, input }) => {
    const x = pointwise(g, "Cast", [input("x")], float64, { attributes: { to: float64 } });
    const one = g.named("1", float64, [], () => new Uint8Array(Float64Array.of(1).buffer));
    const log = pointwise(g, "Log", [pointwise(g, "Add", [x, one], float64)], float64);
    return pointwise(g, "Cast", [log], float32, { attributes: { to: float32 } });
  });
  kernel("IsNan", ({ g, input }) => whereNaN(g, f(g, input("x"))));
  kernel("IsInf", ({ g, input }) => whereInfinite(g, f(g, input("x"))));
  kernel("IsFinite", ({ g, input }) => whereFinite(g, f(g, input("x"))));
  kernel("LogicalNot", ({ g, input }) => pointwise(g, "Not", [g.cast(input("x"), bool)], bool));
  kernel<{ dtype: string }>("Cast", ({ g, input, attrs }) => {
    const x = input("x");
    if (attrs.dtype === "complex64" || attrs.dtype === "string") return undefined;
    const elem = attrs.dtype === "float32" ? float32 : attrs.dtype === "int32" ? int32 : bool;
    return x.value.elem === elem ? x : pointwise(g, "Cast", [x], elem, { attributes: { to: elem } });
  });
}

/** Below so many elements one node is faster than a dozen. */
const MANY = 4096;

/**
 * log(1 + eˣ) as max(x, 0) + log(1 + e), e being e^−|x|: the runtime's own operator goes from element to element. Where e is small,
 * 1 + e has lost its last digits, and the series of log(1 + e) takes its place: either is off by 1e-5 of the result at most.
 */
function softplus(g: Recorder, x: View): View {
  if (g.dialect.shaders || sizeOf(x.shape) < MANY) return pointwise(g, "Softplus", [x], float32);
  const on = (op: string, ...inputs: View[]): View => pointwise(g, op, inputs, float32);
  const number = (value: number): View => g.scalar(value, float32);
  const e = on("Exp", on("Neg", on("Abs", x)));
  const slope = on("Sub", number(1), on("Mul", e, on("Sub", number(1 / 2), on("Mul", e, number(1 / 3)))));
  const isSmall = pointwise(g, "Less", [e, number(0.03)], bool);
  const log = on("Where", isSmall, on("Mul", e, slope), on("Log", on("Add", e, number(1))));
  return on("Add", on("Relu", x), log);
}

/** max(x, 0) */
export function relu(g: Recorder, x: View): View {
  const y = x.value.elem === bool ? g.cast(x, int32) : x;
  // of NaN a shader's maximum makes 0, and its product does not
  if (g.dialect.shaders && y.value.elem === float32) return leakyRelu(g, y, 0);
  return pointwise(g, "Relu", [y], y.value.elem);
}

/** 1 / (1 + e⁻ˣ) */
export function sigmoid(g: Recorder, x: View): View {
  return unlessNaN(g, x, pointwise(g, "Sigmoid", [x], float32));
}

/** x below 0 times alpha. Recorded once: its gradient's slope is read from it. */
export function leakyRelu(g: Recorder, x: View, alpha: number): View {
  const how = `LeakyRelu ${alpha}`;
  const made = x.value.made?.get(how);
  if (made?.node !== undefined) return { value: made, shape: x.shape };
  const y = pointwise(g, "LeakyRelu", [f(g, x)], float32, { attributes: { alpha: { float: alpha } } });
  x.value.made ??= new Map();
  x.value.made.set(how, y.value);
  return y;
}

/** x kept within bounds. */
export function clip(g: Recorder, x: View, low: number, high: number): View {
  const { elem } = x.value;
  if (elem === bool) return clip(g, g.cast(x, int32), low, high);
  return unlessNaN(g, x, pointwise(g, "Clip", [x, g.scalar(low, elem), g.scalar(high, elem)], elem));
}

/** The largest float32. */
const HUGE = 3.4028234663852886e38;

/**
 * 1 above 0, elsewhere alpha. Of the (leaky) ReLU of x, since that is there already wherever this is its gradient, and
 * x itself then needn't be kept; as `min(1, HUGE·x)`, which is one cheap node (a comparison and a cast cost twice as
 * much, `Sign` five times) and exact for all but subnormal numbers below 1/HUGE.
 */
function step(g: Recorder, x: View, alpha: number): View {
  const { elem } = x.value;
  if (elem === bool) return step(g, g.cast(x, int32), alpha);
  if (elem === float32 && alpha === 0) {
    const attributes = { alpha: { float: HUGE }, beta: { float: 0 } };
    return pointwise(g, "HardSigmoid", [relu(g, x)], elem, { attributes });
  }
  if (elem === float32 && alpha > 0 && alpha < 1) {
    return clip(g, pointwise(g, "Mul", [leakyRelu(g, x, alpha), g.scalar(HUGE, elem)], elem), alpha, 1);
  }
  const sign = g.cast(pointwise(g, "Sign", [relu(g, x)], elem), float32);
  const scaled = pointwise(g, "Mul", [sign, g.scalar(1 - alpha, float32)], float32);
  return g.cast(pointwise(g, "Add", [scaled, g.scalar(alpha, float32)], float32), elem);
}
