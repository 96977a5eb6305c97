/** The files of a run, and its scenario and environment as text. */

import { filePath, runPath } from "./api.js";
import { clock, size } from "./format.js";
import { html } from "./lit-html/lit-html.js";

/** @param {import("./run-data.js").Run} run */
export function filesView(run) {
  if (run.artifacts.length === 0)
    return html`<section class="panel"><p class="hint">No files yet.</p></section>`;
  return html`<section class="panel"><table class="cards">
    <thead><tr><th scope="col">file</th><th scope="col">what</th><th scope="col">size</th><th scope="col">kept at</th></tr></thead>
    <tbody>${run.artifacts.map(
      (
        artifact,
      ) => html`<tr><th scope="row"><a href=${filePath(run.id, artifact)} target="_blank" rel="noopener">${artifact.path.replace(/^artifacts\//, "")}</a></th>
      <td>${artifact.title}</td><td class="value">${size(artifact.bytes)}</td><td class="value">${clock(artifact.time)}</td></tr>`,
    )}</tbody>
  </table></section>`;
}

/** @param {import("./run-data.js").Run} run @param {Map<string, string>} texts @param {string} part */
export function textView(run, texts, part) {
  const shown = texts.get(`${run.id} ${part}`);
  return html`<section class="panel"><pre class="document">${shown ?? "Loading…"}</pre>
    <p class="controls"><a href=${runPath(run.id, `/${part}`)} target="_blank" rel="noopener">${part === "scenario" ? "as a file" : "as JSON"}</a></p></section>`;
}
