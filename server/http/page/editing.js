/** Changing what is said of runs, and removing them: several at once, one after the other. */
import { put, remove, runPath } from "./api.js";

/** @typedef {import("./table-model.js").Row} Row */
/** @typedef {import("../notes.ts").Notes} Notes */

/** The notes on a run, as its row has them. @param {Row} row @returns {Notes} */
export function notesOf({ name, note, own, archived }) {
  return {
    ...(name !== undefined && { name }),
    ...(note !== undefined && { note }),
    ...(own !== undefined && { tags: own }),
    ...(archived && { archived }),
  };
}

/** Changes the notes on runs. @param {readonly Row[]} rows @param {(notes: Notes) => Notes} change @returns {Promise<string[]>} what was refused */
export async function annotate(rows, change) {
  return await each(rows, (row) => put(runPath(row.run, "/notes"), change(notesOf(row))));
}

/** Removes runs with all that they have. @param {readonly Row[]} rows @returns {Promise<string[]>} what was refused */
export async function removeRuns(rows) {
  return await each(rows, (row) => remove(runPath(row.run)));
}

/** @param {readonly Row[]} rows @param {(row: Row) => Promise<unknown>} act */
async function each(rows, act) {
  /** @type {string[]} */
  const refused = [];
  for (const row of rows) {
    try {
      await act(row);
    } catch (error) {
      refused.push(error instanceof Error ? error.message : String(error));
    }
  }
  return refused;
}

/** Tags as people type them. @param {string} text */
export function tagsOf(text) {
  return [...new Set(text.split(",").map((tag) => tag.trim()))].filter(Boolean);
}
