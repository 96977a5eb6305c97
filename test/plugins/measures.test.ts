/** Measures, held against cases whose answer is known. */
import t from "tap";
import {
  DEFAULT_SENTINELS,
  fromArrays,
  Key,
  type Measure,
  type MeasureInput,
  type Sampler,
  type SentinelPolicy,
  type TargetDistributionSpec,
  tf,
  transientState,
} from "../../core/mod.ts";
import { classifier } from "../../plugins/measures/classifier/classifier.ts";
import { geometry } from "../../plugins/measures/geometry/geometry.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { adam } from "../../plugins/optimizers/adam/adam.ts";
import { sgd } from "../../plugins/optimizers/sgd/sgd.ts";

await tf.setBackend("cpu");

const uniform =
  (low: number, high: number): Sampler =>
  (key, n) =>
    key.uniform([n, 1], low, high);

/** pd = U(0, 1), pdBar = U(0, 2): what is left is U(1, 2). */
const line: TargetDistributionSpec = {
  name: "line",
  alpha: 0.5,
  shape: [1],
  pd: uniform(0, 1),
  pdBar: uniform(0, 2),
  geometry: { locate: (points) => ({ offset: points.map((x) => x - 0.5), position: points.map(() => 0) }) },
};

const inputOf = (
  target: TargetDistributionSpec,
  pg: Sampler,
  more: Partial<MeasureInput> = {},
): MeasureInput => ({
  ...{ target, pg, key: Key.from(0), state: transientState() },
  ...{ sentinels: DEFAULT_SENTINELS, stage: "measure", ...more },
});

async function judge(
  measure: Measure,
  target: TargetDistributionSpec,
  pg: Sampler,
): Promise<Record<string, number>> {
  const steps = measure.measure(inputOf(target, pg));
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return value;
  }
}

t.test("geometry() gives full marks to the difference itself", async (t) => {
  const measured = await judge(geometry({ n: 2000, along: 20, across: 3 }), line, uniform(1, 2));
  t.match(measured, { outside: 1, coverageAlong: 1 });
  t.ok(measured.coverage! > 0.99, `coverage ${measured.coverage}`);
  t.ok(measured.within! > 0.99, `within ${measured.within}`);
});

t.test("geometry() tells pd, one point off it, and points flown off from the difference", async (t) => {
  const measure = geometry({ n: 2000, along: 20, across: 3 });
  const onPd = await judge(measure, line, uniform(0, 1));
  t.ok(onPd.outside! < 0.1, `5 % of pd lies outside its own central 95 %, and ${onPd.outside} was measured`);
  const stuck = await judge(measure, line, uniform(1.5, 1.5001));
  t.equal(stuck.outside, 1);
  t.ok(stuck.coverage! < 0.5, `coverage of a single point: ${stuck.coverage}`);
  const flown = await judge(measure, line, uniform(5, 6));
  t.equal(flown.within, 0);
});

t.test("geometry() refuses targets without a geometry, and pdBar that leaves nothing to cover", async (t) => {
  const { geometry: _, ...plain } = line;
  const measure = geometry({ n: 100, along: 2, across: 2 });
  t.throws(() => measure.check!(plain), { name: "InputError", message: /"line" has no known geometry/ });
  const inner = { ...line, pdBar: uniform(0.4, 0.6) };
  await t.rejects(judge(measure, inner, uniform(1, 2)), {
    name: "InputError",
    message: /none that lies outside pd is left to cover/,
  });
});

