/**
 * The results of an evaluation: metrics, curves, tables, warnings.
 *
 * @module
 */
import type { ApplicationEvent, Norm, RunContext } from "../../../core/mod.ts";
import {
  type CurvePoint,
  cleanAccuracy,
  curveOf,
  medianDistance,
  type Share,
  silentShares,
  worstCase,
} from "../evaluation.ts";
import { maskingSigns, type Probes } from "../masking.ts";
import { followingOneDraw, soundnessSigns } from "../soundness.ts";
import type { Images } from "./images.ts";
import type { EvaluateRobustness } from "./options.ts";
import { panelOf } from "./pictures.ts";
import type { Evaluated, NamedAttack } from "./stage.ts";

/** Accuracy of a classifier under an attack. */
export interface Curve {
  readonly classifier: string;
  readonly attack: string;
  readonly norm: Norm;
  readonly n: number;
  /** Budgets of the options. */
  readonly budgets: readonly number[];
  readonly points: readonly CurvePoint[];
}

/** Intervals of a curve whose attack looks for the least distance. */
const FINE = 100;

export const NORMS: Readonly<Record<Norm, string>> = { linf: "ℓ∞", l2: "ℓ2", l1: "ℓ1", l0: "ℓ0" };

/** Metrics, curves, tables and warnings. */
export async function* results(
  parts: EvaluateRobustness,
  images: Images,
  attacks: readonly NamedAttack[],
  evaluated: readonly Evaluated[],
  context: RunContext,
): AsyncGenerator<ApplicationEvent, undefined> {
  yield { type: "stage", stage: "results" };
  const curves = evaluated.flatMap((classifier) => curvesOf(parts, attacks, classifier));
  yield { type: "metrics", values: metricsOf(attacks, evaluated, curves) };

  const bytes = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(`${lines.join("\n")}\n`);
  yield await context.artifact(
    "curves.csv",
    "Accuracy against epsilon, with 95 % intervals",
    bytes(curveRows(curves)),
  );
  yield await context.artifact(
    "images.csv",
    "Each image under each attack: prediction, success, distance in each norm, queries",
    bytes(imageRows(images, evaluated)),
  );
  if (parts.painter !== undefined && curves.length > 0) {
    const titles = [...new Set(curves.map(({ attack }) => attack))];
    const panels = titles.map((title) => {
      const shown = curves.filter(({ attack }) => attack === title);
      const lines = shown.map(({ classifier, points }) => ({ name: classifier, points }));
      return panelOf(title, `epsilon (${NORMS[shown[0]!.norm]})`, lines);
    });
    const title = "Accuracy under attack";
    const png = await parts.painter.panels(title, panels);
    yield await context.artifact(
      "accuracy.png",
      `${title}, of ${images.labels.length} images; bands are 95 % intervals`,
      png,
    );
  }
  const following = followingOneDraw(attacks);
  for (const { name, evaluation, probes, random } of evaluated) {
    for (const message of [
      ...soundnessSigns(name, evaluation, { random, following }),
      ...maskingSigns(evaluation, probes).map((sign) => `${name}: ${sign}`),
    ])
      yield { type: "warning", message };
  }
  return undefined;
}

/** Curves of one classifier: one for each attack, and one for the worst of each norm where there are several. */
export function curvesOf(
  { epsilons }: Pick<EvaluateRobustness, "epsilons">,
  attacks: readonly NamedAttack[],
  { name: classifier, evaluation }: Evaluated,
): Curve[] {
  const n = evaluation.labels.length;
  const single = attacks.map(({ name, attack: { norm } }): Curve => {
    const budgets = [...new Set(epsilons[norm])].sort((a, b) => a - b);
    const largest = budgets.at(-1)!;
    const fine = Array.from({ length: FINE + 1 }, (_, i) => (largest * i) / FINE);
    return {
      classifier,
      attack: name,
      norm,
      n,
      budgets,
      points: curveOf(evaluation, name, merged(fine, budgets)),
    };
  });
  const norms = [...new Set(attacks.map(({ attack }) => attack.norm))];
  const worst = norms.flatMap((norm): Curve[] => {
    if (attacks.filter(({ attack }) => attack.norm === norm).length < 2) return [];
    const budgets = epsilons[norm];
    const points = worstCase(evaluation, evaluation.trials, norm, merged([0], budgets));
    return [{ classifier, attack: `worst-${norm}`, norm, n, budgets, points }];
  });
  return [...single, ...worst];
}

