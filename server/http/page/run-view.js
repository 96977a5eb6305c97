/** One run: how it stands, its curves, what it draws, its events, what it was made from. */

import { filePath, runPath } from "./api.js";
import { chartControls, drawing, zoomTo } from "./chart-controls.js";
import { clock, duration, moment, number, size } from "./format.js";
import { repeat } from "./lit-html/directives/repeat.js";
import { html, nothing } from "./lit-html/lit-html.js";
import { listLink, setQuery } from "./location.js";

export const TABS = /** @type {const} */ (["overview", "events", "files", "scenario", "environment"]);

/**
 * @param {{
 *   run: import("./run-data.js").Run, query: URLSearchParams, texts: Map<string, string>, aspects: Map<string, number>,
 *   canStart: boolean, busy: string, act(action: "cancel" | "resume"): void, older(): void, draw(): void
 * }} model
 */
export function runView(model) {
  const { run, query } = model;
  if (run.state === "gone") {
    return html`<section class="panel"><h1>${run.id}</h1><p class="note failed">${run.error}</p><p><a href="#/">All runs</a></p></section>`;
  }
  if (run.summary === undefined) {
    return html`<section class="panel"><p class="hint">${run.state === "lost" ? "The server does not answer. Trying again…" : "Loading…"}</p></section>`;
  }
  const tab = TABS.find((name) => name === query.get("tab")) ?? "overview";
  return html`
    ${head(model, run.summary)}
    ${trouble(run.summary)}
    <div class="tabs" role="tablist" @keydown=${arrows}>
      ${TABS.map(
        (
          name,
        ) => html`<button role="tab" id="tab-${name}" aria-selected=${tab === name} tabindex=${tab === name ? 0 : -1}
        aria-controls="tabpanel" @click=${() => setQuery({ tab: name === "overview" ? null : name })}>${name}</button>`,
      )}
    </div>
    <div id="tabpanel" role="tabpanel" aria-labelledby="tab-${tab}">
      ${
        tab === "overview"
          ? overview(model, run.summary)
          : tab === "events"
            ? events(model)
            : tab === "files"
              ? files(run)
              : text(model, tab)
      }
    </div>`;
}

/** Arrow keys go from tab to tab. @param {KeyboardEvent} event */
function arrows(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step === undefined) return;
  const tabs = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("button")];
  const at = tabs.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const next = tabs[(at + step + tabs.length) % tabs.length];
  next?.click();
  next?.focus();
}

/** @param {Parameters<typeof runView>[0]} model @param {import("./api.js").Summary} summary */
function head({ run, query, canStart, busy, act }, summary) {
  const { scenario, status, began, seconds, engine, application, seed, stages, rate, left } = summary;
  const isRunning = status === "running" && run.state !== "ended";
  const stage = stages.at(-1);
  const share = stage?.steps ? (stage.step ?? 0) / stage.steps : undefined;
  const canResume =
    canStart &&
    (status === "cancelled" || status === "paused" || status === "failed" || status === "abandoned");
  return html`
    <header class="run-head">
      <div class="title">
        <a class="back" href=${listLink(query)} aria-label="All runs">‹</a>
        <h1>${scenario}</h1>
        <span class="badge ${status}" role="status">${status}</span>
        ${isRunning && run.state === "live" ? html`<span class="live"><span class="pulse"></span>live</span>` : nothing}
        ${run.state === "lost" ? html`<span class="live lost">connection lost, trying again…</span>` : nothing}
        <span class="actions">
          ${isRunning && canStart ? html`<button ?disabled=${busy !== ""} @click=${() => act("cancel")}>Stop</button>` : nothing}
          ${canResume ? html`<button ?disabled=${busy !== ""} @click=${() => act("resume")}>Resume</button>` : nothing}
        </span>
      </div>
      ${busy === "" ? nothing : html`<p class="note">${busy}</p>`}
      <p class="facts">
        <span title=${moment(began)}>${moment(began)}</span>
        ${seconds === undefined ? nothing : html`<span>took ${duration(seconds)}</span>`}
        ${application === undefined ? nothing : html`<span>${application}, seed ${seed}</span>`}
        ${engine === undefined ? nothing : html`<span title="${engine.device}: ${engine.reason}">${engine.name} ${engine.version}</span>`}
        <code>${run.id}</code>
      </p>
      ${
        isRunning && stage !== undefined
          ? html`<div class="going">
            <progress max="1" .value=${share ?? 0} aria-label="Stage ${stage.stage}"></progress>
            <span><b>${stage.stage}</b> ${stage.step === undefined ? nothing : html`${stage.step}${stage.steps ? html` of ${stage.steps}` : nothing}`}</span>
            ${rate === undefined ? nothing : html`<span>${number(rate)} steps/s</span>`}
            ${left === undefined ? nothing : html`<span>${duration(left)} left</span>`}
          </div>`
          : nothing
      }
    </header>`;
}

