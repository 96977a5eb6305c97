/**
 * What a run ends in: metrics, tables, pictures, a summary, warnings.
 *
 * @module
 */
import type { ApplicationEvent, RunContext } from "../../../core/mod.ts";
import { probeMetrics } from "../evaluate-robustness/results.ts";
import { cleanAccuracy } from "../evaluation.ts";
import { followingOneDraw, soundnessSigns } from "../soundness.ts";
import { figures } from "./figures.ts";
import { type Findings, findingsOf, meanAccuracy, type Outcome } from "./findings.ts";
import type { AdversarialTraining } from "./options.ts";
import { summary } from "./summary.ts";
import { accuracyTable, jsonOf, orderingTable, standingTable, type Table, watchTable } from "./tables.ts";
import type { Variant } from "./variants.ts";

/** Gives metrics, tables, pictures and words. */
export async function* results(
  parts: AdversarialTraining,
  variants: readonly Variant[],
  outcome: Outcome,
  context: RunContext,
): AsyncGenerator<ApplicationEvent, undefined> {
  yield { type: "stage", stage: "results" };
  const findings = findingsOf(parts, variants, outcome);
  yield { type: "metrics", values: { ...metricsOf(findings), ...watchMetrics(parts, findings) } };

  const text = (lines: string): Uint8Array => new TextEncoder().encode(`${lines}\n`);
  const csv = (rows: Table): Uint8Array => text(rows.map((row) => row.join(",")).join("\n"));
  const kept = [
    [
      "accuracy.csv",
      "Clean accuracy and accuracy under each adversary at each budget, with 95 % intervals",
      csv(accuracyTable(findings)),
    ],
    [
      "orderings.csv",
      "Which classifier lies above which, adversary by adversary: paired differences of mean accuracy",
      csv(orderingTable(findings)),
    ],
    [
      "standings.csv",
      "How much of each gain over the baseline is left under all adversaries",
      csv(standingTable(findings)),
    ],
    [
      "results.json",
      "All of these tables, and the samples' distances",
      text(JSON.stringify(jsonOf(findings), null, 1)),
    ],
    ...(findings.watched.size === 0
      ? []
      : [
          [
            "fine-tuning.csv",
            "Each classifier as its fine-tuning goes on: accuracy, accuracy under attack, how sure it is",
            csv(watchTable(findings, parts.fineTuning.watch!)),
          ] as const,
        ]),
    ["summary.md", "The results in words and tables", text(summary(parts, findings))],
  ] as const;
  for (const [path, title, bytes] of kept) yield await context.artifact(path, title, bytes);

  if (parts.painter !== undefined) {
    const pictures = await figures(parts, parts.painter, findings);
    for (const { name, title, png } of pictures) {
      yield await context.artifact(`${name}.png`, title, png);
    }
  }
  const following = followingOneDraw(outcome.paper.named);
  for (const { name, evaluation, random } of outcome.paper.evaluated) {
    for (const message of soundnessSigns(name, evaluation, { random, following }))
      yield { type: "warning", message };
  }
  for (const { variant, verdict, paper, all } of findings.standings) {
    if (verdict !== "masking") continue;
    yield {
      type: "warning",
      message:
        `${variant}: its gain over the baseline under the paper's adversaries (${points(paper.value)} points) is gone ` +
        `under stronger ones (${points(all.value)}): gradients are masked`,
    };
  }
  return undefined;
}

const points = (share: number): string => (100 * share).toFixed(1);

/**
 * Of each variant `<name>.clean`, `<name>.<adversary>` (mean over its budgets) and `<name>.worst-linf@<ε>` (the worst of
 * all), and what its probes found; of rows `<kind>.nearest` and `<kind>.entropy`.
 */
function metricsOf({
  judged,
  adversaries,
  curves,
  worst,
  samples,
  probes,
}: Findings): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const { variant, paper } of judged) {
    const { name } = variant;
    metrics[`${name}.clean`] = cleanAccuracy(paper).value;
    for (const adversary of adversaries) {
      const curve = curves.find(
        ({ classifier, attack }) => classifier === name && attack === adversary.name,
      )!;
      metrics[`${name}.${adversary.name}`] = meanAccuracy(curve);
    }
    for (const { epsilon, value } of worst.get(name)!) {
      if (epsilon > 0) metrics[`${name}.worst-linf@${epsilon}`] = value;
    }
    Object.assign(metrics, probeMetrics(name, probes.get(name) ?? {}));
  }
  for (const [kind, { nearest, entropy }] of Object.entries(samples)) {
    metrics[`${kind.replace(" ", "-")}.nearest`] = nearest;
    metrics[`${kind.replace(" ", "-")}.entropy`] = entropy;
  }
  return metrics;
}

/**
 * Of each variant that was watched, after its last epoch: `<name>.rounding@<ε>`, the accuracy under the attack that float32
 * rounds less that under the other; `<name>.certain`; `<name>.gap`.
 */
function watchMetrics(
  { fineTuning: { watch } }: AdversarialTraining,
  { watched }: Findings,
): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const [name, looks] of watched) {
    const { rounded, unrounded, certain, gap } = looks.at(-1)!;
    metrics[`${name}.rounding@${watch!.epsilon}`] = rounded - unrounded;
    metrics[`${name}.certain`] = certain;
    metrics[`${name}.gap`] = gap;
  }
  return metrics;
}
