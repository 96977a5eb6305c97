/** Several runs side by side: what differs in their scenarios, what they came to, their curves. */

import { chartControls, drawing, zoomTo } from "./chart-controls.js";
import { seedCurves } from "./compare-data.js";
import { csvOf, save } from "./export.js";
import { readable, short, spreadText } from "./format.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { listLink, runLink, setQuery } from "./location.js";
import { detailFor } from "./run-curves.js";
import { statusMark } from "./status.js";
import { differingOptions, labelsOf, shortName, spreadOf } from "./table-model.js";
import { swatch } from "./trial-table.js";

/** @typedef {import("./table-model.js").Row} Row */
/** @typedef {{ label: string, rows: Row[], runs: import("./run-data.js").Run[] }} Side what one line of a chart is of */

/**
 * @param {{
 *   runs: import("./run-data.js").Run[], rows: readonly Row[], names: Readonly<Record<string, string>>,
 *   query: URLSearchParams, choose(runs: readonly string[], on: boolean): void, changed(): void
 * }} model
 */
export function compareView({ runs, rows, names, query, choose, changed }) {
  if (runs.length === 0) {
    return html`<section class="panel"><h1>Compare</h1><p class="hint">Choose two runs or more in the table.</p><p><a href=${listLink(query)}>All runs</a></p></section>`;
  }
  const own = runs.flatMap(({ id }) => rows.find(({ run }) => run === id) ?? []);
  const isMean = query.get("mean") === "1";
  const sides = isMean ? bySettings(runs, own, names) : oneEach(runs, own, names);
  const paths = differingOptions(own);
  const metrics = [...new Set(own.flatMap((row) => Object.keys(row.metrics)))];
  const gone = runs.filter(({ state }) => state === "gone");
  return html`
    <header class="run-head"><div class="title"><a class="back" href=${listLink(query)} aria-label="All runs">‹</a><h1>Compare</h1>
      <span class="actions"><label class="button"><input type="checkbox" .checked=${isMean} @change=${(/** @type {any} */ e) => setQuery({ mean: e.target.checked ? "1" : null })}> mean over seeds</label>
      <button @click=${() => save("compare.csv", new Blob([csvOf(own, paths, metrics)], { type: "text/csv" }))}>CSV</button></span></div></header>
    ${gone.length === 0 ? nothing : html`<p class="note failed">${gone.map(({ id }) => id).join(", ")}: gone.</p>`}
    <section class="panel"><h2>What differs, and what came of it</h2>${table({ sides, paths, metrics, names, query, choose })}</section>
    ${curves(sides, isMean, query, changed)}`;
}

/** @param {import("./run-data.js").Run[]} runs @param {Row[]} rows @param {Readonly<Record<string, string>>} names @returns {Side[]} */
function oneEach(runs, rows, names) {
  const labels = labelsOf(rows, names);
  return runs.map((run) => {
    const at = rows.findIndex((row) => row.run === run.id);
    return { label: labels[at] ?? run.id, rows: rows.slice(at, at + 1), runs: [run] };
  });
}

/** Runs that differ in their seed alone together. @param {import("./run-data.js").Run[]} runs @param {Row[]} rows @param {Readonly<Record<string, string>>} names @returns {Side[]} */
function bySettings(runs, rows, names) {
  const groups = [
    ...Map.groupBy(rows, ({ scenario, options }) =>
      JSON.stringify([scenario, Object.entries(options).sort()]),
    ).values(),
  ];
  const labels = labelsOf(
    groups.map((group) => ({ .../** @type {Row} */ (group[0]), seed: 0 })),
    names,
  ).map((label, i) => (groups.length === 1 ? (groups[i]?.[0]?.scenario ?? label) : label));
  return groups.map((group, i) => ({
    label: `${labels[i]} (${group.length})`,
    rows: group,
    runs: runs.filter(({ id }) => group.some(({ run }) => run === id)),
  }));
}

