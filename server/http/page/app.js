/**
 * The page: reads its address, asks the server, draws. Nothing of it is kept but what the address says and, in the
 * browser, the choice of light or dark.
 */

import { get, getText, post, Refused, runPath, sweepPath } from "./api.js";
import { html, nothing, render } from "./lit-html/lit-html.js";
import "./chart.js";
import { compareView } from "./compare-view.js";
import { listView } from "./list-view.js";
import { compareLink, listLink, place, runLink } from "./location.js";
import { openRun } from "./run-data.js";
import { runView, TABS } from "./run-view.js";
import { startView, tokenView } from "./start-view.js";
import { DRAWN, openFleet, openSweep } from "./sweep-data.js";
import { sweepView } from "./sweep-view.js";
import { sweepsView, workersView } from "./sweeps-view.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.replaceChildren();
/** How often the list is asked for, in milliseconds. */
const LIST_EVERY = 3000;
const LIST_PAGE = 50;
const SPARK_POINTS = 48;

/** @type {import("./api.js").RunItem[]} */
let runs = [];
/** @type {string | null} */
let nextPage = null;
let pages = 1;
let listState = "loading";
/** @type {Map<string, import("./list-view.js").Spark>} */
const sparks = new Map();
/** @type {Map<string, { share: number, left?: number }>} */
const progress = new Map();
/** @type {Map<string, string>} */
const texts = new Map();
/** Runs that are shown now. @type {Map<string, import("./run-data.js").Run>} */
const open = new Map();
/** Sweeps and workers, while they are shown. @type {import("./sweep-data.js").Fleet | undefined} */
let fleet;
/** The sweep that is shown. @type {import("./sweep-data.js").Sweep | undefined} */
let sweep;
let canStart = false;
/** @type {{ name: string, description: string }[]} */
let scenarios = [];
let starting = { open: false, busy: false, error: "" };
let needsToken = false;
let tokenError = "";
let busy = "";
/** Width over height of pictures that were seen. @type {Map<string, number>} */
const aspects = new Map();
let drawing = 0;

function draw() {
  if (drawing === 0) {
    drawing = requestAnimationFrame(() => {
      drawing = 0;
      drawNow();
    });
  }
}

/** Runs that are to be compared, as the address says. @param {URLSearchParams} query */
function chosenOf(query) {
  return (query.get("with") ?? "").split(",").filter(Boolean);
}

/** @param {string} run @param {boolean} on */
function choose(run, on) {
  const { query, view, id } = place();
  const chosen = chosenOf(query).filter((other) => other !== run);
  if (on) chosen.push(run);
  if (chosen.length > 0) query.set("with", chosen.join(","));
  else query.delete("with");
  const path = view === "run" ? `#/runs/${encodeURIComponent(id)}` : view === "compare" ? "#/compare" : "#/";
  history.replaceState(null, "", `${path}${query.size === 0 ? "" : `?${query}`}`);
  arrive();
}

/** Opens the runs that the address asks for, and lets go of the others. */
function arrive() {
  const { view, id, query } = place();
  const wanted = new Set(view === "run" ? [id] : view === "compare" ? chosenOf(query) : []);
  for (const [name, run] of open) {
    if (wanted.has(name)) continue;
    run.close();
    open.delete(name);
  }
  for (const name of wanted) if (!open.has(name)) open.set(name, openRun(name, draw));
  if (view === "sweeps" || view === "workers") fleet ??= openFleet(draw);
  else {
    fleet?.close();
    fleet = undefined;
  }
  if (sweep !== undefined && (view !== "sweep" || sweep.id !== id)) {
    sweep.close();
    sweep = undefined;
  }
  if (view === "sweep") sweep ??= openSweep(id, draw, () => drawnTrials(place().query));
  const tab = query.get("tab");
  if (view === "run" && (tab === "scenario" || tab === "environment")) void loadText(id, tab);
  busy = view === "run" || view === "sweep" ? busy : "";
  draw();
}

