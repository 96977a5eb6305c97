/** The trials of a sweep, one a row: settings, state, metrics over the seeds. */

import { number, percent, readable, short, spreadText } from "./format.js";
import { repeat } from "./lit-html/directives/repeat.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { runLink, setQuery } from "./location.js";
import { colorOf, dashOf } from "./palette.js";
import { sortHead, sortOf } from "./sorting.js";

/**
 * @param {{
 *   trials: import("./api.js").Trials, summary: import("./api.js").SweepSummary, query: URLSearchParams,
 *   drawn: ReadonlySet<string>
 * }} model
 */
export function trialTable({
  trials: { trials, paths, names, metrics },
  summary: { goal, seeds, rungs },
  query,
  drawn,
}) {
  const initial = goal === undefined ? "" : `${goal.direction === "maximize" ? "-" : ""}m:${goal.metric}`;
  const sort = sortOf(query.get("sort") ?? initial);
  /** @param {import("./api.js").Trial} trial */
  const key = (trial) => {
    const [kind, name] = [sort.column.slice(0, 2), sort.column.slice(2)];
    if (kind === "s:") return trial.settings[name];
    if (kind === "m:")
      return trial.metrics[name]?.mean ?? (name === goal?.metric ? trial.scores.at(-1) : undefined);
    return sort.column === "state" ? stateOf(trial) : undefined;
  };
  const sorted = sort.sorted(trials, key);
  /** @param {string} id @param {boolean} on */
  const draw = (id, on) => {
    const next = on ? [...drawn, id] : [...drawn].filter((other) => other !== id);
    setQuery({ draw: next.join(",") || "none" });
  };
  return html`<div class="scroll"><table class="trials cards">
    <thead><tr><th scope="col"><span class="hidden">drawn</span></th>
      ${paths.map((path) => sortHead(sort, `s:${path}`, names[path] ?? path))}
      ${sortHead(sort, "state", "state")}<th scope="col">seeds</th>
      ${rungs.length === 0 ? nothing : html`<th scope="col">${readable(goal?.metric ?? "")} at rungs</th>`}
      ${metrics.map((metric) => sortHead(sort, `m:${metric}`, readable(metric)))}</tr></thead>
    <tbody>${repeat(
      sorted,
      ({ trial }) => trial,
      (trial) => html`<tr data-trial=${trial.trial}>
      <td data-label="curve">${pick(trial, [...drawn].indexOf(trial.trial), draw)}</td>
      ${paths.map((path) => html`<td data-label=${names[path] ?? path} class="value">${short(trial.settings[path])}</td>`)}
      <td data-label="state"><span class="state ${stateOf(trial)}">${stateOf(trial)}</span>${trial.failures.length === 0 ? nothing : html` <span class="bad" title=${trial.failures.join("\n")}>${trial.failures.length} failed</span>`}</td>
      <td data-label="seeds"><span class="seeds">${trial.runs.map(seed)}${seeds.length > trial.runs.length ? html`<span class="soft">of ${seeds.length}</span>` : nothing}</span></td>
      ${rungs.length === 0 ? nothing : html`<td data-label="at rungs" class="value">${trial.scores.map(number).join(" → ")}</td>`}
      ${metrics.map((metric) => {
        const found = trial.metrics[metric];
        const title =
          found?.interval &&
          `95 %: ${found.interval.map(number).join(" to ")}; by seed: ${found.values.map(number).join(", ")}`;
        return html`<td data-label=${readable(metric)} class="value ${metric === goal?.metric ? "goal" : ""}" title=${title ?? nothing}>${found === undefined ? "–" : spreadText(found)}</td>`;
      })}</tr>`,
    )}</tbody></table></div>`;
}

/** Draws the curve of a trial or not, in the colour that it has there. @param {import("./api.js").Trial} trial @param {number} at @param {(id: string, on: boolean) => void} draw */
function pick({ trial, settings }, at, draw) {
  return html`<label class="drawn"><input type="checkbox" .checked=${at >= 0} aria-label="Draw the curves of ${Object.values(settings).map(short).join(", ")}"
    @change=${(/** @type {any} */ e) => draw(trial, e.target.checked)}>${at < 0 ? nothing : swatch(at)}</label>`;
}

/** The line that a legend shows. @param {number} index */
export function swatch(index) {
  return html`<svg class="swatch" width="18" height="10" aria-hidden="true"><line x1="0" y1="5" x2="18" y2="5" stroke=${colorOf(index)} stroke-width="3" stroke-dasharray=${dashOf(index).join(" ")}></line></svg>`;
}

/** A trial whose runs all wait for somebody to make them has not begun. @param {import("./api.js").Trial} trial */
function stateOf({ state, runs }) {
  return state === "running" && runs.every((run) => run.state === "waiting") ? "waiting" : state;
}

const MARKS = {
  waiting: "·",
  running: "",
  paused: "❚❚",
  ended: "✓",
  failed: "✗",
  stopped: "–",
  cancelled: "■",
};

/** @param {import("./api.js").Trial["runs"][number]} run */
function seed({ run, seed, state, share }) {
  const text = html`${seed} ${state === "running" ? percent(share ?? 0) : MARKS[state]}`;
  const title = `seed ${seed}: ${state}`;
  return state === "waiting"
    ? html`<span class="seed waiting" title=${title}>${text}</span>`
    : html`<a class="seed ${state}" href=${runLink(run)} title=${title}>${text}</a>`;
}
