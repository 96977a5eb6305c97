/**
 * The sections of a report. A section is empty where the run has nothing to show in it.
 *
 * @module
 */
import type { Reading } from "../../core/run/event.ts";
import { readableName } from "../../core/run/metric-name.ts";
import { duration, number, size } from "./format.ts";
import { type Content, type Html, html } from "./html.ts";
import type { RunRecord, Stage } from "./record.ts";

/** A heading and its content; nothing where the content is empty. */
export function section(title: string, content: Content): Content {
  const empty =
    content === undefined || content === false || (Array.isArray(content) && content.length === 0);
  return !empty && html`<section><h2>${title}</h2>${content}</section>`;
}

/** Parts of a section that are shown at once. */
const MANY = 12;

/** What has many parts opens at a click. */
export function folded(parts: number, what: string, content: Content): Content {
  if (parts <= MANY || content === false || content === undefined) return content;
  return html`<details><summary>All ${parts} ${what}</summary>${content}</details>`;
}

/** Name, status, and how the run was made. */
export function heading(record: RunRecord): Html {
  const { started, seconds, description } = record;
  const facts = [fact("Run", html`<code>${record.id}</code>`)];
  if (started !== undefined) {
    const { name, version, device, reason } = started.engine;
    const day = started.time.slice(0, 16).replace("T", " ");
    facts.push(
      fact("Started", html`<time datetime="${started.time}">${day} UTC</time>`),
      fact("Application", started.application),
      fact("Seed", started.seed),
      seconds !== undefined && fact("Took", duration(seconds)),
      html`<div class="engine"><dt>Engine</dt><dd>${name} ${version}${device !== "" && html`: ${device}`}
<small>${reason}</small></dd></div>`,
    );
  }
  return html`
<header>
  <h1>${started?.scenario ?? record.id} <span class="badge ${record.status}">${record.status}</span></h1>
  ${description !== undefined && html`<p class="description">${description}</p>`}
  <dl class="facts">${facts}</dl>
</header>`;
}

