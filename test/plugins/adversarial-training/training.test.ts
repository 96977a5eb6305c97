/** The terms of Eq. (9), noise, the game as the paper may be read, and the training of a classifier. */
import t from "tap";
import {
  assemble,
  conditionalEntropy,
  contextOf,
  crossEntropy,
  type FiniteDataset,
  fromArrays,
  Key,
  Optimizers,
  refsOf,
  tf,
  transientState,
} from "../../../core/mod.ts";
import { samplingTrick } from "../../../plugins/mixers/sampling-trick/sampling-trick.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";
import { mlp } from "../../../plugins/networks/mlp/mlp.ts";
import { wganGp } from "../../../plugins/objectives/wgan-gp/wgan-gp.ts";
import {
  featuresOf,
  rowGenerator,
  targetOf,
  trainGenerator,
} from "../../../plugins/robustness/adversarial-training/generator.ts";
import { noisy, widened } from "../../../plugins/robustness/adversarial-training/noise.ts";
import { READINGS, type Reading } from "../../../plugins/robustness/adversarial-training/reading.ts";
import { trainClassifier } from "../../../plugins/robustness/adversarial-training/training.ts";

await tf.setBackend("cpu");
await tf.ready();

const registry = await assemble(builtinPlugins);
const context = contextOf(registry, new URL(import.meta.url));
const key = Key.from("adversarial");
const sentinels = { notFinite: "stop", collapse: "off", runaway: "off" } as const;

t.test("the terms of Eq. (9) are those of the softmax", async (t) => {
  const rows = [
    [1, -2, 0.5],
    [3, 3, -1],
  ];
  const p = rows.map((row) => {
    const e = row.map(Math.exp);
    return e.map((v) => v / e.reduce((a, b) => a + b));
  });
  const expected = {
    ce: -(Math.log(p[0]![2]!) + Math.log(p[1]![0]!)) / 2,
    h: -p.flat().reduce((sum, v) => sum + v * Math.log(v), 0) / 2,
  };
  const y = tf.tensor2d([
    [0, 0, 1],
    [1, 0, 0],
  ]);
  t.ok(Math.abs(crossEntropy(tf.tensor2d(rows), y).dataSync()[0]! - expected.ce) < 1e-6);
  t.ok(Math.abs(conditionalEntropy(tf.tensor2d(rows)).dataSync()[0]! - expected.h) < 1e-6);
  const extreme = conditionalEntropy(tf.tensor2d([[1000, 0, -1000]])).dataSync()[0]!;
  t.equal(extreme, 0, "a saturated softmax has no entropy, and is no NaN");
});

t.test("noisy() is uniform within r, and is held within the range where it is asked to", async (t) => {
  const x = tf.fill([200, 20], 0.1);
  const free = noisy(x, 0.3, undefined, key).dataSync();
  const deviations = [...free].map((v) => v - 0.1);
  t.ok(deviations.every((d) => Math.abs(d) <= 0.3 + 1e-6));
  const variance = deviations.reduce((sum, d) => sum + d * d, 0) / deviations.length;
  t.ok(Math.abs(variance / (0.3 ** 2 / 3) - 1) < 0.05, "variance r²/3");
  const held = noisy(x, 0.3, [0, 1], key).dataSync();
  t.same(
    [...held],
    [...free].map((v) => Math.max(0, v)),
  );
  t.same(widened([0, 1], 0.25, false), [-0.25, 1.25]);
  t.same(widened([0, 1], 0.25, true), [0, 1]);
});

/** Images of 4 × 4 in three classes, with a test split. */
function images(n: number, of = "train"): FiniteDataset {
  const labels = Uint8Array.from({ length: n }, (_, i) => i % 3);
  const noise = key.fold(of).uniformArray(n * 16, 0, 0.4);
  return fromArrays({
    ...{ name: "images", shape: [4, 4, 1], labels, range: [0, 1] as const },
    values: noise.map((v, i) => v + ((i % 16) % 3 === labels[Math.floor(i / 16)] ? 0.5 : 0)),
    heldOut: async () => images(n, "test"),
  });
}
const data = images(60);
const plan = mlp({ hidden: [12], activation: "relu", spectralNorm: false });
const adam = await context.create(
  Optimizers,
  refsOf(registry)(Optimizers).parse({ use: "adam", learningRate: 0.01 }),
);
const game = {
  ...{ alpha: 0.5, objective: wganGp({ lambda: 10 }), mixer: samplingTrick(), generator: plan, critic: plan },
  ...{ latent: { size: 5, distribution: "uniform" as const }, optimizer: adam, criticOptimizer: adam },
  ...{ k: 1, m: 8, steps: 3 },
};

