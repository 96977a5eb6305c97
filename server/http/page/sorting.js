/** Sorting tables by a click on a column's name. What is sorted by is in the address. */
import { html } from "./lit-html/lit-html.js";
import { setQuery } from "./location.js";

/**
 * @typedef {object} Sort
 * @property {string} column
 * @property {boolean} descends
 * @property {<T>(rows: readonly T[], key: (row: T) => unknown) => T[]} sorted
 */

/** @param {string} text `-began`: by `began`, the largest first @returns {Sort} */
export function sortOf(text) {
  const descends = text.startsWith("-");
  const column = descends ? text.slice(1) : text;
  return {
    column,
    descends,
    sorted: (rows, key) => (column === "" ? [...rows] : byKey(rows, key, descends)),
  };
}

/** Rows in order. Those without a value come last, whichever way. @template T @param {readonly T[]} rows @param {(row: T) => unknown} key @param {boolean} descends */
function byKey(rows, key, descends) {
  const sign = descends ? -1 : 1;
  return rows
    .map((row) => ({ row, value: key(row) }))
    .sort(({ value: a }, { value: b }) => {
      if (isNone(a) || isNone(b)) return Number(isNone(a)) - Number(isNone(b));
      return sign * compared(a, b);
    })
    .map(({ row }) => row);
}

/** @param {unknown} value */
function isNone(value) {
  return value === undefined || value === null || Number.isNaN(value);
}

/** @param {unknown} a @param {unknown} b */
function compared(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [one, other] = [a, b].map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  return (one ?? "").localeCompare(other ?? "", undefined, { numeric: true });
}

/** The head of a column that sorts. @param {Sort} sort @param {string} column @param {string} name @param {string} [title] */
export function sortHead({ column: current, descends }, column, name, title = "") {
  const isCurrent = current === column;
  const next = isCurrent && !descends ? `-${column}` : column;
  return html`<th scope="col" aria-sort=${isCurrent ? (descends ? "descending" : "ascending") : "none"} title=${title || name}>
    <button class="sort" @click=${() => setQuery({ sort: next })}>${name}<span aria-hidden="true">${isCurrent ? (descends ? " ▾" : " ▴") : ""}</span></button></th>`;
}
