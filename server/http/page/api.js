/** Talking to the server. */

/** @typedef {import("../answers.ts").RunItem} RunItem */
/** @typedef {import("../answers.ts").RunSummary} Summary */
/** @typedef {Omit<import("../answers.ts").Series, "x" | "y"> & { x: number[], y: (number | null)[] }} Series */
/** @typedef {import("../answers.ts").ArtifactsAnswer["artifacts"][number]} Artifact */
/** @typedef {import("../sweep-answers.ts").SweepItem} SweepItem */
/** @typedef {import("../sweep-answers.ts").SweepSummary} SweepSummary */
/** @typedef {import("../sweep-answers.ts").TrialsAnswer["trials"][number]} TrialAnswer */
/** @typedef {{ mean: number, deviation: number, interval?: readonly number[], values: readonly number[] }} Spread */
/** @typedef {Omit<TrialAnswer, "metrics" | "scores"> & { metrics: Readonly<Record<string, Spread>>, scores: readonly number[] }} Trial */
/** @typedef {Omit<import("../sweep-answers.ts").TrialsAnswer, "trials"> & { trials: readonly Trial[] }} Trials */
/** @typedef {import("../sweep-answers.ts").WorkersAnswer["workers"][number]} Worker */
/** @typedef {import("../sweep-answers.ts").CurvesAnswer["curves"][number]} SeedCurve */
/** @typedef {{ seq: number, time: string, type: string, [name: string]: any }} RunEvent */

/** What a request was refused with. */
export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param {Response} answer */
async function checked(answer) {
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail ?? `${answer.status} ${answer.statusText}`);
}

/** @param {string} path @param {AbortSignal} [signal] @returns {Promise<any>} */
export async function get(path, signal) {
  return await (await checked(await fetch(path, { signal: signal ?? null }))).json();
}

/** @param {string} path @returns {Promise<string>} */
export async function getText(path) {
  return await (await checked(await fetch(path))).text();
}

/** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
async function send(method, path, body) {
  const init =
    body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await checked(await fetch(path, { method, ...init }));
  return answer.status === 204 ? undefined : await answer.json();
}

/** @param {string} path @param {unknown} [body] */
export const post = (path, body) => send("POST", path, body);
/** @param {string} path @param {unknown} body */
export const put = (path, body) => send("PUT", path, body);
/** @param {string} path */
export const remove = (path) => send("DELETE", path);

/** @param {string} id @param {string} [part] */
export function runPath(id, part = "") {
  return `api/runs/${encodeURIComponent(id)}${part}`;
}

/** @param {string} id @param {string} [part] */
export function sweepPath(id, part = "") {
  return `api/sweeps/${encodeURIComponent(id)}${part}`;
}

/** Where a file of a run is. @param {string} id @param {Artifact} artifact */
export function filePath(id, { path, time }) {
  const parts = path.split("/").map(encodeURIComponent).join("/");
  return `${runPath(id, `/${parts}`)}?v=${Date.parse(time)}`;
}

/**
 * Follows the events of a run or a sweep from a number on, through restarts of the server, until it ends or is closed.
 *
 * @param {string} base path of the run or the sweep
 * @param {number} since
 * @param {{
 *   events(events: RunEvent[]): void, state(state: "live" | "lost" | "ended"): void, anew(): void
 * }} on `anew`: what is known of the run is another's: begin again
 * @returns {() => void} closes it
 */
export function follow(base, since, on) {
  let next = since;
  /** @type {EventSource | undefined} */
  let source;
  /** @type {RunEvent[]} */
  let batch = [];
  let flushing = 0;
  let retrying = 0;
  let closed = false;
  const flush = () => {
    flushing = 0;
    const events = batch;
    batch = [];
    if (!closed && events.length > 0) on.events(events);
  };
  const close = () => {
    closed = true;
    source?.close();
    clearTimeout(flushing);
    clearTimeout(retrying);
  };
  const open = () => {
    if (closed) return;
    source?.close();
    source = new EventSource(`${base}/stream?since=${next}`);
    source.onopen = () => on.state("live");
    source.onmessage = (message) => {
      /** @type {RunEvent} */
      const event = JSON.parse(message.data);
      if (event.seq <= next) return;
      next = event.seq;
      batch.push(event);
      // A page that is not looked at need not be drawn.
      if (flushing === 0) flushing = window.setTimeout(flush, document.hidden ? 2000 : 150);
    };
    source.addEventListener("end", () => {
      source?.close();
      clearTimeout(flushing);
      flush();
      on.state("ended");
    });
    source.addEventListener("slow", open);
    source.onerror = () => {
      on.state("lost");
      source?.close(); // it would come back by itself, but not after an answer that is no stream
      retrying = window.setTimeout(retry, 1000 + 1000 * Math.random());
    };
  };
  const retry = async () => {
    if (closed) return;
    try {
      const { events } = await get(base);
      if (events < next) on.anew();
      else open();
    } catch (error) {
      if (error instanceof Refused && error.status < 500) on.anew();
      else retrying = window.setTimeout(retry, 1500 + 1500 * Math.random());
    }
  };
  open();
  return close;
}