const merged = (...lists: readonly (readonly number[])[]): number[] =>
  [...new Set(lists.flat())].sort((a, b) => a - b);

/**
 * `<classifier>.clean`, `<classifier>.notFinite` and `<classifier>.<attack>.notFinite` where the classifier gave no class
 * to some images or examples, `<classifier>.<attack>@<epsilon>`, `<classifier>.<attack>.median` where there are distances, and
 * what the probes found.
 */
export function metricsOf(
  attacks: readonly NamedAttack[],
  evaluated: readonly Evaluated[],
  curves: readonly Curve[],
): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const { name, evaluation, probes } of evaluated) {
    metrics[`${name}.clean`] = cleanAccuracy(evaluation).value;
    const silent = silentShares(evaluation);
    if (silent.clean > 0) metrics[`${name}.notFinite`] = silent.clean;
    for (const [attack, share] of Object.entries(silent.attacks)) {
      if (share > 0) metrics[`${name}.${attack}.notFinite`] = share;
    }
    for (const { attack, budgets, points } of curves.filter(({ classifier }) => classifier === name)) {
      for (const { epsilon, value } of points) {
        if (budgets.includes(epsilon)) metrics[`${name}.${attack}@${epsilon}`] = value;
      }
    }
    for (const { attack, epsilon, members = {} } of evaluation.trials) {
      for (const [member, left] of Object.entries(members)) {
        const still = left.reduce((a, b) => a + b, 0) / evaluation.labels.length;
        metrics[`${name}.${attack}.after-${member}@${epsilon}`] = still;
      }
    }
    for (const { name: attack } of attacks) {
      const sought = evaluation.trials.some((trial) => trial.attack === attack && trial.epsilon === null);
      const median = medianDistance(evaluation, attack);
      if (sought && Number.isFinite(median)) metrics[`${name}.${attack}.median`] = median;
    }
    Object.assign(metrics, probeMetrics(name, probes));
  }
  return metrics;
}

/** `<classifier>.saturated`, `<classifier>.step-cross-entropy@<epsilon>` and `<classifier>.step-log-odds@<epsilon>`. */
export function probeMetrics(classifier: string, { rounding }: Probes): Record<string, number> {
  if (rounding === undefined) return {};
  const { epsilon, saturated, accuracy } = rounding;
  return {
    [`${classifier}.saturated`]: saturated,
    [`${classifier}.step-cross-entropy@${epsilon}`]: accuracy.crossEntropy,
    [`${classifier}.step-log-odds@${epsilon}`]: accuracy.logOdds,
  };
}

/** Lines of a table of all curves, the first its head. */
export function curveRows(curves: readonly Curve[]): string[] {
  const head = "classifier,attack,norm,epsilon,accuracy,low,high,n";
  const share = ({ value, low, high }: Share): string => [value, low, high].map(short).join(",");
  return [
    head,
    ...curves.flatMap(({ classifier, attack, norm, n, points }) =>
      points.map((point) => `${classifier},${attack},${norm},${short(point.epsilon)},${share(point)},${n}`),
    ),
  ];
}

/** A row for each image and trial; images that were wrong without any attack have distance 0 and were not attacked. */
function imageRows({ rows, labels }: Images, evaluated: readonly Evaluated[]): string[] {
  const head =
    "classifier,attack,norm,epsilon,row,label,clean,attacked,prediction,success,l2,linf,l1,l0,queries";
  const body = evaluated.flatMap(({ name, evaluation: { trials, clean, attacked } }) => {
    const place = new Map(attacked.map((image, i) => [image, i]));
    return trials.flatMap(({ attack, norm, epsilon, success, prediction, distance, queries }) =>
      labels.map((label, image) => {
        const i = place.get(image);
        const about = `${name},${attack},${norm},${epsilon ?? ""},${rows[image]},${label},${clean[image]}`;
        if (i === undefined) return `${about},0,${clean[image]},,0,0,0,0,0`;
        const found = [
          prediction[i]!,
          success[i]!,
          distance.l2[i]!,
          distance.linf[i]!,
          distance.l1[i]!,
          distance.l0[i]!,
          queries[i]!,
        ];
        return `${about},1,${found.map(short).join(",")}`;
      }),
    );
  });
  return [head, ...body];
}

const short = (value: number): string => String(Number(value.toPrecision(7)));
