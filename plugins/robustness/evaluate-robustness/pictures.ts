/**
 * The pictures of an evaluation.
 *
 * @module
 */
import type { Painter, Panel, Range } from "../../../core/mod.ts";
import { sizeOf } from "../../../core/mod.ts";
import type { CurvePoint } from "../evaluation.ts";
import type { Images } from "./images.ts";

/**
 * Three rows of images: clean, adversarial, and the difference, grey where there is none, black and white at its own
 * largest change. Nothing where the data are no images, or none is to be shown.
 * @param attacked images that were attacked
 * @param values their examples
 * @param chosen which of them are shown
 */
export async function sheetOf(
  painter: Painter,
  images: Images,
  attacked: readonly number[],
  values: Float32Array,
  chosen: readonly number[],
  [low, high]: Range,
): Promise<Uint8Array | undefined> {
  const [height, width, channels = 1] = images.shape;
  const areImages =
    images.shape.length >= 2 && images.shape.length <= 3 && (channels === 1 || channels === 3);
  if (!areImages || chosen.length === 0) return undefined;
  const size = sizeOf(images.shape);
  const n = chosen.length;
  const sheet = new Float32Array(3 * n * size);
  chosen.forEach((which, i) => {
    const clean = images.values.subarray(attacked[which]! * size, (attacked[which]! + 1) * size);
    const adversarial = values.subarray(which * size, (which + 1) * size);
    const change = adversarial.map((value, j) => value - clean[j]!);
    const most = change.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
    const [middle, half] = [(low + high) / 2, (high - low) / 2];
    sheet.set(clean, i * size);
    sheet.set(adversarial, (n + i) * size);
    sheet.set(
      change.map((d) => middle + (half * d) / most),
      (2 * n + i) * size,
    );
  });
  return await painter.sheet(sheet, [height!, width!, channels], [low, high], n);
}

/** A panel: lines of accuracy in percent, with their intervals. */
export function panelOf(
  title: string,
  axis: string,
  curves: readonly { readonly name: string; readonly points: readonly CurvePoint[] }[],
): Panel {
  const percent = (points: readonly CurvePoint[], end: "value" | "low" | "high"): number[] =>
    points.map((point) => 100 * point[end]);
  return {
    title,
    axes: { x: axis, y: "accuracy (%)" },
    series: curves.map(({ name, points }) => ({
      name,
      x: points.map(({ epsilon }) => epsilon),
      y: percent(points, "value"),
      low: percent(points, "low"),
      high: percent(points, "high"),
    })),
  };
}
