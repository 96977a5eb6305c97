/** Judging scores: AUROC, average precision, thresholds, p-values, against closed forms and pairs counted one by one. */
import t from "tap";
import { type HistogramAxes, InputError, Key, type Painter, type PointSeries } from "../../core/mod.ts";
import {
  auroc,
  averagePrecision,
  pValues,
  rocCurve,
  scoresPicture,
  thresholdOf,
} from "../../plugins/novelty/mod.ts";
import { close } from "./close.ts";

const key = Key.from("novelty evaluation");
const drawn = (name: string, n: number, mean: number): number[] =>
  [...key.fold(name).normalArray(n, mean)].map((score) => Math.round(4 * score) / 4); // with many ties

t.test("auroc() is the share of pairs in the right order, ties counting half", async (t) => {
  const [normal, abnormal] = [drawn("normal", 60, 0), drawn("abnormal", 40, 1)];
  let right = 0;
  for (const a of abnormal) for (const n of normal) right += a > n ? 1 : a === n ? 0.5 : 0;
  close(t, auroc(normal, abnormal), right / (60 * 40), "as counted");
  t.equal(auroc([0, 1], [2, 3]), 1);
  t.equal(auroc([2, 3], [0, 1]), 0);
  t.equal(auroc([1, 1], [1]), 0.5);
});

t.test("averagePrecision() is what scikit-learn gives", async (t) => {
  // sklearn.metrics.average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
  close(t, averagePrecision([0.1, 0.4], [0.35, 0.8]), 0.8333333333333333, "its example");
  // average_precision_score([1, 0, 1, 0, 1], [1, 1, 2, 0, 0]): ties share a threshold
  close(t, averagePrecision([1, 0], [1, 2, 0]), 1 / 3 + (1 / 3) * (2 / 3) + (1 / 3) * (3 / 5), "with ties");
});

t.test("rocCurve() runs from corner to corner, and the area under it is auroc()", async (t) => {
  const [normal, abnormal] = [drawn("normal", 60, 0), drawn("abnormal", 40, 1)];
  const { x, y } = rocCurve(normal, abnormal);
  t.same([x[0], y[0], x.at(-1), y.at(-1)], [0, 0, 1, 1]);
  let area = 0;
  for (let i = 1; i < x.length; i++) area += ((x[i]! - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2;
  close(t, area, auroc(normal, abnormal), "trapezoids");
});

t.test("thresholdOf() is the conformal one, and says when there are too few rows", async (t) => {
  const heldOut = Array.from({ length: 99 }, (_, i) => i + 1);
  t.equal(thresholdOf(heldOut, 0.05), 95);
  t.equal(thresholdOf(heldOut, 0.01), 99);
  t.throws(() => thresholdOf(heldOut, 0.009), InputError);
  t.throws(() => thresholdOf([1, 2, 3], 0.05), /3 held-out rows cannot tell .* 5 % .* takes 19 rows/);
  t.equal(
    thresholdOf(
      Array.from({ length: 19 }, (_, i) => i),
      0.05,
    ),
    18,
  );
});

t.test("a new normal row is above the threshold no more often than was asked for", async (t) => {
  let alarms = 0;
  const trials = 4000;
  for (let i = 0; i < trials; i++) {
    const rows = key.fold("trial", i).normalArray(40);
    if (rows[39]! > thresholdOf(rows.subarray(0, 39), 0.1)) alarms++;
  }
  const expected = 1 - Math.ceil(40 * 0.9) / 40; // 0.1, for scores without ties
  t.ok(Math.abs(alarms / trials - expected) < 4 * Math.sqrt((0.1 * 0.9) / trials), `${alarms} of ${trials}`);
});

t.test("pValues() counts held-out scores that are as high", async (t) => {
  t.same([...pValues([1, 2, 2, 3], [0, 2, 2.5, 3, 4])], [1, 4 / 5, 2 / 5, 2 / 5, 1 / 5]);
});

t.test(
  "scoresPicture() draws scores far apart by their logarithms, and the threshold with them",
  async (t) => {
    const drawn: unknown[] = [];
    const painter = {
      histogram: async (title: string, series: readonly PointSeries[], on: HistogramAxes) => {
        drawn.push([
          title,
          series.map(({ values }) => Array.from(values, (v) => Math.round(v * 1e6) / 1e6)),
          on,
        ]);
        return new Uint8Array();
      },
    } as unknown as Painter;
    const series = (...values: number[]): PointSeries[] => [
      { name: "held out", values: Float32Array.from(values) },
    ];
    await scoresPicture(painter, series(1, 2, 4), 3);
    await scoresPicture(painter, series(0.001, 0.01, 1), 0.1);
    await scoresPicture(painter, series(-1, 0, 100), undefined); // has no logarithms
    t.same(drawn, [
      ["Scores, threshold 3", [[1, 2, 4]], { x: "score", mark: 3 }],
      ["Scores, threshold 0.1", [[-3, -2, 0]], { x: "log₁₀ score", mark: -1 }],
      ["Scores", [[-1, 0, 100]], { x: "score" }],
    ]);
  },
);
