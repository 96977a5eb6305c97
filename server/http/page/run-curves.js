/** The numbers of a run over its steps: a chart for each, and what was told only once or twice as a value. */

import { chartControls, drawing, zoomTo } from "./chart-controls.js";
import { timeAt } from "./clocks.js";
import { number } from "./format.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { setQuery } from "./location.js";

/** Points below which a series is no curve. */
const FEW = 5;
/** Stages of one number above which a chart of them tells nothing. */
const MOST_LINES = 16;
/** Values that are shown at once. */
const MANY = 12;

/** @param {import("./run-data.js").Run} run @param {URLSearchParams} query */
export function curvesView(run, query) {
  const how = drawing(query);
  run.zoom(how.from, how.to, how.isTimed);
  const series = detailFor(run, how) ?? run.series;
  const stagesOf = Map.groupBy(run.series, ({ metric }) => metric);
  const isCurve = (/** @type {import("./api.js").Series} */ { stage, metric }) =>
    (run.series.find((s) => s.stage === stage && s.metric === metric)?.count ?? 0) >= FEW &&
    (stagesOf.get(metric)?.length ?? 0) <= MOST_LINES;
  const curves = series.filter(isCurve);
  const all = run.series.filter(isCurve);
  const values = run.series.filter((s) => !isCurve(s));
  const stages = [...new Set(all.map(({ stage }) => stage))];
  const stage = stages.find((name) => name === query.get("stage"));
  const charts = Map.groupBy(
    curves.filter((s) => stage === undefined || s.stage === stage),
    ({ metric }) => metric,
  );
  const metrics = [...new Set(all.map(({ metric }) => metric))];
  if (run.series.length === 0) {
    const isRunning = run.summary?.status === "running";
    return html`<section class="panel"><h2>Curves</h2><p class="hint">${isRunning ? "No numbers yet." : "It told no numbers over steps."}</p></section>`;
  }
  return html`<section class="panel curves">
    <h2>Curves</h2>
    ${
      all.length === 0
        ? nothing
        : html`<div class="controls">${
            stages.length < 2
              ? nothing
              : html`<label>stage <select @change=${(/** @type {any} */ e) => setQuery({ stage: e.target.value, x: null })}>
          <option value="" ?selected=${stage === undefined}>all ${stages.length}</option>
          ${stages.map((name) => html`<option value=${name} ?selected=${name === stage}>${name}</option>`)}</select></label>`
          }</div>${chartControls(query, { time: true })}`
    }
    <div class="multiples">${[...charts].map(([metric, lines]) => {
      const isOne = stages.length < 2 || stage !== undefined;
      const drawn = lines.map((s) => ({
        label: isOne ? metric : s.stage,
        // A metric keeps its colour, and among several stages of one each has its own.
        color: isOne ? metrics.indexOf(metric) : stages.indexOf(s.stage),
        x: how.isTimed ? timesOf(run, s) : s.x,
        y: s.y,
      }));
      const xLabel = how.isTimed ? "seconds" : "step";
      return html`<figure><figcaption><b>${metric}</b>${isOne ? html` <span class="soft">${lines[0]?.stage}</span>` : nothing}</figcaption>
        <dsgan-chart aria-label="${metric}: drag to zoom, + − and arrow keys move, 0 shows all" .model=${{ ...how, xLabel, yLabel: metric, zoom: zoomTo, lines: drawn }}></dsgan-chart></figure>`;
    })}</div>
    ${charts.size === 0 ? nothing : html`<p class="hint keys">Drag to zoom, double click to see all; a click on a name hides its line.</p>`}
    ${valuesView(values)}
  </section>`;
}

/** Finer series of what is zoomed into, where they are here. @param {import("./run-data.js").Run} run @param {ReturnType<typeof drawing>} how */
export function detailFor({ detail }, { from, to, isTimed }) {
  const isOfIt = detail?.from === from && detail?.to === to && detail?.isTimed === isTimed;
  return isOfIt ? detail?.series : undefined;
}

/** Seconds at which the points of a series were reached. @param {import("./run-data.js").Run} run @param {import("./api.js").Series} series */
function timesOf({ clocks }, { stage, x }) {
  const clock = clocks.find((one) => one.stage === stage);
  return clock === undefined ? x : x.map((step) => timeAt(clock, step));
}

/** Numbers that are no curves: the last of each. @param {import("./api.js").Series[]} values */
function valuesView(values) {
  if (values.length === 0) return nothing;
  const names = [...new Set(values.map(({ metric }) => metric))];
  const stages = [...Map.groupBy(values, ({ stage }) => stage)];
  const table = html`<table class="values cards"><thead><tr><th scope="col">stage</th>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${stages.map(
      ([stage, own]) =>
        html`<tr><th scope="row">${stage}</th>${names.map((name) => {
          const last = own.find(({ metric }) => metric === name)?.y.findLast((y) => y !== null);
          return html`<td class="value" data-label=${name}>${last == null ? "–" : number(last)}</td>`;
        })}</tr>`,
    )}</tbody></table>`;
  return stages.length > MANY
    ? html`<details><summary>${stages.length} stages that told their numbers only a few times</summary><div class="scroll">${table}</div></details>`
    : html`<div class="scroll">${table}</div>`;
}