/** @param {import("./api.js").Summary} summary */
function trouble({ error, status, warnings }) {
  return html`
    ${error === undefined ? nothing : html`<div class="note failed"><b>It failed.</b><pre>${error}</pre></div>`}
    ${
      status === "abandoned"
        ? html`<p class="note cancelled">Nobody writes this run any more, and it has not come to an end: its process is gone.</p>`
        : nothing
    }
    ${
      warnings.length === 0
        ? nothing
        : html`<details class="note cancelled"><summary>${warnings.length === 1 ? warnings[0] : `${warnings.length} warnings`}</summary>
      <ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul></details>`
    }`;
}

/** @param {Parameters<typeof runView>[0]} model @param {import("./api.js").Summary} summary */
function overview(model, summary) {
  const { run, query, aspects } = model;
  const { films, single } = pictureGroups(run.artifacts);
  // Several plots side by side need the whole width.
  const isWide = films.some((film) => film.some(({ path }) => (aspects.get(path) ?? 1) > WIDE));
  return html`
    ${expectations(summary)}
    <div class="columns ${isWide ? "one" : ""}">
      <div class="column">${charts(run, query)}</div>
      <div class="column">${films.map((pictures) => film(model, pictures))}
        ${films.length + single.length === 0 ? html`<section class="panel"><h2>Samples</h2><p class="hint">No pictures yet.</p></section>` : nothing}
        ${isWide ? nothing : gallery(model, single)}</div>
    </div>
    ${isWide ? gallery(model, single) : nothing}
    <div class="columns even">
      <div class="column">${metrics(summary)}</div>
      <div class="column">${stages(summary)}</div>
    </div>`;
}

/** Width over height from which a picture is wide. */
const WIDE = 2;

/** @param {import("./api.js").Summary} summary */
function expectations({ expectations, expected }) {
  if (expectations.length + expected.length === 0) return nothing;
  const met = expectations.filter((e) => e.met).length;
  const count = expectations.length === 0 ? "judged at the end" : `${met} of ${expectations.length} met`;
  return html`<section class="panel">
    <h2>Expectations <small>${count}</small></h2>
    <ul class="expectations">
      ${expectations.map(
        ({ metric, expected, value, met }) => html`
        <li class=${met ? "met" : "unmet"}>
          <span class="mark" aria-hidden="true">${met ? "✓" : "✗"}</span>
          <span class="metric">${metric}</span>
          <span class="value">${value === undefined ? "–" : number(value)}</span>
          <span class="bounds">${met ? "" : "missed: "}${expected}</span>
        </li>`,
      )}
      ${expected.map(
        ({ metric, expected }) => html`
        <li class="open"><span class="mark" aria-hidden="true">·</span><span class="metric">${metric}</span><span class="value"></span><span class="bounds">${expected}</span></li>`,
      )}
    </ul>
  </section>`;
}

