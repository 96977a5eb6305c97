/**
 * The pictures of `bad-gan-ssl`: generated samples, where they lie among the data's features, and errors over epochs beside
 * those that were published.
 *
 * @module
 */

import {
  type FiniteDataset,
  type Key,
  type LineSeries,
  type Network,
  type Painter,
  type Picture,
  type PointSeries,
  type Range,
  tf,
} from "../../../core/mod.ts";
import type { Evaluation } from "./evaluation.ts";
import { principalPlane } from "./map.ts";
import { type StageContext, titled } from "./stage.ts";

/** Images in a sheet. */
const SHEET = 100;
/** Images of features taken at a time. */
const BLOCK = 100;

/** All pictures that suit the data. */
export async function pictures(
  painter: Painter,
  stage: StageContext,
  history: readonly Evaluation[],
  key: Key,
): Promise<Picture[]> {
  return [
    ...(await samples(painter, stage, key.fold("samples"))),
    await featureMap(painter, stage, key.fold("map")),
    await errorCurves(painter, stage, history),
  ];
}

/** Generated rows, where they are images. */
async function samples(
  painter: Painter,
  { parts: { data }, learner }: StageContext,
  key: Key,
): Promise<Picture[]> {
  const [height, width, channels] = data.shape;
  if (learner.generate === undefined || data.shape.length !== 3 || (channels !== 1 && channels !== 3))
    return [];
  const x = learner.generate(key, SHEET);
  const png = await painter.sheet(
    (await x.data()) as Float32Array,
    [height!, width!, channels],
    rangeOf(data),
  );
  x.dispose();
  return [{ name: "generated", title: "Generated samples", png }];
}

function rangeOf({ range }: FiniteDataset): Range {
  return range ?? [0, 1];
}

/** Features of labelled, unlabelled and generated rows in the plane in which those of unlabelled rows vary most. */
async function featureMap(painter: Painter, stage: StageContext, key: Key): Promise<Picture> {
  const { split, learner, classifier } = stage;
  const { data, samples: n } = stage.parts;
  const some = (rows: Int32Array, name: string): Int32Array =>
    key
      .fold(name)
      .permutation(rows.length)
      .slice(0, n)
      .map((i) => rows[i]!);
  const rowsOf = (rows: Int32Array) => (from: number, to: number) => data.rows(rows.subarray(from, to));
  const unlabeled = some(split.unlabeled, "unlabeled");
  const labeled = some(split.labeled, "labeled");
  const features = [
    ["unlabeled", featuresOf(classifier, unlabeled.length, rowsOf(unlabeled))],
    ["labeled", featuresOf(classifier, labeled.length, rowsOf(labeled))],
  ] as [string, tf.Tensor2D][];
  if (learner.generate !== undefined) {
    const generate = learner.generate;
    features.push([
      "generated",
      featuresOf(classifier, n, (from, to) => generate(key.fold("generated", from), to - from)),
    ]);
  }
  const { project, dispose } = principalPlane(features[0]![1], key.fold("plane"));
  const series: PointSeries[] = [];
  for (const [name, f] of features) {
    const points = project(f); // [n, 2]
    series.push({ name, values: (await points.data()) as Float32Array });
    tf.dispose([points, f]);
  }
  dispose();
  const title = titled(stage, "Features in the plane in which those of unlabelled rows vary most");
  return { name: "features", title, png: await painter.scatter(title, series) };
}

/** Features of `n` rows by a network in use, `[n, width]`, a block at a time. */
function featuresOf(
  { features }: Network,
  n: number,
  rows: (from: number, to: number) => tf.Tensor,
): tf.Tensor2D {
  const parts: tf.Tensor2D[] = [];
  for (let from = 0; from < n; from += BLOCK) {
    parts.push(
      tf.tidy(() => {
        const f = features!.of(rows(from, Math.min(n, from + BLOCK)), { training: false });
        return tf.reshape(f, [f.shape[0]!, -1]);
      }),
    );
  }
  const all = tf.concat(parts, 0) as tf.Tensor2D;
  tf.dispose(parts);
  return all;
}

/** Test errors in percent over epochs, and Table 1's as lines. */
async function errorCurves(
  painter: Painter,
  stage: StageContext,
  history: readonly Evaluation[],
): Promise<Picture> {
  const { test, published = {} } = stage.parts;
  const epochs = history.map(({ epoch }) => epoch);
  const percent = (errors: (row: Evaluation) => number): number[] =>
    history.map((row) => (100 * errors(row)) / test.size);
  const across = [0, epochs.at(-1)!];
  const series: LineSeries[] = [
    { name: "test", x: epochs, y: percent(({ testErrors }) => testErrors) },
    { name: "test, averaged weights", x: epochs, y: percent(({ averagedErrors }) => averagedErrors) },
    ...Object.entries(published).map(([name, y]) => ({ name, x: across, y: [y, y] })),
  ];
  const title = titled(stage, "Errors on test rows");
  const axes = { x: "epoch", y: "errors in percent", logarithmic: true };
  return { name: "errors", title, png: await painter.lines(title, axes, series) };
}
