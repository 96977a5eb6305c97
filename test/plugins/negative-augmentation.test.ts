/** Distorted images as pd, and the energy distance that judges what a GAN makes of them. */
import t from "tap";
import { fromArrays, InputError, Key, Measures, refsOf, type Sampler, Targets, tf } from "../../core/mod.ts";
import energyPlugin from "../../plugins/measures/energy/energy.ts";
import { cut, jigsaw, mix } from "../../plugins/targets/negative-augmentation/distortions.ts";
import nda, {
  negativeAugmentation,
} from "../../plugins/targets/negative-augmentation/negative-augmentation.ts";
import { contextFor } from "../conformance/context.ts";
import { checkMeasure } from "../conformance/measure.ts";
import { checkOptions } from "../conformance/options.ts";
import { checkTarget } from "../conformance/target.ts";

const context = await contextFor();
/** What a measure without a training leaves alone. */
const UNUSED = { state: undefined as never, sentinels: undefined as never };
const key = Key.from("negative augmentation");
const values = key.uniformArray(10 * 4 * 6 * 2);
const data = fromArrays({ name: "images", values, shape: [4, 6, 2], range: [0, 1] });
const images = (n: number): tf.Tensor4D => data.rows([...Array(n).keys()]) as tf.Tensor4D;

t.test("negative-augmentation keeps the contract of targets", async (t) => {
  await checkTarget(t, negativeAugmentation({ data }));
  const ref = { use: "negative-augmentation", data: "mnist", distortions: ["jigsaw"] };
  const { shape, classes } = await context.create(Targets, ref);
  t.same(shape, [28, 28, 1]);
  t.same([classes!.pd, classes!.pdBar], [[], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]], "for the measure classifier");
  t.equal(negativeAugmentation({ data }).classes, undefined, "of rows without labels there are none");
  checkOptions(t, nda, refsOf(context.registry));
  checkOptions(t, energyPlugin, refsOf(context.registry));
  t.throws(() => negativeAugmentation({ data, tiles: 3 }), InputError);
  t.throws(
    () => negativeAugmentation({ data: fromArrays({ name: "rows", values, shape: [480] }) }),
    /images/,
  );
});

t.test("jigsaw() moves whole tiles, and never leaves all in place", async (t) => {
  const x = images(10);
  const y = jigsaw(x, 2, key);
  const tiles = (image: number[][][]): string[] =>
    [
      [0, 0],
      [0, 3],
      [2, 0],
      [2, 3],
    ].map(([top, left]) =>
      JSON.stringify(image.slice(top, top! + 2).map((row) => row.slice(left, left! + 3))),
    );
  const [before, after] = [x, y].map((all) => (all.arraySync() as number[][][][]).map(tiles));
  before!.forEach((of, i) => {
    t.same(after![i]!.toSorted(), of.toSorted(), "the same tiles");
    t.notSame(after![i], of, "in another order");
  });
});

t.test("cut() takes a square of another image, mix() the mean of two", async (t) => {
  const [x, other] = [tf.zeros([5, 10, 10, 1]) as tf.Tensor4D, tf.ones([5, 10, 10, 1]) as tf.Tensor4D];
  for (const area of tf.sum(cut(x, other, key), [1, 2, 3]).dataSync()) {
    const side = Math.sqrt(area);
    t.ok(Number.isInteger(side) && side >= 3 && side <= 5, `a square of ${area}`);
  }
  const mixed = mix(x, other, key);
  for (const [low, high] of [tf.min(mixed, [1, 2, 3]).dataSync(), tf.max(mixed, [1, 2, 3]).dataSync()].map(
    (v) => [Math.min(...v), Math.max(...v)],
  )) {
    t.ok(low! >= 0.3 - 1e-6 && high! <= 0.7 + 1e-6, "weights from .3 to .7");
  }
});

const line = { name: "line", alpha: 0, shape: [1] };

async function energyOf(n: number, pg: Sampler, pdBar: Sampler): Promise<Readonly<Record<string, number>>> {
  const measure = await context.create(Measures, { use: "energy", n });
  const { value } = await measure
    .measure({ ...{ target: { ...line, pd: pg, pdBar }, pg, key, stage: "" }, ...UNUSED })
    .next();
  return value as Readonly<Record<string, number>>;
}

t.test("energy is 2·E|x − y| − E|x − x'| − E|y − y'|, no row being paired with itself", async (t) => {
  const these =
    (...values: number[]): Sampler =>
    () =>
      tf.tensor2d(values, [values.length, 1]);
  // pairs: 2, 4, 1, 3 between the two; 1 and 2 within
  const { energyDistance } = await energyOf(2, these(0, 1), these(2, 4));
  t.ok(Math.abs(energyDistance! - (2 * 2.5 - 1 - 2)) < 1e-5, `${energyDistance}`);
});

t.test("energy is near 0 for two samples of one distribution, and its floor always", async (t) => {
  const normal: Sampler = (k, n) => k.normal([n, 1]);
  await checkMeasure(t, await context.create(Measures, { use: "energy", n: 50 }), {
    ...line,
    ...{ pd: normal, pdBar: normal },
  });
  const same = await energyOf(300, normal, normal);
  t.ok(Math.abs(same.energyDistance!) < 0.05 && Math.abs(same.energyFloor!) < 0.05, JSON.stringify(same));
});
