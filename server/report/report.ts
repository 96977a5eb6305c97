/**
 * The report of a run: one self-contained HTML page without scripts, which needs no network.
 *
 * @module
 */
import type { Painter, RunReader } from "../../core/mod.ts";
import { type Content, type Html, html } from "./html.ts";
import { markdown } from "./markdown.ts";
import { page } from "./page.ts";
import { pictures } from "./pictures.ts";
import { gather } from "./record.ts";
import {
  environment,
  equation,
  expectations,
  files,
  folded,
  heading,
  metrics,
  problems,
  rerun,
  scenario,
  section,
  timeline,
} from "./sections.ts";

/** Options of {@link report}. */
export interface ReportOptions {
  /** Draws the curves of a run that kept no picture of its losses. */
  readonly painter?: Painter;
  /** The command that runs it again; one that runs the kept scenario unless given. */
  readonly command?: string;
}

/**
 * Reports a run, however it stands: passed, missed, failed, cancelled, or running.
 * @returns an HTML document
 * @throws InputError where the run's events are damaged
 */
export async function report(reader: RunReader, options: ReportOptions = {}): Promise<string> {
  const record = await gather(reader);
  const figures = await pictures(record, reader, options.painter);
  const title = `${record.started?.scenario ?? record.id}: ${record.status}`;
  return page(
    title,
    html`
${heading(record)}
${record.alpha !== undefined && equation(record)}
${problems(record)}
<main>
${section("Expectations", expectations(record))}
${section("Result", gallery(figures.result))}
${section("In words", await markdown(record, reader))}
${section("Pictures", gallery(figures.final, figures.result.length > 0 ? "half" : ""))}
${section("Metrics", metrics(record))}
${section("On the way", folded(figures.previews.length, "pictures", gallery(figures.previews, "small")))}
${section("Stages", timeline(record))}
${section("Run it again", rerun(record, options.command))}
${section("Files", files(record))}
${section("Scenario", scenario(record))}
${section("Environment", environment(record))}
</main>`,
  );
}

/** Pictures, each of which a click enlarges. @param size of those beside which there is something more important */
function gallery(figures: readonly Html[], size: "" | "half" | "small" = ""): Content {
  return figures.length > 0 && html`<div class="${`pictures ${size}`.trim()}">${figures}</div>`;
}
