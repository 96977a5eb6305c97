/** Taking numbers and pictures away. */

/** A table of runs as CSV. @param {readonly import("./table-model.js").Row[]} rows @param {readonly string[]} paths @param {readonly string[]} metrics */
export function csvOf(rows, paths, metrics) {
  const head = ["run", "scenario", "status", "seed", ...paths, ...metrics];
  const lines = rows.map((row) => [
    ...[row.run, row.scenario, row.status, row.seed],
    ...paths.map((path) => row.options[path]),
    ...metrics.map((name) => row.metrics[name]),
  ]);
  return `${[head, ...lines].map((cells) => cells.map(cell).join(",")).join("\n")}\n`;
}

/** @param {unknown} value */
function cell(value) {
  const text = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Has the browser keep a file. @param {string} name @param {Blob} data */
export function save(name, data) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(data);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
