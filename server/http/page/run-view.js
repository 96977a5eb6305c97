/** One run: how it stands, its curves, what it draws, its events, what it was made from. */

import { runPath } from "./api.js";
import { duration, moment, number } from "./format.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { listLink, setQuery, sweepLink } from "./location.js";
import { eventsView } from "./run-events.js";
import { filesView, textView } from "./run-files.js";
import { overview } from "./run-overview.js";
import { statusBadge } from "./status.js";

export const TABS = /** @type {const} */ (["overview", "events", "files", "scenario", "environment"]);

/**
 * @typedef {object} RunModel
 * @property {import("./run-data.js").Run} run
 * @property {import("./table-model.js").Row | undefined} row
 * @property {URLSearchParams} query
 * @property {Map<string, string>} texts
 * @property {boolean} canStart
 * @property {boolean} canEdit
 * @property {boolean} isChosen
 * @property {string} busy
 * @property {import("./actions.js").Actions} act
 * @property {() => void} draw
 */

/** @param {RunModel} model */
export function runView(model) {
  const { run, query } = model;
  if (run.state === "gone") {
    return html`<section class="panel"><h1>${run.id}</h1><p class="note failed">${run.error}</p><p><a href="#/">All runs</a></p></section>`;
  }
  if (run.summary === undefined) {
    return html`<section class="panel"><p class="hint">${run.state === "lost" ? "The server does not answer. Trying again…" : "Loading…"}</p></section>`;
  }
  const tab = TABS.find((name) => name === query.get("tab")) ?? "overview";
  return html`
    ${head(model, run.summary)}
    ${trouble(run.summary)}
    <div class="tabs" role="tablist" @keydown=${arrows}>
      ${TABS.map(
        (
          name,
        ) => html`<button role="tab" id="tab-${name}" aria-selected=${tab === name} tabindex=${tab === name ? 0 : -1}
        aria-controls="tabpanel" @click=${() => setQuery({ tab: name === "overview" ? null : name })}>${name}</button>`,
      )}
    </div>
    <div id="tabpanel" role="tabpanel" aria-labelledby="tab-${tab}">
      ${
        tab === "overview"
          ? overview(run, query, run.summary)
          : tab === "events"
            ? eventsView(run, query, model.draw)
            : tab === "files"
              ? filesView(run)
              : textView(run, model.texts, tab)
      }
    </div>`;
}

/** Arrow keys go from tab to tab. @param {KeyboardEvent} event */
function arrows(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step === undefined) return;
  const tabs = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("button")];
  const at = tabs.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const next = tabs[(at + step + tabs.length) % tabs.length];
  next?.click();
  next?.focus();
}

/** @param {RunModel} model @param {import("./api.js").Summary} summary */
function head(model, summary) {
  const { run, row, query, busy } = model;
  const { scenario, status, began, seconds, engine, application, seed, description } = summary;
  const isRunning = status === "running" && run.state !== "ended";
  return html`
    <header class="run-head">
      <div class="title">
        <a class="back" href=${listLink(query)} aria-label="All runs">‹</a>
        <h1>${row?.name ?? scenario}</h1>
        ${statusBadge(status)}
        ${isRunning && run.state === "live" ? html`<span class="live"><span class="pulse"></span>live</span>` : nothing}
        ${run.state === "lost" ? html`<span class="live lost">connection lost, trying again…</span>` : nothing}
        ${buttons(model, summary, isRunning)}
      </div>
      ${busy === "" ? nothing : html`<p class="note lines" role="status">${busy}</p>`}
      ${description === undefined ? nothing : html`<p class="description">${description}</p>`}
      ${row?.note === undefined ? nothing : html`<p class="description lines">✎ ${row.note}</p>`}
      <p class="facts">
        <span>${moment(began)}</span>
        ${seconds === undefined ? nothing : html`<span>took ${duration(seconds)}</span>`}
        ${application === undefined ? nothing : html`<span>${application}, seed ${seed}</span>`}
        ${engine === undefined ? nothing : html`<span title="${engine.device}: ${engine.reason}">${engine.name} ${engine.version}</span>`}
        ${row?.sweep === undefined ? nothing : html`<a href=${sweepLink(row.sweep)}>of a sweep</a>`}
        <code>${run.id}</code>
        ${row?.tags.map((tag) => html`<a class="tag" href="#/?q=${encodeURIComponent(tag)}">${tag}</a>`)}
      </p>
      ${isRunning ? going(summary) : nothing}
    </header>`;
}

/** @param {RunModel} model @param {import("./api.js").Summary} summary @param {boolean} isRunning */
function buttons({ run, row, canStart, canEdit, isChosen, busy, act }, { status }, isRunning) {
  const canResume = canStart && ["cancelled", "failed", "abandoned", "paused"].includes(status);
  return html`<span class="actions">
    ${isRunning && canStart ? html`<button ?disabled=${busy !== ""} @click=${() => act.order("cancel")}>Stop</button>` : nothing}
    ${canResume ? html`<button ?disabled=${busy !== ""} @click=${() => act.order("resume")}>Resume</button>` : nothing}
    ${isRunning ? nothing : html`<a class="button" href=${runPath(run.id, "/report")} target="_blank" rel="noopener">Report</a>`}
    ${canStart ? html`<button @click=${() => act.clone(run.id)}>Clone…</button>` : nothing}
    ${canEdit && row !== undefined && !isRunning ? html`<button @click=${() => act.note(row)}>Note…</button>` : nothing}
    <label class="button"><input type="checkbox" .checked=${isChosen} aria-label="Compare ${run.id}" @change=${(/** @type {any} */ e) => act.choose([run.id], e.target.checked)}> compare</label>
  </span>`;
}

/** @param {import("./api.js").Summary} summary */
function going({ stages, rate, left }) {
  const stage = stages.at(-1);
  if (stage === undefined) return nothing;
  const share = stage.steps ? (stage.step ?? 0) / stage.steps : undefined;
  return html`<div class="going">
    <progress max="1" .value=${share ?? 0} aria-label="Stage ${stage.stage}"></progress>
    <span><b>${stage.stage}</b> ${stage.step === undefined ? nothing : html`${stage.step}${stage.steps ? html` of ${stage.steps}` : nothing}`}</span>
    ${stages.length > 1 ? html`<span>stage ${stages.length}</span>` : nothing}
    ${rate === undefined ? nothing : html`<span>${number(rate)} steps/s</span>`}
    ${left === undefined ? nothing : html`<span>${duration(left)} left</span>`}
  </div>`;
}

/** What went wrong, told once, with where. @param {import("./api.js").Summary} summary */
function trouble({ error, status, warnings, stages }) {
  const stage = stages.at(-1);
  const at =
    stage === undefined
      ? ""
      : ` in ${stage.stage}${stage.step === undefined ? "" : `, at step ${stage.step}${stage.steps ? ` of ${stage.steps}` : ""}`}`;
  return html`
    ${error === undefined ? nothing : html`<div class="note failed"><b>It failed${at}.</b><pre>${error}</pre></div>`}
    ${
      status === "abandoned"
        ? html`<p class="note cancelled">Nobody writes this run any more, and it has not come to an end: its process is gone. It was${at || " at its beginning"}.</p>`
        : status === "cancelled"
          ? html`<p class="note cancelled">It was stopped${at}.</p>`
          : nothing
    }
    ${
      warnings.length === 0
        ? nothing
        : html`<details class="note cancelled"><summary>${warnings.length === 1 ? warnings[0] : `${warnings.length} warnings`}</summary>
      <ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul></details>`
    }`;
}
