/** A picture as large as the window, and the ones before and after it. */

import { filePath } from "./api.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { place, setQuery } from "./location.js";
import { nameOf, picturesOf } from "./pictures.js";

/** @type {import("./api.js").Artifact[]} */
let row = [];

/** @param {import("./run-data.js").Run} run @param {URLSearchParams} query */
export function lightboxView(run, query) {
  const wanted = query.get("pic");
  if (wanted === null) return nothing;
  const { films, single } = picturesOf(run.artifacts, { hasCurves: false, hasEvaluation: false });
  row = [...films, single].find((group) => group.some((picture) => nameOf(picture) === wanted)) ?? [];
  const at = row.findIndex((picture) => nameOf(picture) === wanted);
  const picture = row[at];
  if (picture === undefined) return nothing;
  const source = filePath(run.id, picture);
  return html`<dialog class="lightbox" aria-label=${picture.title} @close=${() => setQuery({ pic: null })} @click=${closeBeside}>
    <figure><img src=${source} alt=${picture.title}></figure>
    <div class="controls"><button aria-label="Picture before" ?disabled=${at === 0} @click=${() => turn(-1)}>‹</button>
      <output>${picture.title} <span class="soft">${at + 1} of ${row.length}</span></output>
      <button aria-label="Next picture" ?disabled=${at === row.length - 1} @click=${() => turn(1)}>›</button>
      <a class="button" href=${source} target="_blank" rel="noopener">By itself</a>
      <button @click=${(/** @type {any} */ e) => e.target.closest("dialog").close()}>Close</button></div>
  </dialog>`;
}

/** @param {number} step */
function turn(step) {
  const at = row.findIndex((picture) => nameOf(picture) === place().query.get("pic"));
  const next = row[at + step];
  if (next !== undefined) setQuery({ pic: nameOf(next) });
}

/** A click beside the picture closes it. @param {MouseEvent} event */
function closeBeside(event) {
  const dialog = /** @type {HTMLDialogElement} */ (event.currentTarget);
  if (event.target === dialog || event.target === dialog.firstElementChild) dialog.close();
}

/** Turns to another picture where a key says so. @param {KeyboardEvent} event */
export function isInLightbox(event) {
  if (place().query.get("pic") === null) return false;
  if (event.key === "ArrowLeft") turn(-1);
  if (event.key === "ArrowRight") turn(1);
  return true;
}
