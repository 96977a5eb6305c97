/**
 * `<dsgan-chart>`: lines over steps, drawn by uPlot. Drag to zoom, double click or 0 to see all of it.
 *
 * @typedef {{ label: string, color: number, x: ArrayLike<number>, y: ArrayLike<number | null> }} ChartLine
 *   `color` is an index into the palette
 * @typedef {{
 *   lines: ChartLine[], log: boolean, smooth: number, from: number | null, to: number | null, xLabel: string,
 *   zoom(from: number | null, to: number | null): void
 * }} ChartModel
 */

import { number } from "./format.js";
// @ts-expect-error the package has its types beside another file
import plots from "./uplot/uPlot.esm.js";

const uPlot = /** @type {typeof import("uplot")} */ (plots);

const HEIGHT = 280;
/** Colours that the colour-blind can tell apart (Okabe and Ito), brightened for dark grounds. */
const PALETTE = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#5d4a9c", "#333333"],
  dark: ["#56b4e9", "#ff9a4d", "#3fd0a4", "#e6a0c8", "#f0e442", "#7fb0ff", "#b8a4f5", "#dddddd"],
};

/** Whether the page is dark now. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}

/** @param {number} index */
export function colorOf(index) {
  const palette = isDark() ? PALETTE.dark : PALETTE.light;
  return /** @type {string} */ (palette[index % palette.length]);
}

/**
 * Exponential moving average that does not lean towards its start, as TensorBoard has it.
 * @param {ArrayLike<number | null>} y @param {number} weight of the past, 0 to below 1
 */
export function smoothed(y, weight) {
  let mean = 0;
  let mass = 0;
  return Array.from(y, (value) => {
    if (value === null || !Number.isFinite(value)) return null;
    mean = weight * mean + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return mean / mass;
  });
}

/** The nearest place at which a line has a point: lines are thinned out each for itself. @param {(number | null | undefined)[]} values @param {number} at */
function nearestPoint(values, at) {
  for (let d = 0; d < values.length; d++) {
    if (values[at - d] != null) return at - d;
    if (values[at + d] != null) return at + d;
  }
  return at;
}

class Chart extends HTMLElement {
  /** @type {ChartModel | undefined} */
  #model;
  /** @type {import("uplot") | undefined} */
  #plot;
  #shape = "";
  #drawing = 0;
  /** @type {ResizeObserver | undefined} */
  #resizes;
  #themes = new MutationObserver(() => this.#redraw());
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #themed = () => this.#redraw();

