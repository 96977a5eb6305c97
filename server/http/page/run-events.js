/** The events of a run: the latest, or those that the server finds by a word. */

import { get, runPath } from "./api.js";
import { clock, count, duration, number, size } from "./format.js";
import { repeat } from "./lit-html/directives/repeat.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { setQuery } from "./location.js";

/** Events that are asked for at once. */
const PAGE = 500;
/** Rows that are shown at first, and that a press adds: hundreds make a page that nobody gets to the end of. */
const ROWS = 100;
/** Milliseconds after a letter until the server is asked. */
const PAUSE = 250;

/** @typedef {import("./api.js").RunEvent} RunEvent */

/** What was found by which word, of which run. @type {{ key: string, events: RunEvent[], next: number, done: boolean, busy: boolean }} */
let search = { key: "", events: [], next: 0, done: true, busy: false };
let asking = 0;
/** Rows that are shown of what. */
let room = { of: "", rows: ROWS };

/** @param {import("./run-data.js").Run} run @param {URLSearchParams} query @param {() => void} draw */
export function eventsView(run, query, draw) {
  const types = [
    ...new Set([
      "progress",
      "stage",
      "artifact",
      "metrics",
      "expectation",
      "warning",
      ...run.events.map((e) => e.type),
    ]),
  ];
  const hidden = new Set((query.get("without") ?? "").split(",").filter(Boolean));
  const word = (query.get("find") ?? "").trim();
  if (word !== "") lookFor(run, word, draw);
  /** @param {string} type */
  const toggle = (type) => {
    if (!hidden.delete(type)) hidden.add(type);
    setQuery({ without: [...hidden].join(",") });
  };
  const all = word === "" ? run.events.toReversed() : search.events;
  const found = all.filter(({ type }) => !hidden.has(type));
  const of = `${run.id} ${word}`;
  if (room.of !== of) room = { of, rows: ROWS };
  const shown = found.slice(0, room.rows);
  const more = () => {
    room.rows += ROWS;
    draw();
  };
  return html`<section class="panel">
    <div class="filters inline">
      <div class="chips" role="group" aria-label="Types">
        ${types.map((type) => html`<button class="chip" aria-pressed=${!hidden.has(type)} @click=${() => toggle(type)}>${type}</button>`)}
      </div>
      <input type="search" placeholder="find in all events" aria-label="Find in events" .value=${query.get("find") ?? ""}
        @input=${(/** @type {any} */ e) => setQuery({ find: e.target.value })}>
    </div>
    <div class="scroll"><table class="events cards">
      <thead><tr><th scope="col">nr.</th><th scope="col">time</th><th scope="col">type</th><th scope="col">what</th></tr></thead>
      <tbody>${repeat(
        shown,
        ({ seq }) => seq,
        (event) => html`
        <tr data-type=${event.type}><td class="value">${event.seq}</td><td class="value" title=${event.time}>${clock(event.time)}</td><td>${event.type}</td><td>${told(event)}</td></tr>`,
      )}</tbody>
    </table></div>
    <div class="controls">${found.length > shown.length ? html`<button @click=${more}>${word === "" ? "Older events" : "More of them"}</button>` : nothing}
      ${word === "" ? latest(run, shown.length, found.length > shown.length ? undefined : more) : matches(run, word, draw)}
      <a href=${runPath(run.id, "/events")}>as JSON</a></div>
  </section>`;
}

/** @param {import("./run-data.js").Run} run @param {number} shown @param {(() => void) | undefined} more shows those that are asked for; absent while there are others at hand */
function latest(run, shown, more) {
  const older = async () => {
    const first = run.events[0]?.seq ?? 1;
    const since = Math.max(0, first - 1 - PAGE);
    const { events } = await get(runPath(run.id, `/events?since=${since}&limit=${first - 1 - since}`));
    run.events = [...events, ...run.events];
    more?.();
  };
  return html`<output>${shown} of ${run.summary?.events ?? 0} events</output>
    ${more !== undefined && (run.events[0]?.seq ?? 1) > 1 ? html`<button @click=${older}>Older events</button>` : nothing}`;
}

/** @param {import("./run-data.js").Run} run @param {string} word @param {() => void} draw */
function matches(run, word, draw) {
  const { events, next, done, busy } = search;
  const of = run.summary?.events ?? next;
  return html`<output>${busy ? "searching…" : html`${count(events.length, "event")} found${done ? "" : `, up to nr. ${next} of ${of}`}`}</output>
    ${done || busy ? nothing : html`<button @click=${() => ask(run, word, search.key, draw)}>Search on</button>`}`;
}

/** Asks the server for what has a word in it, once nobody types any more. @param {import("./run-data.js").Run} run @param {string} word @param {() => void} draw */
function lookFor(run, word, draw) {
  const key = `${run.id} ${word}`;
  if (search.key === key) return;
  search = { key, events: [], next: 0, done: false, busy: true };
  clearTimeout(asking);
  asking = window.setTimeout(() => ask(run, word, key, draw), PAUSE);
}

/** @param {import("./run-data.js").Run} run @param {string} word @param {string} key @param {() => void} draw */
async function ask(run, word, key, draw) {
  search.busy = true;
  draw();
  const before = search.events.length;
  while (search.key === key && !search.done && search.events.length < before + PAGE) {
    const query = new URLSearchParams({ text: word, since: String(search.next), limit: String(PAGE) });
    const page = await get(runPath(run.id, `/search?${query}`)).catch(() => undefined);
    if (search.key !== key) return;
    if (page === undefined) break;
    Object.assign(search, { events: [...search.events, ...page.events], next: page.next, done: page.done });
    draw();
  }
  search.busy = false;
  draw();
}

/** An event in a line. @param {RunEvent} event */
function told(event) {
  const { seq, time, type, ...rest } = event;
  switch (type) {
    case "progress":
      return html`<b>${rest.stage}</b> ${rest.step} of ${rest.steps} ${pairs(rest.values ?? {})}`;
    case "stage":
      return html`<b>${rest.stage}</b>${rest.steps ? html`, ${rest.steps} steps` : nothing}`;
    case "artifact":
      return html`${rest.title} <code>${rest.path}</code> ${size(rest.bytes)}`;
    case "metrics":
      return pairs(rest.values);
    case "expectation":
      return html`<span class=${rest.met ? "good" : "bad"}>${rest.met ? "✓" : "✗"} ${rest.metric} ${rest.value === undefined ? "" : number(rest.value)}</span> expected ${rest.expected}`;
    case "warning":
    case "sentinel":
      return rest.message;
    case "checkpoint":
      return html`<code>${rest.path}</code> ${size(rest.bytes)}`;
    case "resumed":
      return html`${rest.from === null ? "from the beginning" : html`from <code>${rest.from}</code>`} ${rest.notes?.join("; ")}`;
    case "ended":
      return html`${rest.status} after ${duration(rest.seconds)}`;
    case "started":
      return html`${rest.scenario}, ${rest.application}, seed ${rest.seed}, on ${rest.engine?.name}`;
    default:
      return html`<code>${JSON.stringify(rest)}</code>`;
  }
}

/** @param {Record<string, number>} values */
function pairs(values) {
  return Object.entries(values).map(
    ([name, value]) =>
      html`<span class="pair">${name} <i>${typeof value === "number" ? number(value) : "–"}</i></span>`,
  );
}
