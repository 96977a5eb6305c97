/** The pictures of a run: those that it drew again and again as one through time, the others beside each other. */

import { filePath } from "./api.js";
import { repeat } from "./lit-html/directives/repeat.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { setQuery } from "./location.js";

/** Pictures from which they are shown small. */
const MANY = 6;

/** @typedef {import("./api.js").Artifact} Artifact */
/** @typedef {{ films: Artifact[][], single: Artifact[] }} Pictures */

/**
 * Pictures that a run draws again and again, by what their names have in common, and those that it drew once. What it
 * drew of the same at the end is the last of them. What the page draws by itself is left out.
 * @param {readonly Artifact[]} artifacts @param {{ hasCurves: boolean, hasEvaluation: boolean }} has @returns {Pictures}
 */
export function picturesOf(artifacts, { hasCurves, hasEvaluation }) {
  const pictures = artifacts.filter(
    ({ path }) =>
      /\.(png|jpe?g)$/i.test(path) &&
      !(hasCurves && /\/losses\.png$/.test(path)) &&
      !(hasEvaluation && /\/accuracy\.png$/.test(path)),
  );
  const alike = Map.groupBy(pictures, ({ path }) => path.replace(/\d+(?=\D*$)/, "#"));
  const films = [...alike].flatMap(([name, group]) =>
    /step-#|epoch-#/.test(name) && (group.length > 1 || /preview/.test(name)) ? [group] : [],
  );
  const single = pictures.filter((picture) => !films.some((film) => film.includes(picture)));
  const last = single.find(({ path }) => /\/(samples|pg)\.png$/.test(path));
  const [film] = films;
  if (last === undefined || film === undefined) return { films, single };
  return {
    films: [[...film, { ...last, title: `${last.title}, at the end` }], ...films.slice(1)],
    single: single.filter((picture) => picture !== last),
  };
}

/** @param {import("./run-data.js").Run} run @param {Artifact[]} pictures */
export function gallery(run, pictures) {
  if (pictures.length === 0) return nothing;
  return html`<section class="panel"><h2>Pictures <small>${pictures.length}</small></h2>
    <div class="pictures ${pictures.length > MANY ? "small" : ""}">${repeat(
      pictures,
      ({ path }) => path,
      (picture) => html`<figure>${image(run, picture)}<figcaption>${picture.title}</figcaption></figure>`,
    )}</div></section>`;
}

/** A picture that a click enlarges. @param {import("./run-data.js").Run} run @param {Artifact} picture */
function image(run, picture) {
  return html`<button class="picture" aria-label="Enlarge: ${picture.title}" @click=${() => setQuery({ pic: nameOf(picture) })}><img src=${filePath(run.id, picture)} alt=${picture.title}></button>`;
}

/** What the address calls a picture. @param {Artifact} picture */
export function nameOf({ path }) {
  return path.replace(/^artifacts\//, "");
}

/** Samples through time; the newest unless another is chosen. @param {import("./run-data.js").Run} run @param {URLSearchParams} query @param {Artifact[]} group */
export function film(run, query, group) {
  const wanted = query.get("frame");
  const found = group.findIndex(({ path }) => path.endsWith(wanted ?? "\0"));
  const at = found < 0 ? group.length - 1 : found;
  const picture = /** @type {Artifact} */ (group[at]);
  /** @param {number} index */
  const show = (index) =>
    setQuery({ frame: index >= group.length - 1 ? null : (group[index]?.path.split("/").at(-1) ?? null) });
  return html`<section class="panel film">
    <h2>Samples <small>${found < 0 ? "the newest" : "as they were"}</small></h2>
    <figure>${image(run, picture)}</figure>
    <div class="controls">
      <button aria-label="Earlier" ?disabled=${at === 0} @click=${() => show(at - 1)}>‹</button>
      <input type="range" min="0" max=${group.length - 1} step="1" .value=${String(at)} aria-label="Samples through time"
        aria-valuetext=${picture.title} ?disabled=${group.length < 2} @input=${(/** @type {any} */ e) => show(Number(e.target.value))}>
      <button aria-label="Later" ?disabled=${at === group.length - 1} @click=${() => show(at + 1)}>›</button>
      <output>${picture.title}</output>
    </div>
  </section>`;
}
