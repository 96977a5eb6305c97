/** The list of runs: how each stands, where it is, how its first number went. */

import { ago, duration } from "./format.js";
import { repeat } from "./lit-html/directives/repeat.js";
import { html, nothing, svg } from "./lit-html/lit-html.js";
import { runLink, setQuery } from "./location.js";

export const STATUSES = ["running", "passed", "missed", "failed", "cancelled", "paused", "abandoned"];

/** @typedef {{ x: number[], y: (number | null)[] }} Spark */

/**
 * @param {{
 *   runs: import("./api.js").RunItem[], more: boolean, state: string, query: URLSearchParams, now: number,
 *   current: string, sparks: Map<string, Spark>, progress: Map<string, { share: number, left?: number }>,
 *   chosen: Set<string>, loadMore(): void, choose(run: string, on: boolean): void
 * }} model
 */
export function listView({
  runs,
  more,
  state,
  query,
  now,
  current,
  sparks,
  progress,
  chosen,
  loadMore,
  choose,
}) {
  const statuses = new Set((query.get("status") ?? "").split(",").filter(Boolean));
  /** @param {string} status */
  const toggle = (status) => {
    if (statuses.has(status)) statuses.delete(status);
    else statuses.add(status);
    setQuery({ status: [...statuses].join(",") });
  };
  const isFiltered = ["status", "scenario", "tag"].some((name) => query.get(name));
  return html`
    <search class="filters">
      <div class="chips" role="group" aria-label="Status">
        ${STATUSES.map(
          (status) => html`
          <button class="chip ${status}" aria-pressed=${statuses.has(status)} @click=${() => toggle(status)}>${status}</button>`,
        )}
      </div>
      <div class="fields">
        <input id="search" type="search" placeholder="scenario" aria-label="Scenario" .value=${query.get("scenario") ?? ""}
          @change=${(/** @type {any} */ e) => setQuery({ scenario: e.target.value.trim() })}>
        <input type="search" placeholder="tag" aria-label="Tag" .value=${query.get("tag") ?? ""}
          @change=${(/** @type {any} */ e) => setQuery({ tag: e.target.value.trim() })}>
      </div>
    </search>
    ${runs.length === 0 ? empty(state, isFiltered) : nothing}
    <ul class="runs">
      ${repeat(
        runs,
        ({ run }) => run,
        (item) => row(item),
      )}
    </ul>
    ${more ? html`<button class="more" @click=${loadMore}>Older runs</button>` : nothing}`;

  /** @param {import("./api.js").RunItem} item */
  function row(item) {
    const { run, scenario, status, began, seconds, tags } = item;
    const going = progress.get(run);
    return html`
      <li class=${run === current ? "current" : ""}>
        <a href=${runLink(run, query)} aria-current=${run === current ? "page" : nothing} data-run=${run}>
          <span class="dot ${status}" title=${status}></span>
          <span class="what">
            <span class="name">${scenario}</span>
            <span class="when"><time datetime=${began} title=${run}>${ago(began, now)}</time>${
              seconds === undefined ? nothing : html` · ${duration(seconds)}`
            }${tags.map((tag) => html` <span class="tag">${tag}</span>`)}</span>
          </span>
          ${spark(sparks.get(run))}
          <span class="status ${status}">${
            status === "running" && going !== undefined ? html`${Math.floor(100 * going.share)} %` : status
          }</span>
        </a>
        <label class="pick" title="Compare"><input type="checkbox" aria-label="Compare ${scenario}, ${run}" .checked=${chosen.has(run)}
          @change=${(/** @type {any} */ e) => choose(run, e.target.checked)}></label>
      </li>`;
  }
}

/** @param {string} state @param {boolean} isFiltered */
function empty(state, isFiltered) {
  if (state === "loading") return html`<p class="hint">Loading…</p>`;
  if (isFiltered)
    return html`<p class="hint">No run is like that. <button class="link" @click=${() => setQuery({ status: null, scenario: null, tag: null })}>Show all</button></p>`;
  return html`<div class="hint first">
    <p>There is no run yet. Start one here, or in a terminal:</p>
    <pre>dsgan run smoke/ring</pre>
    <p>It will appear by itself.</p>
  </div>`;
}

/** The course of a number in a few pixels. @param {Spark | undefined} spark */
function spark(spark) {
  const [width, height] = [56, 22];
  const points = [];
  if (spark !== undefined && spark.x.length > 1) {
    const ys = spark.y.map((y) => y ?? Number.NaN);
    const finite = ys.filter(Number.isFinite);
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    const [from, to] = [spark.x[0] ?? 0, spark.x.at(-1) ?? 1];
    for (let i = 0; i < ys.length; i++) {
      const y = ys[i] ?? Number.NaN;
      if (!Number.isFinite(y)) continue;
      const px = (((spark.x[i] ?? 0) - from) / (to - from || 1)) * (width - 2) + 1;
      const py = height - 2 - ((y - low) / (high - low || 1)) * (height - 4);
      points.push(`${px.toFixed(1)},${py.toFixed(1)}`);
    }
  }
  return html`<svg class="spark" width=${width} height=${height} viewBox="0 0 ${width} ${height}" aria-hidden="true">
    ${points.length > 1 ? svg`<polyline points=${points.join(" ")}></polyline>` : nothing}</svg>`;
}
