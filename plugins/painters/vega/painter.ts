/**
 * The painter: each picture is a Vega spec, but sheets of images, which need none.
 *
 * @module
 */
import type { Painter } from "../../../core/mod.ts";
import { histogramSpec } from "./histogram.ts";
import { linesSpec } from "./lines.ts";
import { panelsSpec } from "./panels.ts";
import { chartPng, chartSvg } from "./png.ts";
import { scatterSpec } from "./scatter.ts";
import { sheetPng } from "./sheet.ts";

/**
 * A painter of PNGs on white, at two pixels a point. The same data give the same bytes.
 * @example
 * ```ts
 * import { vegaPainter } from "dsgan/painters";
 *
 * const loss = { name: "critic", x: [1, 2, 3], y: [-3, -1, -0.5] };
 * const png = await vegaPainter().lines("Losses", { x: "step", y: "loss" }, [loss]);
 * console.log(String.fromCharCode(...png.subarray(1, 4))); // PNG
 * ```
 */
export function vegaPainter(): Painter {
  return {
    name: "vega",
    scatter: async (title, series, on) => chartPng(scatterSpec(title, series, on)),
    histogram: async (title, series, on) => chartPng(histogramSpec(title, series, on)),
    lines: async (title, axes, series) => chartPng(linesSpec(title, axes, series)),
    panels: async (title, panels, columns) => chartPng(panelsSpec(title, panels, columns)),
    panelsAsSvg: async (title, panels, columns) => chartSvg(panelsSpec(title, panels, columns)),
    sheet: async (images, shape, range, columns) => sheetPng(images, shape, range, columns),
  };
}
