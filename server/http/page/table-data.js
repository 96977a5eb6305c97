/** What the page knows of all runs, asked for again and again. */
import { get, Refused } from "./api.js";
import { polling } from "./polling.js";

/** Milliseconds between two questions, and where more is to come at once. */
const EVERY = 3000;
const SOON = 50;
const ROWS = 5000;

/**
 * @typedef {object} Table
 * @property {import("./table-model.js").Row[]} rows
 * @property {Readonly<Record<string, string>>} names of options, by path
 * @property {number} pending
 * @property {boolean} canEdit
 * @property {"loading" | "there" | "lost"} state
 * @property {boolean} needsToken
 * @property {() => void} refresh
 */

/**
 * All runs.
 * @param {() => void} changed
 * @param {(ended: import("./table-model.js").Row) => void} ended is called with each run that has ended since the last look
 * @returns {Table}
 */
export function openTable(changed, ended) {
  /** @type {Table} */
  const table = {
    ...{ rows: [], names: {}, pending: 0, canEdit: false, state: "loading", needsToken: false },
    refresh: () => asking.now(),
  };
  let soon = 0;
  const asking = polling(async () => {
    try {
      const { rows, names, pending, canEdit } = await get(`api/table?limit=${ROWS}`);
      const running = new Set(table.rows.filter(({ status }) => status === "running").map(({ run }) => run));
      Object.assign(table, { rows, names, pending, canEdit, state: "there", needsToken: false });
      for (const row of table.rows) if (row.status !== "running" && running.has(row.run)) ended(row);
      clearTimeout(soon);
      if (pending > 0) soon = window.setTimeout(() => asking.now(), SOON);
    } catch (error) {
      if (error instanceof Refused && error.status === 401) table.needsToken = true;
      table.state = "lost";
    }
    changed();
  }, EVERY);
  return table;
}