t.test("noise on features is as wide as featureNoise, or as r beside their spread", async (t) => {
  const state = transientState();
  const baseline = state.network("baseline", plan, { input: data.shape, output: [3] }, key);
  const all = data.rows(Array.from({ length: data.size }, (_, i) => i));
  const features = baseline.features!.of(all, { training: false });
  const exact = (await features.array()) as number[][];
  const furthest = async (reading: Reading, r: number): Promise<number> => {
    const noisyData = { data, clip: false };
    const seen = await targetOf({ ...game, reading }, noisyData, r, featuresOf(baseline), key);
    const rows = (await seen.pdBar(key.fold("rows"), 400).array()) as number[][];
    const distance = (a: readonly number[], b: readonly number[]): number =>
      Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));
    return Math.max(...rows.map((row) => Math.min(...exact.map((one) => distance(one, row)))));
  };
  const near = (value: number, width: number): boolean => value <= width + 1e-6 && value > 0.9 * width;
  const absolute = { ...READINGS["feature-noise"], featureNoise: 0.01 };
  for (const r of [0.1, 0.3]) t.ok(near(await furthest(absolute, r), 0.01), `whatever r: ${r}`);
  const spread = (x: tf.Tensor): number => tf.sqrt(tf.mean(tf.moments(x, 0).variance)).dataSync()[0]!;
  const ratio = spread(features) / spread(all);
  const relative = await furthest(READINGS["feature-noise"], 0.01);
  t.ok(relative > 0.8 * 0.01 * ratio && relative < 1.2 * 0.01 * ratio, `${relative} beside ${0.01 * ratio}`);
});

const drain = async (steps: AsyncGenerator<unknown>): Promise<void> => {
  for await (const _ of steps);
};

for (const [name, reading] of Object.entries(READINGS)) {
  t.test(`the game as read by "${name}" trains the generator alone`, async (t) => {
    const r = 0.2;
    const state = transientState();
    const noisyData = { data, clip: false };
    const baseline = state.network("baseline", plan, { input: data.shape, output: [3] }, key);
    const rows = rowGenerator({ ...game, reading }, noisyData, r, state, key.fold("generator"));
    const values = (network: typeof baseline): number[][] =>
      [...network.parameters.values()].map((v) => [...v.dataSync()]);
    const [before, classifier] = [values(rows.kept), values(baseline)];
    const place = { rows, baseline, r, title: "generator" };
    const at = { sentinels };
    await drain(trainGenerator({ ...game, reading }, noisyData, place, at, key, state.scope("stage")));
    t.notSame(values(rows.kept), before);
    t.same(values(baseline), classifier, "the baseline is as it was");

    const x = rows.draw(key.fold("drawn"), 40);
    t.same(x.shape, [40, 4, 4, 1]);
    t.same(rows.draw(key.fold("drawn"), 40).dataSync(), x.dataSync(), "a function of the key");
    const all = x.dataSync();
    t.ok(
      all.every((v) => v >= -r - 1e-6 && v <= 1 + r + 1e-6),
      "within the widened range",
    );
    if (reading.generates !== "ball") return;
    const real = data.rows(Array.from({ length: 60 }, (_, i) => i)).dataSync();
    const near = Array.from({ length: 40 }, (_, i) =>
      Array.from({ length: 60 }, (_, j) =>
        Math.max(...Array.from({ length: 16 }, (_, p) => Math.abs(all[i * 16 + p]! - real[j * 16 + p]!))),
      ),
    );
    t.ok(
      near.every((distances) => Math.min(...distances) <= r + 1e-6),
      "each is within r of some row",
    );
  });
}

t.test("trainClassifier() lowers the entropy of unlabelled rows", async (t) => {
  const seen: number[] = [];
  for (const w of [0, 1]) {
    const network = plan.build({ input: data.shape, output: [3] }, key);
    const unlabelled = (at: Key, n: number): tf.Tensor => at.uniform([n, 4, 4, 1], 0, 1);
    await drain(
      trainClassifier(
        {
          ...{
            title: "training",
            network,
            data,
            optimizer: adam,
            epochs: 20,
            m: 20,
            noise: 0.05,
            w,
            unlabelled,
          },
          ...{ clip: undefined, begin: () => {}, key, sentinels, signal: new AbortController().signal },
        },
        transientState(),
      ),
    );
    const rows = unlabelled(key.fold("others"), 200);
    seen.push(conditionalEntropy(network.apply(rows, { training: false })).dataSync()[0]!);
    const all = data.rows(Array.from({ length: 60 }, (_, i) => i));
    const found = tf.argMax(network.apply(all, { training: false }), 1).dataSync();
    t.ok(
      found.filter((label, i) => label === data.labels![i]).length > 54,
      "labels are learned all the same",
    );
    network.dispose();
  }
  t.ok(seen[1]! < 0.5 * seen[0]!, `${seen}`);
});