/** Trials whose curves are drawn: those that were chosen, or else the best. @param {URLSearchParams} query @returns {Set<string>} */
function drawnTrials(query) {
  const chosen = query.get("draw");
  if (chosen !== null) return new Set(chosen.split(",").filter((id) => id !== "" && id !== "none"));
  const { trials = [], metrics = [] } = sweep?.trials ?? {};
  const { goal } = sweep?.summary ?? {};
  const sign = goal?.direction === "minimize" ? 1 : -1;
  const score = (/** @type {import("./api.js").Trial} */ trial) =>
    sign * (trial.metrics[metrics[0] ?? ""]?.mean ?? -sign * Number.POSITIVE_INFINITY);
  const ordered = goal === undefined ? trials : trials.toSorted((a, b) => score(a) - score(b) || 0);
  return new Set(ordered.slice(0, DRAWN).map(({ trial }) => trial));
}

async function cancelSweep() {
  if (sweep === undefined) return;
  busy = "Its runs write checkpoints, then it stops…";
  draw();
  try {
    await post(sweepPath(sweep.id, "/cancel"));
  } catch (error) {
    busy = error instanceof Error ? error.message : String(error);
    draw();
  }
  setTimeout(() => {
    busy = "";
    sweep?.refresh();
    draw();
  }, 8000);
}

/** @param {string} id @param {string} part */
async function loadText(id, part) {
  const key = `${id} ${part}`;
  if (texts.has(key)) return;
  try {
    texts.set(key, await getText(runPath(id, `/${part}`)));
  } catch (error) {
    texts.set(key, error instanceof Error ? error.message : String(error));
    setTimeout(() => texts.delete(key), 2000);
  }
  draw();
}

/** The filter of the list, as the address says. */
function filterOf() {
  const { query } = place();
  const filter = new URLSearchParams();
  for (const name of ["status", "scenario", "tag"]) {
    const value = query.get(name);
    if (value) filter.set(name, value);
  }
  return filter;
}

let listing = 0;
/** Brings the list up to date. */
async function list() {
  clearTimeout(listing);
  const turn = ++listTurn;
  const filter = filterOf();
  try {
    /** @type {import("./api.js").RunItem[]} */
    const found = [];
    let cursor = null;
    for (let page = 0; page < pages; page++) {
      const query = new URLSearchParams(filter);
      query.set("limit", String(LIST_PAGE));
      if (cursor !== null) query.set("cursor", cursor);
      const answer = await get(`api/runs?${query}`);
      found.push(...answer.runs);
      cursor = answer.next;
      if (cursor === null) break;
    }
    if (turn !== listTurn) return; // the filter has changed since
    [runs, nextPage, listState] = [found, cursor, "there"];
    needsToken = false;
    for (const { run, status } of found) {
      // It was over when it was looked at last, and was resumed since.
      if (status === "running" && open.get(run)?.state === "ended") open.get(run)?.refresh();
    }
    void enrich();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) needsToken = true;
    if (turn === listTurn) listState = "lost";
  }
  draw();
  const isQuiet = document.hidden || needsToken;
  listing = window.setTimeout(list, isQuiet ? 5 * LIST_EVERY : LIST_EVERY);
}
let listTurn = 0;

/** Asks for what rows show beside what the list tells: a curve, and how far a run is that goes on. */
async function enrich() {
  for (const { run, status } of runs) {
    const isRunning = status === "running";
    try {
      if (isRunning) {
        const { stages, left } = await get(runPath(run));
        const stage = stages.at(-1);
        if (stage?.steps) progress.set(run, { share: (stage.step ?? 0) / stage.steps, left });
      }
      if (isRunning || !sparks.has(run)) {
        const { series } = await get(runPath(run, `/series?points=${SPARK_POINTS}`));
        sparks.set(run, series[0] ?? { x: [], y: [] });
        draw();
      }
    } catch {
      // the next look at the list tells what is wrong
    }
  }
}

