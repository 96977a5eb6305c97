/**
 * `<dsgan-chart>`: lines over steps, drawn by uPlot. Drag to zoom, double click or 0 to see all of it.
 *
 * @typedef {object} ChartLine
 * @property {string} label
 * @property {number} color an index into the palette
 * @property {ArrayLike<number>} x
 * @property {ArrayLike<number | null>} y
 * @property {ArrayLike<number | null>} [low] lower edge of a band
 * @property {ArrayLike<number | null>} [high] upper edge of it
 * @property {number[]} [dash] stroke; that of the palette unless given
 *
 * @typedef {object} ChartModel
 * @property {ChartLine[]} lines
 * @property {boolean} log
 * @property {number} smooth
 * @property {boolean} [cut] leaves outliers out of the picture
 * @property {number | null} from
 * @property {number | null} to
 * @property {string} xLabel
 * @property {string} [yLabel]
 * @property {boolean} [dots] draws the points themselves
 * @property {[number, number]} [range] of y; as the lines have it unless given
 * @property {number} [height]
 * @property {(from: number | null, to: number | null) => void} zoom
 */
import { smoothed, tableOf, within } from "./chart-data.js";
import { plotOptions, showLast, uPlot } from "./chart-plot.js";
import { pngOf } from "./chart-png.js";
import { isDark } from "./palette.js";

const HEIGHT = 220;

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
      if (this.clientWidth === 0) return;
      if (this.#plot === undefined) this.#schedule();
      else this.#plot.setSize({ width: this.clientWidth, height: this.#height });
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

  /** The picture as a PNG, its legend below. @returns {Promise<Blob | null>} */
  async png() {
    const canvas = this.querySelector("canvas");
    return canvas === null ? null : await pngOf(canvas, this, this.#model?.lines ?? []);
  }

  get #height() {
    return this.#model?.height ?? HEIGHT;
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
    const { lines, log, smooth, cut = false, from, to } = model;
    const data = tableOf(lines, smooth);
    const isPositive = lines.every(({ y }) => Array.prototype.every.call(y, (v) => v === null || v > 0));
    const shape = JSON.stringify([
      lines.map(({ label, color, low, dash }) => [label, color, low !== undefined, dash]),
      ...[log, isPositive, smooth > 0, cut, model.xLabel, model.yLabel, model.dots, this.#height, isDark()],
    ]);
    if (shape !== this.#shape || this.#plot === undefined) {
      this.#plot?.destroy();
      this.#shape = shape;
      this.replaceChildren();
      const options = plotOptions(this, () => this.#model ?? model, {
        log,
        isPositive,
        height: this.#height,
      });
      this.#plot = new uPlot(options, /** @type {any} */ (data), this);
    } else {
      this.#plot.setData(/** @type {any} */ (data), false);
    }
    const all = /** @type {number[]} */ (data[0]);
    this.dataset.points = String(all.length);
    const low = from ?? all[0] ?? 0;
    const high = to ?? all.at(-1) ?? 1;
    const plot = this.#plot;
    const range =
      model.range ?? (cut ? within(lines.map(({ y }) => (smooth > 0 ? smoothed(y, smooth) : y))) : undefined);
    plot.batch(() => {
      plot.setScale("x", { min: low, max: high > low ? high : low + 1 });
      if (range !== undefined && !log) plot.setScale("y", { min: range[0], max: range[1] });
    });
    showLast(plot, high);
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
