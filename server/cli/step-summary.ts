/**
 * The summary of a step on GitHub: Markdown that its runner shows on the page of the job.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary
 *
 * @module
 */
import { appendFileSync } from "node:fs";
import { messageOf } from "../../core/plugin/errors.ts";
import { duration, number } from "../report/format.ts";
import type { Outcome } from "./junit.ts";

/** Adds what became of scenarios to the summary of the step, where a runner asks for one. */
export function addToStepSummary(outcomes: readonly Outcome[]): void {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (file === undefined || file === "") return;
  try {
    appendFileSync(file, stepSummary(outcomes));
  } catch (error) {
    process.stderr.write(`dsgan: the summary of the step cannot be written: ${messageOf(error)}\n`);
  }
}

/** A table of scenarios, and one of what they expected. */
export function stepSummary(outcomes: readonly Outcome[]): string {
  const runs = outcomes.map(({ file, result, error }) => [
    file,
    result?.status ?? "not run",
    result === undefined ? "" : duration(result.seconds),
    result?.error?.message ?? error ?? result?.run ?? "",
  ]);
  const expectations = outcomes.flatMap(({ file, result }) =>
    (result?.expectations ?? []).map(({ metric, expected, value, met }) => [
      ...[file, metric, value === undefined ? "" : number(value), expected, met ? "met" : "**missed**"],
    ]),
  );
  return [
    "### dsgan",
    tableOf(["scenario", "status", "time", "run"], runs),
    ...(expectations.length === 0
      ? []
      : [tableOf(["scenario", "metric", "value", "expected", ""], expectations)]),
    "",
  ].join("\n\n");
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text in a cell: on one line, and no markup of its own but what is ours. */
function cell(text: string): string {
  return text.replaceAll(/[\\|`<>&[\]]/g, "\\$&").replaceAll(/\s*\n\s*/g, " ");
}
