/** The start page: all runs in a table that is searched, sorted, put together and worked on. */

import { count } from "./format.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { compareLink, place, setQuery } from "./location.js";
import { sortOf } from "./sorting.js";
import { STATUSES } from "./status.js";
import { columnsOf, found, sectionsOf, shownColumns, valueIn } from "./table-model.js";
import { flatTable, groupedTable } from "./table-rows.js";

/** Rows that are drawn at first. On a phone, where each takes several lines, one would not come to the end of more. */
const atFirst = () => (matchMedia("(max-width: 48rem)").matches ? 30 : 300);
let isWhole = false;

/** The runs that the table shows, in its order. @param {import("./table-data.js").Table} table @param {URLSearchParams} query */
export function shownRows({ rows }, query) {
  const filter = {
    words: query.get("q") ?? "",
    statuses: new Set((query.get("status") ?? "").split(",").filter(Boolean)),
    scenario: query.get("scenario") ?? "",
    archived: query.get("archived") === "1",
  };
  const sort = sortOf(query.get("sort") ?? "-began");
  return sort.sorted(found(rows, filter), (row) => valueIn(row, sort.column));
}

/**
 * @typedef {object} TableModel
 * @property {import("./table-data.js").Table} table
 * @property {URLSearchParams} query
 * @property {number} now
 * @property {ReadonlySet<string>} chosen ids of runs
 * @property {(runs: readonly string[], on: boolean) => void} choose
 * @property {(what: "tag" | "archive" | "unarchive" | "remove", rows: import("./table-model.js").Row[]) => void} edit
 * @property {string} busy
 */

/** @param {TableModel} model */
export function tableView(model) {
  const { table, query } = model;
  if (table.state === "loading") return html`<section class="panel"><p class="hint">Loading…</p></section>`;
  if (table.rows.length === 0) return empty();
  const rows = shownRows(table, query);
  const all = columnsOf(rows, table.names);
  const columns = shownColumns(rows, all, query.get("cols"));
  const by = query.get("group");
  const sort = sortOf(query.get("sort") ?? "-began");
  const shown = isWhole ? rows : rows.slice(0, atFirst());
  return html`
    <h1 class="hidden">Runs</h1>
    ${filters(model, rows, all, columns)}
    ${model.chosen.size > 0 ? selection(model) : nothing}
    ${model.busy === "" ? nothing : html`<p class="note lines" role="status">${model.busy}</p>`}
    ${rows.length === 0 ? html`<section class="panel"><p class="hint">No run is like that. <button class="link" @click=${showAll}>Show all</button></p></section>` : nothing}
    ${
      rows.length === 0
        ? nothing
        : by === "scenario" || by === "sweep"
          ? groupedTable(model, sectionsOf(rows, by), columns, sort)
          : flatTable(model, shown, columns, sort)
    }
    ${
      shown.length < rows.length && !by
        ? html`<button class="more" @click=${() => {
            isWhole = true;
            setQuery({});
          }}>Show all ${rows.length}</button>`
        : nothing
    }`;
}

function showAll() {
  setQuery({ q: null, status: null, scenario: null });
}

function empty() {
  return html`<section class="panel first"><h1>Runs</h1>
    <p>There is no run yet. Start one here, or in a terminal:</p>
    <pre>dsgan run smoke/ring</pre>
    <p class="hint">It will appear by itself.</p></section>`;
}