async function loadScenarios() {
  try {
    ({ scenarios, canStart } = await get("api/scenarios"));
  } catch {
    return; // shown without
  }
  draw();
}

/** @param {"cancel" | "resume"} action */
async function act(action) {
  const { id } = place();
  busy = action === "cancel" ? "Stopping after a checkpoint…" : "Resuming…";
  draw();
  try {
    const job = await post(runPath(id, `/${action}`));
    busy =
      action === "resume" && job.state === "queued" ? `Waits for its turn, after ${job.ahead} others.` : "";
  } catch (error) {
    busy = error instanceof Error ? error.message : String(error);
    setTimeout(() => {
      busy = "";
      draw();
    }, 8000);
  }
  void list();
}

/** @param {{ scenario: string, set: string }} form */
async function start({ scenario, set }) {
  starting = { open: true, busy: true, error: "" };
  draw();
  const overrides = set
    .split("\n")
    .filter((line) => line.includes("="))
    .map((line) => {
      const at = line.indexOf("=");
      const value = line.slice(at + 1).trim();
      try {
        return [line.slice(0, at).trim(), JSON.parse(value)];
      } catch {
        return [line.slice(0, at).trim(), value];
      }
    });
  try {
    const job = await post("api/runs", { scenario, set: Object.fromEntries(overrides) });
    starting = { open: false, busy: false, error: "" };
    if (job.run !== undefined) location.hash = runLink(job.run, place().query);
  } catch (error) {
    starting = { open: true, busy: false, error: error instanceof Error ? error.message : String(error) };
  }
  void list();
  draw();
}

/** @param {string} token */
async function give(token) {
  try {
    await post("api/session", { token });
    [needsToken, tokenError] = [false, ""];
    void loadScenarios();
    await list();
    arrive();
  } catch (error) {
    tokenError = error instanceof Error ? error.message : String(error);
  }
  draw();
}

/** Events before those at hand. */
async function older() {
  const run = open.get(place().id);
  const first = run?.events[0]?.seq ?? 1;
  if (run === undefined || first <= 1) return;
  const since = Math.max(0, first - 1 - 500);
  const { events } = await get(runPath(run.id, `/events?since=${since}&limit=${first - 1 - since}`));
  run.events = [...events, ...run.events];
  draw();
}

const THEMES = ["auto", "light", "dark"];
let theme = localStorage.getItem("dsgan-theme") ?? "auto";
function applyTheme() {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
function nextTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  localStorage.setItem("dsgan-theme", theme);
  applyTheme();
  draw();
}

