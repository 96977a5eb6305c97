/**
 * What settings do to a number: a line for each trial over an axis for each setting, or a point for each over one. Both
 * are SVG, whose shapes tell what they are to those who point at them or read the page.
 */

import { number, short, spreadText } from "./format.js";
import { html, nothing, svg } from "./lit-html/lit-html.js";
import { shade } from "./palette.js";

/**
 * @typedef {{
 *   trials: readonly import("./api.js").Trial[], paths: readonly string[], names: Readonly<Record<string, string>>,
 *   metric: string, vary: Readonly<Record<string, unknown>>, drawn: ReadonlySet<string>,
 *   direction: "maximize" | "minimize"
 * }} Shown
 * @typedef {{ width: number, height: number, at(axis: number, share: number): [number, number] }} Places where a share of an axis lies
 * @typedef {{ name: string, ticks: { at: number, text: string }[], place(value: unknown): number }} Axis places are shares, from 0 to 1
 */

const HEIGHT = 300;
const MARGIN = { left: 70, right: 70, top: 34, bottom: 22 };
/** Width of a letter of an axis' name, about. */
const LETTER = 7.5;
/** Height of an axis with its name and its ticks, where axes lie one below another. */
const ROW = 84;

/** Whether there is no room for axes side by side. */
const isNarrow = () => matchMedia("(max-width: 48rem)").matches;
/** Largest over smallest value from which an axis is logarithmic. */
const WIDE = 50;
/** Values from which an axis of numbers is no longer a list of them. */
const MANY = 8;

