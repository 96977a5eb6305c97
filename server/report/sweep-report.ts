/**
 * The report of a sweep: how far it is, its trials, how far they differ, and what its parameters do.
 *
 * @module
 */
import {
  bestOf,
  type LoadedSweep,
  type Painter,
  type RunReader,
  type RunResult,
  readableName,
  type Store,
} from "../../core/mod.ts";
import { caution, inWords, whole } from "../statistics/words.ts";
import type { SweepStory } from "../sweep/kept.ts";
import {
  differencesOf,
  inShort,
  shortNames,
  shownMetrics,
  type TrialOutcome,
  trialOutcomes,
  valueInShort,
} from "../sweep/outcome.ts";
import { BANDS, panelsOf } from "./curves.ts";
import { type Dot, dotChart } from "./dots.ts";
import { duration, number } from "./format.ts";
import { type Content, type Html, html } from "./html.ts";
import { page } from "./page.ts";
import { figure } from "./pictures.ts";
import { fact, section, table } from "./sections.ts";

/** A sweep to report. */
export interface ReportedSweep {
  readonly loaded: LoadedSweep;
  readonly reader: RunReader;
  readonly story: SweepStory;
  /** Absent while it goes on. */
  readonly result?: RunResult;
  /** Has its runs. */
  readonly store: Store;
  /** Draws the curves. */
  readonly painter?: Painter;
}

/** Curves of one picture at most: more cannot be told apart. */
const MOST_CURVES = 8;

/**
 * Reports a sweep, however it stands.
 * @returns an HTML document
 */
export async function sweepReport(sweep: ReportedSweep): Promise<string> {
  const { loaded, story, result } = sweep;
  const trials = trialOutcomes(loaded, story.records);
  const { name } = loaded.sweep;
  const status = result?.status ?? "unfinished";
  return page(
    `${name}: ${status}`,
    html`
${heading(sweep, status)}
${result?.error && html`<div class="note failed" role="alert"><pre>${result.error.message}</pre></div>`}
<main>
${section("Progress", progress(story))}
${section("Expectations", expectations(result))}
${section("Trials", trialTable(loaded, trials))}
${section("Differences", differences(loaded, trials))}
${section("On the way", await curves(sweep, trials))}
${section("Goal and parameters", parameters(loaded, trials))}
${section("Failures", failures(trials))}
</main>`,
  );
}

function heading({ loaded: { sweep, search, goal }, reader, story }: ReportedSweep, status: string): Html {
  const began = story.events[0]?.time;
  return html`
<header>
  <h1>${sweep.name} <span class="badge ${status}">${status}</span></h1>
  ${sweep.description !== undefined && html`<p class="description">${sweep.description}</p>`}
  <dl class="facts">
    ${fact("Sweep", html`<code>${reader.id}</code>`)}
    ${began !== undefined && fact("Started", html`<time datetime="${began}">${began.slice(0, 16).replace("T", " ")} UTC</time>`)}
    ${fact("Search", search.name)}
    ${goal !== undefined && fact("Goal", `${goal.direction} ${readableName(goal.metric)}`)}
    ${fact("Seeds", sweep.seeds.join(", "))}
    ${fact("Took", duration(story.seconds))}
  </dl>
</header>`;
}

function progress({ records }: SweepStory): Content {
  if (records.length === 0) return "No job has been put.";
  const over = records.filter(({ outcome }) => outcome !== undefined).length;
  const share = `${((100 * over) / records.length).toFixed(2)}%`;
  return html`<p>${over} of ${records.length} jobs over</p>
<table><tbody><tr><td class="track"><span style="margin-left: 0; width: ${share}"></span></td></tr></tbody></table>`;
}

function expectations(result: RunResult | undefined): Content {
  const rows = (result?.expectations ?? []).map(
    ({ metric, expected, value, met }) => html`
<tr class="${met ? "met" : "unmet"}">
  <td>${met ? "✓ met" : "✗ missed"}</td><th scope="row">${readableName(metric)}</th>
  <td class="value">${value === undefined ? "—" : number(Number(value))}</td><td>${expected}</td>
</tr>`,
  );
  return rows.length > 0 && table(["", "Metric", "Value", "Expected"], rows);
}

