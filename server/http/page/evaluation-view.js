/** What an evaluation came to: accuracy over epsilon under each attack, then a table, then its own words. */

import { zoomTo } from "./chart-controls.js";
import { familiesOf, largestOf } from "./evaluation.js";
import { budget } from "./format.js";
import { unsafeHTML } from "./lit-html/directives/unsafe-html.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { colorOf } from "./palette.js";

/** Strokes of families of classifiers. */
const STROKES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [1, 5], [14, 4]];
/** Norms as people write them. @type {Readonly<Record<string, string>>} */
const NORMS = { linf: "ℓ∞", l2: "ℓ2", l1: "ℓ1", l0: "ℓ0" };

/** @param {import("./evaluation.js").Evaluation} evaluation */
export function evaluationView({ classifiers, panels }) {
  const families = familiesOf(classifiers);
  const stroke = (/** @type {string} */ name) =>
    STROKES[(families[classifiers.indexOf(name)] ?? 0) % STROKES.length] ?? [];
  const color = (/** @type {string} */ name) => classifiers.indexOf(name);
  const curved = panels.filter(({ lines }) => lines.some(({ points }) => points.length > 1));
  return html`<section class="panel evaluation"><h2>Accuracy under attack <small>over ε, with 95 % intervals</small></h2>
    <p class="legend">${classifiers.map(
      (name) =>
        html`<span><svg width="30" height="10" aria-hidden="true"><line x1="1" x2="29" y1="5" y2="5" stroke=${colorOf(color(name))} stroke-width="2.5" stroke-dasharray=${stroke(name).join(" ")}></line></svg> ${name}</span> `,
    )}</p>
    <div class="multiples bare">${curved.map(({ attack, norm, lines }) => {
      const drawn = lines.map(({ classifier, points }) => ({
        ...{ label: classifier, color: color(classifier), dash: stroke(classifier) },
        x: points.map(({ epsilon }) => epsilon),
        ...{
          y: points.map((p) => p.accuracy),
          low: points.map((p) => p.low),
          high: points.map((p) => p.high),
        },
      }));
      const model = {
        lines: drawn,
        log: false,
        smooth: 0,
        from: null,
        to: null,
        height: 190,
        range: /** @type {[number, number]} */ ([0, 1]),
      };
      return html`<figure><figcaption><b>${named(attack, norm)}</b></figcaption>
        <dsgan-chart aria-label="Accuracy under ${attack} over epsilon" .model=${{ ...model, xLabel: `ε (${NORMS[norm] ?? norm})`, yLabel: "accuracy", zoom: zoomTo }}></dsgan-chart></figure>`;
    })}</div>
    ${table(classifiers, panels)}</section>`;
}

/** @param {string} attack @param {string} norm */
function named(attack, norm) {
  return attack.includes(norm)
    ? attack.replace(`-${norm}`, ` ${NORMS[norm] ?? norm}`)
    : `${attack} ${NORMS[norm] ?? norm}`;
}

/** @param {readonly string[]} classifiers @param {readonly import("./evaluation.js").Panel[]} panels */
function table(classifiers, panels) {
  const clean = classifiers.map((name) => {
    for (const { lines } of panels) {
      const point = lines
        .find(({ classifier }) => classifier === name)
        ?.points.find(({ epsilon }) => epsilon === 0);
      if (point !== undefined) return point;
    }
    return undefined;
  });
  const hasClean = clean.some((point) => point !== undefined);
  return html`<div class="scroll"><table class="values cards">
    <caption>Accuracy in percent, at the largest ε of each attack</caption>
    <thead><tr><th scope="col">classifier</th>${hasClean ? html`<th scope="col">clean</th>` : nothing}${panels.map((panel) => html`<th scope="col">${named(panel.attack, panel.norm)}<br>ε ${budget(largestOf(panel))}</th>`)}</tr></thead>
    <tbody>${classifiers.map(
      (name, i) =>
        html`<tr><th scope="row">${name}</th>${hasClean ? html`<td class="value" data-label="clean">${cell(clean[i])}</td>` : nothing}${panels.map(
          (panel) => {
            const at = largestOf(panel);
            return html`<td class="value" data-label="${named(panel.attack, panel.norm)} at ${budget(at)}">${cell(panel.lines.find(({ classifier }) => classifier === name)?.points.find(({ epsilon }) => epsilon === at))}</td>`;
          },
        )}</tr>`,
    )}</tbody></table></div>`;
}

/** @param {import("./evaluation.js").Point | undefined} point */
function cell(point) {
  if (point === undefined) return html`<span class="soft">–</span>`;
  const percent = (/** @type {number} */ value) => (100 * value).toFixed(1);
  return html`<span title="${percent(point.low)} to ${percent(point.high)}">${percent(point.accuracy)}</span>`;
}

/** A run's own words: HTML that the server has made of its Markdown, with everything in it escaped. @param {string} words */
export function wordsView(words) {
  if (words === "") return nothing;
  return html`<section class="panel words"><h2>In words</h2>${unsafeHTML(words)}</section>`;
}