/** @param {string} name @param {readonly unknown[]} values @param {unknown} [range] what the sweep file says of it @returns {Axis} */
export function axisOf(name, values, range) {
  const numbers = values.filter((value) => typeof value === "number");
  const distinct = [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
  if (numbers.length < values.length) {
    const texts = distinct.map(short);
    const at = (/** @type {number} */ i) => (texts.length < 2 ? 0.5 : i / (texts.length - 1));
    return {
      name,
      ticks: texts.map((text, i) => ({ at: at(i), text })),
      place: (value) => at(texts.indexOf(short(value))),
    };
  }
  const { min, max, scale } = /** @type {{ min?: number, max?: number, scale?: string }} */ (range ?? {});
  const low = Math.min(...numbers, min ?? Number.POSITIVE_INFINITY);
  const high = Math.max(...numbers, max ?? Number.NEGATIVE_INFINITY);
  const isLog = low > 0 && (scale === "log" || (scale === undefined && high / low >= WIDE));
  const on = (/** @type {number} */ v) => (isLog ? Math.log(v) : v);
  const place = (/** @type {unknown} */ value) =>
    high === low ? 0.5 : (on(Number(value)) - on(low)) / (on(high) - on(low));
  const marks =
    distinct.length <= MANY && min === undefined
      ? /** @type {number[]} */ (distinct)
      : [0, 0.25, 0.5, 0.75, 1].map((share) =>
          isLog ? Math.exp(on(low) + share * (on(high) - on(low))) : low + share * (high - low),
        );
  return {
    name,
    ticks: marks.map((value) => ({ at: place(value), text: number(Number(value.toPrecision(3))) })),
    place,
  };
}

/** The mean of a trial. @param {import("./api.js").Trial} trial @param {string} metric */
function meanOf(trial, metric) {
  return trial.metrics[metric]?.mean ?? Number.NaN;
}

/** In words, for titles. @param {import("./api.js").Trial} trial @param {Shown} shown */
function told(trial, { paths, names, metric }) {
  const settings = paths.map((path) => `${names[path]} ${short(trial.settings[path])}`).join(", ");
  const spread = trial.metrics[metric];
  return `${settings}: ${metric} ${spread === undefined ? "–" : spreadText(spread)}`;
}

/** How good a trial is among others, from 0 to 1. @param {Shown} shown @param {Axis} goal */
function goodness({ metric, direction }, goal) {
  return (/** @type {import("./api.js").Trial} */ trial) => {
    const at = goal.place(meanOf(trial, metric));
    return direction === "maximize" ? at : 1 - at;
  };
}

/** @param {Shown} shown */
export function parallelView(shown) {
  const { trials, paths, names, metric, vary, drawn } = shown;
  const goal = axisOf(
    metric,
    trials.map((trial) => meanOf(trial, metric)),
  );
  const axes = [
    ...paths.map((path) =>
      axisOf(
        names[path] ?? path,
        trials.map(({ settings }) => settings[path]),
        vary[path],
      ),
    ),
    goal,
  ];
  const isDown = isNarrow();
  const { width, height, at } = isDown ? below(axes.length) : beside(axes.length);
  const good = goodness(shown, goal);
  const ordered = [...trials].sort((a, b) => good(a) - good(b)); // the best on top
  /** Over its axis, or as near as there is room for it. @param {string} name @param {number} x */
  const nameAt = (name, x) => {
    const room = (name.length * LETTER) / 2;
    return Math.max(room, Math.min(width - room, x));
  };
  const join = (/** @type {import("./api.js").Trial} */ trial) =>
    [...paths.map((path) => trial.settings[path]), meanOf(trial, metric)]
      .map((value, i) => at(i, axes[i]?.place(value) ?? 0).map((v) => v.toFixed(1)))
      .join(" ");
  return html`<svg class="settings" viewBox="0 0 ${width} ${height}" role="img" aria-label="Settings of ${trials.length} trials against ${metric}; the table above has the numbers">
    ${ordered.map(
      (trial) =>
        svg`<polyline class=${drawn.has(trial.trial) ? "line drawn" : "line"} points=${join(trial)} stroke=${shade(good(trial))}><title>${told(trial, shown)}</title></polyline>`,
    )}
    ${axes.map((axis, i) => {
      const [[x1, y1], [x2, y2]] = [at(i, 0), at(i, 1)];
      const isLast = i === axes.length - 1;
      const side = isLast ? { dx: 7, anchor: "start" } : { dx: -7, anchor: "end" };
      const name = isDown
        ? svg`<text class="name" x=${x1} y=${y1 - 12}>${axis.name}</text>`
        : svg`<text class="name" x=${nameAt(axis.name, x1)} y="16" text-anchor="middle">${axis.name}</text>`;
      return svg`<g><line class="axis" x1=${x1} x2=${x2} y1=${y1} y2=${y2}></line>${name}
        ${spaced(axis.ticks, isDown ? 0.13 : 0.05).map(({ at: share, text }) => {
          const [x, y] = at(i, share);
          return isDown
            ? svg`<text class="tick" x=${x} y=${y + 16} text-anchor="middle">${text}</text>`
            : svg`<text class="tick" x=${x + side.dx} y=${y + 4} text-anchor=${side.anchor}>${text}</text>`;
        })}</g>`;
    })}
  </svg>`;
}

/** Ticks that do not touch: of two that would, the first. @param {Axis["ticks"]} ticks @param {number} least share between two */
function spaced(ticks, least) {
  /** @type {Axis["ticks"]} */
  const kept = [];
  for (const tick of ticks) if (kept.every(({ at }) => Math.abs(at - tick.at) >= least)) kept.push(tick);
  return kept;
}

/** Where values lie on axes side by side. @param {number} axes @returns {Places} */
function beside(axes) {
  const width = 760;
  const across = (width - MARGIN.left - MARGIN.right) / (axes - 1);
  return {
    width,
    height: HEIGHT,
    at: (i, share) => [
      MARGIN.left + i * across,
      HEIGHT - MARGIN.bottom - share * (HEIGHT - MARGIN.top - MARGIN.bottom),
    ],
  };
}

/** Where values lie on axes one below another, as a phone has room for them. @param {number} axes @returns {Places} */
function below(axes) {
  const width = 360;
  return {
    width,
    height: axes * ROW,
    at: (i, share) => [24 + share * (width - 48), i * ROW + MARGIN.top],
  };
}

/** @param {Shown & { path: string }} shown */
export function scatterView(shown) {
  const { trials, path, names, metric, vary } = shown;
  const across = axisOf(
    names[path] ?? path,
    trials.map(({ settings }) => settings[path]),
    vary[path],
  );
  const ends = trials.flatMap((trial) => {
    const spread = trial.metrics[metric];
    return spread === undefined ? [] : [spread.mean - spread.deviation, spread.mean + spread.deviation];
  });
  const up = axisOf(metric, ends, { scale: "linear", min: Math.min(...ends), max: Math.max(...ends) });
  const good = goodness(
    shown,
    axisOf(
      metric,
      trials.map((trial) => meanOf(trial, metric)),
    ),
  );
  const width = isNarrow() ? 360 : 760;
  const [left, right] = isNarrow() ? [78, width - 22] : [MARGIN.left + 24, width - 40];
  const x = (/** @type {number} */ at) => left + at * (right - left);
  const y = (/** @type {number} */ at) => HEIGHT - 52 - at * (HEIGHT - 52 - 14);
  return html`<svg class="settings" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${metric} against ${across.name}, a point for each of ${trials.length} trials; the table above has the numbers">
    ${up.ticks.map(({ at, text }) => svg`<line class="grid" x1=${left} x2=${right} y1=${y(at)} y2=${y(at)}></line><text class="tick" x=${left - 8} y=${y(at) + 4} text-anchor="end">${text}</text>`)}
    ${across.ticks.map(({ at, text }) => svg`<text class="tick" x=${x(at)} y=${HEIGHT - 32} text-anchor="middle">${text}</text>`)}
    <text class="name" x=${(left + right) / 2} y=${HEIGHT - 8} text-anchor="middle">${across.name}</text>
    <text class="name" x="14" y=${HEIGHT / 2 - 20} text-anchor="middle" transform="rotate(-90 14 ${HEIGHT / 2 - 20})">${metric}</text>
    ${trials.map((trial) => {
      const spread = trial.metrics[metric];
      if (spread === undefined) return nothing;
      const at = x(across.place(trial.settings[path]));
      return svg`<g><title>${told(trial, shown)}</title>
        <line class="bar" x1=${at} x2=${at} y1=${y(up.place(spread.mean - spread.deviation))} y2=${y(up.place(spread.mean + spread.deviation))}></line>
        <circle cx=${at} cy=${y(up.place(spread.mean))} r="6" fill=${shade(good(trial))}></circle></g>`;
    })}
  </svg>`;
}
