/**
 * The last stage: the results, as numbers, as a table and as pictures.
 *
 * @module
 */
import { type ApplicationEvent, accuracyWarnings, type Key, type Numbers } from "../../../core/mod.ts";
import { type Evaluation, resultsOf } from "./evaluation.ts";
import { pictures } from "./pictures.ts";
import { type StageContext, titled } from "./stage.ts";

/** @returns the metrics, without the prefix */
export async function* judge(
  stage: StageContext,
  history: readonly Evaluation[],
  key: Key,
): AsyncGenerator<ApplicationEvent, Numbers> {
  const { parts, prefix, context } = stage;
  yield { type: "stage", stage: `${prefix}judge` };
  const text = new TextEncoder().encode(csvOf(history));
  yield await context.artifact(`${prefix}errors.csv`, titled(stage, "Errors at each evaluation"), text);
  const results = resultsOf(history, parts.test.size);
  const named = Object.entries(results).map(([name, value]) => [`${prefix}${name}`, value]);
  yield { type: "metrics", values: Object.fromEntries(named) };
  const { test } = parts;
  const { testErrors, testNotFinite: silent = 0 } = history.at(-1)!;
  const counted = { classes: test.classes!, labels: test.labels!, right: test.size - testErrors, silent };
  for (const message of accuracyWarnings(`${prefix}the classifier`, "test rows", counted)) {
    yield { type: "warning", message };
  }
  if (parts.painter === undefined) return results;
  for (const { name, title, png } of await pictures(parts.painter, stage, history, key)) {
    yield await context.artifact(`${prefix}${name}.png`, title, png);
  }
  return results;
}

function csvOf(history: readonly Evaluation[]): string {
  const names = [...new Set(history.flatMap((row) => Object.keys(row)))] as (keyof Evaluation)[];
  const lines = [names, ...history.map((row) => names.map((name) => row[name] ?? ""))];
  return `${lines.map((line) => line.join(",")).join("\n")}\n`;
}
