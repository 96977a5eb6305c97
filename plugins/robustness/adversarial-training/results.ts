/**
 * What a run ends in: tables, pictures, findings, and all of it in words.
 *
 * @module
 */
import type { EventBody, Painter, RunContext } from "../../../core/mod.ts";
import type { Attacked } from "../evaluate-robustness/evaluate-robustness.ts";
import { panelOf } from "../evaluate-robustness/pictures.ts";
import { type Curve, curvesOf, NORMS } from "../evaluate-robustness/results.ts";
import { type CurvePoint, cleanAccuracy, type Evaluation, maskingSigns, type Probes } from "../evaluation.ts";
import type { AdversarialTraining } from "./adversarial-training.ts";
import type { Contestant } from "./contestants.ts";
import {
  type Adversary,
  type Judged,
  type Ordering,
  orderings,
  type Standing,
  standings,
  worstOf,
} from "./findings.ts";
import type { Look } from "./samples.ts";
import { summary } from "./summary.ts";

/** What was seen of rows, by their kind. */
export type Looks = Record<string, Look>;

/** All that was found. */
export interface Findings {
  readonly judged: readonly Judged[];
  readonly adversaries: readonly Adversary[];
  readonly curves: readonly Curve[];
  /** Accuracy under the worst of all ℓ∞ adversaries, by contestant. */
  readonly worst: ReadonlyMap<string, readonly CurvePoint[]>;
  readonly orderings: readonly Ordering[];
  readonly standings: readonly Standing[];
  /** Signs of masked gradients, by contestant. */
  readonly signs: ReadonlyMap<string, readonly string[]>;
  readonly looks: Looks;
}

/** Gives metrics, tables, pictures and words. */
export async function* results(
  parts: AdversarialTraining,
  contestants: readonly Contestant[],
  found: { readonly paper: Attacked; readonly adaptive: Attacked; readonly looks: Looks },
  context: RunContext,
): AsyncGenerator<EventBody, undefined> {
  yield { type: "stage", stage: "results" };
  const findings = findingsOf(parts, contestants, found);
  yield { type: "metrics", values: metricsOf(findings) };

  const text = (lines: string): Uint8Array => new TextEncoder().encode(`${lines}\n`);
  const csv = (rows: readonly (readonly unknown[])[]): Uint8Array =>
    text(rows.map((row) => row.join(",")).join("\n"));
  const kept = [
    [
      "accuracy.csv",
      "Clean accuracy and accuracy under each adversary at each budget, with 95 % intervals",
      csv(accuracyRows(findings)),
    ],
    [
      "orderings.csv",
      "Who lies above whom, adversary by adversary: paired differences of mean accuracy",
      csv(orderingRows(findings)),
    ],
    [
      "standings.csv",
      "What of each gain over the baseline is left under all adversaries",
      csv(standingRows(findings)),
    ],
    [
      "results.json",
      "All of these tables, and the samples' distances",
      text(JSON.stringify(jsonOf(findings), null, 1)),
    ],
    ["summary.md", "The results in words", text(summary(parts, findings))],
  ] as const;
  for (const [path, title, bytes] of kept) yield await context.artifact(path, title, bytes);

  if (parts.painter !== undefined) {
    for (const { name, title, png } of await figures(parts, parts.painter, findings)) {
      yield await context.artifact(`${name}.png`, title, png);
    }
  }
  for (const { contestant, verdict, paper, all } of findings.standings) {
    if (verdict !== "masking") continue;
    yield {
      type: "warning",
      message:
        `${contestant}: its gain over the baseline under the paper's adversaries (${points(paper.value)} points) is not ` +
        `there under stronger ones (${points(all.value)}): gradients are masked`,
    };
  }
  return undefined;
}

const points = (share: number): string => (100 * share).toFixed(1);

