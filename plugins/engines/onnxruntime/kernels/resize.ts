/**
 * Resized images: both directions are products with matrices of a few entries a row, and so are their gradients.
 *
 * @module
 */
import { Elem } from "../model.ts";
import type { Recorder } from "../recorder.ts";
import type { View } from "../value.ts";
import { kernel } from "./kernel.ts";

const { float32, int32 } = Elem;

interface ResizeAttrs {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
  readonly size: [number, number];
}

type Method = "bilinear" | "nearest";

/** Registers them. */
export function registerResize(): void {
  kernel<ResizeAttrs>("ResizeBilinear", ({ g, input, attrs }) => {
    const x = g.cast(input("images"), float32);
    const [, height, width] = x.shape as number[];
    const rows = matrix(g, "bilinear", height!, attrs.size[0], attrs, false);
    return sandwiched(g, rows, x, matrix(g, "bilinear", width!, attrs.size[1], attrs, false));
  });
  kernel<ResizeAttrs>("ResizeNearestNeighbor", ({ g, input, attrs }) => {
    const x = input("images");
    return [1, 2].reduce((y, axis) => {
      const sources = places("nearest", x.shape[axis]!, attrs.size[axis - 1]!, attrs);
      const indices = Int32Array.from(sources, (row) => row[0]![0]);
      const shape = y.shape.with(axis, indices.length);
      const at = g.constant(indices, int32, [indices.length]);
      return g.op("Gather", [y, at], x.value.elem, shape, { attributes: { axis } });
    }, x);
  });
  for (const [name, method] of [
    ["ResizeBilinearGrad", "bilinear"],
    ["ResizeNearestNeighborGrad", "nearest"],
  ] as const) {
    kernel<ResizeAttrs>(name, ({ g, input, attrs }) => {
      const [images, dy] = [input("images"), input("dy")];
      // tfjs's gradients know nothing of half-pixel centres
      const plain = { alignCorners: attrs.alignCorners };
      const [height, width] = [1, 2].map((axis) =>
        matrix(g, method, images.shape[axis]!, dy.shape[axis]!, plain, true),
      ) as [View, View];
      return sandwiched(g, height, dy, width);
    });
  }
}

/** `rows · x · columnsᵀ` for each image and channel of x `[n, h, w, c]`. */
function sandwiched(g: Recorder, rows: View, x: View, columns: View): View {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const [toHeight, toWidth] = [rows.shape[0]!, columns.shape[0]!];
  const tall = g.op("MatMul", [rows, g.reshape(x, [n, h, w * c])], float32, [n, toHeight, w * c]);
  const wide = g.op("MatMul", [columns, g.reshape(tall, [n * toHeight, w, c])], float32, [
    n * toHeight,
    toWidth,
    c,
  ]);
  return g.reshape(wide, [n, toHeight, toWidth, c]);
}

/** What each new row is made of: `[row of the source, share]`. */
function places(
  method: Method,
  from: number,
  to: number,
  { alignCorners, halfPixelCenters }: Omit<ResizeAttrs, "size">,
): [number, number][][] {
  const ratio = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  return Array.from({ length: to }, (_, i) => {
    if (method === "nearest") {
      const at = halfPixelCenters ? ratio * (i + 0.5) : ratio * i;
      return [[Math.max(0, Math.min(from - 1, alignCorners ? Math.round(at) : Math.floor(at))), 1]];
    }
    const at = halfPixelCenters ? ratio * (i + 0.5) - 0.5 : ratio * i;
    const below = Math.max(0, Math.floor(at));
    const above = Math.min(from - 1, Math.ceil(at));
    return [
      [below, 1 - (at - below)],
      [above, at - below],
    ];
  });
}

/** The matrix of a resizing, `[to, from]`, or its transpose. */
function matrix(
  g: Recorder,
  method: Method,
  from: number,
  to: number,
  attrs: Omit<ResizeAttrs, "size">,
  transposed: boolean,
): View {
  const shape = transposed ? [from, to] : [to, from];
  const name = `${method} ${from} ${to} ${attrs.alignCorners} ${attrs.halfPixelCenters} ${transposed}`;
  return g.named(name, float32, shape, () => {
    const out = new Float32Array(from * to);
    places(method, from, to, attrs).forEach((row, i) => {
      for (const [source, share] of row) out[transposed ? source * to + i : i * from + source]! += share;
    });
    return out;
  });
}
