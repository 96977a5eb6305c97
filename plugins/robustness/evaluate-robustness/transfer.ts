/**
 * What is told of transfer: metrics, a table, warnings.
 *
 * @module
 */
import type { ApplicationEvent, RunContext } from "../../../core/mod.ts";
import { type NamedEvaluation, type Transfer, transferSigns, transfersOf } from "../transfer.ts";

/** The matrix as metrics and as a table, and what it warns of. */
export async function* transfer(
  evaluated: readonly NamedEvaluation[],
  context: RunContext,
): AsyncGenerator<ApplicationEvent, undefined> {
  yield { type: "stage", stage: "transfer" };
  const all = transfersOf(evaluated);
  yield { type: "metrics", values: metricsOf(all) };
  const head = "attack,norm,epsilon,source,target,accuracy,low,high,fooled,transferred";
  const rows = all.map(
    ({ attack, norm, epsilon, source, target, accuracy: { value, low, high }, ...counts }) =>
      [
        ...[attack, norm, epsilon ?? "", source, target],
        ...[value, low, high].map((share) => Number(share.toPrecision(7))),
        ...[counts.fooled, counts.transferred],
      ].join(","),
  );
  yield await context.artifact(
    "transfer.csv",
    "Examples found for one classifier, judged on another, with 95 % intervals",
    new TextEncoder().encode(`${[head, ...rows].join("\n")}\n`),
  );
  for (const message of transferSigns(evaluated)) yield { type: "warning", message };
  return undefined;
}

/** `<target>.from-<source>.<attack>@<epsilon>`, without the end where there is no budget. */
function metricsOf(all: readonly Transfer[]): Record<string, number> {
  return Object.fromEntries(
    all.map(({ attack, epsilon, source, target, accuracy }) => [
      `${target}.from-${source}.${attack}${epsilon === null ? "" : `@${epsilon}`}`,
      accuracy.value,
    ]),
  );
}
