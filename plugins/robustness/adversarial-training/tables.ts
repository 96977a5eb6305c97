/**
 * Findings as tables and as JSON.
 *
 * @module
 */
import { type CurvePoint, cleanAccuracy } from "../evaluation.ts";
import { atBudgets, type Findings } from "./findings.ts";
import type { WatchPlan } from "./options.ts";
import { reported } from "./watch.ts";

/** A table: its head, and a row for each line. */
export type Table = readonly (readonly unknown[])[];

const short = (value: number): number => Number(value.toPrecision(6));
const interval = ({ value, low, high }: { value: number; low: number; high: number }): number[] =>
  [value, low, high].map(short);

/** Accuracy of each variant under each adversary, and under the worst of all, at each budget. */
export function accuracyTable({ judged, curves, worst }: Findings): Table {
  const head = "classifier,kind,r,w,attack,norm,epsilon,clean,accuracy,low,high,n".split(",");
  const body = judged.flatMap(({ variant: { name, kind, r = "", w = "" }, paper }) => {
    const about = [name, kind, r, w];
    const clean = short(cleanAccuracy(paper).value);
    const n = paper.labels.length;
    const row = (attack: string, norm: string, point: CurvePoint): unknown[] => [
      ...[...about, attack, norm, short(point.epsilon), clean, ...interval(point), n],
    ];
    return [
      ...curves
        .filter(({ classifier }) => classifier === name)
        .flatMap((curve) => atBudgets(curve).map((point) => row(curve.attack, curve.norm, point))),
      ...worst.get(name)!.map((point) => row("worst of all", "linf", point)),
    ];
  });
  return [head, ...body];
}

/** The paper's claims, pair by pair. */
export function orderingTable({ orderings: all }: Findings): Table {
  return [
    ["adversary", "above", "below", "difference", "low", "high", "says"],
    ...all.map(({ adversary, above, below, difference }) => [
      ...[adversary, above, below, ...interval(difference), difference.says],
    ]),
  ];
}

/** Gains over the baseline, and what is left of them. */
export function standingTable({ standings: all }: Findings): Table {
  const columns = (name: string): string[] => [name, `${name}Low`, `${name}High`];
  return [
    ["classifier", ...columns("gainPaper"), ...columns("gainAll"), ...columns("masked"), "verdict"],
    ...all.map(({ variant, paper, all: under, masked, verdict }) => [
      ...[variant, ...interval(paper), ...interval(under), ...interval(masked), verdict],
    ]),
  ];
}

/** What was seen of each variant while it was trained, a row for each look. */
export function watchTable({ judged, watched }: Findings, plan: WatchPlan): Table {
  const rows = judged.flatMap(({ variant: { name, kind, r = "", w = "" } }) =>
    (watched.get(name) ?? []).map((look) => ({
      ...{ classifier: name, kind, r, w, epoch: look.epoch, epsilon: plan.epsilon },
      ...reported(look, plan),
    })),
  );
  return [Object.keys(rows[0]!), ...rows.map((row) => Object.values<number | string>(row))];
}

/** All findings. */
export function jsonOf({
  judged,
  curves,
  worst,
  orderings: above,
  standings: stand,
  signs,
  samples,
}: Findings) {
  const points = (all: readonly CurvePoint[]) =>
    all.map((point) => [short(point.epsilon), ...interval(point)]);
  return {
    variants: judged.map(({ variant, paper }) => ({
      ...variant,
      n: paper.labels.length,
      clean: interval(cleanAccuracy(paper)),
      // each [epsilon, accuracy, low, high]
      accuracy: Object.fromEntries([
        ...curves
          .filter(({ classifier }) => classifier === variant.name)
          .map((curve) => [curve.attack, points(atBudgets(curve))]),
        ["worst of all", points(worst.get(variant.name)!)],
      ]),
      signs: signs.get(variant.name),
    })),
    orderings: above,
    standings: stand,
    samples: samples,
  };
}
