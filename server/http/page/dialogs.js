/** Questions that are asked before something is done, and the form with which a run is started. */
import { html, nothing } from "./lit-html/lit-html.js";

/**
 * @typedef {{ name: string, label: string, value?: string, hint?: string, rows?: number }} Field
 * @typedef {{ title: string, text?: string, fields?: Field[], yes: string, isDangerous?: boolean, act(values: Record<string, string>): void }} Question
 */

/** @param {Question} question @param {() => void} close */
export function questionView({ title, text, fields = [], yes, isDangerous = false, act }, close) {
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    close();
    act(Object.fromEntries([...form].map(([name, value]) => [name, String(value)])));
  };
  return html`<dialog id="question" class="modal" aria-labelledby="question-title" @close=${close}>
    <form @submit=${submit}>
      <h2 id="question-title">${title}</h2>
      ${text === undefined ? nothing : html`<p>${text}</p>`}
      ${fields.map(({ name, label, value = "", hint = "", rows }) =>
        rows === undefined
          ? html`<label>${label} <input name=${name} .value=${value} placeholder=${hint} autocomplete="off"></label>`
          : html`<label>${label} <textarea name=${name} rows=${rows} placeholder=${hint} .value=${value}></textarea></label>`,
      )}
      <div class="controls"><button type="submit" class=${isDangerous ? "danger" : "primary"}>${yes}</button>${cancel()}</div>
    </form></dialog>`;
}

function cancel() {
  return html`<button type="button" @click=${(/** @type {any} */ e) => e.target.closest("dialog").close()}>Close</button>`;
}

/**
 * @typedef {{ scenario: string, set: string }} Order
 * @typedef {{
 *   scenarios: { name: string, description: string }[], error: string, busy: boolean, text: string, from: string
 * }} Starting `text` is a scenario that is to be changed, `from` the run that it is of
 */

/** @param {Starting} starting @param {(order: Order) => void} start @param {() => void} close */
export function startView({ scenarios, error, busy, text, from }, start, close) {
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const own = String(form.get("text") ?? "").trim();
    start({ scenario: own === "" ? String(form.get("name")) : own, set: String(form.get("set") ?? "") });
  };
  const isClone = from !== "";
  return html`<dialog id="start" class="modal ${isClone ? "wide" : ""}" aria-labelledby="start-title" @close=${close}>
    <form @submit=${submit}>
      <h2 id="start-title">${isClone ? "Run it again, changed" : "Start a run"}</h2>
      ${
        isClone
          ? html`<p class="hint">The scenario of ${from}, every default filled in.</p>`
          : html`<label>Scenario <select name="name">${scenarios.map(({ name, description }) => html`<option value=${name} title=${description}>${name}</option>`)}</select></label>`
      }
      <label>${isClone ? "Scenario" : "or one of your own, in YAML"} <textarea name="text" rows=${isClone ? 18 : 6} spellcheck="false" placeholder="name: mine&#10;application: …" .value=${text}></textarea></label>
      <label>Overrides, one a line <textarea name="set" rows="2" spellcheck="false" placeholder="application.steps=500"></textarea></label>
      ${error === "" ? nothing : html`<p class="note failed" role="alert"><span class="lines">${error}</span></p>`}
      <div class="controls"><button type="submit" class="primary" ?disabled=${busy}>${busy ? "Starting…" : "Start"}</button>${cancel()}</div>
    </form>
  </dialog>`;
}

/** Values by path, of lines `path=value`: JSON where it is, else text. @param {string} text */
export function overridesOf(text) {
  return Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line) => {
        const at = line.indexOf("=");
        const value = line.slice(at + 1).trim();
        try {
          return [line.slice(0, at).trim(), JSON.parse(value)];
        } catch {
          return [line.slice(0, at).trim(), value];
        }
      }),
  );
}

/** @param {{ error: string, give(token: string): void }} model */
export function tokenView({ error, give }) {
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    give(String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("token")));
  };
  return html`<main class="alone"><section class="panel">
    <h1>dsgan</h1><p>This server asks for its token (<code>DSGAN_TOKEN</code>).</p>
    <form class="controls" @submit=${submit}><input name="token" type="password" autocomplete="current-password" aria-label="Token" required>
      <button type="submit" class="primary">Open</button></form>
    ${error === "" ? nothing : html`<p class="note failed" role="alert">${error}</p>`}
  </section></main>`;
}
