/**
 * The page: reads its address, asks the server, draws. Nothing of it is kept but what the address says and, in the
 * browser, the choice of light or dark.
 */

import { actions } from "./actions.js";
import { html, nothing, render } from "./lit-html/lit-html.js";
import "./chart.js";
import { compareView } from "./compare-view.js";
import { questionView, startView, tokenView } from "./dialogs.js";
import { isInLightbox, lightboxView } from "./lightbox.js";
import { compareLink, listLink, place, runLink, sweepLink } from "./location.js";
import { openRun } from "./run-data.js";
import { runView, TABS } from "./run-view.js";
import {
  applyTheme,
  canNotify,
  nextTheme,
  notifies,
  tellEnd,
  tellSweepEnd,
  theme,
  toggleNotify,
} from "./setting.js";
import { drawnTrials, openFleet, openSweep, watchSweeps } from "./sweep-data.js";
import { sweepView } from "./sweep-view.js";
import { sweepsView, workersView } from "./sweeps-view.js";
import { openTable } from "./table-data.js";
import { neighbour, tableView } from "./table-view.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.replaceChildren();

/** What is opened for the view that is shown, and closed with it. */
const shown = {
  /** @type {Map<string, import("./run-data.js").Run>} */
  runs: new Map(),
  /** @type {import("./sweep-data.js").Fleet | undefined} */
  fleet: undefined,
  /** @type {import("./sweep-data.js").Sweep | undefined} */
  sweep: undefined,
};
let drawing = 0;

function draw() {
  if (drawing === 0) {
    drawing = requestAnimationFrame(() => {
      drawing = 0;
      drawNow();
    });
  }
}

applyTheme();
const table = openTable(draw, (row) => {
  shown.runs.get(row.run)?.refresh();
  tellEnd(row, runLink(row.run));
});
watchSweeps(
  () => notifies() && table.rows.some(({ sweep }) => sweep !== undefined),
  (sweep) => tellSweepEnd(sweep, sweepLink(sweep.sweep)),
);
const act = actions({ table, shown, draw });

/** Runs that are chosen, as the address says. @param {URLSearchParams} query */
function chosenOf(query) {
  return (query.get("with") ?? "").split(",").filter(Boolean);
}

/** Opens what the address asks for, and lets go of the rest. */
function arrive() {
  const { view, id, query } = place();
  const wanted = new Set(view === "run" ? [id] : view === "compare" ? chosenOf(query) : []);
  for (const [name, run] of shown.runs) {
    if (wanted.has(name)) continue;
    run.close();
    shown.runs.delete(name);
  }
  for (const name of wanted) if (!shown.runs.has(name)) shown.runs.set(name, openRun(name, draw));
  if (view !== "sweeps" && view !== "workers") {
    shown.fleet?.close();
    shown.fleet = undefined;
  } else shown.fleet ??= openFleet(draw);
  if (shown.sweep !== undefined && (view !== "sweep" || shown.sweep.id !== id)) {
    shown.sweep.close();
    shown.sweep = undefined;
  }
  if (view === "sweep") shown.sweep ??= openSweep(id, draw, (sweep) => drawnTrials(sweep, place().query));
  act.arrived(view, id, query);
  draw();
}

function drawNow() {
  if (table.needsToken) {
    render(tokenView({ error: act.state.tokenError, give: act.give }), root);
    return;
  }
  const { view, id, query } = place();
  const run = view === "run" ? shown.runs.get(id) : undefined;
  document.title = titleOf(run?.summary, shown.sweep?.summary);
  render(
    html`
      ${bar(view, query)}
      <div class="frame ${view}"><main>${content(view, id, query)}</main></div>
      ${act.state.starting === undefined ? nothing : startView({ ...act.state.starting, scenarios: act.state.scenarios }, act.start, act.closeStart)}
      ${act.state.question === undefined ? nothing : questionView(act.state.question, act.closeQuestion)}
      ${run === undefined ? nothing : lightboxView(run, query)}`,
    root,
  );
  for (const dialog of document.querySelectorAll("dialog")) if (!dialog.open) dialog.showModal();
}

