/**
 * JUnit's XML: what most CIs read test results from. A suite for each scenario, a case for its run and one for each
 * expectation. Names of suites and cases say nothing of how a run went, so that a CI can follow them. The form is that of
 * https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
 *
 * @module
 */
import commonjs, { type Builder } from "junit-report-builder";
import type { ExpectationResult } from "../../core/run/expectation.ts";
import type { RunResult } from "../../core/run/store.ts";
import type { PlannedExpectation } from "./planned.ts";

/** What its types call `default` is the whole module when it is imported from here. */
const builder = commonjs as unknown as Builder;

/** A scenario that was run, or could not be. */
export interface Outcome {
  /** As the user named it. */
  readonly file: string;
  readonly result?: RunResult | undefined;
  /** Why there is no result. */
  readonly error?: string | undefined;
  /** What the scenario expects; what the result has of it unless given. */
  readonly planned?: readonly PlannedExpectation[] | undefined;
}

/** The report of all outcomes, as XML. */
export function junit(outcomes: readonly Outcome[]): string {
  const report = builder.newBuilder().name("dsgan");
  const taken = new Map<string, number>();
  for (const { file, result, error, planned } of outcomes) {
    const times = (taken.get(file) ?? 0) + 1;
    taken.set(file, times);
    const name = times === 1 ? file : `${file} (${times})`;
    const suite = report.testSuite().name(name);
    const addCase = (title: string) => suite.testCase().className(name).name(title);
    const runs = addCase("runs");
    if (result === undefined) runs.error(error, "input");
    else {
      suite.time(Number(result.seconds.toFixed(3)));
      suite.property("scenario", result.scenario);
      suite.property("run", result.run).property("status", result.status);
      for (const [metric, value] of Object.entries(result.metrics)) suite.property(metric, String(value));
      if (result.error !== undefined) runs.error(result.error.message, result.error.kind);
      else if (result.status === "cancelled" || result.status === "paused") {
        runs.error("interrupted", result.status);
      }
    }
    for (const { metric, expected, judged } of casesOf(result, planned)) {
      const one = addCase(`${metric} ${expected}`);
      if (judged === undefined) one.skipped();
      else if (!judged.met) {
        one.failure(
          `${metric} is ${judged.value ?? "not there"}, expected ${judged.expected}`,
          "expectation",
        );
      }
    }
  }
  // The schema counts skipped cases in suites alone.
  return report.build().replace(/(<testsuites\b[^>]*?) skipped="\d+"/, "$1");
}

/** Every expectation with how it was judged, where it was. */
function casesOf(
  result: RunResult | undefined,
  planned: readonly PlannedExpectation[] | undefined,
): readonly (PlannedExpectation & { readonly judged: ExpectationResult | undefined })[] {
  const judged = result?.expectations ?? [];
  if (planned === undefined || judged.some(({ metric }) => !planned.some((one) => one.metric === metric))) {
    return judged.map((one) => ({ metric: one.metric, expected: boundsOf(one.expected), judged: one }));
  }
  return planned.map((one) => ({ ...one, judged: judged.find(({ metric }) => metric === one.metric) }));
}

/** The bounds alone, of a metric that was not there. */
function boundsOf(expected: string): string {
  return expected.replace(/ \(no such metric was measured.*\)$/s, "");
}
