/**
 * What the page shows, kept in its address: `#/`, `#/runs/<id>`, `#/compare`, each with a query.
 *
 * @typedef {{ view: "list" | "run" | "compare", id: string, query: URLSearchParams }} Place
 */

/** @returns {Place} */
export function place() {
  const [path = "", query = ""] = location.hash.replace(/^#/, "").split("?", 2);
  const [, view, id = ""] = path.split("/");
  const params = new URLSearchParams(query);
  if (view === "runs" && id !== "") return { view: "run", id: decodeURIComponent(id), query: params };
  return { view: view === "compare" ? "compare" : "list", id: "", query: params };
}

/** What stays while one goes from run to run: how curves are drawn, the filter of the list, what is to be compared. */
const KEPT = ["log", "smooth", "tab", "status", "scenario", "tag", "with"];

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
