/** What the page knows of sweeps and workers, asked for while they are looked at. */
import { follow, get, Refused, sweepPath } from "./api.js";
import { seedMeans } from "./compare-data.js";
import { polling } from "./polling.js";
import { sortOf } from "./sorting.js";

/** Milliseconds between two questions, and between an event and the question that it causes. */
const EVERY = 3000;
const SOON = 300;
/** Points of a curve. */
const POINTS = 300;
/** Milliseconds that a zoom has to last before its detail is asked for. */
const ZOOM = 120;
/** Trials whose curves are drawn unless others are chosen. */
const DRAWN = 6;

/**
 * @typedef {{ sweeps: import("./api.js").SweepItem[], workers: import("./api.js").Worker[], state: string, close(): void }} Fleet
 */

/** Sweeps and workers. @param {() => void} changed @returns {Fleet} */
export function openFleet(changed) {
  /** @type {Fleet} */
  const fleet = { sweeps: [], workers: [], state: "loading", close: () => asking.close() };
  const asking = polling(async () => {
    try {
      const [{ sweeps }, { workers }] = await Promise.all([get("api/sweeps"), get("api/workers")]);
      Object.assign(fleet, { sweeps, workers, state: "there" });
    } catch {
      fleet.state = "lost";
    }
    changed();
  }, EVERY);
  return fleet;
}

/** Looks which sweeps end, while it is wanted. @param {() => boolean} isWanted @param {(ended: import("./api.js").SweepItem) => void} ended */
export function watchSweeps(isWanted, ended) {
  /** @type {Set<string>} */
  let running = new Set();
  polling(async () => {
    if (!isWanted()) {
      running = new Set();
      return;
    }
    const { sweeps } = await get("api/sweeps").catch(() => ({ sweeps: undefined }));
    if (sweeps === undefined) return;
    /** @type {import("./api.js").SweepItem[]} */
    const all = sweeps;
    for (const one of all) if (one.status !== "running" && running.has(one.sweep)) ended(one);
    running = new Set(all.filter(({ status }) => status === "running").map(({ sweep }) => sweep));
  }, EVERY);
}

/**
 * @typedef {object} Sweep
 * @property {string} id
 * @property {import("./api.js").SweepSummary | undefined} summary
 * @property {import("./api.js").Trials | undefined} trials
 * @property {Map<string, import("./api.js").SeedCurve[]>} curves of trials, by their ids
 * @property {Map<string, { from: number, to: number, curves: import("./api.js").SeedCurve[] }>} details the same of the steps that are zoomed into
 * @property {"loading" | "live" | "lost" | "ended" | "gone"} state
 * @property {string} error
 * @property {(from: number | null, to: number | null) => void} zoom
 * @property {() => void} refresh
 * @property {() => void} close
 */

/**
 * A sweep.
 * @param {string} id @param {() => void} changed
 * @param {(sweep: Sweep) => ReadonlySet<string>} drawn trials whose curves are wanted
 * @returns {Sweep}
 */
export function openSweep(id, changed, drawn) {
  /** @type {Sweep} */
  const sweep = {
    ...{ id, summary: undefined, trials: undefined, state: "loading", error: "" },
    ...{ curves: new Map(), details: new Map() },
    zoom(from, to) {
      clearTimeout(zooming);
      if (from === null || to === null) sweep.details.clear();
      else zooming = window.setTimeout(() => loadDetails(from, to), ZOOM);
    },
    refresh: () => asking.now(),
    close() {
      asking.close();
      clearTimeout(waiting);
      clearTimeout(zooming);
      stop();
    },
  };
  let stop = () => {};
  let isFollowed = false;
  let waiting = 0;
  let zooming = 0;

  const soon = () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(() => asking.now(), SOON);
  };
  /** @param {"live" | "lost" | "ended"} state */
  const became = (state) => {
    sweep.state = state;
    if (state === "ended") {
      isFollowed = false;
      soon();
    }
    changed();
  };

  const asking = polling(async () => {
    try {
      const [summary, trials] = await Promise.all([get(sweepPath(id)), get(sweepPath(id, "/trials"))]);
      Object.assign(sweep, { summary, trials: { ...trials, trials: trials.trials.map(trialOf) }, error: "" });
      if (summary.status === "running" && !isFollowed) {
        isFollowed = true;
        stop();
        stop = follow(sweepPath(id), summary.events, { events: soon, state: became, anew: soon });
      } else if (summary.status !== "running") sweep.state = "ended";
      changed();
      await loadCurves();
    } catch (error) {
      const isGone = error instanceof Refused && error.status === 404;
      sweep.state = isGone ? "gone" : "lost";
      sweep.error = error instanceof Error ? error.message : String(error);
    }
    changed();
  }, EVERY);

  /** How the runs of a trial stood when its curves were asked for. @type {Map<string, string>} */
  const asked = new Map();
  const loadCurves = async () => {
    for (const { trial, runs } of sweep.trials?.trials ?? []) {
      if (!drawn(sweep).has(trial)) continue;
      const standing = JSON.stringify(runs);
      if (asked.get(trial) === standing) continue;
      const begun = runs.filter(({ state }) => state !== "waiting");
      if (begun.length === 0) continue;
      const curves = await seedMeans(
        begun.map(({ run }) => run),
        POINTS,
      );
      if (curves === undefined) continue;
      asked.set(trial, standing);
      sweep.curves.set(trial, curves);
      changed();
    }
  };
  /** Asks for what is zoomed into, where there is more of it than is here. @param {number} from @param {number} to */
  const loadDetails = async (from, to) => {
    for (const { trial, runs } of sweep.trials?.trials ?? []) {
      const known = sweep.details.get(trial);
      if (!drawn(sweep).has(trial) || (known?.from === from && known.to === to)) continue;
      if ((sweep.curves.get(trial) ?? []).every(({ x }) => x.length < POINTS)) continue; // all points are here already
      const begun = runs.filter(({ state }) => state !== "waiting").map(({ run }) => run);
      const curves = await seedMeans(begun, POINTS, { from, to });
      if (curves === undefined) continue;
      sweep.details.set(trial, { from, to, curves });
      changed();
    }
  };
  return sweep;
}

/** Trials whose curves are drawn: those that were chosen, or else the best. @param {Sweep} sweep @param {URLSearchParams} query @returns {Set<string>} */
export function drawnTrials({ trials, summary }, query) {
  const chosen = query.get("draw");
  if (chosen !== null) return new Set(chosen.split(",").filter((id) => id !== "" && id !== "none"));
  const { goal } = summary ?? {};
  const sort = sortOf(goal === undefined ? "" : `${goal.direction === "maximize" ? "-" : ""}goal`);
  const ordered = sort.sorted(trials?.trials ?? [], ({ metrics }) => metrics[goal?.metric ?? ""]?.mean);
  return new Set(ordered.slice(0, DRAWN).map(({ trial }) => trial));
}

/** A trial with numbers where its answer names those that JSON has not: NaN and infinities. @param {import("./api.js").TrialAnswer} answer @returns {import("./api.js").Trial} */
export function trialOf({ metrics, scores, ...trial }) {
  const numbers = Object.entries(metrics).map(([name, { mean, deviation, interval, values }]) => {
    const ends = interval && { interval: interval.map(Number) };
    const spread = { mean: Number(mean), deviation: Number(deviation), ...ends, values: values.map(Number) };
    return /** @type {const} */ ([name, spread]);
  });
  return { ...trial, metrics: Object.fromEntries(numbers), scores: scores.map(Number) };
}
