/** Starting a run. */
import { html, nothing } from "./lit-html/lit-html.js";

/**
 * @param {{
 *   scenarios: { name: string, description: string }[], error: string, busy: boolean,
 *   start(form: { scenario: string, set: string }): void, close(): void
 * }} model
 */
export function startView({ scenarios, error, busy, start, close }) {
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const text = String(form.get("text") ?? "").trim();
    start({ scenario: text === "" ? String(form.get("name")) : text, set: String(form.get("set") ?? "") });
  };
  return html`<dialog id="start" aria-labelledby="start-title" @close=${close}>
    <form @submit=${submit}>
      <h2 id="start-title">Start a run</h2>
      <label>Scenario <select name="name">${scenarios.map(({ name, description }) => html`<option value=${name} title=${description}>${name}</option>`)}</select></label>
      <label>or one of your own, in YAML <textarea name="text" rows="6" spellcheck="false" placeholder="name: mine&#10;application: …"></textarea></label>
      <label>Overrides, one a line <textarea name="set" rows="2" spellcheck="false" placeholder="application.steps=500"></textarea></label>
      ${error === "" ? nothing : html`<p class="note failed" role="alert"><span class="lines">${error}</span></p>`}
      <div class="controls"><button type="submit" class="primary" ?disabled=${busy}>${busy ? "Starting…" : "Start"}</button>
        <button type="button" @click=${(/** @type {any} */ e) => e.target.closest("dialog").close()}>Close</button></div>
    </form>
  </dialog>`;
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