  connectedCallback() {
    this.tabIndex = 0;
    this.setAttribute("role", "group");
    this.addEventListener("keydown", this.#key);
    this.#resizes = new ResizeObserver(() => {
      if (this.clientWidth > 0) this.#plot?.setSize({ width: this.clientWidth, height: HEIGHT });
    });
    this.#resizes.observe(this);
    this.#themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.#dark.addEventListener("change", this.#themed);
    this.#schedule();
  }

  disconnectedCallback() {
    this.removeEventListener("keydown", this.#key);
    this.#resizes?.disconnect();
    this.#themes.disconnect();
    this.#dark.removeEventListener("change", this.#themed);
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#shape = "";
  }

  /** @param {ChartModel} model */
  set model(model) {
    this.#model = model;
    this.#schedule();
  }

  #redraw() {
    this.#shape = "";
    this.#schedule();
  }

  #schedule() {
    if (this.#drawing === 0 && this.isConnected) {
      this.#drawing = requestAnimationFrame(() => {
        this.#drawing = 0;
        this.#draw();
      });
    }
  }

  #draw() {
    const model = this.#model;
    if (model === undefined || !this.isConnected || this.clientWidth === 0) return;
    const { lines, log, smooth, from, to } = model;
    const isPositive = lines.every(({ y }) => Array.prototype.every.call(y, (v) => v === null || v > 0));
    const shape = JSON.stringify([
      lines.map(({ label, color }) => [label, color]),
      log,
      isPositive,
      smooth > 0,
      isDark(),
    ]);
    const tables = lines.map(({ x, y }) => [
      Array.from(x),
      Array.from(y),
      ...(smooth > 0 ? [smoothed(y, smooth)] : []),
    ]);
    const data = tables.length === 0 ? [[]] : uPlot.join(/** @type {any} */ (tables));
    if (shape !== this.#shape || this.#plot === undefined) {
      this.#plot?.destroy();
      this.#shape = shape;
      this.replaceChildren();
      this.#plot = new uPlot(this.#options(model, log, isPositive), /** @type {any} */ (data), this);
    } else {
      this.#plot.setData(/** @type {any} */ (data), false);
    }
    const all = /** @type {number[]} */ (data[0]);
    this.dataset.points = String(all.length);
    const low = from ?? all[0] ?? 0;
    const high = to ?? all.at(-1) ?? 1;
    this.#plot.batch(() => this.#plot?.setScale("x", { min: low, max: high > low ? high : low + 1 }));
  }

  /** @param {ChartModel} model @param {boolean} log @param {boolean} isPositive @returns {import("uplot").Options} */
  #options({ lines, smooth, xLabel }, log, isPositive) {
    const style = getComputedStyle(this);
    const [soft, grid] = [style.getPropertyValue("--soft"), style.getPropertyValue("--line")];
    const font = "12px system-ui, sans-serif";
    const axis = {
      stroke: soft,
      font,
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: grid, width: 1, size: 5 },
    };
    /** @type {import("uplot").Series[]} */
    const series = [{ label: xLabel, value: (_, value) => (value == null ? "–" : number(value)) }];
    for (const { label, color } of lines) {
      const stroke = colorOf(color);
      const shown = {
        spanGaps: true,
        points: { show: false },
        value: (/** @type {any} */ _, /** @type {number} */ v) => (v == null ? "–" : number(v)),
      };
      if (smooth > 0) {
        series.push({ ...shown, label: `${label}, as it is`, class: "raw", stroke: `${stroke}66`, width: 1 });
        series.push({ ...shown, label, stroke, width: 2 });
      } else series.push({ ...shown, label, stroke, width: 1.5 });
    }
    return {
      width: this.clientWidth,
      height: HEIGHT,
      legend: { live: true, markers: { width: 3 } },
      cursor: {
        drag: { x: true, y: false, setScale: false },
        focus: { prox: 24 },
        dataIdx: (plot, s, at) => (s === 0 ? at : nearestPoint(/** @type {any} */ (plot.data[s]), at)),
        bind: {
          dblclick: () => () => {
            this.#model?.zoom(null, null);
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
        { ...axis, size: 34 },
        { ...axis, size: 58, values: (_, splits) => splits.map((v) => (v == null ? "" : number(v))) },
      ],
      series,
      hooks: {
        setSeries: [
          (plot, index, { show }) => {
            const raw = index === null ? undefined : plot.series[index - 1];
            if (raw?.class === "raw" && show !== undefined && raw.show !== show)
              plot.setSeries(Number(index) - 1, { show });
          },
        ],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            this.#model?.zoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
            plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          },
        ],
      },
    };
  }

  /** @param {KeyboardEvent} event */
  #key = (event) => {
    const { min, max } = this.#plot?.scales.x ?? {};
    if (min == null || max == null || event.ctrlKey || event.metaKey || event.altKey) return;
    const width = max - min;
    /** @type {Record<string, [number, number] | [null, null]>} */
    const moves = {
      "+": [min + width / 4, max - width / 4],
      "=": [min + width / 4, max - width / 4],
      "-": [min - width / 2, max + width / 2],
      ArrowLeft: [min - width / 5, max - width / 5],
      ArrowRight: [min + width / 5, max + width / 5],
      0: [null, null],
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const xs = this.#plot?.data[0] ?? [];
    const isAll = move[0] === null || (move[0] <= (xs[0] ?? 0) && move[1] >= (xs.at(-1) ?? 0));
    if (isAll) this.#model?.zoom(null, null);
    else this.#model?.zoom(move[0], move[1]);
  };
}

customElements.define("dsgan-chart", Chart);
