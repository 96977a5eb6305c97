/** The rows of the table of runs: one a run, or one for runs that differ in their seed alone. */

import { ago, count, duration, moment, number, percent, short, spreadText } from "./format.js";
import { repeat } from "./lit-html/directives/repeat.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { runLink, setQuery, sweepLink } from "./location.js";
import { sortHead } from "./sorting.js";
import { statusMark } from "./status.js";
import { nameOf, spreadOf, valueIn } from "./table-model.js";

/** @typedef {import("./table-model.js").Row} Row */
/** @typedef {import("./table-model.js").Column} Column */
/** @typedef {import("./table-view.js").TableModel} Model */

/** @param {Model} model @param {Row[]} rows @param {Column[]} columns @param {import("./sorting.js").Sort} sort */
export function flatTable(model, rows, columns, sort) {
  return html`<div class="panel runs"><table class="cards wide">
    <thead><tr><th scope="col">${pickAll(model, rows)}</th>
      ${sortHead(sort, "status", "status")}${sortHead(sort, "name", "run")}${sortHead(sort, "seed", "seed")}
      ${columns.map(({ id, name, title }) => sortHead(sort, id, name, title))}
      ${sortHead(sort, "began", "began")}${sortHead(sort, "seconds", "took")}</tr></thead>
    <tbody>${repeat(
      rows,
      ({ run }) => run,
      (row) => runRow(model, row, columns),
    )}</tbody></table></div>`;
}

/** @param {Model} model @param {Row} row @param {Column[]} columns @param {boolean} [isInner] */
function runRow(model, row, columns, isInner = false) {
  const { query, now } = model;
  const { run, status, seed, began, seconds, share, left, archived } = row;
  const going =
    share === undefined
      ? status
      : html`${percent(share)}${left === undefined ? nothing : html` <span class="soft">${duration(left)} left</span>`}`;
  return html`<tr class="${archived ? "archived" : ""} ${isInner ? "inner" : ""}">
    <td class="pick">${pick(model, [run], `${nameOf(row)}, ${run}`)}</td>
    <td data-label="status">${statusMark(status, going)}</td>
    <th scope="row"><a href=${runLink(run, query)} data-run=${run} title=${run}>${nameOf(row)}</a>${about(row)}</th>
    <td data-label="seed" class="value">${seed ?? ""}</td>
    ${columns.map((column) => cell(row, column))}
    <td data-label="began" class="value"><time datetime=${began} title=${moment(began)}>${ago(began, now)}</time></td>
    <td data-label="took" class="value">${seconds === undefined ? "" : duration(seconds)}</td></tr>`;
}

/** What is said of a run, beside its name. @param {Row} row */
function about({ name, scenario, tags, own = [], note, error, archived }) {
  return html`${name === undefined ? nothing : html` <span class="soft">${scenario}</span>`}${
    archived ? html` <span class="tag">put away</span>` : nothing
  }${tags.map((tag) => html` <button class="tag ${own.includes(tag) ? "own" : ""}" title="Search for ${tag}" @click=${() => setQuery({ q: tag })}>${tag}</button>`)}${
    note === undefined ? nothing : html` <span class="soft note-mark" title=${note}>✎ ${note}</span>`
  }${error === undefined ? nothing : html` <span class="bad reason" title=${error}>${error}</span>`}`;
}

/** @param {Row} row @param {Column} column */
function cell(row, { id, name }) {
  const value = valueIn(row, id);
  const isMissed = id.startsWith("m:") && row.missed?.includes(id.slice(2));
  const text = value === undefined ? "" : typeof value === "number" ? number(value) : short(value);
  return html`<td data-label=${name} class="value ${isMissed ? "missed" : ""}" title=${isMissed ? "misses what is expected" : nothing}>${text}</td>`;
}

/** Settings whose runs are shown. @type {Set<string>} */
const open = new Set();

