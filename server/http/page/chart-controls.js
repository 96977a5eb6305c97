/** How curves are drawn, as the address says, and what changes it. */
import { html, nothing } from "./lit-html/lit-html.js";
import { setQuery } from "./location.js";

/** @param {URLSearchParams} query */
export function drawing(query) {
  const [from, to] = (query.get("x") ?? "").split("~").map(Number);
  const isZoomed =
    from !== undefined && to !== undefined && Number.isFinite(from) && Number.isFinite(to) && from < to;
  return {
    log: query.get("log") === "1",
    smooth: Math.min(0.99, Math.max(0, Number(query.get("smooth") ?? 0) || 0)),
    cut: query.get("cut") === "1",
    isTimed: query.get("axis") === "time",
    from: isZoomed ? from : null,
    to: isZoomed ? to : null,
  };
}

/** @param {number | null} from @param {number | null} to */
export function zoomTo(from, to) {
  setQuery({
    x: from === null || to === null ? null : `${Number(from.toPrecision(6))}~${Number(to.toPrecision(6))}`,
  });
}

/** @param {URLSearchParams} query @param {{ smooth?: boolean, time?: boolean }} [has] */
export function chartControls(query, { smooth: canSmooth = true, time = false } = {}) {
  const { smooth, log, cut, isTimed, from } = drawing(query);
  return html`<div class="controls">
    ${
      canSmooth
        ? html`<label>smooth <input type="range" min="0" max="0.99" step="0.01" .value=${String(smooth)} aria-valuetext=${smooth.toFixed(2)}
      @input=${(/** @type {any} */ e) => setQuery({ smooth: e.target.value === "0" ? null : e.target.value })}><output>${smooth.toFixed(2)}</output></label>`
        : nothing
    }
    <label><input type="checkbox" .checked=${log} @change=${(/** @type {any} */ e) => setQuery({ log: e.target.checked ? "1" : null })}> log axis</label>
    <label><input type="checkbox" .checked=${cut} @change=${(/** @type {any} */ e) => setQuery({ cut: e.target.checked ? "1" : null })}> ignore outliers</label>
    ${
      time
        ? html`<label>over <select @change=${(/** @type {any} */ e) => setQuery({ axis: e.target.value, x: null })}>
      <option value="" ?selected=${!isTimed}>steps</option><option value="time" ?selected=${isTimed}>wall time</option></select></label>`
        : nothing
    }
    <button ?disabled=${from === null} @click=${() => zoomTo(null, null)}>Show all</button>
  </div>`;
}
