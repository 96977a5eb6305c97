/**
 * GitHub's workflow commands: marks on the lines of a scenario that a pull request shows.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 *
 * @module
 */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { describeProblem, type InputError } from "../../core/plugin/errors.ts";
import type { RunResult } from "../../core/run/store.ts";
import type { SourceText } from "../../core/scenario/expand.ts";
import { sourceOf } from "../../core/scenario/source.ts";
import { against } from "./words.ts";

/** What a mark is attached to. */
interface Place {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly title?: string;
}

/** One workflow command, escaped as the runner reads it. */
export function annotation(
  level: "error" | "warning" | "notice",
  message: string,
  place: Place = {},
): string {
  const { file } = place;
  const properties = Object.entries({ ...place, ...(file !== undefined && { file: inWorkspace(file) }) })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${level}${properties.length === 0 ? "" : ` ${properties.join(",")}`}::${escapeData(message)}\n`;
}

/** A file as the runner knows it: by its path in the repository, where it lies there. */
function inWorkspace(file: string): string {
  const workspace = process.env.GITHUB_WORKSPACE;
  if (workspace === undefined || workspace === "") return file;
  const path = relative(workspace, resolve(file));
  return path.startsWith("..") || isAbsolute(path) ? file : path.split(sep).join("/");
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** A mark for each problem of a scenario. */
export function annotateProblems(error: InputError, file: string): string {
  return error.problems
    .map((problem) => {
      const place = { file: problem.file ?? error.file ?? file, line: problem.line, title: "bad scenario" };
      return annotation("error", describeProblem(problem), place);
    })
    .join("");
}

/** A mark for each expectation missed, or for why the run broke; a notice of where the report is. */
export function annotateResult(
  result: RunResult,
  {
    report,
    keysOf = (metric) => ["expect", metric],
    ...scenario
  }: Pick<SourceText, "file" | "text" | "origins"> & {
    readonly report: string | undefined;
    /** Where the file has the bounds on a metric. */
    readonly keysOf?: (metric: string) => readonly string[];
  },
): string {
  const { placeOf } = sourceOf(scenario);
  const { file } = scenario;
  const marks = result.expectations
    .filter(({ met }) => !met)
    .map(({ metric, expected, value }) =>
      annotation(
        "error",
        `${metric}: ${value === undefined ? "" : `${against(expected, value)}, `}expected ${expected}`,
        {
          file,
          ...placeOf(keysOf(metric)),
          title: "expectation missed",
        },
      ),
    );
  if (result.error !== undefined) {
    const title = `${result.scenario} failed`;
    const { message, problems = [{ path: "", message }] } = result.error;
    for (const problem of problems) {
      marks.push(
        annotation("error", describeProblem(problem), {
          file: problem.file ?? file,
          line: problem.line,
          title,
        }),
      );
    }
  }
  if (report !== undefined) {
    marks.push(annotation("notice", `${result.scenario} ${result.status}: report in ${report}`, { file }));
  }
  return marks.join("");
}