/** @param {TableModel} model @param {import("./table-model.js").Row[]} rows @param {ReturnType<typeof columnsOf>} all @param {import("./table-model.js").Column[]} columns */
function filters({ table, query }, rows, all, columns) {
  const statuses = new Set((query.get("status") ?? "").split(",").filter(Boolean));
  const there = STATUSES.filter(
    (status) => statuses.has(status) || table.rows.some((row) => row.status === status),
  );
  const scenarios = [...new Set(table.rows.map(({ scenario }) => scenario))].sort();
  const archived = table.rows.filter((row) => row.archived).length;
  /** @param {string} status */
  const toggle = (status) => {
    if (!statuses.delete(status)) statuses.add(status);
    setQuery({ status: [...statuses].join(",") });
  };
  return html`<search class="filters">
    <input id="search" type="search" placeholder="search: name, option=value, tag, note…" aria-label="Search runs" .value=${query.get("q") ?? ""}
      @input=${(/** @type {any} */ e) => setQuery({ q: e.target.value })}>
    <select aria-label="Scenario" @change=${(/** @type {any} */ e) => setQuery({ scenario: e.target.value })}>
      <option value="" ?selected=${!query.get("scenario")}>every scenario</option>
      ${scenarios.map((name) => html`<option value=${name} ?selected=${name === query.get("scenario")}>${name}</option>`)}</select>
    <select aria-label="Group by" @change=${(/** @type {any} */ e) => setQuery({ group: e.target.value })}>
      ${[
        ["", "one row a run"],
        ["scenario", "means by scenario"],
        ["sweep", "means by sweep"],
      ].map(
        ([value, name]) =>
          html`<option value=${value} ?selected=${value === (query.get("group") ?? "")}>${name}</option>`,
      )}</select>
    <div class="chips" role="group" aria-label="Status">${there.map(
      (status) =>
        html`<button class="chip ${status}" aria-pressed=${statuses.has(status)} @click=${() => toggle(status)}>${status}</button>`,
    )}</div>
    ${archived === 0 ? nothing : html`<label><input type="checkbox" .checked=${query.get("archived") === "1"} @change=${(/** @type {any} */ e) => setQuery({ archived: e.target.checked ? "1" : null })}> ${archived} put away</label>`}
    <span class="grow"></span>
    <output>${count(rows.length, "run")}${table.pending > 0 ? html`, reading ${table.pending} more` : nothing}</output>
    ${chooser(all, columns)}
  </search>`;
}

/** Which columns the table has. @param {ReturnType<typeof columnsOf>} all @param {import("./table-model.js").Column[]} columns */
function chooser(all, columns) {
  const shown = new Set(columns.map(({ id }) => id));
  /** @param {string} id @param {boolean} on */
  const toggle = (id, on) => {
    if (on) shown.add(id);
    else shown.delete(id);
    setQuery({ cols: [...shown].join(",") || "none" });
  };
  const list = (/** @type {string} */ title, /** @type {import("./table-model.js").Column[]} */ group) =>
    group.length === 0
      ? nothing
      : html`<fieldset><legend>${title}</legend>${group.map(
          ({ id, name, title }) =>
            html`<label title=${title}><input type="checkbox" .checked=${shown.has(id)} @change=${(/** @type {any} */ e) => toggle(id, e.target.checked)}> ${name}</label>`,
        )}</fieldset>`;
  return html`<details class="chooser"><summary class="button">Columns</summary><div class="popup">
    ${list("Options that differ", all.options)}${list("Metrics", all.metrics)}
    <button @click=${() => setQuery({ cols: null })}>As at first</button></div></details>`;
}

/** What can be done with the runs that are chosen. @param {TableModel} model */
function selection({ table, query, chosen, choose, edit }) {
  const rows = table.rows.filter(({ run }) => chosen.has(run));
  const areArchived = rows.length > 0 && rows.every((row) => row.archived);
  return html`<div class="selection" role="group" aria-label="Chosen runs">
    <b>${count(chosen.size, "run")} chosen</b>
    <a class="button primary" href=${compareLink(query)}>Compare</a>
    ${
      table.canEdit
        ? html`<button @click=${() => edit("tag", rows)}>Tag…</button>
      <button @click=${() => edit(areArchived ? "unarchive" : "archive", rows)}>${areArchived ? "Take out again" : "Put away"}</button>
      <button class="danger" @click=${() => edit("remove", rows)}>Remove…</button>`
        : nothing
    }
    <button class="link" @click=${() => choose([...chosen], false)}>None</button>
  </div>`;
}

/** Where the run lies that comes after or before another. @param {import("./table-data.js").Table} table @param {string} id @param {number} step */
export function neighbour(table, id, step) {
  const rows = shownRows(table, place().query);
  const at = rows.findIndex(({ run }) => run === id);
  return rows[at < 0 ? 0 : at + step]?.run;
}