function findingsOf(
  parts: AdversarialTraining,
  contestants: readonly Contestant[],
  {
    paper,
    adaptive,
    looks,
  }: { readonly paper: Attacked; readonly adaptive: Attacked; readonly looks: Looks },
): Findings {
  const { evaluation } = parts;
  const of = (attacked: Attacked, name: string) => attacked.evaluated.find((one) => one.name === name)!;
  const judged = contestants.map(
    (contestant): Judged => ({
      contestant,
      paper: of(paper, contestant.name).evaluation,
      adaptive: of(adaptive, contestant.name).evaluation,
    }),
  );
  const adversaries = paper.named.map(({ name, attack: { norm } }) => ({ name, norm }));
  const budgets = [...new Set(evaluation.adaptive.epsilons.linf)].sort((a, b) => a - b);
  const curves = contestants.flatMap(({ name }) =>
    (["paper", "adaptive"] as const).flatMap((which) => {
      const attacked = which === "paper" ? paper : adaptive;
      const { epsilons } = evaluation[which];
      const all = curvesOf({ epsilons }, attacked.named, of(attacked, name));
      return all.filter(({ attack }) => !attack.startsWith("worst-"));
    }),
  );
  const signs = judged.map(({ contestant: { name }, ...both }) => {
    const probes: Probes = of(adaptive, name).probes;
    return [name, maskingSigns(together(both), probes)] as const;
  });
  return {
    ...{ judged, adversaries, curves, looks },
    worst: new Map(judged.map((one) => [one.contestant.name, worstOf(one, budgets)])),
    orderings: orderings(judged, adversaries, evaluation.paper.epsilons),
    standings: standings(judged, budgets),
    signs: new Map(signs),
  };
}

/** Both evaluations as one: they are of the same images. */
function together({ paper, adaptive }: Omit<Judged, "contestant">): Evaluation {
  return { ...paper, trials: [...paper.trials, ...adaptive.trials] };
}

/** Accuracies at the budgets that were asked about. */
function asked({ points: all, budgets }: Curve): CurvePoint[] {
  return all.filter(({ epsilon }) => epsilon > 0 && budgets.includes(epsilon));
}

/**
 * Mean of the accuracies at the budgets that were asked about, each by its own trial. (Orderings count an image that was
 * fooled within a smaller budget as fooled within a larger one too.)
 */
export function meanAccuracy(curve: Curve): number {
  const values = asked(curve).map(({ value }) => value);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Of each contestant `<name>.clean`, `<name>.<adversary>` (mean over its budgets) and `<name>.worst-linf@<ε>` (the worst of
 * all); of rows `<kind>.nearest` and `<kind>.entropy`.
 */
function metricsOf({ judged, adversaries, curves, worst, looks }: Findings): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const { contestant, paper } of judged) {
    const { name } = contestant;
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
  }
  for (const [kind, { nearest, entropy }] of Object.entries(looks)) {
    metrics[`${kind.replace(" ", "-")}.nearest`] = nearest;
    metrics[`${kind.replace(" ", "-")}.entropy`] = entropy;
  }
  return metrics;
}

const short = (value: number): number => Number(value.toPrecision(6));
const interval = ({ value, low, high }: { value: number; low: number; high: number }): number[] =>
  [value, low, high].map(short);

function accuracyRows({ judged, curves, worst }: Findings): (readonly unknown[])[] {
  const head = "classifier,kind,r,w,attack,norm,epsilon,clean,accuracy,low,high,n".split(",");
  const body = judged.flatMap(({ contestant: { name, kind, r = "", w = "" }, paper }) => {
    const about = [name, kind, r, w];
    const clean = short(cleanAccuracy(paper).value);
    const n = paper.labels.length;
    const row = (attack: string, norm: string, point: CurvePoint): unknown[] => [
      ...[...about, attack, norm, short(point.epsilon), clean, ...interval(point), n],
    ];
    return [
      ...curves
        .filter(({ classifier }) => classifier === name)
        .flatMap((curve) => asked(curve).map((point) => row(curve.attack, curve.norm, point))),
      ...worst.get(name)!.map((point) => row("worst of all", "linf", point)),
    ];
  });
  return [head, ...body];
}

function orderingRows({ orderings: all }: Findings): (readonly unknown[])[] {
  return [
    ["adversary", "above", "below", "difference", "low", "high", "says"],
    ...all.map(({ adversary, above, below, difference }) => [
      ...[adversary, above, below, ...interval(difference), difference.says],
    ]),
  ];
}

function standingRows({ standings: all }: Findings): (readonly unknown[])[] {
  const columns = (name: string): string[] => [name, `${name}Low`, `${name}High`];
  return [
    ["classifier", ...columns("gainPaper"), ...columns("gainAll"), ...columns("masked"), "verdict"],
    ...all.map(({ contestant, paper, all: under, masked, verdict }) => [
      ...[contestant, ...interval(paper), ...interval(under), ...interval(masked), verdict],
    ]),
  ];
}