/** @param {import("./run-data.js").Run} run @param {URLSearchParams} query */
function charts(run, query) {
  const how = drawing(query);
  run.zoom(how.from, how.to);
  const isDetailed = run.detail !== undefined && run.detail.from === how.from && run.detail.to === how.to;
  const series = isDetailed && run.detail !== undefined ? run.detail.series : run.series;
  const byStage = Map.groupBy(series, (s) => s.stage);
  return html`<section class="panel">
    <h2>Curves</h2>
    ${byStage.size === 0 ? html`<p class="hint">No numbers yet.</p>` : chartControls(query)}
    ${[...byStage].map(
      ([stage, curves]) => html`
      <h3>${stage}</h3>
      <dsgan-chart aria-label="Curves of ${stage}: drag to zoom, + − and arrow keys move, 0 shows all" .model=${{
        ...how,
        xLabel: "step",
        zoom: zoomTo,
        lines: curves.map(({ metric, x, y }, color) => ({ label: metric, color, x, y })),
      }}></dsgan-chart>`,
    )}
    ${byStage.size === 0 ? nothing : html`<p class="hint keys">Drag to zoom, double click to see all; a click on a name hides its line.</p>`}
  </section>`;
}

/**
 * Pictures that a run draws again and again, by what their names have in common, and those that it drew once. What it
 * drew of the same at the end is the last of them.
 * @param {import("./api.js").Artifact[]} artifacts
 */
function pictureGroups(artifacts) {
  const pictures = artifacts.filter(({ path }) => /\.(png|jpe?g)$/i.test(path));
  const alike = Map.groupBy(pictures, ({ path }) => path.replace(/\d+(?=\D*$)/, "#"));
  const films = [...alike].flatMap(([name, group]) =>
    name.includes("#") && (group.length > 1 || /preview/.test(name)) ? [group] : [],
  );
  const single = pictures.filter((picture) => !films.some((film) => film.includes(picture)));
  const last = single.find(({ path }) => /\/(samples|pg)\.png$/.test(path));
  const [film] = films;
  if (last === undefined || film === undefined) return { films, single };
  const isShown = last.path.endsWith("/samples.png");
  return {
    films: [[...film, { ...last, title: `${last.title}, at the end` }], ...films.slice(1)],
    single: isShown ? single.filter((picture) => picture !== last) : single,
  };
}

/** @param {Parameters<typeof runView>[0]} model @param {import("./api.js").Artifact[]} pictures */
function gallery(model, pictures) {
  if (pictures.length === 0) return nothing;
  return html`<section class="panel"><h2>Pictures</h2><div class="pictures">
    ${repeat(
      pictures,
      ({ path }) => path,
      (picture) => figure(model, picture),
    )}
  </div></section>`;
}

/** @param {Parameters<typeof runView>[0]} model @param {import("./api.js").Artifact} picture */
function figure(model, picture) {
  const isWide = (model.aspects.get(picture.path) ?? 1) > WIDE;
  return html`<figure class=${isWide ? "wide" : ""}>${image(model, picture)}<figcaption>${picture.title}</figcaption></figure>`;
}

/** A picture that a click opens by itself. @param {Parameters<typeof runView>[0]} model @param {import("./api.js").Artifact} picture */
function image({ run, aspects, draw }, picture) {
  const source = filePath(run.id, picture);
  /** @param {Event} event */
  const loaded = (event) => {
    const { naturalWidth, naturalHeight } = /** @type {HTMLImageElement} */ (event.target);
    const aspect = naturalWidth / (naturalHeight || 1);
    if (aspects.get(picture.path) === aspect) return;
    aspects.set(picture.path, aspect);
    draw();
  };
  return html`<a href=${source} target="_blank" rel="noopener"><img src=${source} alt=${picture.title} @load=${loaded}></a>`;
}

