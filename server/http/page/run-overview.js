/** What a run came to, at a glance: expectations, the result, curves, pictures, metrics, stages. */

import { evaluationView, wordsView } from "./evaluation-view.js";
import { duration, number, wordsOf } from "./format.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { film, gallery, picturesOf } from "./pictures.js";
import { curvesView } from "./run-curves.js";

/** Metrics and stages that are shown at once. */
const MANY = 24;
/** Charts that stand beside the numbers; more take the whole width. */
const BESIDE = 4;

/** @param {import("./run-data.js").Run} run @param {URLSearchParams} query @param {import("./api.js").Summary} summary */
export function overview(run, query, summary) {
  const has = { hasCurves: run.series.length > 0, hasEvaluation: run.evaluation !== undefined };
  const { films, single } = picturesOf(run.artifacts, has);
  const charts = new Set(run.series.map(({ metric }) => metric)).size;
  if (run.evaluation !== undefined || charts > BESIDE) {
    return html`
      ${expectations(summary)}
      ${run.evaluation && evaluationView(run.evaluation)}
      ${wordsView(run.words)}
      ${films.map((group) => film(run, query, group))}
      ${gallery(run, single)}
      ${curvesView(run, query)}
      <div class="columns even">${metrics(summary)}${stages(summary)}</div>`;
  }
  // Beside the curves there is nothing but stages: the curves take the whole width.
  if (films.length + Object.keys(summary.metrics).length === 0) {
    return html`${expectations(summary)}${wordsView(run.words)}${curvesView(run, query)}${gallery(run, single)}${stages(summary)}`;
  }
  return html`
    ${expectations(summary)}
    ${wordsView(run.words)}
    <div class="columns">
      <div class="column">${curvesView(run, query)}</div>
      <div class="column">
        ${films.map((group) => film(run, query, group))}
        ${metrics(summary)}
        ${stages(summary)}
      </div>
    </div>
    ${gallery(run, single)}`;
}

/** A name that breaks between its words. @param {string} name */
function breakable(name) {
  return wordsOf(name).map((word, i) => html`${i === 0 ? nothing : html`<wbr>`}${word}`);
}

/** @param {import("./api.js").Summary} summary */
function expectations({ expectations, expected }) {
  if (expectations.length + expected.length === 0) return nothing;
  const met = expectations.filter((e) => e.met).length;
  const count = expectations.length === 0 ? "judged at the end" : `${met} of ${expectations.length} met`;
  return html`<section class="panel">
    <h2>Expectations <small>${count}</small></h2>
    <ul class="expectations">
      ${expectations.map(
        ({ metric, expected, value, met }) => html`
        <li class=${met ? "met" : "unmet"}>
          <span class="mark" aria-hidden="true">${met ? "✓" : "✗"}</span>
          <span class="metric">${breakable(metric)}</span>
          <span class="value">${value === undefined ? "–" : number(value)}</span>
          <span class="bounds">${met ? "" : "missed: "}${expected}</span>
        </li>`,
      )}
      ${expected.map(
        ({ metric, expected }) => html`
        <li class="open"><span class="mark" aria-hidden="true">·</span><span class="metric">${breakable(metric)}</span><span class="value"></span><span class="bounds">${expected}</span></li>`,
      )}
    </ul>
  </section>`;
}

/** @param {import("./api.js").Summary} summary */
function metrics({ metrics, status }) {
  const rows = Object.entries(metrics);
  if (rows.length === 0) {
    const isRunning = status === "running";
    return isRunning
      ? html`<section class="panel"><h2>Metrics</h2><p class="hint">They come at the end.</p></section>`
      : nothing;
  }
  const list = html`<dl class="metrics">${rows.map(([name, value]) => html`<div><dt>${breakable(name)}</dt><dd class="value">${number(value)}</dd></div>`)}</dl>`;
  return html`<section class="panel"><h2>Metrics <small>${rows.length}</small></h2>
    ${rows.length > MANY ? html`<details><summary>all ${rows.length}</summary>${list}</details>` : list}</section>`;
}

/** @param {import("./api.js").Summary} summary */
function stages({ stages }) {
  if (stages.length === 0) return nothing;
  const table = html`<table><tbody>
    ${stages.map(
      ({ stage, began, seen, step, steps }) => html`<tr><th scope="row">${stage}</th>
      <td class="value">${step === undefined ? "" : html`${step}${steps ? ` of ${steps}` : ""}`}</td>
      <td class="value">${duration((Date.parse(seen) - Date.parse(began)) / 1000)}</td></tr>`,
    )}
  </tbody></table>`;
  return html`<section class="panel"><h2>Stages <small>${stages.length}</small></h2>
    ${stages.length > MANY ? html`<details><summary>all ${stages.length}</summary>${table}</details>` : table}</section>`;
}
