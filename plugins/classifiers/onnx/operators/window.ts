/**
 * Windows that slide over images: what convolutions and poolings have in common. Images of one axis are those of two
 * with a height of 1.
 *
 * @module
 */
import type { OnnxNode } from "../node.ts";
import { reshape, shapeOf, type Value } from "../value.ts";

/** A number for the height and one for the width. */
export type Pair = readonly [height: number, width: number];

/** Rows and columns of padding. */
export interface Pads {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** How a window moves. */
export interface Window {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** From the first to the last pixel that it sees. */
  readonly span: Pair;
  /** Paddings for an image of a height and a width. */
  pads(image: Pair): Pads;
}

/** Of one axis or two, the two. @throws where there are more */
export function pairOf(node: OnnxNode, numbers: readonly number[], filler = 1): Pair {
  if (numbers.length === 1) return [filler, numbers[0]!];
  if (numbers.length === 2) return [numbers[0]!, numbers[1]!];
  return node.fail(`works along ${numbers.length} axes of images; only one or two are supported`);
}

/** The window of a node. @param shape of its kernel, where no attribute says it */
export function windowOf(node: OnnxNode, shape?: readonly number[]): Window {
  const given = node.ints("kernel_shape") ?? shape ?? node.fail("has no kernel_shape");
  const axes = given.length;
  const each = (name: string): Pair => pairOf(node, node.ints(name) ?? Array(axes).fill(1));
  const [kernel, strides, dilations] = [pairOf(node, given), each("strides"), each("dilations")];
  const span: Pair = [dilations[0] * (kernel[0] - 1) + 1, dilations[1] * (kernel[1] - 1) + 1];
  return { kernel, strides, dilations, span, pads: padding(node, axes, strides, span) };
}

function padding(node: OnnxNode, axes: number, strides: Pair, span: Pair): Window["pads"] {
  const auto = node.text("auto_pad", "NOTSET");
  if (auto === "VALID") return () => ({ top: 0, left: 0, bottom: 0, right: 0 });
  if (auto === "SAME_UPPER" || auto === "SAME_LOWER") {
    return (image) => {
      const ends = [0, 1].map((i) => {
        const out = Math.ceil(image[i]! / strides[i]!);
        const all = Math.max(0, (out - 1) * strides[i]! + span[i]! - image[i]!);
        const less = Math.floor(all / 2);
        return auto === "SAME_UPPER" ? [less, all - less] : [all - less, less];
      }) as [[number, number], [number, number]];
      return { top: ends[0][0], bottom: ends[0][1], left: ends[1][0], right: ends[1][1] };
    };
  }
  const pads = node.ints("pads") ?? Array(2 * axes).fill(0);
  if (pads.some((n) => n < 0)) node.fail(`has the negative pads [${pads}]`);
  const [top, left] = pairOf(node, pads.slice(0, axes), 0);
  const [bottom, right] = pairOf(node, pads.slice(axes), 0);
  return () => ({ top, left, bottom, right });
}

/** Images of one axis or two as such of two, and a result as it was given. */
export function asImages(x: Value): { images: Value; restored: (y: Value) => Value } {
  const shape = shapeOf(x);
  if (shape.length === 4) return { images: x, restored: (y) => y };
  if (shape.length !== 3) throw new Error(`takes images of one axis or two, not [${shape}]`);
  return {
    images: reshape(x, [shape[0]!, shape[1]!, 1, shape[2]!]),
    restored(y) {
      const [n, c, , w] = shapeOf(y) as [number, number, number, number];
      return reshape(y, [n, c, w]);
    },
  };
}

/** Height and width of images. */
export const heightAndWidth = (images: Value): Pair => shapeOf(images).slice(2) as [number, number];