/** Samples through time; the newest unless another is chosen. @param {Parameters<typeof runView>[0]} model @param {import("./api.js").Artifact[]} group */
function film(model, group) {
  const { query } = model;
  const wanted = query.get("frame");
  const found = group.findIndex(({ path }) => path.endsWith(wanted ?? "\0"));
  const at = found < 0 ? group.length - 1 : found;
  const picture = /** @type {import("./api.js").Artifact} */ (group[at]);
  /** @param {number} index */
  const show = (index) =>
    setQuery({ frame: index >= group.length - 1 ? null : (group[index]?.path.split("/").at(-1) ?? null) });
  return html`<section class="panel film">
    <h2>Samples <small>${found < 0 ? "the newest" : "as they were"}</small></h2>
    <figure>${image(model, picture)}</figure>
    <div class="controls">
      <button aria-label="Earlier" ?disabled=${at === 0} @click=${() => show(at - 1)}>‹</button>
      <input type="range" min="0" max=${group.length - 1} step="1" .value=${String(at)} aria-label="Samples through time"
        aria-valuetext=${picture.title} ?disabled=${group.length < 2} @input=${(/** @type {any} */ e) => show(Number(e.target.value))}>
      <button aria-label="Later" ?disabled=${at === group.length - 1} @click=${() => show(at + 1)}>›</button>
      <output>${picture.title}</output>
    </div>
  </section>`;
}

