/** Means over seeds of runs that are compared. */
import { get } from "./api.js";

/** By the runs and how far they were. @type {Map<string, import("./api.js").SeedCurve[]>} */
const known = new Map();
/** @type {Set<string>} */
const asked = new Set();
/** Groups that are remembered. */
const MOST = 32;

/** The mean curves of runs; none until the server has answered. @param {readonly import("./run-data.js").Run[]} runs @param {() => void} changed */
export function seedCurves(runs, changed) {
  const names = JSON.stringify(runs.map(({ id }) => id));
  const key = JSON.stringify(
    runs.map(({ id, summary }) => [
      id,
      summary?.status === "running" ? Math.floor((summary.events ?? 0) / 50) : "over",
    ]),
  );
  if (!asked.has(key)) {
    asked.add(key);
    void load(runs, names, changed);
  }
  return known.get(names) ?? [];
}

/** @param {readonly import("./run-data.js").Run[]} runs @param {string} names @param {() => void} changed */
async function load(runs, names, changed) {
  const query = new URLSearchParams(runs.map(({ id }) => ["run", id]));
  query.set("points", "400");
  const answer = await get(`api/curves?${query}`).catch(() => undefined);
  if (answer === undefined) return;
  known.delete(names);
  known.set(names, answer.curves);
  const oldest = known.keys().next().value;
  if (known.size > MOST && oldest !== undefined) known.delete(oldest);
  changed();
}