/** @param {import("./location.js").View} view @param {URLSearchParams} query */
function bar(view, query) {
  const chosen = chosenOf(query);
  const places = /** @type {const} */ ([
    [listLink(query), "Runs", ["list", "run", "compare"]],
    ["#/sweeps", "Sweeps", ["sweeps", "sweep"]],
    ["#/workers", "Workers", ["workers"]],
  ]);
  return html`<header class="top">
    <a class="brand" href="#/">dsgan</a>
    <nav class="places" aria-label="Places">${places.map(
      ([href, name, views]) =>
        html`<a href=${href} aria-current=${/** @type {readonly string[]} */ (views).includes(view) ? "page" : nothing}>${name}</a>`,
    )}</nav>
    ${table.state === "lost" ? html`<span class="live lost" role="status">the server does not answer, trying again…</span>` : nothing}
    <span class="grow"></span>
    ${chosen.length > 0 && view === "run" ? html`<a class="button" href=${compareLink(query)}>Compare ${chosen.length}</a>` : nothing}
    ${act.state.canStart ? html`<button class="primary" @click=${() => act.openStart()}>New run</button>` : nothing}
    ${canNotify() ? html`<button class="bell" @click=${() => toggleNotify().then(draw)} aria-pressed=${notifies()} title="Tell me when a run or a sweep ends" aria-label="Tell me when a run or a sweep ends">${bell(notifies())}</button>` : nothing}
    <button @click=${turnTheme} title="Light or dark" aria-label="Colours: ${theme()}">${{ auto: "◐", light: "☀", dark: "☾" }[theme()]}</button>
  </header>`;
}

/** @param {boolean} rings */
function bell(rings) {
  return html`<svg width="15" height="16" viewBox="0 0 15 16" aria-hidden="true" fill=${rings ? "currentColor" : "none"} stroke="currentColor" stroke-width="1.4"><path d="M2 12h11l-1.5-2V6.5a4 4 0 0 0-8 0V10zM6 14.2a1.6 1.6 0 0 0 3 0"></path></svg>`;
}

/** @param {import("./location.js").View} view @param {string} id @param {URLSearchParams} query */
function content(view, id, query) {
  const now = Date.now();
  const { canStart, busy } = act.state;
  const chosen = chosenOf(query);
  const run = shown.runs.get(id);
  if (view === "run" && run !== undefined) {
    return runView({
      run,
      row: table.rows.find((row) => row.run === id),
      query,
      texts: act.texts,
      canStart,
      canEdit: table.canEdit,
      busy,
      act,
      isChosen: chosen.includes(id),
      draw,
    });
  }
  if (view === "compare") {
    const runs = chosen.flatMap((name) => shown.runs.get(name) ?? []);
    return compareView({
      runs,
      rows: table.rows,
      names: table.names,
      query,
      choose: act.choose,
      changed: draw,
    });
  }
  if (view === "sweeps" && shown.fleet !== undefined) return sweepsView({ fleet: shown.fleet, now });
  if (view === "workers" && shown.fleet !== undefined) return workersView({ fleet: shown.fleet, now });
  if (view === "sweep" && shown.sweep !== undefined) {
    return sweepView({
      sweep: shown.sweep,
      query,
      drawn: drawnTrials(shown.sweep, query),
      canStart,
      busy,
      cancel: act.cancelSweep,
    });
  }
  if (view === "broken") return brokenView(id);
  return tableView({ table, query, now, chosen: new Set(chosen), choose: act.choose, edit: act.edit, busy });
}

/** @param {string} path */
function brokenView(path) {
  return html`<section class="panel"><h1>There is nothing here</h1>
    <p>The address <code>#${path}</code> names no run, no sweep and no other page. It may have been cut on its way.</p>
    <p><a href="#/">All runs</a> · <a href="#/sweeps">All sweeps</a></p></section>`;
}

/** @param {import("./api.js").Summary | undefined} run @param {import("./api.js").SweepSummary | undefined} sweep */
function titleOf(run, sweep) {
  if (sweep !== undefined)
    return `${markOf(sweep.status, sweep.jobs.over, sweep.jobs.total)} ${sweep.name} · dsgan`;
  if (run === undefined) return "dsgan";
  const stage = run.stages.at(-1);
  return `${markOf(run.status, stage?.step, stage?.steps)} ${run.scenario} · dsgan`;
}

/** @param {string} status @param {number} [step] @param {number} [steps] */
function markOf(status, step = 0, steps = 0) {
  if (status !== "running") return status === "passed" ? "✓" : "✗";
  return steps === 0 ? "…" : `${Math.floor((100 * step) / steps)} %`;
}

function turnTheme() {
  nextTheme();
  draw();
}

addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
    return;
  if (isInLightbox(event) || document.querySelector("dialog[open]") !== null) return;
  const { view, id, query } = place();
  const tab = TABS[Number(event.key) - 1];
  if (event.key === "/") document.getElementById("search")?.focus();
  else if (event.key === "t") turnTheme();
  else if (event.key === "j" || event.key === "k") {
    const next = neighbour(table, id, event.key === "j" ? 1 : -1);
    if (next !== undefined) location.hash = runLink(next, query);
  } else if (tab !== undefined && view === "run") document.getElementById(`tab-${tab}`)?.click();
  else return;
  event.preventDefault();
});
addEventListener("hashchange", arrive);
setInterval(draw, 10_000); // what is so long ago
void act.loadScenarios();
arrive();