/** @param {{ sides: Side[], paths: string[], metrics: string[], names: Readonly<Record<string, string>>, query: URLSearchParams, choose(runs: readonly string[], on: boolean): void }} model */
function table({ sides, paths, metrics, names, query, choose }) {
  return html`<div class="scroll"><table class="cards wide compared">
    <thead><tr><th scope="col">run</th><th scope="col">status</th>${paths.map((path) => html`<th scope="col" title=${path}>${shortName(path, names)}</th>`)}
      <th scope="col">seed</th>${metrics.map((name) => html`<th scope="col">${readable(name)}</th>`)}<th scope="col"><span class="hidden">take away</span></th></tr></thead>
    <tbody>${sides.map(({ label, rows, runs }, i) => {
      const [first] = rows;
      const statuses = [...new Set(rows.map(({ status }) => status))];
      return html`<tr>
        <th scope="row">${swatch(i)} ${runs.length === 1 ? html`<a href=${runLink(runs[0]?.id ?? "", query)} title=${runs[0]?.id ?? ""}>${label}</a>` : label}</th>
        <td data-label="status">${statuses.map((status) => statusMark(status))}</td>
        ${paths.map((path) => html`<td data-label=${shortName(path, names)} class="value">${first !== undefined && path in first.options ? short(first.options[path]) : "–"}</td>`)}
        <td data-label="seed" class="value">${rows.map(({ seed }) => seed ?? "?").join(", ")}</td>
        ${metrics.map((name) => {
          const spread = spreadOf(rows, `m:${name}`);
          const isMissed = rows.some(({ missed = [] }) => missed.includes(name));
          return html`<td data-label=${readable(name)} class="value ${isMissed ? "missed" : ""}">${spread === undefined ? "–" : spreadText(spread)}</td>`;
        })}
        <td><button class="link" aria-label="Take ${label} away" @click=${() =>
          choose(
            runs.map(({ id }) => id),
            false,
          )}>✕</button></td></tr>`;
    })}</tbody></table></div>`;
}

/** @param {Side[]} sides @param {boolean} isMean @param {URLSearchParams} query @param {() => void} changed */
function curves(sides, isMean, query, changed) {
  const how = drawing(query);
  const all = sides
    .flatMap(({ runs }) => runs.flatMap(({ series }) => series))
    .filter(({ count }) => count > 1);
  const stages = [...new Set(all.map(({ stage }) => stage))];
  const stage = stages.find((name) => name === query.get("stage")) ?? stages[0];
  const metrics = [...new Set(all.filter((s) => s.stage === stage).map(({ metric }) => metric))];
  for (const { runs } of sides)
    for (const run of runs) run.zoom(isMean ? null : how.from, isMean ? null : how.to);
  return html`<section class="panel curves"><h2>Curves${isMean ? html` <small>mean ± standard deviation over seeds</small>` : nothing}</h2>
    ${
      stage === undefined
        ? html`<p class="hint">No numbers yet.</p>`
        : html`<div class="controls"><label>stage <select @change=${(/** @type {any} */ e) => setQuery({ stage: e.target.value, x: null })}>
      ${stages.map((name) => html`<option value=${name} ?selected=${name === stage}>${name}</option>`)}</select></label></div>
    ${chartControls(query, { smooth: !isMean })}
    <div class="multiples">${metrics.map((metric) => {
      const lines = sides.flatMap((side, color) => lineOf(side, color, isMean, stage, metric, how, changed));
      return html`<figure><figcaption><b>${metric}</b> <span class="soft">${stage}</span>
          <button class="link" @click=${(/** @type {any} */ e) => saveChart(e.target, metric)}>PNG</button></figcaption>
        <dsgan-chart aria-label="${metric} of ${sides.length} runs" .model=${{ ...how, smooth: isMean ? 0 : how.smooth, xLabel: "step", yLabel: metric, zoom: zoomTo, lines }}></dsgan-chart></figure>`;
    })}</div>`
    }</section>`;
}

/**
 * @param {Side} side @param {number} color @param {boolean} isMean @param {string} stage @param {string} metric
 * @param {ReturnType<typeof drawing>} how @param {() => void} changed @returns {import("./chart.js").ChartLine[]}
 */
function lineOf({ label, runs }, color, isMean, stage, metric, how, changed) {
  if (isMean) {
    const curve = seedCurves(runs, how, changed).find((one) => one.stage === stage && one.metric === metric);
    if (curve === undefined) return [];
    const { x, mean, deviation } = curve;
    const edge = (/** @type {1 | -1} */ sign) => mean.map((value, i) => value + sign * (deviation[i] ?? 0));
    return [{ label, color, x, y: mean, ...(runs.length > 1 && { low: edge(-1), high: edge(1) }) }];
  }
  return runs.flatMap((run) => {
    const series = detailFor(run, { ...how, isTimed: false }) ?? run.series;
    const found = series.find((s) => s.stage === stage && s.metric === metric);
    return found === undefined ? [] : [{ label, color, x: found.x, y: found.y }];
  });
}

/** @param {HTMLElement} button @param {string} metric */
async function saveChart(button, metric) {
  const chart = button.closest("figure")?.querySelector("dsgan-chart");
  const png = await /** @type {{ png(): Promise<Blob | null> } | null | undefined} */ (
    /** @type {unknown} */ (chart)
  )?.png();
  if (png) save(`${metric}.png`, png);
}