function trialTable({ sweep, goal }: LoadedSweep, trials: readonly TrialOutcome[]): Content {
  if (trials.length === 0) return undefined;
  const metrics = shownMetrics(sweep.expect, goal, trials);
  const paths = Object.keys(trials[0]!.settings);
  const names = shortNames(paths, ["state", "seeds", ...metrics]);
  const best = goal && bestOf(trials, goal)?.id;
  const rows = trials.map(
    ({ id, settings, state, seeds, metrics: found }) => html`
<tr${id === best && html` class="met"`}>
  <td>${id === best && "best"}</td>
  ${paths.map((path) => html`<td class="value">${valueInShort(settings[path])}</td>`)}
  <td>${state}</td><td class="value">${seeds.length} of ${sweep.seeds.length}</td>
  ${metrics.map((name) => html`<td class="value">${found[name] === undefined ? "" : whole(found[name])}</td>`)}
</tr>`,
  );
  return [
    table(
      ["", ...paths.map((path) => names.get(path)!), "State", "Seeds", ...metrics.map(readableName)],
      rows,
    ),
    html`<p class="hint">Mean ± standard deviation over the seeds, and the 95 % interval of the mean.</p>`,
  ];
}

function differences(loaded: LoadedSweep, trials: readonly TrialOutcome[]): Content {
  const found = differencesOf(loaded, trials);
  const lines = found.map(({ metric, one, other, found }) =>
    inWords({ metric, scenario: loaded.sweep.name, one: inShort(one), other: inShort(other), found }),
  );
  return (
    lines.length > 0 &&
    html`<ul>${[...lines, ...caution(lines.length)].map((line) => html`<li>${line}</li>`)}</ul>`
  );
}

/** Mean curves with bands over the seeds, of the best trials. */
async function curves(
  { loaded, store, story, painter }: ReportedSweep,
  trials: readonly TrialOutcome[],
): Promise<Content> {
  if (painter === undefined) return undefined;
  const sign = loaded.goal?.direction === "minimize" ? 1 : -1;
  const score = ({ scores }: TrialOutcome): number => scores.at(-1) ?? sign * Number.POSITIVE_INFINITY;
  const shown = trials.toSorted((a, b) => sign * (score(a) - score(b)) || 0).slice(0, MOST_CURVES);
  const settings = await Promise.all(
    shown.map(async ({ id, settings }) => ({
      name: inShort(settings),
      runs: (
        await Promise.all(runsOf(story, id).map((run) => store.open(run).catch(() => undefined)))
      ).filter((reader) => reader !== undefined),
    })),
  );
  const panels = await panelsOf(settings, shownMetrics(loaded.sweep.expect, loaded.goal, trials));
  if (panels.length === 0) return undefined;
  const picture = figure(BANDS, await painter.panels(BANDS, panels));
  const rest = trials.length - shown.length;
  return [
    html`<div class="pictures">${picture}</div>`,
    rest > 0 && html`<p class="hint">Of the best ${shown.length}; ${rest} more are not drawn.</p>`,
  ];
}

function runsOf({ records }: SweepStory, trial: string): readonly string[] {
  return [...new Set(records.filter(({ job }) => job.trial === trial).map(({ job }) => job.run))];
}

/** The goal against each parameter. */
function parameters({ goal, space }: LoadedSweep, trials: readonly TrialOutcome[]): Content {
  const scored = trials.filter(({ scores }) => scores.length > 0);
  if (goal === undefined || scored.length === 0) return undefined;
  const best = bestOf(scored, goal)?.id;
  const names = shortNames(Object.keys(space.domains));
  const charts = Object.entries(space.domains).map(([path, domain]) => {
    const isNumeric = scored.every(({ settings }) => typeof settings[path] === "number");
    const dots = scored.map(({ id, settings, scores }): Dot => {
      const value = settings[path];
      return {
        x: isNumeric ? (value as number) : valueInShort(value),
        y: scores.at(-1)!,
        title: `${inShort(settings)}: ${number(scores.at(-1)!)}`,
        isBest: id === best,
      };
    });
    const isLogarithmic = isNumeric && domain.kind === "range" && domain.scale === "log";
    return dotChart({ x: names.get(path)!, y: goal.metric, isLogarithmic, dots });
  });
  return [
    html`<div class="pictures">${charts}</div>`,
    html`<p class="hint">A dot a trial: its mean over the seeds, at its end or the rung that it has come to. The best stands out.</p>`,
  ];
}

function failures(trials: readonly TrialOutcome[]): Content {
  const rows = trials.flatMap(({ settings, failures }) =>
    failures.map((message) => html`<tr><th scope="row">${inShort(settings)}</th><td>${message}</td></tr>`),
  );
  return rows.length > 0 && table(["Trial", "Why a run failed"], rows);
}
