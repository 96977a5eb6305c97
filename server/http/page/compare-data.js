/** Means over seeds of runs that are compared. */
import { get } from "./api.js";

/** Points of a curve: a run with more has more to show where it is zoomed into. */
const POINTS = 400;
/** By the runs and the steps. @type {Map<string, import("./api.js").SeedCurve[]>} */
const known = new Map();
/** @type {Set<string>} */
const asked = new Set();
/** Groups that are remembered. */
const MOST = 32;

/**
 * The mean curves of runs: of some steps as soon as the server has answered, of all steps until then, and none before.
 * @param {readonly import("./run-data.js").Run[]} runs @param {{ from: number | null, to: number | null }} steps
 * @param {() => void} changed
 */
export function seedCurves(runs, { from, to }, changed) {
  const names = JSON.stringify(runs.map(({ id }) => id));
  const standing = JSON.stringify(
    runs.map(({ summary }) =>
      summary?.status === "running" ? Math.floor((summary.events ?? 0) / 50) : "over",
    ),
  );
  const isMore = runs.some(({ series }) => series.some(({ count }) => count > POINTS));
  const stretch = from !== null && to !== null && isMore ? { from, to } : undefined;
  /** @param {string} key @param {object} [steps] */
  const curvesOf = (key, steps = {}) => {
    if (!asked.has(`${key} ${standing}`)) {
      asked.add(`${key} ${standing}`);
      void load(runs, key, steps, changed);
    }
    return known.get(key);
  };
  const whole = curvesOf(names);
  return (stretch && curvesOf(`${names} ${from}~${to}`, stretch)) ?? whole ?? [];
}

/** @param {readonly import("./run-data.js").Run[]} runs @param {string} key @param {object} steps @param {() => void} changed */
async function load(runs, key, steps, changed) {
  const curves = await seedMeans(
    runs.map(({ id }) => id),
    POINTS,
    steps,
  );
  if (curves === undefined) return;
  known.delete(key);
  known.set(key, curves);
  const oldest = known.keys().next().value;
  if (known.size > MOST && oldest !== undefined) {
    known.delete(oldest);
    for (const one of asked) if (one.startsWith(`${oldest} `)) asked.delete(one); // to be asked for again
  }
  changed();
}

/** Mean curves of runs from the server; undefined where it has none. @param {readonly string[]} runs @param {number} points @param {object} [steps] @returns {Promise<import("./api.js").SeedCurve[] | undefined>} */
export async function seedMeans(runs, points, steps = {}) {
  const query = new URLSearchParams([...runs.map((run) => ["run", run]), ["points", `${points}`]]);
  for (const [name, value] of Object.entries(steps)) query.set(name, `${value}`);
  const answer = await get(`api/curves?${query}`).catch(() => undefined); // a run may only be beginning
  return answer?.curves;
}
