/**
 * What the page knows of a run: loaded once, then kept up to date by the run's events.
 */
import { filePath, follow, get, getText, Refused, runPath } from "./api.js";
import { stretchesOf } from "./clocks.js";
import { evaluationOf, TABLES } from "./evaluation.js";

/** Points of a curve that are asked for, and the number at which a grown one is asked for anew. */
const POINTS = 2000;
const TOO_MANY = 6000;
/** Events that are kept at hand. */
const EVENTS = 500;
/** How often the summary of a run in progress is asked for, in milliseconds. */
const SUMMARY_EVERY = 2000;

/** Stages whose detail is asked for at once. */
const MOST_STAGES = 8;

/** @typedef {{ stage: string, x: number[], seconds: number[] }} Clock */

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {import("./api.js").Summary | undefined} summary
 * @property {import("./api.js").Series[]} series
 * @property {{ from: number, to: number, isTimed: boolean, series: import("./api.js").Series[] } | undefined} detail the stretch that is zoomed into
 * @property {Clock[]} clocks when steps were reached
 * @property {import("./evaluation.js").Evaluation | undefined} evaluation
 * @property {string} words what the run says of itself, as HTML
 * @property {import("./api.js").Artifact[]} artifacts
 * @property {import("./api.js").RunEvent[]} events the latest
 * @property {"loading" | "live" | "lost" | "ended" | "gone"} state
 * @property {string} error
 * @property {() => void} close
 * @property {(from: number | null, to: number | null, isTimed?: boolean) => void} zoom into steps, or into seconds
 * @property {() => void} refresh
 */

