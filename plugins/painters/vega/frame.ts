/**
 * What charts of one panel have in common: size, margins, title, axes and legend.
 *
 * @module
 */
import type { Spec } from "vega";
import type { Domain } from "./domain.ts";
import { shortNumbers, strokesOf, textWidth } from "./theme.ts";

const width = 760;
const height = 390;
const margin = { left: 76, top: 60, bottom: 54 };
const legendFont = 13;

/** What differs. */
export interface Frame {
  readonly title: string;
  /** Names of the series, in the order of their colours. */
  readonly names: readonly string[];
  readonly x: { readonly title: string; readonly domain: Domain };
  readonly y: {
    readonly title: string;
    readonly domain: Domain;
    readonly fromZero: boolean;
    readonly logarithmic?: boolean;
  };
  /** Whether the legend shows strokes or discs. */
  readonly legend: "stroke" | "circle";
}

/** A chart without its marks. The size of the whole does not depend on the texts. */
export function frame({ title, names, x, y, legend }: Frame): Spec {
  const strokes = strokesOf(names);
  const longest = Math.min(200, Math.max(...names.map((name) => textWidth(name, legendFont))));
  const right = longest + 56;
  const across = width - margin.left - right;
  const up = height - margin.top - margin.bottom;
  const labels = { encode: shortNumbers };
  return {
    width: across,
    height: up,
    padding: { ...margin, right },
    autosize: "none",
    title: { text: title, limit: width - 40, offset: 22, dx: 18 - margin.left, frame: "group" },
    scales: [
      { name: "x", type: "linear", domain: [...x.domain], range: "width", zero: false, nice: false },
      y.logarithmic
        ? { name: "y", type: "log", domain: [...y.domain], range: "height", nice: false }
        : { name: "y", type: "linear", domain: [...y.domain], range: "height", zero: y.fromZero, nice: true },
      { name: "colour", type: "ordinal", domain: [...names], range: strokes.map(({ colour }) => colour) },
      {
        name: "dash",
        type: "ordinal",
        domain: [...names],
        range: strokes.map(({ dash }) => [...dash]) as never,
      },
    ],
    axes: [
      {
        orient: "bottom",
        scale: "x",
        title: x.title,
        titleLimit: across,
        tickCount: 8,
        zindex: 1,
        ...labels,
      },
      {
        orient: "left",
        scale: "y",
        title: y.title,
        titleLimit: up,
        ...(y.logarithmic ? { values: logTicks(y.domain) } : { tickCount: 6 }),
        grid: true,
        domain: false,
        ticks: false,
        ...labels,
      },
    ],
    legends: [
      {
        ...(legend === "stroke"
          ? { stroke: "colour", strokeDash: "dash", symbolType: "stroke", symbolStrokeWidth: 2.5 }
          : { fill: "colour" }),
        orient: "right",
        offset: 16,
        labelFontSize: legendFont,
        labelLimit: 200,
      },
    ],
  };
}

/** 1, 2 and 5 times the powers of ten that lie in a domain above 0. */
function logTicks([low, high]: Domain): number[] {
  const first = Math.floor(Math.log10(low));
  const decades = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, i) => first + i);
  return decades
    .flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power))
    .filter((tick) => tick >= low && tick <= high);
}