function drawNow() {
  if (needsToken) {
    render(tokenView({ error: tokenError, give }), root);
    return;
  }
  const { view, id, query } = place();
  const chosen = chosenOf(query);
  const run = view === "run" ? open.get(id) : undefined;
  document.title =
    run?.summary === undefined ? "dsgan" : `${titleOf(run.summary)} ${run.summary.scenario} · dsgan`;
  render(
    html`
      <header class="top">
        <a class="brand" href=${listLink(query)}>dsgan</a>
        ${listState === "lost" ? html`<span class="live lost" role="status">the server does not answer, trying again…</span>` : nothing}
        <nav class="places" aria-label="Places">
          ${[
            ["#/", "Runs", view === "list" || view === "run" || view === "compare"],
            ["#/sweeps", "Sweeps", view === "sweeps" || view === "sweep"],
            ["#/workers", "Workers", view === "workers"],
          ].map(
            ([href, name, isHere]) =>
              html`<a href=${href} aria-current=${isHere ? "page" : nothing}>${name}</a>`,
          )}
        </nav>
        <span class="grow"></span>
        ${chosen.length > 0 && view !== "compare" ? html`<a class="button" href=${compareLink(query)}>Compare ${chosen.length}</a>` : nothing}
        ${canStart ? html`<button class="primary" @click=${() => openStart()}>New run</button>` : nothing}
        <button @click=${nextTheme} title="Light or dark" aria-label="Colours: ${theme}">${{ auto: "◐", light: "☀", dark: "☾" }[theme]}</button>
      </header>
      <div class="frame ${view}">
        <nav class="side" aria-label="Runs">
          ${listView({
            runs,
            more: nextPage !== null,
            state: listState,
            query,
            now: Date.now(),
            current: id,
            sparks,
            progress,
            chosen: new Set(chosen),
            choose,
            loadMore: () => {
              pages++;
              void list();
            },
          })}
        </nav>
        <main>
          ${
            run !== undefined
              ? runView({ run, query, texts, aspects, canStart, busy, act, older, draw })
              : view === "broken"
                ? brokenView(id)
                : fleet !== undefined
                  ? view === "sweeps"
                    ? sweepsView({ fleet, now: Date.now() })
                    : workersView({ fleet, now: Date.now() })
                  : sweep !== undefined
                    ? sweepView({
                        sweep,
                        query,
                        drawn: drawnTrials(query),
                        canStart,
                        busy,
                        cancel: cancelSweep,
                      })
                    : view === "compare"
                      ? compareView({ runs: chosen.flatMap((name) => open.get(name) ?? []), query, choose })
                      : html`<section class="panel welcome"><h1>Runs</h1><p>Choose one to watch it.</p>
              <p class="hint keys"><kbd>j</kbd> <kbd>k</kbd> next and previous run · <kbd>1</kbd>–<kbd>5</kbd> tabs · <kbd>/</kbd> search · <kbd>t</kbd> colours · in a chart <kbd>+</kbd> <kbd>−</kbd> <kbd>←</kbd> <kbd>→</kbd> <kbd>0</kbd></p></section>`
          }
        </main>
      </div>
      ${
        starting.open
          ? startView({
              scenarios,
              error: starting.error,
              busy: starting.busy,
              start,
              close: () => {
                starting = { open: false, busy: false, error: "" };
                draw();
              },
            })
          : nothing
      }`,
    root,
  );
  const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("start"));
  if (dialog !== null && !dialog.open) dialog.showModal();
}

/** @param {string} path */
function brokenView(path) {
  return html`<section class="panel welcome"><h1>There is nothing here</h1>
    <p>The address <code>#${path}</code> names no run, no sweep and no other page. It may have been cut on its way.</p>
    <p><a href="#/">All runs</a> · <a href="#/sweeps">All sweeps</a></p></section>`;
}

function openStart() {
  starting = { open: true, busy: false, error: "" };
  draw();
}

/** @param {import("./api.js").Summary} summary */
function titleOf({ status, stages }) {
  const stage = stages.at(-1);
  if (status !== "running" || !stage?.steps)
    return status === "running" ? "…" : status === "passed" ? "✓" : "✗";
  return `${Math.floor((100 * (stage.step ?? 0)) / stage.steps)} %`;
}

addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
    return;
  if (document.querySelector("dialog[open]") !== null) return;
  const { view, id, query } = place();
  const tab = TABS[Number(event.key) - 1];
  if (event.key === "/") document.getElementById("search")?.focus();
  else if (event.key === "t") nextTheme();
  else if (event.key === "j" || event.key === "k") {
    const at = runs.findIndex(({ run }) => run === id);
    const next = runs[at < 0 ? 0 : at + (event.key === "j" ? 1 : -1)];
    if (next !== undefined) location.hash = runLink(next.run, query);
  } else if (tab !== undefined && view === "run") document.getElementById(`tab-${tab}`)?.click();
  else return;
  event.preventDefault();
});

let lastFilter = filterOf().toString();
addEventListener("hashchange", () => {
  const filter = filterOf().toString();
  if (filter !== lastFilter) {
    [lastFilter, pages] = [filter, 1];
    void list();
  }
  arrive();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void list();
});
setInterval(draw, 10_000); // what is so long ago

applyTheme();
void loadScenarios();
void list();
arrive();