/** Opens a run. @param {string} id @param {() => void} changed is called when there is something to draw @returns {Run} */
export function openRun(id, changed) {
  let stop = () => {};
  let closed = false;
  let refreshing = 0;
  let zooming = 0;
  let summarized = 0;

  /** @type {Run} */
  const run = {
    id,
    summary: undefined,
    series: [],
    detail: undefined,
    clocks: [],
    evaluation: undefined,
    words: "",
    artifacts: [],
    events: [],
    state: "loading",
    error: "",
    close() {
      closed = true;
      clearTimeout(refreshing);
      clearTimeout(zooming);
      stop();
    },
    zoom(from, to, isTimed = false) {
      clearTimeout(zooming);
      if (from === null || to === null) {
        run.detail = undefined;
        return;
      }
      if (run.series.every(({ x, count }) => count <= x.length)) return; // all points are here already
      if (run.detail?.from === from && run.detail.to === to && run.detail.isTimed === isTimed) return;
      zooming = window.setTimeout(async () => {
        const series = await detailOf(isTimed ? stretchesOf(run.clocks, from, to) : [{ from, to }]);
        if (closed || series === undefined) return;
        run.detail = { from, to, isTimed, series };
        changed();
      }, 120);
    },
    refresh: () => void load(),
  };

  /** Series of some steps. @param {{ stage?: string, from: number, to: number }[]} stretches @returns {Promise<import("./api.js").Series[] | undefined>} */
  const detailOf = async (stretches) => {
    const answers = stretches.slice(0, MOST_STAGES).map(({ stage, from, to }) => {
      const query = new URLSearchParams({ points: `${POINTS}`, from: `${from}`, to: `${to}` });
      if (stage !== undefined) query.set("stage", stage);
      return get(runPath(id, `/series?${query}`));
    });
    return await Promise.all(answers).then(
      (all) => all.flatMap(({ series }) => series),
      () => undefined,
    );
  };

  const load = async () => {
    stop();
    try {
      const [summary, { series, last, clocks }, { artifacts }] = await Promise.all([
        get(runPath(id)),
        get(runPath(id, `/series?points=${POINTS}`)),
        get(runPath(id, "/artifacts")),
      ]);
      const since = Math.min(summary.events, last);
      const { events } = await get(
        runPath(id, `/events?since=${Math.max(0, since - EVENTS)}&limit=${EVENTS}`),
      );
      if (closed) return;
      Object.assign(run, { summary, series, clocks, artifacts, events, error: "" });
      void results();
      stop = follow(runPath(id), events.at(-1)?.seq ?? since, { events: taken, state: became, anew: load });
      changed();
    } catch (error) {
      if (closed) return;
      const isGone = error instanceof Refused && error.status === 404;
      run.state = isGone ? "gone" : "lost";
      run.error = error instanceof Error ? error.message : String(error);
      if (!isGone) refreshing = window.setTimeout(load, 2000);
      changed();
    }
  };

  /** @param {"live" | "lost" | "ended"} state */
  const became = (state) => {
    if (run.state === state) return;
    run.state = state;
    if (state === "ended") summarize();
    changed();
  };

  let known = "";
  /** Reads what an evaluation came to, once it is there, and again where it was written anew. */
  const results = async () => {
    const table = run.artifacts.find(({ path }) => TABLES.test(path));
    const words = run.artifacts.some(({ path }) => /\.md$/i.test(path));
    const key = JSON.stringify(run.artifacts.filter(({ path }) => /\.(md|csv)$/i.test(path)));
    if (key === known || (table === undefined && !words)) return;
    known = key;
    const [csv, text] = await Promise.all([
      table === undefined ? "" : getText(filePath(id, table)).catch(() => ""),
      words ? getText(runPath(id, "/summary")).catch(() => "") : "",
    ]);
    if (closed) return;
    Object.assign(run, { evaluation: evaluationOf(csv), words: text });
    changed();
  };

  /** Asks for what the server works out from the events: rate, time left, metrics, expectations. */
  const summarize = () => {
    if (refreshing !== 0) return;
    refreshing = window.setTimeout(async () => {
      try {
        const [summary, { artifacts }] = await Promise.all([
          get(runPath(id)),
          get(runPath(id, "/artifacts")),
        ]);
        if (!closed) Object.assign(run, { summary, artifacts });
        void results();
      } catch {
        // the stream says what is wrong, and comes back
      }
      refreshing = 0;
      summarized = performance.now();
      if (!closed) changed();
    }, 300);
  };

  /** @param {import("./api.js").RunEvent[]} events */
  const taken = (events) => {
    run.events = [...run.events, ...events].slice(-2 * EVENTS);
    for (const event of events) {
      if (event.type === "progress") progress(event);
      else summarize();
    }
    if (performance.now() - summarized > SUMMARY_EVERY) summarize(); // its rate and time left are out of date
    if (run.summary !== undefined) run.summary.events = events.at(-1)?.seq ?? run.summary.events;
    if (run.series.some(({ x }) => x.length > TOO_MANY)) void thin();
    changed();
  };

  /** @param {import("./api.js").RunEvent} event */
  const progress = ({ stage, step, steps, values = {}, time }) => {
    for (const [metric, value] of Object.entries(values)) {
      let curve = run.series.find((s) => s.stage === stage && s.metric === metric);
      if (curve === undefined) {
        curve = { stage, metric, count: 0, x: [], y: [] };
        run.series.push(curve);
      }
      if (step <= (curve.x.at(-1) ?? -1)) continue; // told once more by a run that was resumed
      curve.x.push(step);
      curve.y.push(Number.isFinite(value) ? value : null);
      curve.count++;
    }
    tick(stage, step, time);
    const current = run.summary?.stages.at(-1);
    if (run.summary === undefined || current === undefined || current.stage !== stage) return;
    Object.assign(current, { step, steps, seen: time });
  };

  /** @param {string} stage @param {number} step @param {string} time */
  const tick = (stage, step, time) => {
    const began = Date.parse(run.summary?.stages[0]?.began ?? time);
    let clock = run.clocks.find((one) => one.stage === stage);
    if (clock === undefined) {
      clock = { stage, x: [], seconds: [] };
      run.clocks.push(clock);
    }
    if (step <= (clock.x.at(-1) ?? -1)) return;
    clock.x.push(step);
    clock.seconds.push((Date.parse(time) - began) / 1000);
  };

  let thinning = false;
  const thin = async () => {
    if (thinning) return;
    thinning = true;
    const { series } = await get(runPath(id, `/series?points=${POINTS}`)).catch(() => ({}));
    if (!closed && series !== undefined) run.series = series;
    thinning = false;
  };

  void load();
  return run;
}
