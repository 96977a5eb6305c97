/**
 * The painter: each picture is a Vega spec, but sheets of images, which need none.
 *
 * @module
 */
import type { Painter } from "../../../core/mod.ts";
import { histogramSpec } from "./histogram.ts";
import { linesSpec } from "./lines.ts";
import { panelsSpec } from "./panels.ts";
import { chartPng } from "./png.ts";
import { scatterSpec } from "./scatter.ts";
import { sheetPng } from "./sheet.ts";

/** A painter of PNGs on white, at two pixels a point. */
export function vegaPainter(): Painter {
  return {
    name: "vega",
    scatter: async (title, series) => chartPng(scatterSpec(title, series)),
    histogram: async (title, series) => chartPng(histogramSpec(title, series)),
    lines: async (title, axes, series) => chartPng(linesSpec(title, axes, series)),
    panels: async (title, panels, columns) => chartPng(panelsSpec(title, panels, columns)),
    sheet: async (images, shape, range, columns) => sheetPng(images, shape, range, columns),
  };
}