/** @param {Model} model @param {import("./table-model.js").Section[]} sections @param {Column[]} columns @param {import("./sorting.js").Sort} sort */
export function groupedTable(model, sections, columns, sort) {
  const ordered = (/** @type {import("./table-model.js").Section} */ { settings }) =>
    sort.sorted(
      settings,
      ({ first, rows }) => spreadOf(rows, sort.column)?.mean ?? valueIn(first, sort.column),
    );
  return html`<div class="panel runs"><table class="cards wide grouped">
    <thead><tr><th scope="col"><span class="hidden">chosen</span></th><th scope="col">runs</th>${sortHead(sort, "name", "run")}<th scope="col">seeds</th>
      ${columns.map(({ id, name, title }) => sortHead(sort, id, name, title))}
      ${sortHead(sort, "began", "latest")}${sortHead(sort, "seconds", "took")}</tr></thead>
    ${sections.map(
      (section) => html`<tbody>
      <tr class="section"><td class="pick">${pick(
        model,
        section.rows.map(({ run }) => run),
        section.title,
      )}</td>
        <th scope="rowgroup" colspan=${columns.length + 5}>${section.sweep === undefined ? section.title : html`<a href=${sweepLink(section.sweep)}>${section.title}</a>`}
          <span class="soft">${count(section.rows.length, "run")}, ${count(section.settings.length, "setting")}</span></th></tr>
      ${ordered(section).map((setting) => settingRows(model, setting, columns))}
    </tbody>`,
    )}</table></div>`;
}

/** @param {Model} model @param {import("./table-model.js").Setting} setting @param {Column[]} columns */
function settingRows(model, { key, first, rows }, columns) {
  const isOpen = open.has(key);
  const toggle = () => {
    if (!open.delete(key)) open.add(key);
    setQuery({});
  };
  const took = spreadOf(rows, "seconds");
  const seeds = [...new Set(rows.map(({ seed }) => seed ?? "?"))].sort();
  const states = Map.groupBy(rows, ({ status }) => status);
  return html`<tr>
      <td class="pick">${pick(
        model,
        rows.map(({ run }) => run),
        `${nameOf(first)}, ${count(rows.length, "run")}`,
      )}</td>
      <td data-label="runs"><button class="link" aria-expanded=${isOpen} @click=${toggle}>${isOpen ? "▾" : "▸"} ${count(rows.length, "run")}</button></td>
      <th scope="row"><span class="states">${[...states].map(([status, own]) => statusMark(status, own.length))}</span></th>
      <td data-label="seeds" class="value">${seeds.join(", ")}</td>
      ${columns.map((column) => {
        const spread = column.id.startsWith("m:") ? spreadOf(rows, column.id) : undefined;
        return spread === undefined
          ? cell(column.id.startsWith("o:") ? first : { ...first, metrics: {}, missed: [] }, column)
          : html`<td data-label=${column.name} class="value" title="of ${count(spread.values.length, "run")}: ${spread.values.map(number).join(", ")}">${spreadText(spread)}</td>`;
      })}
      <td data-label="latest" class="value"><time datetime=${first.began}>${ago(first.began, model.now)}</time></td>
      <td data-label="took" class="value">${took === undefined ? "" : duration(took.mean)}</td></tr>
    ${isOpen ? rows.map((row) => runRow(model, row, columns, true)) : nothing}`;
}

/** @param {Model} model @param {readonly string[]} runs @param {string} name */
function pick({ chosen, choose }, runs, name) {
  const on = runs.filter((run) => chosen.has(run)).length;
  return html`<label class="pick"><input type="checkbox" aria-label="Choose ${name}" .checked=${on === runs.length} .indeterminate=${on > 0 && on < runs.length}
    @change=${(/** @type {any} */ e) => choose(runs, e.target.checked)}></label>`;
}

/** @param {Model} model @param {readonly Row[]} rows */
function pickAll(model, rows) {
  return pick(
    model,
    rows.map(({ run }) => run),
    "all that are shown",
  );
}
