/**
 * Kernels of several inputs, element by element.
 *
 * @module
 */
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import type { View } from "../value.ts";
import { prelu } from "./activation.ts";
import { kernel } from "./kernel.ts";
import { pointwise } from "./pointwise.ts";
import { add } from "./products.ts";

const { float32, int32, int64, bool, float64 } = Elem;

/** Kernels of numbers that are one operator. */
const ARITHMETIC: Readonly<Record<string, string>> = {
  Multiply: "Mul",
  Sub: "Sub",
  Maximum: "Max",
  Minimum: "Min",
};

const COMPARISONS: Readonly<Record<string, string>> = {
  Equal: "Equal",
  Greater: "Greater",
  GreaterEqual: "GreaterOrEqual",
  Less: "Less",
  LessEqual: "LessOrEqual",
};

const LOGICAL: Readonly<Record<string, string>> = { LogicalAnd: "And", LogicalOr: "Or", LogicalXor: "Xor" };

/** Registers them. */
export function registerBinary(): void {
  for (const [name, op] of Object.entries(ARITHMETIC)) {
    kernel(name, ({ g, input }) => {
      const [a, b] = [input("a"), input("b")];
      return a.value.elem === bool ? undefined : pointwise(g, op, [a, b], a.value.elem);
    });
  }
  kernel("Pow", ({ g, input }) => {
    const [a, b] = [input("a"), input("b")];
    if (a.value.elem === bool) return undefined;
    if (a.value.elem === float32) return pointwise(g, "Pow", [a, b], float32);
    return g.cast(pointwise(g, "Pow", [g.cast(a, int64), g.cast(b, int64)], int64), int32);
  });
  kernel("Add", ({ g, input }) => {
    const [a, b] = [input("a"), input("b")];
    return a.value.elem === bool ? undefined : add(g, a, b);
  });
  kernel("AddN", ({ g, list }) =>
    list[0]!.value.elem === bool ? undefined : list.reduce((sum, x) => add(g, sum, x)),
  );
  kernel("RealDiv", ({ g, input }) =>
    pointwise(g, "Div", [g.cast(input("a"), float32), g.cast(input("b"), float32)], float32),
  );
  kernel("FloorDiv", ({ g, input }) => {
    const [a, b] = [input("a"), input("b")];
    const { elem } = a.value;
    if (elem === bool) return undefined;
    if (elem === float32) return pointwise(g, "Floor", [pointwise(g, "Div", [a, b], elem)], elem);
    const floor = pointwise(g, "Floor", [pointwise(g, "Div", [wide(g, a), wide(g, b)], float64)], float64);
    return unlessZero(g, b, narrow(g, floor));
  });
  kernel("Mod", ({ g, input }) => {
    const [a, b] = [input("a"), input("b")];
    const { elem } = a.value;
    if (elem === bool) return undefined;
    if (elem === float32) return modulo(g, a, b);
    return unlessZero(g, b, narrow(g, modulo(g, wide(g, a), wide(g, b))));
  });
  kernel("SquaredDifference", ({ g, input }) => {
    const [a, b] = [input("a"), input("b")];
    const { elem } = a.value;
    if (elem === bool) return undefined;
    const d = pointwise(g, "Sub", [a, b], elem);
    return pointwise(g, "Mul", [d, d], elem);
  });
  kernel("BitwiseAnd", ({ g, input }) => pointwise(g, "BitwiseAnd", [input("a"), input("b")], int32));
  kernel("Prelu", ({ g, input }) => {
    const [x, alpha] = [g.cast(input("x"), float32), g.cast(input("alpha"), float32)];
    return prelu(g, x, alpha);
  });
  kernel("EluGrad", ({ g, input }) => {
    const [dy, y] = [input("dy"), input("y")];
    const below = pointwise(g, "Min", [y, g.scalar(0, float32)], float32);
    return pointwise(g, "Mul", [dy, pointwise(g, "Add", [below, g.scalar(1, float32)], float32)], float32);
  });

  for (const [name, op] of Object.entries(COMPARISONS)) {
    kernel(name, ({ g, input }) => pointwise(g, op, numbers(g, input("a"), input("b")), bool));
  }
  kernel("NotEqual", ({ g, input }) =>
    pointwise(g, "Not", [pointwise(g, "Equal", numbers(g, input("a"), input("b")), bool)], bool),
  );
  for (const [name, op] of Object.entries(LOGICAL)) {
    kernel(name, ({ g, input }) =>
      pointwise(g, op, [g.cast(input("a"), bool), g.cast(input("b"), bool)], bool),
    );
  }
  kernel("Select", ({ g, input }) => {
    const condition = g.cast(input("condition"), bool);
    const [t, e] = [input("t"), input("e")];
    // a condition of one axis chooses whole rows
    const rows =
      condition.shape.length === 1 && t.shape.length > 1
        ? g.reshape(condition, [condition.shape[0]!, ...t.shape.slice(1).map(() => 1)])
        : condition;
    return select(g, rows, t, e);
  });
}

/** condition ? t : e */
export function select(g: Recorder, condition: View, t: View, e: View): View {
  const { elem } = t.value;
  if (elem !== bool) return pointwise(g, "Where", [condition, t, e], elem);
  return g.cast(pointwise(g, "Where", [condition, g.cast(t, int32), g.cast(e, int32)], int32), bool);
}

/** Whole numbers as doubles, in which every int32 and every quotient's floor is exact. */
function wide(g: Recorder, x: View): View {
  return g.cast(x, float64);
}

function narrow(g: Recorder, x: View): View {
  return g.cast(x, int32);
}

/** 0 where the divisor is 0, as JavaScript's int32 has it. */
function unlessZero(g: Recorder, divisor: View, quotient: View): View {
  const zero = pointwise(g, "Equal", [divisor, g.scalar(0, int32)], bool);
  return pointwise(g, "Where", [zero, g.scalar(0, int32), quotient], int32);
}

/** The remainder with the divisor's sign. */
function modulo(g: Recorder, a: View, b: View): View {
  const { elem } = a.value;
  const fmod = (x: View, y: View): View => pointwise(g, "Mod", [x, y], elem, { attributes: { fmod: 1 } });
  const zero =
    elem === float32
      ? g.scalar(0, elem)
      : g.named("0", float64, [], () => new Uint8Array(Float64Array.of(0).buffer));
  const remainder = fmod(a, b);
  const signsDiffer = pointwise(
    g,
    "Xor",
    [pointwise(g, "Less", [a, zero], bool), pointwise(g, "Less", [b, zero], bool)],
    bool,
  );
  return pointwise(
    g,
    "Where",
    [signsDiffer, fmod(pointwise(g, "Add", [remainder, b], elem), b), remainder],
    elem,
  );
}

/** Both as numbers: comparisons don't take bool. */
function numbers(g: Recorder, a: View, b: View): View[] {
  return a.value.elem === bool ? [g.cast(a, int32), g.cast(b, int32)] : [a, b];
}
