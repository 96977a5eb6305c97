/**
 * Activations that tfjs folds into a product or a convolution.
 *
 * @module
 */
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import type { View } from "../value.ts";
import { pointwise } from "./pointwise.ts";
import { clip, leakyRelu, relu, sigmoid } from "./unary.ts";

/** What fused kernels say about their activation. */
export interface FusedAttrs {
  readonly activation?: "linear" | "relu" | "prelu" | "elu" | "relu6" | "leakyrelu" | "sigmoid";
  readonly leakyreluAlpha?: number;
}

/** x under the activation. */
export function activated(
  g: Recorder,
  x: View,
  { activation, leakyreluAlpha }: FusedAttrs,
  weights?: View,
): View | undefined {
  switch (activation ?? "linear") {
    case "linear":
      return x;
    case "relu":
      return relu(g, x);
    case "relu6":
      return clip(g, x, 0, 6);
    case "elu":
      return pointwise(g, "Elu", [x], Elem.float32);
    case "sigmoid":
      return sigmoid(g, x);
    case "leakyrelu":
      return leakyRelu(g, x, leakyreluAlpha ?? 0.2);
    case "prelu":
      return prelu(g, x, weights!);
    default:
      return undefined;
  }
}

/** x, below 0 times alpha. */
export function prelu(g: Recorder, x: View, alpha: View): View {
  const below = pointwise(g, "Less", [x, g.scalar(0, Elem.float32)], Elem.bool);
  return pointwise(g, "Where", [below, pointwise(g, "Mul", [x, alpha], Elem.float32), x], Elem.float32);
}