/** A fact of a heading. */
export function fact(name: string, value: Content): Content {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

/** Eq. (1) and its letters. */
export function equation({ alpha }: RunRecord): Html {
  return html`
<div class="equation">
  <p>(1 − <i>α</i>) <b>pt</b>(x) + <i>α</i> <b>pd</b>(x) = <b>pdBar</b>(x)<span class="number">Eq. (1)</span></p>
  <dl>
    <div><dt>pd</dt><dd>the density to avoid</dd></div>
    <div><dt>pdBar</dt><dd>the density to cover</dd></div>
    <div><dt>pt</dt><dd>the target: where pdBar is and pd is not</dd></div>
    <div><dt>pg</dt><dd>what the generator draws, to become pt</dd></div>
    ${alpha !== undefined && html`<div><dt><i>α</i></dt><dd>${alpha} in this run</dd></div>`}
  </dl>
</div>`;
}

/** Why the run did not finish, and its warnings. */
export function problems({ status, error, warnings }: RunRecord): Content {
  const kept = "What it kept until then is below.";
  const notes: Content[] = [];
  if (status === "paused")
    notes.push(html`<p>The run waits where it was to pause, such as at a rung of its sweep. ${kept}</p>`);
  if (status === "cancelled") notes.push(html`<p>The run was stopped from outside. ${kept}</p>`);
  if (status === "unfinished") {
    notes.push(html`<p>The run still goes on, or was killed before it could finish. ${kept}</p>`);
  }
  if (error !== undefined) {
    const fault = error.kind === "input" ? "Its input cannot be used." : "The run broke.";
    notes.push(html`<p>${fault} ${kept}</p><pre>${error.message}</pre>`);
  }
  return [
    notes.length > 0 && html`<div class="note ${status}" role="alert">${notes}</div>`,
    warnings.length > 0 &&
      html`<div class="note warning"><p>Warnings</p><ul>${warnings.map((w) => html`<li>${w}</li>`)}</ul></div>`,
  ];
}

/** What the scenario expects, beside the values. */
export function expectations({ status, expectations: all }: RunRecord): Content {
  if (all.length === 0) {
    const judged = status === "passed" || status === "missed";
    return html`<p>${judged ? "The scenario expects nothing of its metrics." : "Not judged: the run did not finish."}</p>`;
  }
  const rows = all.map(
    ({ metric, expected, value, met }) => html`
<tr class="${met ? "met" : "unmet"}">
  <td>${met ? "✓ met" : "✗ missed"}</td><th scope="row">${readableName(metric)}</th>
  <td class="value">${value === undefined ? "—" : exact(value)}</td><td>${expected}</td>
</tr>`,
  );
  return table(["", "Metric", "Value", "Expected"], rows);
}

/** All numbers. */
export function metrics({ metrics: all }: RunRecord): Content {
  const names = Object.keys(all);
  const rows = names.map(
    (name) => html`<div><dt>${readableName(name)}</dt><dd>${exact(all[name]!)}</dd></div>`,
  );
  return names.length > 0 && folded(names.length, "metrics", html`<dl class="numbers">${rows}</dl>`);
}

/** When each stage began, how long it took, how many steps it made. */
export function timeline({ stages }: RunRecord): Content {
  const end = Math.max(...stages.map((stage) => stage.to), 1e-3);
  const percent = (seconds: number): string => `${((100 * seconds) / end).toFixed(2)}%`;
  const rows = stages.map(
    (stage) => html`
<tr>
  <th scope="row">${stage.name}</th><td class="value">${steps(stage)}</td>
  <td class="value">${duration(stage.to - stage.from)}</td>
  <td class="track"><span style="margin-left: ${percent(stage.from)}; width: ${percent(stage.to - stage.from)}"></span></td>
</tr>`,
  );
  const whole = table(["Stage", "Steps", "Took", `0 to ${duration(end)}`], rows);
  return stages.length > 0 && folded(stages.length, "stages", whole);
}

function steps({ done, steps: all }: Stage): string {
  if (all === undefined) return "";
  return done === undefined || done === all ? String(all) : `${done} of ${all}`;
}

/** Files that are not pictures; they lie beside the page. */
export function files({ artifacts }: RunRecord): Content {
  const others = artifacts.filter(({ path }) => !path.toLowerCase().endsWith(".png"));
  const rows = others.map(({ path, title, bytes }) => {
    const link = path.split("/").map(encodeURIComponent).join("/");
    return html`<tr><th scope="row"><a href="${link}">${path}</a></th><td>${title}</td><td class="value">${size(bytes)}</td></tr>`;
  });
  return others.length > 0 && folded(others.length, "files", table(["File", "What it is", "Size"], rows));
}

/** The command that gives these numbers again. */
export function rerun({ started }: RunRecord, command?: string): Content {
  const file = started && `${started.location}/scenario.yaml`;
  const line = command ?? (file && `npm run -s dsgan -- run ${quoted(file)}`);
  return (
    line !== undefined &&
    html`<pre class="command">${line}</pre>
<p class="hint">A click selects it. The same scenario, seed and engine on the same machine give the same metrics.</p>`
  );
}

/** The resolved scenario. */
export function scenario({ scenario: text }: RunRecord): Content {
  return (
    text !== undefined &&
    html`<details><summary>Every default filled in</summary><pre>${text}</pre></details>`
  );
}

/** Versions, engine, machine. */
export function environment({ environment: all }: RunRecord): Content {
  const rows = flattened(all).map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`,
  );
  return (
    rows.length > 0 &&
    html`<details><summary>Versions, engine, machine</summary>${table(["What", "Value"], rows)}</details>`
  );
}

/** `[["node", "24.1"], ["machine.cpus", "2"]]`. */
function flattened(value: unknown, path = ""): [string, string][] {
  if (value === undefined || value === null) return [];
  if (typeof value !== "object") return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) =>
    flattened(inner, path === "" ? key : `${path}.${key}`),
  );
}

/** A table. One wider than the page scrolls. */
export function table(head: readonly string[], rows: readonly Html[]): Html {
  return html`
<div class="scroll"><table>
<thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}

/** A rounded number; hovering shows all its digits. */
function exact(value: Reading): Html {
  return html`<span title="${value}">${number(value)}</span>`;
}

/** Quotes a word for a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
