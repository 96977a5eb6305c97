/**
 * How a run came out: a table of metrics and expectations, and where to look further.
 *
 * @module
 */
import { styleText } from "node:util";
import Table from "cli-table3";
import { canonicalName, readableName } from "../../core/run/metric-name.ts";
import type { RunResult } from "../../core/run/store.ts";
import { duration, number } from "../report/format.ts";
import { against, count, place } from "./words.ts";

/** A finished run and what it left. */
export interface Finished {
  readonly result: RunResult;
  /** Where the run is kept. */
  readonly location: string;
  /** Paths of the artifacts, relative to the run. */
  readonly artifacts: readonly string[];
  /** Path of the report, where there is one. */
  readonly report: string | undefined;
}

/** The table and the closing lines. */
export function summary({ result, location, artifacts, report }: Finished): string {
  const samples = artifacts.filter((path) => path.endsWith(".npy"));
  const places = [
    ...samples.map((path) => `samples  ${place(`${location}/${path}`)}`),
    report === undefined ? [] : `report   ${place(report)}`,
  ].flat();
  return ["", ...table(result), ...places, closing({ result, location }), ""].join("\n");
}

/** How the run came out, in a line; each expectation missed in one of its own. */
export function closing({ result, location }: Pick<Finished, "result" | "location">): string {
  const { status, scenario, seconds, expectations, error } = result;
  const missed = expectations.filter(({ met }) => !met);
  const held = `${expectations.length - missed.length} of ${count(expectations.length, "expectation")} met`;
  const words = {
    passed: expectations.length === 0 ? "nothing was expected of it" : held,
    missed: held,
    failed: error?.kind === "input" ? "bad input" : "the run broke",
    cancelled: "interrupted",
    paused: "it waits where it was to pause",
  };
  const head = styleText([status === "passed" ? "green" : "red", "bold"], status);
  return [
    ...missed.map(({ metric, expected, value }) => {
      return `${styleText("red", "missed")} ${readableName(metric)}${value === undefined ? "" : ` ${against(expected, value)}`}, expected ${expected}`;
    }),
    `${head} ${scenario} in ${duration(seconds)}: ${words[status]} (${place(location)})`,
  ].join("\n");
}

/** Every metric, with what was expected of it; none where nothing was measured or expected. */
function table({ metrics, expectations }: RunResult): string[] {
  const rows = [
    ...expectations.map(({ metric, expected, value, met }) => [
      readableName(metric),
      value === undefined ? "" : against(expected, value),
      expected,
      met ? styleText("green", "met") : styleText("red", "missed"),
    ]),
    ...Object.entries(metrics)
      .filter(([metric]) => !expectations.some((e) => canonicalName(e.metric) === canonicalName(metric)))
      .map(([metric, value]) => [readableName(metric), number(value), "", ""]),
  ];
  if (rows.length === 0) return [];
  const drawn = new Table({
    head: ["metric", "value", "expected", ""],
    style: { head: [], border: [], compact: true },
    colAligns: ["left", "right", "left", "left"],
  });
  drawn.push(...rows);
  return [drawn.toString()];
}