function jsonOf({ judged, curves, worst, orderings: above, standings: stand, signs, looks }: Findings) {
  const points = (all: readonly CurvePoint[]) =>
    all.map((point) => [short(point.epsilon), ...interval(point)]);
  return {
    contestants: judged.map(({ contestant, paper }) => ({
      ...contestant,
      n: paper.labels.length,
      clean: interval(cleanAccuracy(paper)),
      // each [epsilon, accuracy, low, high]
      accuracy: Object.fromEntries([
        ...curves
          .filter(({ classifier }) => classifier === contestant.name)
          .map((curve) => [curve.attack, points(asked(curve))]),
        ["worst of all", points(worst.get(contestant.name)!)],
      ]),
      signs: signs.get(contestant.name),
    })),
    orderings: above,
    standings: stand,
    samples: looks,
  };
}

/** A picture and what to call it. */
interface Picture {
  readonly name: string;
  readonly title: string;
  readonly png: Uint8Array;
}

/**
 * For each w, the paper's figure; the same with all it is held against; and the adaptive evaluation. Where there are several
 * w, the paper's figures as one, a row for each.
 */
async function figures(
  { field }: AdversarialTraining,
  painter: Painter,
  { judged, curves, worst, adversaries }: Findings,
): Promise<Picture[]> {
  const n = judged[0]!.paper.labels.length;
  const contestants = judged.map(({ contestant }) => contestant);
  const panels = (attacks: readonly string[], of: readonly Contestant[], bands: boolean) =>
    attacks.map((attack) => {
      const here = of.flatMap(({ name }) =>
        curves.filter((c) => c.classifier === name && c.attack === attack),
      );
      const lines = here.map(({ classifier, points: all }) => ({ name: classifier, points: all }));
      const panel = panelOf(attack, `epsilon (${NORMS[here[0]!.norm]})`, lines);
      const bare = panel.series.map(({ name, x, y }) => ({ name, x, y }));
      return bands ? panel : { ...panel, series: bare };
    });
  const paper = adversaries.map(({ name }) => name);
  const adaptive = [...new Set(curves.map(({ attack }) => attack))].filter((name) => !paper.includes(name));
  const pictures: Picture[] = [];
  const shownAt = (w: number): Contestant[] =>
    contestants.filter(
      ({ kind, w: own }) => kind === "baseline" || kind === "noisy" || (kind === "ours" && own === w),
    );
  if (field.w.length > 1) {
    const title = "Accuracy under the paper's adversaries";
    const rows = field.w.flatMap((w) =>
      panels(paper, shownAt(w), false).map((panel) => ({
        ...panel,
        title: `${panel.title}, w = ${w}`,
        // one name and colour for a range of noise, whatever the row's w
        series: panel.series.map((line) => ({ ...line, name: line.name.replace(`_w${w}`, "") })),
      })),
    );
    pictures.push({
      name: "accuracy",
      title: `${title}, all of them (${n} images; the paper has ours above noisy above baseline)`,
      png: await painter.panels(title, rows, paper.length),
    });
  }
  for (const w of field.w) {
    const legend = shownAt(w);
    const widest = Math.max(...field.r);
    const rivals = contestants.filter(
      (c) =>
        ["baseline", "continued", "madry"].includes(c.kind) ||
        (c.r === widest && (c.w === undefined || c.w === w)),
    );
    const title = `Accuracy under the paper's adversaries, w = ${w}`;
    pictures.push({
      name: `accuracy-w${w}`,
      title: `${title} (${n} images; the paper has ours above noisy above baseline)`,
      png: await painter.panels(title, panels(paper, legend, false)),
    });
    const beside = `With all that it is held against, r = ${widest}, w = ${w}`;
    pictures.push({
      name: `rivals-w${w}`,
      title: `${beside} (${n} images; bands are 95 % intervals)`,
      png: await painter.panels(beside, panels(paper, rivals, true)),
    });
    const stronger = `Under adaptive adversaries, and the worst of all, w = ${w}`;
    const shown = [...new Set([...legend, ...rivals])];
    const last = panelOf(
      "worst of all",
      `epsilon (${NORMS.linf})`,
      shown.map(({ name }) => ({ name, points: worst.get(name)! })),
    );
    const bare = { ...last, series: last.series.map(({ name, x, y }) => ({ name, x, y })) };
    pictures.push({
      name: `adaptive-w${w}`,
      title: `${stronger} (${n} images, the same)`,
      png: await painter.panels(stronger, [...panels(adaptive, shown, false), bare]),
    });
  }
  return pictures;
}
