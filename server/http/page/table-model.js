/** The table of runs as numbers and texts: which columns it has, how rows are found, sorted and put together. */
import { readable, short } from "./format.js";

/** @typedef {import("../table.ts").TableRow} Row */
/** @typedef {{ id: string, name: string, title: string }} Column `o:<path>` is an option, `m:<name>` a metric */

/** Columns that are shown unless others are chosen. */
const OPTIONS = 4;
const METRICS = 4;

/** A row's value in a column, as it is sorted by. @param {Row} row @param {string} id */
export function valueIn(row, id) {
  if (id.startsWith("o:")) return row.options[id.slice(2)];
  if (id.startsWith("m:")) return row.metrics[id.slice(2)];
  if (id === "name") return nameOf(row);
  return /** @type {Record<string, unknown>} */ (row)[id];
}

/** What a run is called. @param {Row} row */
export function nameOf({ name, scenario }) {
  return name ?? scenario;
}

/**
 * The options and the metrics that rows can show, those of most rows first.
 * @param {readonly Row[]} rows @param {Readonly<Record<string, string>>} names
 * @returns {{ options: Column[], metrics: Column[] }}
 */
export function columnsOf(rows, names) {
  const options = byNumber(rows.flatMap((row) => Object.keys(row.options))).filter((path) => {
    const values = new Set(
      rows.filter((row) => path in row.options).map((row) => JSON.stringify(row.options[path])),
    );
    return values.size > 1;
  });
  const metrics = byNumber(rows.flatMap((row) => Object.keys(row.metrics)));
  return {
    options: options.map((path) => ({ id: `o:${path}`, name: shortName(path, names), title: path })),
    metrics: metrics.map((name) => ({ id: `m:${name}`, name: readable(name), title: name })),
  };
}

/** As much of a path as tells it apart. @param {string} path @param {Readonly<Record<string, string>>} names */
export function shortName(path, names) {
  return (names[path] ?? path).replace(/^application\./, "");
}

/** Each once, the most frequent first. @param {readonly string[]} words */
function byNumber(words) {
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([word]) => /** @type {string} */ (word));
}

/**
 * The columns that are shown: those that were chosen, or else the options of most rows and the metrics that their
 * scenarios ask about.
 * @param {readonly Row[]} rows @param {{ options: Column[], metrics: Column[] }} all @param {string | null} chosen joined by commas
 */
export function shownColumns(rows, { options, metrics }, chosen) {
  if (chosen !== null) {
    const ids = chosen.split(",");
    return [...options, ...metrics].filter(({ id }) => ids.includes(id));
  }
  const asked = byNumber(rows.flatMap((row) => row.asked)).map((name) => `m:${name}`);
  const wanted = metrics.filter(({ id }) => asked.includes(id));
  return [...options.slice(0, OPTIONS), ...(wanted.length > 0 ? wanted : metrics).slice(0, METRICS)];
}

/**
 * The rows that have every word in them, and are as the filter says.
 * @param {readonly Row[]} rows
 * @param {{ words: string, statuses: ReadonlySet<string>, scenario: string, archived: boolean }} filter
 */
export function found(rows, { words, statuses, scenario, archived }) {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) =>
      (archived || !row.archived) &&
      (statuses.size === 0 || statuses.has(row.status)) &&
      (scenario === "" || row.scenario === scenario) &&
      (parts.length === 0 || hasAll(textOf(row), parts)),
  );
}

/** @param {string} text @param {readonly string[]} parts */
function hasAll(text, parts) {
  return parts.every((part) => text.includes(part));
}

/** All that is searched of a row. @param {Row} row */
function textOf({
  run,
  scenario,
  name = "",
  note = "",
  tags,
  status,
  seed,
  options,
  sweep = "",
  error = "",
}) {
  const settings = Object.entries(options).map(([path, value]) => `${path}=${short(value)}`);
  return [run, scenario, name, note, ...tags, status, `seed=${seed}`, ...settings, sweep, error]
    .join(" ")
    .toLowerCase();
}

/** @typedef {{ key: string, first: Row, rows: Row[] }} Setting rows that differ in their seed alone */
/** @typedef {{ title: string, sweep: string | undefined, rows: Row[], settings: Setting[] }} Section */

/** Rows by scenario or by sweep, and in there by what their options are. @param {readonly Row[]} rows @param {"scenario" | "sweep"} by @returns {Section[]} */
export function sectionsOf(rows, by) {
  const groups = Map.groupBy(rows, (row) => (by === "sweep" ? (row.sweep ?? "") : row.scenario));
  return [...groups].map(([key, own]) => ({
    title: by === "sweep" ? (key === "" ? "in no sweep" : key) : key,
    sweep: by === "sweep" && key !== "" ? key : undefined,
    rows: own,
    settings: settingsOf(own, key),
  }));
}

/** @param {readonly Row[]} rows @param {string} section @returns {Setting[]} */
function settingsOf(rows, section) {
  const groups = Map.groupBy(rows, ({ scenario, options }) =>
    JSON.stringify([section, scenario, Object.entries(options).sort()]),
  );
  return [...groups].map(([key, own]) => ({ key, first: /** @type {Row} */ (own[0]), rows: own }));
}

/** A number over rows: those that have it. @param {readonly Row[]} rows @param {string} id @returns {{ mean: number, deviation: number, values: number[] } | undefined} */
export function spreadOf(rows, id) {
  const values = rows.flatMap((row) => {
    const value = valueIn(row, id);
    // Metrics that JSON has no number for are named.
    return typeof value === "number" || (typeof value === "string" && id.startsWith("m:"))
      ? [Number(value)]
      : [];
  });
  if (values.length === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)), values };
}

/** What tells runs apart, a text for each: the options in which they differ, and the seed. @param {readonly Row[]} rows @param {Readonly<Record<string, string>>} names */
export function labelsOf(rows, names) {
  const differing = differingOptions(rows);
  const scenarios = new Set(rows.map(({ scenario }) => scenario));
  const seeds = new Set(rows.map(({ seed }) => seed));
  const texts = rows.map((row) =>
    [
      ...(row.name !== undefined ? [row.name] : scenarios.size > 1 ? [row.scenario] : []),
      ...differing
        .filter((path) => path in row.options)
        .map((path) => `${shortName(path, names)} ${short(row.options[path])}`),
      ...(seeds.size > 1 && row.seed !== undefined ? [`seed ${row.seed}`] : []),
    ].join(", "),
  );
  // Alike in all of it: the end of the id tells them apart.
  return texts.map((text, i) => {
    const isAlone = texts.indexOf(text) === texts.lastIndexOf(text) && text !== "";
    return isAlone ? text : [text, rows[i]?.run.split("-").slice(-2).join("-")].filter(Boolean).join(", ");
  });
}

/** Paths of the options that rows have unlike each other. @param {readonly Row[]} rows */
export function differingOptions(rows) {
  const paths = new Set(rows.flatMap(({ options }) => Object.keys(options)));
  return [...paths].filter(
    (path) => new Set(rows.map(({ options }) => JSON.stringify(options[path]))).size > 1,
  );
}