/** @param {import("./api.js").Summary} summary */
function metrics({ metrics, status }) {
  const rows = Object.entries(metrics);
  return html`<section class="panel"><h2>Metrics</h2>
    ${
      rows.length === 0
        ? html`<p class="hint">${status === "running" ? "They come at the end." : "None were measured."}</p>`
        : html`<table><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td class="value">${number(value)}</td></tr>`)}</tbody></table>`
    }
  </section>`;
}

/** @param {import("./api.js").Summary} summary */
function stages({ stages }) {
  if (stages.length === 0) return nothing;
  return html`<section class="panel"><h2>Stages</h2><table><tbody>
    ${stages.map(
      ({ stage, began, seen, step, steps }) => html`<tr><th scope="row">${stage}</th>
      <td class="value">${step === undefined ? "" : html`${step}${steps ? ` of ${steps}` : ""}`}</td>
      <td class="value">${duration((Date.parse(seen) - Date.parse(began)) / 1000)}</td></tr>`,
    )}
  </tbody></table></section>`;
}

/** @param {Parameters<typeof runView>[0]} model */
function events({ run, query, older }) {
  const types = [
    ...new Set([
      "progress",
      "stage",
      "artifact",
      "metrics",
      "expectation",
      "warning",
      ...run.events.map((e) => e.type),
    ]),
  ];
  const hidden = new Set((query.get("without") ?? "").split(",").filter(Boolean));
  const word = (query.get("find") ?? "").toLowerCase();
  /** @param {string} type */
  const toggle = (type) => {
    if (hidden.has(type)) hidden.delete(type);
    else hidden.add(type);
    setQuery({ without: [...hidden].join(",") });
  };
  const shown = run.events.filter(
    (event) => !hidden.has(event.type) && (word === "" || JSON.stringify(event).toLowerCase().includes(word)),
  );
  return html`<section class="panel">
    <div class="filters inline">
      <div class="chips" role="group" aria-label="Types">
        ${types.map((type) => html`<button class="chip" aria-pressed=${!hidden.has(type)} @click=${() => toggle(type)}>${type}</button>`)}
      </div>
      <input type="search" placeholder="find in events" aria-label="Find in events" .value=${query.get("find") ?? ""}
        @input=${(/** @type {any} */ e) => setQuery({ find: e.target.value })}>
    </div>
    <div class="scroll"><table class="events">
      <thead><tr><th scope="col">nr.</th><th scope="col">time</th><th scope="col">type</th><th scope="col">what</th></tr></thead>
      <tbody>${repeat(
        shown.toReversed(),
        ({ seq }) => seq,
        (event) => html`
        <tr class=${event.type}><td class="value">${event.seq}</td><td class="value" title=${event.time}>${clock(event.time)}</td><td>${event.type}</td><td>${told(event)}</td></tr>`,
      )}</tbody>
    </table></div>
    <div class="controls"><output>${shown.length} of ${run.summary?.events ?? 0} events</output>
      ${(run.events[0]?.seq ?? 1) > 1 ? html`<button @click=${older}>Older events</button>` : nothing}
      <a href=${runPath(run.id, "/events")}>as JSON</a></div>
  </section>`;
}

/** An event in a line. @param {import("./api.js").RunEvent} event */
function told(event) {
  const { seq, time, type, ...rest } = event;
  switch (type) {
    case "progress":
      return html`<b>${rest.stage}</b> ${rest.step} of ${rest.steps} ${Object.entries(rest.values ?? {}).map(([name, value]) => html`<span class="pair">${name} <i>${number(/** @type {number} */ (value))}</i></span>`)}`;
    case "stage":
      return html`<b>${rest.stage}</b>${rest.steps ? html`, ${rest.steps} steps` : nothing}`;
    case "artifact":
      return html`${rest.title} <code>${rest.path}</code> ${size(rest.bytes)}`;
    case "metrics":
      return Object.entries(rest.values).map(
        ([name, value]) =>
          html`<span class="pair">${name} <i>${number(/** @type {number} */ (value))}</i></span>`,
      );
    case "expectation":
      return html`<span class=${rest.met ? "good" : "bad"}>${rest.met ? "✓" : "✗"} ${rest.metric} ${rest.value === undefined ? "" : number(rest.value)}</span> expected ${rest.expected}`;
    case "warning":
    case "sentinel":
      return rest.message;
    case "checkpoint":
      return html`<code>${rest.path}</code> ${size(rest.bytes)}`;
    case "resumed":
      return html`${rest.from === null ? "from the beginning" : html`from <code>${rest.from}</code>`} ${rest.notes?.join("; ")}`;
    case "ended":
      return html`${rest.status} after ${duration(rest.seconds)}${rest.error ? html`: ${rest.error}` : nothing}`;
    case "started":
      return html`${rest.scenario}, ${rest.application}, seed ${rest.seed}, on ${rest.engine?.name}`;
    default:
      return html`<code>${JSON.stringify(rest)}</code>`;
  }
}

/** @param {import("./run-data.js").Run} run */
function files(run) {
  if (run.artifacts.length === 0)
    return html`<section class="panel"><p class="hint">No files yet.</p></section>`;
  return html`<section class="panel"><div class="scroll"><table>
    <thead><tr><th scope="col">file</th><th scope="col">what</th><th scope="col">size</th><th scope="col">kept at</th></tr></thead>
    <tbody>${run.artifacts.map(
      (
        artifact,
      ) => html`<tr><td><a href=${filePath(run.id, artifact)} target="_blank" rel="noopener">${artifact.path.replace(/^artifacts\//, "")}</a></td>
      <td>${artifact.title}</td><td class="value">${size(artifact.bytes)}</td><td class="value">${clock(artifact.time)}</td></tr>`,
    )}</tbody>
  </table></div>
  ${run.summary?.status === "running" ? nothing : html`<p class="controls"><a href=${runPath(run.id, "/report")} target="_blank" rel="noopener">Report</a></p>`}
  </section>`;
}

/** @param {Parameters<typeof runView>[0]} model @param {string} part */
function text({ run, texts }, part) {
  const shown = texts.get(`${run.id} ${part}`);
  return html`<section class="panel"><pre class="document">${shown ?? "Loading…"}</pre>
    <p class="controls"><a href=${runPath(run.id, `/${part}`)} target="_blank" rel="noopener">${part === "scenario" ? "as a file" : "as JSON"}</a></p></section>`;
}
