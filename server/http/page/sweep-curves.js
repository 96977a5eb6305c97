/** Mean curves of trials, with a band over their seeds. */

import { chartControls, drawing, zoomTo } from "./chart-controls.js";
import { short } from "./format.js";
import { html, nothing } from "./lit-html/lit-html.js";

/** @param {{ sweep: import("./sweep-data.js").Sweep, trials: import("./api.js").Trials, drawn: ReadonlySet<string>, query: URLSearchParams }} model */
export function sweepCurves({ sweep, trials: { trials, names }, drawn, query }) {
  const how = { ...drawing(query), smooth: 0 };
  sweep.zoom(how.from, how.to);
  const ids = [...drawn];
  const shown = ids.flatMap((id, color) => {
    const trial = trials.find((one) => one.trial === id);
    const detail = sweep.details.get(id);
    const isOfIt = detail?.from === how.from && detail?.to === how.to;
    const curves = isOfIt ? detail?.curves : sweep.curves.get(id);
    return trial === undefined || curves === undefined ? [] : [{ trial, curves, color }];
  });
  /** @type {Map<string, import("./chart.js").ChartLine[]>} */
  const charts = new Map();
  for (const { trial, curves, color } of shown) {
    const label = Object.entries(trial.settings)
      .map(([path, value]) => `${names[path]} ${short(value)}`)
      .join(", ");
    for (const { stage, metric, x, mean, deviation, n } of curves) {
      if (x.length < 2) continue;
      const isBand = n.some((runs) => runs > 1);
      const band = isBand
        ? {
            low: mean.map((value, i) => value - (deviation[i] ?? 0)),
            high: mean.map((value, i) => value + (deviation[i] ?? 0)),
          }
        : {};
      const key = JSON.stringify([stage, metric]);
      charts.set(key, [...(charts.get(key) ?? []), { label, color, x, y: mean, ...band }]);
    }
  }
  return html`<section class="panel"><h2>Curves <small>mean ± standard deviation over seeds</small></h2>
    ${
      charts.size === 0
        ? html`<p class="hint">${drawn.size === 0 ? "Choose trials in the table above." : "No numbers yet."}</p>`
        : html`${chartControls(query, { smooth: false })}<div class="multiples">${[...charts].map(
            ([key, lines]) => {
              const [stage, metric] = JSON.parse(key);
              return html`<figure><figcaption><b>${metric}</b> <span class="soft">${stage}</span></figcaption>
              <dsgan-chart aria-label="${metric} in ${stage}, over seeds" .model=${{ ...how, xLabel: "step", yLabel: metric, zoom: zoomTo, lines }}></dsgan-chart></figure>`;
            },
          )}</div>`
    }${nothing}</section>`;
}
