/**
 * NaN on a GPU. What shaders' `max`, `min` and `select` make of it is left open, and drivers drop it; a diverging
 * training must show it. Comparisons of a number with itself hold for all but NaN, and a shader that is given it twice
 * doesn't know that it is the same.
 *
 * @module
 */
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import type { View } from "../value.ts";
import { pointwise } from "./pointwise.ts";

const { float32, bool } = Elem;

/** Whether x is NaN, element by element. */
export function whereNaN(g: Recorder, x: View): View {
  if (!g.dialect.shaders) return pointwise(g, "IsNaN", [x], bool);
  return pointwise(g, "Not", [pointwise(g, "Equal", [x, x], bool)], bool);
}

/** Whether x is less than infinite in size and not NaN, element by element. */
export function whereFinite(g: Recorder, x: View): View {
  if (g.dialect.shaders) {
    return pointwise(
      g,
      "Less",
      [pointwise(g, "Abs", [x], float32), g.scalar(Number.POSITIVE_INFINITY, float32)],
      bool,
    );
  }
  const either = pointwise(g, "Or", [whereNaN(g, x), pointwise(g, "IsInf", [x], bool)], bool);
  return pointwise(g, "Not", [either], bool);
}

/** Whether x is infinite, element by element. */
export function whereInfinite(g: Recorder, x: View): View {
  if (!g.dialect.shaders) return pointwise(g, "IsInf", [x], bool);
  return pointwise(
    g,
    "Equal",
    [pointwise(g, "Abs", [x], float32), g.scalar(Number.POSITIVE_INFINITY, float32)],
    bool,
  );
}

/** The logarithm; of what is below 0, NaN. */
export function log(g: Recorder, x: View): View {
  const y = pointwise(g, "Log", [x], float32);
  if (!g.dialect.shaders) return y;
  const isDefined = pointwise(g, "GreaterOrEqual", [x, g.scalar(0, float32)], bool);
  return pointwise(g, "Where", [isDefined, y, g.scalar(Number.NaN, float32)], float32);
}

/** y, which was made of x, where x is NaN: NaN. */
export function unlessNaN(g: Recorder, x: View, y: View): View {
  if (!g.dialect.shaders || x.value.elem !== float32) return y;
  return pointwise(g, "Where", [pointwise(g, "Equal", [x, x], bool), y, x], float32);
}
