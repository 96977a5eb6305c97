/**
 * What the page shows, kept in its address: `#/`, `#/runs/<id>`, `#/compare`, `#/sweeps`, `#/sweeps/<id>`, `#/workers`,
 * each with a query.
 *
 * @typedef {"list" | "run" | "compare" | "sweeps" | "sweep" | "workers" | "broken"} View
 * @typedef {{ view: View, id: string, query: URLSearchParams }} Place
 */

/** @param {string} [hash] @returns {Place} */
export function place(hash = location.hash) {
  const [path = "", text = ""] = hash.replace(/^#/, "").split("?", 2);
  const query = new URLSearchParams(text);
  const [, view = "", part = "", ...rest] = path.split("/");
  const id = decoded(part);
  if (id === undefined || rest.some((more) => more !== "")) return { view: "broken", id: path, query };
  if (view === "") return { view: "list", id: "", query };
  if (view === "runs" && id !== "") return { view: "run", id, query };
  if (view === "sweeps") return { view: id === "" ? "sweeps" : "sweep", id, query };
  if ((view === "compare" || view === "workers") && id === "") return { view, id, query };
  return { view: "broken", id: path, query };
}

/** @param {string} part @returns {string | undefined} undefined for half of an encoded letter */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** What stays while one goes from run to run: how curves are drawn, what the table shows, what is to be compared. */
const KEPT = [
  ...["log", "smooth", "axis", "cut", "tab"],
  ...["q", "status", "scenario", "sort", "group", "cols", "archived", "with"],
];

/** @param {URLSearchParams | undefined} query */
function kept(query) {
  const values = KEPT.flatMap((name) => {
    const value = query?.get(name);
    return value ? [[name, value]] : [];
  });
  return values.length === 0 ? "" : `?${new URLSearchParams(values)}`;
}

/** @param {string} id @param {URLSearchParams} [query] */
export function runLink(id, query) {
  return `#/runs/${encodeURIComponent(id)}${kept(query)}`;
}

/** @param {URLSearchParams} [query] */
export function listLink(query) {
  return `#/${kept(query)}`;
}

/** @param {URLSearchParams} [query] */
export function compareLink(query) {
  return `#/compare${kept(query)}`;
}

/** @param {string} id */
export function sweepLink(id) {
  return `#/sweeps/${encodeURIComponent(id)}`;
}

/** Sets values of the query, null taking one away, without a step in the history. @param {Record<string, string | null>} values */
export function setQuery(values) {
  const { query } = place();
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  const [path] = location.hash.split("?", 1);
  history.replaceState(null, "", `${path || "#/"}${query.size === 0 ? "" : `?${query}`}`);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
