/**
 * Densities on the line: histograms on shared bins, drawn over each other.
 *
 * @module
 */
import type { Mark, Spec } from "vega";
import type { HistogramAxes, PointSeries } from "../../../core/mod.ts";
import { type Domain, decidedDomain, widened } from "./domain.ts";
import { frame } from "./frame.ts";
import { colourOf } from "./theme.ts";

const FEWEST_BINS = 20;
const MOST_BINS = 100;

/** @throws RangeError where there is no series */
export function histogramSpec(
  title: string,
  series: readonly PointSeries[],
  { axes, x = "x", mark: given = Number.NaN }: HistogramAxes = {},
): Spec {
  if (series.length === 0) throw new RangeError("histogram: there is no series to draw");
  const mark = Number.isFinite(given) ? given : undefined;
  const finite = series.map(({ values }) => values.filter(Number.isFinite));
  const [low, high] = decidedDomain(series, finite, axes);
  const reach = [Math.min(low, mark ?? low), Math.max(high, mark ?? high)] as const;
  const domain = widened(reach, 1e-6); // so that the largest value lies within the last bin
  const bins = binsFor(finite, domain);
  const bars = finite.map((values) => steps(values, domain, bins));
  const most = Math.max(...bars.flat().map((bar) => bar.density));

  return {
    ...frame({
      title,
      names: series.map((s) => s.name),
      x: { title: x, domain: widened(domain, 1 / bins) },
      y: { title: "density", domain: [0, most === 0 ? 1 : most], fromZero: true },
      legend: "circle",
    }),
    data: bars.map((values, i) => ({ name: `bins${i}`, values })),
    marks: [...series.flatMap((_, i) => outlined(i)), ...(mark === undefined ? [] : [lineAt(mark)])],
  };
}

/** A series: its area, and the line around it. */
function outlined(i: number): Mark[] {
  const place = { x: { scale: "x", field: "x" }, y: { scale: "y", field: "density" } };
  return [
    {
      type: "area",
      from: { data: `bins${i}` },
      encode: {
        enter: {
          ...place,
          y2: { scale: "y", value: 0 },
          interpolate: { value: "step-after" },
          fill: { value: colourOf(i) },
          fillOpacity: { value: 0.18 },
        },
      },
    },
    {
      type: "line",
      from: { data: `bins${i}` },
      encode: {
        enter: {
          ...place,
          interpolate: { value: "step-after" },
          stroke: { value: colourOf(i) },
          strokeWidth: { value: 1.6 },
        },
      },
    },
  ];
}

/** From the bottom to the top, dashed. */
function lineAt(x: number): Mark {
  return {
    type: "rule",
    encode: {
      enter: {
        ...{ x: { scale: "x", value: x }, y: { value: 0 }, y2: { field: { group: "height" } } },
        ...{ stroke: { value: "#333333" }, strokeDash: { value: [5, 4] }, strokeWidth: { value: 1.2 } },
      },
    },
  };
}

/**
 * As many bins as suit the series that asks for the narrowest, by the rule of D. Freedman and P. Diaconis, "On the
 * histogram as a density estimator", Z. Wahrscheinlichkeitstheorie 57, 1981: 2·(interquartile range)/∛n wide.
 */
function binsFor(series: readonly Float32Array[], [low, high]: Domain): number {
  const widths = series
    .filter((values) => values.length > 0)
    .map((values) => {
      const sorted = values.toSorted();
      const quantile = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
      return (2 * (quantile(0.75) - quantile(0.25))) / Math.cbrt(values.length);
    });
  return Math.round(Math.min(MOST_BINS, Math.max(FEWEST_BINS, (high - low) / Math.min(...widths))));
}

/** The density of each bin at its left edge, 0 before and after them. Values outside count in the whole. */
function steps(values: Float32Array, [low, high]: Domain, bins: number): { x: number; density: number }[] {
  const width = (high - low) / bins;
  const counts = new Uint32Array(bins);
  for (const value of values) {
    if (value >= low && value < high) counts[Math.floor((value - low) / width)]!++;
  }
  const bars = Array.from(counts, (count, i) => ({
    x: low + i * width,
    density: values.length === 0 ? 0 : count / (values.length * width),
  }));
  return [{ x: low - width, density: 0 }, ...bars, { x: high, density: 0 }, { x: high + width, density: 0 }];
}
