/**
 * JUnit's XML: what most CIs read test results from. A suite for each scenario, a case for each expectation.
 *
 * @module
 */
import commonjs, { type Builder } from "junit-report-builder";
import type { RunResult } from "../../core/run/store.ts";

/** What its types call `default` is the whole module when it is imported from here. */
const builder = commonjs as unknown as Builder;

/** A scenario that was run, or could not be. */
export interface Outcome {
  /** As the user named it. */
  readonly file: string;
  readonly result?: RunResult | undefined;
  /** Why there is no result. */
  readonly error?: string | undefined;
}

/** The report of all outcomes, as XML. */
export function junit(outcomes: readonly Outcome[]): string {
  const report = builder.newBuilder().name("dsgan");
  for (const { file, result, error } of outcomes) {
    const name = result?.scenario ?? file;
    const suite = report.testSuite().name(name);
    const addCase = (title: string) => suite.testCase().className(name).name(title).file(file);
    if (result === undefined) {
      addCase("loads").error(error, "input");
      continue;
    }
    suite.time(result.seconds).property("run", result.run).property("status", result.status);
    for (const [metric, value] of Object.entries(result.metrics)) suite.property(metric, String(value));
    for (const { metric, expected, value, met } of result.expectations) {
      const held = addCase(`${metric} ${expected}`);
      if (!met) held.failure(`${metric} is ${value ?? "not there"}, expected ${expected}`, "expectation");
    }
    if (result.error !== undefined) addCase("runs").error(result.error.message, result.error.kind);
    else if (result.status === "cancelled" || result.status === "paused")
      addCase("runs").error("interrupted", result.status);
    else if (result.expectations.length === 0) addCase("runs");
  }
  return report.build();
}
