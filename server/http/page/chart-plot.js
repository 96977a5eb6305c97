/** How uPlot draws a chart. */
import { nearestPoint } from "./chart-data.js";
import { number } from "./format.js";
import { colorOf, dashOf } from "./palette.js";
// @ts-expect-error the package has its types beside another file
import plots from "./uplot/uPlot.esm.js";

export const uPlot = /** @type {typeof import("uplot")} */ (plots);

const FONT = "12px system-ui, sans-serif";
/** Points below which they are drawn themselves. */
const FEW = 40;
/** Opacity of a band, and of one of many, in hexadecimal digits. */
const [BAND, FAINT] = ["26", "12"];

/**
 * @param {HTMLElement} element
 * @param {() => import("./chart.js").ChartModel} modelOf
 * @param {{ log: boolean, isPositive: boolean, height: number }} how
 * @returns {import("uplot").Options}
 */
export function plotOptions(element, modelOf, { log, isPositive, height }) {
  const { xLabel, yLabel } = modelOf();
  const style = getComputedStyle(element);
  const [soft, grid] = [style.getPropertyValue("--soft"), style.getPropertyValue("--line")];
  const axis = {
    ...{ stroke: soft, font: FONT, labelFont: FONT, labelSize: 18, labelGap: 0 },
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1, size: 5 },
  };
  const { series, bands } = seriesOf(modelOf());
  return {
    width: element.clientWidth,
    height,
    legend: { live: true, markers: { width: 3 } },
    cursor: {
      drag: { x: true, y: false, setScale: false },
      focus: { prox: 24 },
      dataIdx: (plot, s, at) => (s === 0 ? at : nearestPoint(/** @type {any} */ (plot.data[s]), at)),
      bind: {
        dblclick: () => () => {
          modelOf().zoom(null, null);
          return null;
        },
      },
    },
    focus: { alpha: 0.4 },
    scales: {
      x: { time: false },
      // A log axis for what is positive; one that is straight about 0 for what is not.
      y: log ? { distr: isPositive ? 3 : 4, ...(isPositive ? {} : { asinh: 0.1 }) } : {},
    },
    axes: [
      { ...axis, size: 30, label: xLabel, values: (_, splits) => stepsText(splits) },
      {
        ...axis,
        size: 54,
        ...(yLabel ? { label: yLabel } : {}),
        values: (_, splits) => splits.map((v) => (v == null ? "" : number(v))),
      },
    ],
    series,
    bands,
    hooks: {
      setSeries: [
        (plot, index, { show }) => {
          // What belongs to a line comes and goes with it.
          for (let i = Number(index) - 1; index !== null && plot.series[i]?.class === "raw"; i--) {
            if (show !== undefined && plot.series[i]?.show !== show) plot.setSeries(i, { show });
          }
        },
      ],
      setCursor: [
        (plot) => {
          if (plot.cursor.idx == null) showLast(plot, plot.scales.x?.max ?? 0);
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          modelOf().zoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** Thousands in short, as far as that says the same: the last label has little room. @param {readonly number[]} splits */
function stepsText(splits) {
  const isShort = splits.some((v) => Math.abs(v) >= 10_000) && splits.every((v) => v % 1000 === 0);
  return splits.map((v) => (isShort && v !== 0 ? `${number(v / 1000)}k` : v.toLocaleString("en")));
}

/** Has the legend tell the last values up to a step. @param {import("uplot")} plot @param {number} high */
export function showLast(plot, high) {
  const last = Math.max(
    0,
    plot.data[0].findLastIndex((x) => x <= high),
  );
  const idxs = plot.data.map((values, i) => (i === 0 ? last : nearestPoint(values, last)));
  plot.setLegend({ idxs }, false);
}

/** The columns of `tableOf` as uPlot has them. @param {import("./chart.js").ChartModel} model */
function seriesOf({ lines, smooth, xLabel, dots }) {
  /** @type {import("uplot").Series[]} */
  const series = [{ label: xLabel, value: (_, value) => (value == null ? "–" : number(value)) }];
  /** @type {import("uplot").Band[]} */
  const bands = [];
  for (const { label, color, low, dash = dashOf(color) } of lines) {
    const stroke = colorOf(color);
    const points = {
      show: (/** @type {import("uplot")} */ plot) => dots ?? plot.data[0].length < FEW,
      size: 5,
      fill: stroke,
    };
    const shown = {
      spanGaps: true,
      value: (/** @type {any} */ _, /** @type {number} */ v) => (v == null ? "–" : number(v)),
    };
    const beside = { ...shown, class: "raw", points: { show: false } };
    if (low !== undefined) {
      series.push({ ...beside, label: `${label}, low`, stroke: "transparent", width: 0 });
      series.push({ ...beside, label: `${label}, high`, stroke: "transparent", width: 0 });
      bands.push({
        series: [series.length - 1, series.length - 2],
        fill: `${stroke}${lines.length > 3 ? FAINT : BAND}`,
      });
    } else if (smooth > 0) {
      series.push({ ...beside, label: `${label}, as it is`, stroke: `${stroke}66`, width: 1 });
    }
    const width = smooth > 0 || low !== undefined ? 2 : 1.5;
    series.push({ ...shown, label, stroke, width, points, ...(dash.length > 0 && { dash }) });
  }
  return { series, bands };
}
