/**
 * What a run has found: scores, numbers, pictures.
 *
 * @module
 */
import { dump } from "npyjs";
import type {
  ApplicationEvent,
  FiniteDataset,
  Network,
  Painter,
  PointSeries,
  RunContext,
} from "../../../core/mod.ts";
import { auroc, averagePrecision, pValues, rocCurve, thresholdOf } from "../evaluation.ts";
import { scoresOf } from "../fitting.ts";
import type { Learnt } from "../scorer.ts";
import type { NoveltyDetection } from "./options.ts";
import type { NoveltyRows } from "./rows.ts";

/** Where the scores of held-out normal rows are kept, among a run's artifacts: a threshold is made of them. */
export const HELD_OUT_SCORES = "heldout-scores.npy";

/** Scores of test rows. */
interface Tested {
  readonly scores: Float32Array;
  readonly isAbnormal: readonly boolean[];
}

/** Scores all rows and keeps what they say. */
export async function* results(
  { normal, falseAlarms, painter }: NoveltyDetection,
  { learn, heldOut, test }: NoveltyRows,
  { scorer, controls = {} }: Learnt,
  context: RunContext,
): AsyncGenerator<ApplicationEvent, undefined> {
  yield { type: "stage", stage: "score" };
  const values: Record<string, number> = { learntFrom: learn.size };
  const learnt = await scoresOf(scorer, learn);
  const held = heldOut && (await scoresOf(scorer, heldOut));
  let threshold: number | undefined;
  if (held !== undefined) {
    threshold = thresholdOf(held, falseAlarms);
    Object.assign(values, { heldOut: held.length, threshold });
    const npy = new Uint8Array(dump(held, [held.length]));
    yield await context.artifact(
      HELD_OUT_SCORES,
      "Scores of normal rows that were held out, float32 [n]",
      npy,
    );
  }
  const tested = test && testedBy(await scoresOf(scorer, test), test, normal);
  if (tested !== undefined) {
    const { ofNormal, ofAbnormal } = sides(tested);
    Object.assign(values, judged(tested));
    if (threshold !== undefined) {
      if (ofNormal.length > 0) values.falseAlarms = above(ofNormal, threshold);
      if (ofAbnormal.length > 0) values.detected = above(ofAbnormal, threshold);
    }
    for (const [name, network] of Object.entries(controls)) {
      const others = judged(testedBy(await scoresOf(network, test!), test!, normal));
      for (const [metric, value] of Object.entries(others)) values[`${name}.${metric}`] = value;
    }
    const text = new TextEncoder().encode(table(tested, test!, held));
    yield await context.artifact("scores.csv", "Scores of the test rows", text);
  }
  yield { type: "metrics", values };
  if (painter === undefined) return;
  yield* pictures(painter, { learnt, held, tested }, threshold, context);
  return;
}

function testedBy(
  scores: Float32Array,
  { labels, size }: FiniteDataset,
  normal: readonly number[] | undefined,
): Tested {
  const isAbnormal = Array.from(
    { length: size },
    (_, i) => normal !== undefined && !normal.includes(labels![i]!),
  );
  return { scores, isAbnormal };
}

function sides({ scores, isAbnormal }: Tested): Record<"ofNormal" | "ofAbnormal", Float32Array> {
  return {
    ofNormal: scores.filter((_, i) => !isAbnormal[i]),
    ofAbnormal: scores.filter((_, i) => isAbnormal[i]),
  };
}

/** Numbers that take rows of both kinds. */
function judged(tested: Tested): Record<string, number> {
  const { ofNormal, ofAbnormal } = sides(tested);
  if (ofNormal.length === 0 || ofAbnormal.length === 0) return {};
  return { auroc: auroc(ofNormal, ofAbnormal), averagePrecision: averagePrecision(ofNormal, ofAbnormal) };
}

function above(scores: Float32Array, threshold: number): number {
  return scores.filter((score) => score > threshold).length / scores.length;
}

function table(
  { scores, isAbnormal }: Tested,
  { labels }: FiniteDataset,
  held: Float32Array | undefined,
): string {
  const p = held && pValues(held, scores);
  const head = ["row", ...(labels ? ["label", "abnormal"] : []), "score", ...(p ? ["p"] : [])];
  const lines = Array.from(scores, (score, i) =>
    [i + 1, ...(labels ? [labels[i]!, Number(isAbnormal[i])] : []), score, ...(p ? [p[i]!] : [])].join(","),
  );
  return `${[head.join(","), ...lines].join("\n")}\n`;
}

async function* pictures(
  painter: Painter,
  {
    learnt,
    held,
    tested,
  }: {
    readonly learnt: Float32Array;
    readonly held: Float32Array | undefined;
    readonly tested: Tested | undefined;
  },
  threshold: number | undefined,
  context: RunContext,
): AsyncGenerator<ApplicationEvent> {
  const { ofNormal, ofAbnormal } = tested ? sides(tested) : { ofNormal: undefined, ofAbnormal: undefined };
  const series = Object.entries({
    "learnt from": learnt,
    "held out": held,
    "test, normal": ofNormal,
    "test, abnormal": ofAbnormal,
  }).flatMap(([name, values]) => (values === undefined || values.length === 0 ? [] : [{ name, values }]));
  const png = await scoresPicture(painter, series, threshold);
  yield await context.artifact("scores.png", titleOf(threshold), png);
  if (!ofNormal?.length || !ofAbnormal?.length) return;
  const roc = { name: "scorer", ...rocCurve(ofNormal, ofAbnormal) };
  const axes = { x: "share of false alarms", y: "share of abnormal rows found" };
  yield await context.artifact("roc.png", "ROC curve", await painter.lines("ROC curve", axes, [roc]));
}

/** Scores whose largest is so many times their median are drawn by their logarithms: the others would share one bar. */
const FAR = 20;

/** Draws how scores are distributed, and the threshold. */
export async function scoresPicture(
  painter: Painter,
  series: readonly PointSeries[],
  threshold: number | undefined,
): Promise<Uint8Array> {
  const all = series.flatMap(({ values }) => [...values]).sort((a, b) => a - b);
  const isFar = all[0]! > 0 && all.at(-1)! > FAR * all[Math.floor(all.length / 2)]!;
  const drawn = isFar ? series.map((one) => ({ ...one, values: one.values.map(Math.log10) })) : series;
  const mark = threshold === undefined ? {} : { mark: isFar ? Math.log10(threshold) : threshold };
  return await painter.histogram(titleOf(threshold), drawn, { x: isFar ? "log₁₀ score" : "score", ...mark });
}

function titleOf(threshold: number | undefined): string {
  return threshold === undefined ? "Scores" : `Scores, threshold ${Number(threshold.toPrecision(4))}`;
}

/** @throws Error where a scorer broke its contract */
export function requireScorer(name: string, { outputShape }: Network): void {
  if (`${outputShape}` === "1") return;
  throw new Error(`scorer "${name}": its network gives [${outputShape}] a row, not one number`);
}