/** Four clearly separate classes of points in the plane: class c around (c, c). */
const blobs = fromArrays({
  name: "blobs",
  values: Float32Array.from({ length: 800 }, (_, i) => {
    const noise = Key.from(1).normalArray(800, 0, 0.1)[i]!;
    return (Math.floor(i / 2) % 4) + noise;
  }),
  labels: Uint8Array.from({ length: 400 }, (_, i) => i % 4),
  shape: [2],
});
const classes: TargetDistributionSpec = {
  name: "blobs",
  alpha: 0.5,
  shape: [2],
  pd: blobs.only([1]).sample,
  pdBar: blobs.only([1, 3]).sample,
  classes: { data: blobs, pd: [1], pdBar: [1, 3] },
};
const judgeOptions = {
  network: mlp({ hidden: [16], activation: "relu", spectralNorm: false }),
  optimizer: adam({ learningRate: 0.02, decayFrom: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
  epochs: 20,
  batch: 40,
  n: 200,
};

t.test("classifier() gives full marks to real rows of the wanted class", async (t) => {
  const measured = await judge(classifier(judgeOptions), classes, blobs.only([3]).sample);
  t.match(measured, { targetShare: 1, avoidShare: 0, "judged.1": 0, "judged.3": 1 });
  t.ok(measured.classifierAccuracy! > 0.99, `accuracy ${measured.classifierAccuracy}`);
  t.equal(measured.realTargetShare, 1);
  t.ok(Math.abs(measured.diversity! - 1) < 0.15, `diversity ${measured.diversity}`);
});

t.test("classifier() tells how far a judge is to be believed", async (t) => {
  // half of the rows of class 3 that are held out lie where class 1 does
  const rows = await blobs
    .only([1])
    .rows([...Array(50).keys()])
    .data();
  const heldOut = fromArrays({
    name: "held out",
    values: Float32Array.from([...rows, ...Array(100).fill(3)]),
    labels: new Uint8Array(100).fill(3),
    classes: 4,
    shape: [2],
  });
  const target = {
    ...classes,
    classes: { ...classes.classes!, data: { ...blobs, heldOut: async () => heldOut } },
  };
  const measured = await judge(classifier(judgeOptions), target, blobs.only([3]).sample);
  t.match(measured, { targetShare: 1, realTargetShare: 0.5, classifierAccuracy: 0.5 });
});

t.test("classifier() tells the class to avoid, and a generator that repeats itself", async (t) => {
  const avoided = await judge(classifier(judgeOptions), classes, blobs.only([1]).sample);
  t.match(avoided, { targetShare: 0, avoidShare: 1 });
  const repeated: Sampler = (_, n) => tf.fill([n, 2], 3);
  t.ok((await judge(classifier(judgeOptions), classes, repeated)).diversity! < 0.01);
});

t.test(
  "classifier() refuses targets without classes, leaves no tensor behind, stops when told to",
  async (t) => {
    t.throws(() => classifier(judgeOptions).check!(line), {
      name: "InputError",
      message: /not made of classes/,
    });
    const before = tf.memory().numTensors;
    await judge(classifier({ ...judgeOptions, epochs: 1 }), classes, blobs.only([3]).sample);
    t.equal(tf.memory().numTensors, before);
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    const input = inputOf(classes, classes.pd, { state: transientState(stop.signal) });
    const steps = classifier(judgeOptions).measure(input);
    await t.rejects(
      async () => {
        for await (const _ of steps);
      },
      { message: "enough" },
    );
    t.equal(tf.memory().numTensors, before, "nor when stopped");
  },
);

t.test("classifier() heeds the sentinels", async (t) => {
  const before = tf.memory().numTensors;
  const judging = async (notFinite: SentinelPolicy["notFinite"]) => {
    const wild = { ...judgeOptions, epochs: 1, optimizer: sgd({ learningRate: 1e30, decayFrom: 1 }) };
    const sentinels = { ...DEFAULT_SENTINELS, notFinite };
    const measuring = classifier(wild).measure(inputOf(classes, classes.pd, { sentinels }));
    const kinds: string[] = [];
    for (;;) {
      const { done, value } = await measuring.next();
      if (done) return { kinds, accuracy: value.classifierAccuracy! };
      kinds.push(value.type);
    }
  };
  await t.rejects(judging("stop"), { name: "RunError", message: /^train judge: the loss is NaN at step/ });
  const [warned, off] = [await judging("warn"), await judging("off")];
  t.equal(warned.kinds.filter((kind) => kind === "sentinel").length, 1);
  t.notOk(off.kinds.includes("sentinel"));
  t.ok(Number.isFinite(warned.accuracy));
  t.equal(tf.memory().numTensors, before, "and leaves no tensor behind");
});
