/** The list of sweeps, and who makes runs. */

import { ago, count, duration, number, percent, short } from "./format.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { runLink, sweepLink } from "./location.js";

/** @param {{ fleet: import("./sweep-data.js").Fleet, now: number }} model */
export function sweepsView({ fleet, now }) {
  const { sweeps, state } = fleet;
  return html`
    <header class="run-head"><h1>Sweeps</h1></header>
    ${
      sweeps.length === 0
        ? html`<section class="panel first">${
            state === "loading"
              ? html`<p class="hint">Loading…</p>`
              : html`<p>There is no sweep here yet. A sweep runs a scenario under many settings, from several seeds:</p>
            <pre>dsgan sweep sweep-ring</pre><p class="hint">It will appear by itself.</p>`
          }</section>`
        : html`<section class="panel"><table class="cards">
      <thead><tr><th scope="col">sweep</th><th scope="col">status</th><th scope="col">jobs</th><th scope="col">trials</th>
        <th scope="col">best</th><th scope="col">search</th><th scope="col">began</th><th scope="col">took</th></tr></thead>
      <tbody>${sweeps.map((sweep) => row(sweep, now))}</tbody>
    </table></section>`
    }`;
}

/** @param {import("./api.js").SweepItem} item @param {number} now */
function row(item, now) {
  const { sweep, name, scenario, status, jobs, trials, best, goal, search, seeds, began, seconds } = item;
  return html`<tr>
    <th scope="row"><a href=${sweepLink(sweep)} data-sweep=${sweep} title=${sweep}>${name}</a> <span class="soft">${scenario}</span></th>
    <td data-label="status"><span class="badge ${status}">${status}</span></td>
    <td data-label="jobs">${bar(jobs)}</td>
    <td data-label="trials" class="value">${trials} × ${count(seeds.length, "seed")}</td>
    <td data-label="best">${
      best === undefined || goal === undefined
        ? html`<span class="soft">–</span>`
        : html`${goal.metric} <b class="value">${number(best.score)}</b> <span class="soft">${settingsText(best.settings)}</span>`
    }</td>
    <td data-label="search">${search}</td>
    <td data-label="began"><time datetime=${began}>${ago(began, now)}</time></td>
    <td data-label="took" class="value">${duration(seconds)}</td></tr>`;
}

/** How many jobs are over. @param {import("./api.js").SweepItem["jobs"]} jobs */
export function bar({ put, over, failed, total }) {
  const all = total ?? put;
  return html`<progress max=${all || 1} .value=${over} aria-label="Jobs over"></progress>
    <span class="value">${over} of ${all}${total === undefined ? " so far" : ""}</span>
    ${failed === 0 ? nothing : html`<span class="bad">${failed} failed</span>`}`;
}

/** Settings by the ends of their paths. @param {Readonly<Record<string, unknown>>} settings */
export function settingsText(settings) {
  return Object.entries(settings)
    .map(([path, value]) => `${path.split(".").at(-1)} ${short(value)}`)
    .join(", ");
}

/** @param {{ fleet: import("./sweep-data.js").Fleet, now: number }} model */
export function workersView({ fleet, now }) {
  const { workers, state } = fleet;
  return html`
    <header class="run-head"><h1>Workers</h1></header>
    ${
      workers.length === 0
        ? html`<section class="panel"><p class="hint">${state === "loading" ? "Loading…" : "Nobody makes a run now. Workers appear here as they take jobs."}</p></section>`
        : html`<section class="panel"><table class="cards">
      <thead><tr><th scope="col">machine</th><th scope="col">load</th><th scope="col">makes</th><th scope="col">engine</th><th scope="col">since</th></tr></thead>
      <tbody>${workers.map((worker) => workerRow(worker, now))}</tbody>
    </table></section>`
    }`;
}

/** @param {import("./api.js").Worker} worker @param {number} now */
function workerRow(
  { id, host, pid, slots, isServer, since, engine, processor, threads, versions, runs },
  now,
) {
  return html`<tr data-worker=${id}>
    <th scope="row">${host}${pid === undefined ? nothing : html` <span class="soft" title=${id}>process ${pid}</span>`}${isServer ? html` <span class="soft">(this server, for runs that are started here)</span>` : nothing}</th>
    <td data-label="load">${
      slots === undefined
        ? count(runs.length, "run")
        : html`<meter min="0" max=${slots} .value=${runs.length} aria-label="Load"></meter> <span class="value">${runs.length} of ${slots}</span>`
    }</td>
    <td data-label="makes">${
      runs.length === 0
        ? html`<span class="soft">nothing now</span>`
        : html`<ul class="plain">${runs.map(
            ({ run, share, rate }) => html`<li><a href=${runLink(run)}>${run}</a>
          <span class="soft value">${share === undefined ? "" : percent(share)}${rate === undefined ? "" : `, ${number(rate)} steps/s`}</span></li>`,
          )}</ul>`
    }</td>
    <td data-label="engine">${engine ?? html`<span class="soft">not known yet</span>`}${threads === undefined ? "" : `, ${count(threads, "thread")}`}
      ${processor === undefined ? nothing : html`<span class="soft">${processor}</span>`}
      ${
        versions === undefined
          ? nothing
          : html`<span class="soft">${Object.entries(versions)
              .map(([name, version]) => `${name} ${version}`)
              .join(", ")}</span>`
      }</td>
    <td data-label="since"><time datetime=${since}>${ago(since, now)}</time></td></tr>`;
}
