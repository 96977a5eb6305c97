/**
 * What is told of transfer: metrics, a table, warnings.
 *
 * @module
 */
import type { ApplicationEvent, Painter, Panel, RunContext } from "../../../core/mod.ts";
import { curveOf, type Trial } from "../evaluation.ts";
import { type NamedEvaluation, type Transfer, transferSigns, transfersOf } from "../transfer.ts";
import { panelOf } from "./pictures.ts";
import { NORMS } from "./results.ts";

/** The matrix as metrics, as a table and as pictures, and what it warns of. */
export async function* transfer(
  evaluated: readonly NamedEvaluation[],
  painter: Painter | undefined,
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
  if (painter !== undefined) {
    const title = "Accuracy on examples found for others";
    const png = await painter.panels(title, panelsOf(all, evaluated));
    yield await context.artifact("transfer.png", `${title}; bands are 95 % intervals`, png);
  }
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

/**
 * A panel for each target and attack within budgets, a line for each source; the target's own attack is one of them. Attacks
 * that look for the least distance have one number each, which is in the table.
 */
function panelsOf(all: readonly Transfer[], evaluated: readonly NamedEvaluation[]): Panel[] {
  return evaluated.flatMap(({ name: target, evaluation }) => {
    const budgeted = evaluation.trials.filter(({ epsilon }) => epsilon !== null);
    return [...new Set(budgeted.map(({ attack }) => attack))].map((attack) => {
      const { norm } = budgeted.find((trial) => trial.attack === attack)!;
      const others = all.filter((one) => one.attack === attack && one.target === target);
      const sources = [...new Set(others.map(({ source }) => source))];
      const own = curveOf(evaluation, attack, budgetsOf(budgeted, attack));
      return panelOf(`${target} under ${attack}`, `epsilon (${NORMS[norm]})`, [
        { name: `found for ${target}`, points: own },
        ...sources.map((source) => ({
          name: `found for ${source}`,
          points: others
            .filter((one) => one.source === source)
            .map(({ epsilon, accuracy }) => ({ epsilon: epsilon!, ...accuracy }))
            .sort((a, b) => a.epsilon - b.epsilon),
        })),
      ]);
    });
  });
}

const budgetsOf = (trials: readonly Trial[], attack: string): number[] =>
  trials.flatMap((trial) => (trial.attack === attack ? [trial.epsilon!] : [])).sort((a, b) => a - b);
