/** Several runs on one chart. */

import { chartControls, drawing, zoomTo } from "./chart-controls.js";
import { number } from "./format.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { listLink, runLink, setQuery } from "./location.js";
import { colorOf } from "./palette.js";

/** @param {{ runs: import("./run-data.js").Run[], query: URLSearchParams, choose(run: string, on: boolean): void }} model */
export function compareView({ runs, query, choose }) {
  const ready = runs.filter(({ summary }) => summary !== undefined);
  if (runs.length === 0) {
    return html`<section class="panel"><h1>Compare</h1><p class="hint">Choose two runs or more in the list.</p><p><a href="#/">All runs</a></p></section>`;
  }
  const names = [...new Set(ready.flatMap(({ series }) => series.map(({ metric }) => metric)))];
  const metric = names.find((name) => name === query.get("metric")) ?? names[0];
  const lines = runs.flatMap((run, color) =>
    run.series
      .filter((s) => s.metric === metric)
      .slice(0, 1)
      .map(({ x, y }) => ({ label: run.id, color, x, y })),
  );
  const measured = [...new Set(ready.flatMap(({ summary }) => Object.keys(summary?.metrics ?? {})))];
  return html`
    <header class="run-head"><div class="title"><a class="back" href=${listLink(query)} aria-label="All runs">‹</a><h1>Compare</h1></div></header>
    <section class="panel">
      <div class="controls">
        <label>number <select @change=${(/** @type {any} */ e) => setQuery({ metric: e.target.value })}>
          ${names.map((name) => html`<option value=${name} ?selected=${name === metric}>${name}</option>`)}</select></label>
      </div>
      ${chartControls(query)}
      ${lines.length === 0 ? html`<p class="hint">No numbers yet.</p>` : html`<dsgan-chart aria-label="${metric} of ${runs.length} runs" .model=${{ ...drawing(query), xLabel: "step", zoom: zoomTo, lines }}></dsgan-chart>`}
    </section>
    <section class="panel"><div class="scroll"><table>
      <thead><tr><th scope="col">run</th><th scope="col">status</th>${measured.map((name) => html`<th scope="col">${name}</th>`)}<th></th></tr></thead>
      <tbody>${runs.map(
        (run, i) => html`<tr>
        <th scope="row"><svg class="swatch" width="12" height="12" aria-hidden="true"><rect width="12" height="12" rx="3" fill=${colorOf(i)}></rect></svg>
          <a href=${runLink(run.id, query)}>${run.id}</a>${run.state === "gone" ? html` <span class="bad">gone</span>` : nothing}</th>
        <td><span class="badge ${run.summary?.status ?? ""}">${run.summary?.status ?? "…"}</span></td>
        ${measured.map((name) => cell(run, name))}
        <td><button class="link" aria-label="Take ${run.id} away" @click=${() => choose(run.id, false)}>✕</button></td>
      </tr>`,
      )}</tbody>
    </table></div></section>`;
}

/** @param {import("./run-data.js").Run} run @param {string} name */
function cell({ summary }, name) {
  const value = summary?.metrics[name];
  const expectation = summary?.expectations.find(({ metric }) => metric === name);
  const kind = expectation === undefined ? "" : expectation.met ? "good" : "bad";
  return html`<td class="value ${kind}" title=${expectation?.expected ?? nothing}>${value === undefined ? "–" : number(value)}</td>`;
}
