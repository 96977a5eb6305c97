/** How a run stands, as a mark and a word: colour alone tells nothing. */
import { html } from "./lit-html/lit-html.js";

/** @type {Readonly<Record<string, string>>} */
const MARKS = {
  ...{ running: "●", passed: "✓", missed: "△", failed: "✗" },
  ...{ cancelled: "■", paused: "❚❚", abandoned: "?" },
};
export const STATUSES = Object.keys(MARKS);

/** @type {Readonly<Record<string, string>>} */
const MEANINGS = {
  running: "a process writes it",
  passed: "it met every expectation",
  missed: "it ended, and missed an expectation",
  failed: "it broke",
  cancelled: "it was stopped, and can go on",
  paused: "it waits where it was to pause",
  abandoned: "nobody writes it any more, and it has not ended",
};

/** @param {string} status @param {unknown} [more] what to say instead of the word */
export function statusMark(status, more = status) {
  return html`<span class="status ${status}" title="${status}: ${MEANINGS[status] ?? ""}"><span class="mark" aria-hidden="true">${MARKS[status] ?? "·"}</span> ${more}</span>`;
}

/** The same with a ground. @param {string} status */
export function statusBadge(status) {
  return html`<span class="badge ${status}" role="status" title=${MEANINGS[status] ?? ""}>${status}</span>`;
}
