/**
 * The pictures of `generate`: what suits the shape of the samples.
 *
 * @module
 */
import {
  type Key,
  type LineSeries,
  type Painter,
  type Picture,
  type PointSeries,
  pictureOf,
  type Reading,
  type Sampler,
  type TargetDistributionSpec,
  tf,
} from "../../../core/mod.ts";

/** Images in a sheet. */
const SHEET = 100;

/**
 * Samples by name: one histogram in one dimension, one scatter plot in two, a sheet each for images, and nothing where
 * no picture suits the shape.
 */
export async function pictures(
  painter: Painter,
  { shape, range = [0, 1] }: TargetDistributionSpec,
  rows: Readonly<Record<string, Sampler>>,
  key: Key,
  n: number,
): Promise<Picture[]> {
  const kind = pictureOf(shape);
  if (kind === "histogram" || kind === "scatter") {
    const series: PointSeries[] = [];
    for (const [name, sample] of Object.entries(rows)) {
      series.push({ name, values: await drawn(sample, key.fold(name), n) });
    }
    const title = `Samples of ${Object.keys(rows).join(", ")}`;
    // The data decide, so that pictures of one training show the same stretch.
    const axes = Object.keys(rows).filter((name) => name !== "pg");
    const png = await painter[kind](title, series, { axes });
    return [{ name: "samples", title, png }];
  }
  if (kind === undefined) return [];
  const [height, width, channels = 1] = shape as [number, number, number?];
  const sheets: Picture[] = [];
  for (const [name, sample] of Object.entries(rows)) {
    const images = await drawn(sample, key.fold(name), Math.min(n, SHEET));
    const png = await painter.sheet(images, [height, width, channels], range);
    sheets.push({ name, title: `Samples of ${name}`, png });
  }
  return sheets;
}

async function drawn(sample: Sampler, key: Key, n: number): Promise<Float32Array> {
  const x = tf.tidy(() => sample(key, n));
  const values = (await x.data()) as Float32Array;
  x.dispose();
  return values;
}

/** Losses over generator steps: rows of step, critic's and generator's loss. */
export async function lossCurves(
  painter: Painter,
  history: readonly (readonly [number, Reading, Reading])[],
): Promise<Picture> {
  const x = history.map(([step]) => step);
  const title = "Losses of critic and generator";
  const series: LineSeries[] = [
    { name: "critic", x, y: history.map(([, critic]) => Number(critic)) },
    { name: "generator", x, y: history.map(([, , generator]) => Number(generator)) },
  ];
  return {
    name: "losses",
    title,
    png: await painter.lines(title, { x: "generator step", y: "loss" }, series),
  };
}
