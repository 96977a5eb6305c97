/** One sweep: how it stands, its trials in a table, what its settings do to the goal, curves over seeds. */

import { runPath } from "./api.js";
import { duration, moment, number } from "./format.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { setQuery } from "./location.js";
import { parallelView, scatterView } from "./settings-chart.js";
import { sweepCurves } from "./sweep-curves.js";
import { bar, settingsText } from "./sweeps-view.js";
import { trialTable } from "./trial-table.js";

/**
 * @param {{
 *   sweep: import("./sweep-data.js").Sweep, query: URLSearchParams, drawn: ReadonlySet<string>, canStart: boolean,
 *   busy: string, cancel(): void
 * }} model
 */
export function sweepView(model) {
  const { sweep, query } = model;
  const { summary, trials, state } = sweep;
  if (state === "gone") {
    return html`<section class="panel"><h1>${sweep.id}</h1><p class="note failed">${sweep.error}</p><p><a href="#/sweeps">All sweeps</a></p></section>`;
  }
  if (summary === undefined || trials === undefined) {
    return html`<section class="panel"><p class="hint">${state === "lost" ? "The server does not answer. Trying again…" : "Loading…"}</p></section>`;
  }
  return html`
    ${head(model, summary)}
    ${summary.error === undefined ? nothing : html`<div class="note failed"><b>It failed.</b><pre>${summary.error}</pre></div>`}
    ${expectations(summary)}
    <section class="panel"><h2>Trials <small>${trials.trials.length}${summary.status === "running" ? " so far" : ""}, means over seeds</small></h2>
      ${trialTable({ trials, summary, query, drawn: model.drawn })}</section>
    ${settings(model, summary, trials)}
    ${sweepCurves({ sweep, trials, drawn: model.drawn, query })}`;
}

/** @param {Parameters<typeof sweepView>[0]} model @param {import("./api.js").SweepSummary} summary */
function head({ sweep, canStart, busy, cancel }, summary) {
  const { name, status, description, began, seconds, search, seeds, scenario, goal, best, host, rungs } =
    summary;
  const isRunning = status === "running";
  return html`<header class="run-head">
    <div class="title"><a class="back" href="#/sweeps" aria-label="All sweeps">‹</a><h1>${name}</h1>
      <span class="badge ${status}" role="status">${status}</span>
      ${isRunning && sweep.state === "live" ? html`<span class="live"><span class="pulse"></span>live</span>` : nothing}
      ${sweep.state === "lost" ? html`<span class="live lost">connection lost, trying again…</span>` : nothing}
      <span class="actions">${isRunning && canStart ? html`<button ?disabled=${busy !== ""} @click=${cancel}>Cancel the sweep</button>` : nothing}
        ${isRunning ? nothing : html`<a class="button" href=${runPath(sweep.id, "/report")} target="_blank" rel="noopener">Report</a>`}</span></div>
    ${busy === "" ? nothing : html`<p class="note" role="status">${busy}</p>`}
    ${description === undefined ? nothing : html`<p class="description">${description}</p>`}
    <p class="facts"><span>${moment(began)}</span><span>${isRunning ? "for" : "took"} ${duration(seconds)}</span><span>${scenario}, by ${search}</span>
      <span>seeds ${seeds.join(", ")}</span>${rungs.length === 0 ? nothing : html`<span>rungs at ${rungs.join(", ")}</span>`}
      ${host === undefined ? nothing : html`<span>hosted by process ${host.pid} on ${host.host}</span>`}<code>${sweep.id}</code></p>
    <div class="going jobs">${bar(summary.jobs)}</div>
    ${
      best === undefined || goal === undefined
        ? nothing
        : html`<p class="best">Best${isRunning ? " so far" : ""}: <b>${goal.metric} ${number(best.score)}</b> with ${settingsText(best.settings)} <span class="soft">(${goal.direction})</span></p>`
    }
  </header>`;
}

/** @param {import("./api.js").SweepSummary} summary */
function expectations({ expectations }) {
  if (expectations.length === 0) return nothing;
  return html`<section class="panel"><h2>Expectations <small>${expectations.filter(({ met }) => met).length} of ${expectations.length} met</small></h2>
    <ul class="expectations">${expectations.map(
      ({
        metric,
        expected,
        value,
        met,
      }) => html`<li class=${met ? "met" : "unmet"}><span class="mark" aria-hidden="true">${met ? "✓" : "✗"}</span>
        <span class="metric">${metric}</span><span class="value">${value === undefined ? "–" : number(value)}</span><span class="bounds">${met ? "" : "missed: "}${expected}</span></li>`,
    )}</ul></section>`;
}

/** @param {Parameters<typeof sweepView>[0]} model @param {import("./api.js").SweepSummary} summary @param {import("./api.js").Trials} trials */
function settings({ query, drawn }, { goal, vary }, { trials, paths, names, metrics }) {
  const metric = metrics.find((name) => name === query.get("against")) ?? goal?.metric ?? metrics[0];
  const scored = trials.filter(({ metrics }) => metric !== undefined && metrics[metric] !== undefined);
  if (metric === undefined || paths.length === 0) return nothing;
  const path = paths.find((one) => one === query.get("of"));
  const isParallel = path === undefined && paths.length > 1;
  const shown = {
    trials: scored,
    paths,
    names,
    metric,
    vary,
    drawn,
    direction: goal?.metric === metric ? goal.direction : "maximize",
  };
  return html`<section class="panel"><h2>Settings against ${metric}</h2>
    <div class="controls">
      <label>number <select @change=${(/** @type {any} */ e) => setQuery({ against: e.target.value })}>
        ${metrics.map((name) => html`<option value=${name} ?selected=${name === metric}>${name}</option>`)}</select></label>
      <label>shown as <select @change=${(/** @type {any} */ e) => setQuery({ of: e.target.value })}>
        ${paths.length > 1 ? html`<option value="" ?selected=${isParallel}>parallel coordinates</option>` : nothing}
        ${paths.map((one) => html`<option value=${one} ?selected=${!isParallel && (path ?? paths[0]) === one}>scatter of ${names[one]}</option>`)}</select></label>
    </div>
    ${
      scored.length === 0
        ? html`<p class="hint">No run has come to its end yet.</p>`
        : isParallel
          ? parallelView(shown)
          : scatterView({ ...shown, path: path ?? /** @type {string} */ (paths[0]) })
    }</section>`;
}
