/** Adversarial training: Eq. (9), who is compared, the game's readings, the findings, and the application as a whole. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastValueFrom, tap, toArray } from "rxjs";
import t from "tap";
import {
  Applications,
  type Attack,
  Attacks,
  assemble,
  conditionalEntropy,
  contextOf,
  crossEntropy,
  type FiniteDataset,
  fromArrays,
  isOfApplication,
  Key,
  loadScenario,
  type Network,
  Optimizers,
  openTrained,
  type Readings,
  type RunEvent,
  refsOf,
  run,
  type Store,
  Stores,
  tf,
  transientState,
} from "../../core/mod.ts";
import { samplingTrick } from "../../plugins/mixers/sampling-trick/sampling-trick.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { wganGp } from "../../plugins/objectives/wgan-gp/wgan-gp.ts";
import {
  difference,
  endurance,
  type Judged,
  orderings,
  standings,
} from "../../plugins/robustness/adversarial-training/comparisons.ts";
import {
  featuresOf,
  rowGenerator,
  targetOf,
  trainGenerator,
} from "../../plugins/robustness/adversarial-training/generator.ts";
import { noisy, widened } from "../../plugins/robustness/adversarial-training/noise.ts";
import { READINGS, type Reading } from "../../plugins/robustness/adversarial-training/reading.ts";
import { asClassifier, trainClassifier } from "../../plugins/robustness/adversarial-training/training.ts";
import { RIVALS, variantsOf } from "../../plugins/robustness/adversarial-training/variants.ts";
import { watcherOf, watchOf } from "../../plugins/robustness/adversarial-training/watch.ts";
import type { Evaluation } from "../../plugins/robustness/evaluation.ts";
import { checkOptions } from "../conformance/options.ts";

await tf.setBackend("cpu");
await tf.ready();

const base = new URL(import.meta.url);
const registry = await assemble(builtinPlugins);
const context = contextOf(registry, base);
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

t.test("variantsOf() has the paper's lines first, and each rival for each r and w", async (t) => {
  const all = variantsOf({ r: [0.01, 0.03], w: [1, 10], compare: RIVALS, madry: [0.02] });
  t.same(
    all.slice(0, 7).map(({ name }) => name),
    ["baseline", "noisy_0.01", "noisy_0.03"].concat([
      "ours_0.01_w1",
      "ours_0.01_w10",
      "ours_0.03_w1",
      "ours_0.03_w10",
    ]),
  );
  t.equal(new Set(all.map(({ name }) => name)).size, 1 + 2 + 3 * 4 + 1 + 1);
  const few = variantsOf({ r: [0.01], w: [3], compare: [], madry: [0.1] });
  t.same(
    few.map(({ name }) => name),
    ["baseline", "ours_0.01_w3"],
  );
  for (const { kind, labelled, unlabelled } of all) {
    t.equal(labelled === "noisy", kind === "noisy" || kind === "combined", `${kind}: labelled rows`);
    t.equal(unlabelled === "generated", kind === "ours" || kind === "combined", `${kind}: unlabelled rows`);
    t.equal(unlabelled === "noisy", kind === "control", `${kind}: the control`);
    t.equal(labelled === "attacked", kind === "madry", `${kind}: attacked rows`);
  }
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

/** Four images, the last wrong when clean; an attack at 0.1 and 0.2, one that sought the least distance. */
const evaluation = (successes: readonly (readonly number[])[], least?: readonly number[]): Evaluation => ({
  classes: 2,
  bounds: [0, 1],
  labels: [0, 1, 0, 1],
  clean: [0, 1, 0, 0],
  attacked: [0, 1, 2],
  trials: [
    ...successes.map((success, i) => ({
      ...{
        attack: "pgd",
        norm: "linf" as const,
        access: "white-box" as const,
        epsilon: 0.1 * (i + 1),
        success,
      },
      ...{ prediction: [0, 0, 0], queries: [1, 1, 1] },
      distance: { linf: success.map(() => 0.1 * (i + 1)), l2: [1, 1, 1], l1: [1, 1, 1], l0: [1, 1, 1] },
    })),
    ...(least
      ? [
          {
            ...{ attack: "deepfool", norm: "linf" as const, access: "white-box" as const, epsilon: null },
            ...{ success: [1, 1, 1], prediction: [1, 0, 1], queries: [1, 1, 1] },
            distance: { linf: [...least], l2: [1, 1, 1], l1: [1, 1, 1], l0: [1, 1, 1] },
          },
        ]
      : []),
  ],
});

t.test("endurance() is the share of budgets that an image withstands", async (t) => {
  const budgets = [0.1, 0.2];
  const fixed = evaluation([
    [0, 1, 0],
    [1, 0, 0], // what fooled at 0.1 counts at 0.2 as well
  ]);
  t.same([...endurance(fixed, fixed.trials, "linf", budgets)], [0.5, 0, 1, 0]);
  const sought = evaluation([], [0.05, 0.15, 0.1]);
  t.same(
    [...endurance(sought, sought.trials, "linf", budgets)],
    [0, 0.5, 0, 0],
    "at its very distance it fools",
  );
});

t.test("difference() says above or below only where its interval does", async (t) => {
  const ones = Float64Array.from({ length: 50 }, () => 1);
  const mixed = Float64Array.from({ length: 50 }, (_, i) => i % 2);
  const { value, low, high, says } = difference(ones, mixed);
  t.equal(value, 0.5);
  const half = 1.959963984540054 * Math.sqrt((0.25 * 50) / 49 / 50);
  t.ok(Math.abs(low - (0.5 - half)) < 1e-12 && Math.abs(high - (0.5 + half)) < 1e-12);
  t.equal(says, "above");
  t.equal(difference(mixed, ones).says, "below");
  t.equal(difference(mixed, mixed.toReversed()).says, "undecided");
});

t.test("orderings() and standings() tell a gain that holds up from one that is masking", async (t) => {
  const never = [0, 0, 0];
  const always = [1, 1, 1];
  // many images, so that what is seen is beyond chance
  const many = (of: readonly number[], attack: string): Evaluation => {
    const n = 30;
    return {
      ...{ classes: 2, bounds: [0, 1] as const, labels: Array(n).fill(0), clean: Array(n).fill(0) },
      attacked: Array.from({ length: n }, (_, i) => i),
      trials: [
        {
          ...{ attack, norm: "linf", access: "white-box", epsilon: 0.1 },
          success: Array.from({ length: n }, (_, i) => (i % 10 === 0 ? 0 : of[i % 3]!)),
          ...{ prediction: Array(n).fill(0), queries: Array(n).fill(1) },
          distance: {
            linf: Array(n).fill(0.1),
            l2: Array(n).fill(1),
            l1: Array(n).fill(1),
            l0: Array(n).fill(1),
          },
        },
      ],
    };
  };
  const variants = variantsOf({ r: [0.1], w: [1, 10], compare: ["noisy", "control"], madry: [] });
  const told: Record<string, readonly [paper: readonly number[], adaptive: readonly number[]]> = {
    baseline: [always, always],
    "noisy_0.1": [never, never], // robust
    "ours_0.1_w1": [never, always], // masked
    "ours_0.1_w10": [always, always], // nothing
    "control_0.1_w1": [always, always],
    "control_0.1_w10": [never, never],
  };
  const judged = variants.map((variant): Judged => {
    const [paper, adaptive] = told[variant.name]!;
    return { variant, paper: many(paper, "pgd-linf"), adaptive: many(adaptive, "apgd") };
  });
  t.same(Object.fromEntries(standings(judged, [0.1]).map(({ variant, verdict }) => [variant, verdict])), {
    baseline: "no gain",
    "noisy_0.1": "holds up",
    "ours_0.1_w1": "masking",
    "ours_0.1_w10": "no gain",
    "control_0.1_w1": "no gain",
    "control_0.1_w10": "holds up",
  });
  const found = orderings(judged, [{ name: "pgd-linf", norm: "linf" }], {
    linf: [0.1],
    l2: [],
    l1: [],
    l0: [],
  });
  const says = (above: string, below: string): string | undefined =>
    found.find((one) => one.above === above && one.below === below)?.difference.says;
  t.equal(says("ours_0.1_w1", "noisy_0.1"), "undecided");
  t.equal(says("noisy_0.1", "baseline"), "above");
  t.equal(says("ours_0.1_w10", "ours_0.1_w1"), "below", "weaker with w");
  t.equal(says("ours_0.1_w1", "control_0.1_w1"), "above");
  t.equal(says("ours_0.1_w10", "control_0.1_w10"), "below");
  t.equal(says("ours_0.1_w1", "continued"), undefined, "who is not there is not compared");
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

/** Digits, small in every respect. */
const tiny = {
  use: "adversarial-training",
  ...{ recipe: "mnist", data: { use: "mnist", range: "unit" }, images: 100, r: [0.1, 0.2], w: [1], m: 20 },
  classifier: { use: "mlp", hidden: [12] },
  baseline: { epochs: 2 },
  gan: { generator: { use: "mlp", hidden: [8] }, critic: { use: "mlp", hidden: [8] }, k: 1, m: 10, steps: 4 },
  fineTuning: { epochs: 1 },
  compare: ["noisy", "control", "madry"],
  madry: { attack: { use: "pgd", steps: 2 } },
  evaluation: {
    ...{
      n: 20,
      batch: 20,
      attacks: ["fgsm", { use: "deepfool", steps: 5 }],
      epsilons: { linf: [0.05, 0.1], l2: [1] },
    },
    adaptiveAttacks: [
      { use: "apgd", steps: 4 },
      { use: "fgsm", loss: "log-odds" },
    ],
    adaptiveEpsilons: { linf: [0.05, 0.1] },
  },
};

async function runOnce(
  more: object = {},
  {
    to,
    seed = 1,
    resume,
    watch,
  }: {
    to?: Store;
    seed?: number;
    resume?: string;
    watch?: (event: RunEvent, stop: AbortController) => void;
  } = {},
) {
  const text = JSON.stringify({
    ...{ name: "tiny", engine: "cpu", seed, application: { ...tiny, ...more }, checkpoint: { steps: 3 } },
  });
  const loaded = await loadScenario(text, { base, file: "test", plugins: builtinPlugins });
  const store = to ?? (await context.create(Stores, { use: "memory" }));
  const stop = new AbortController();
  const events = await lastValueFrom(
    run(loaded, { store, signal: stop.signal, ...(resume !== undefined && { resume }) }).pipe(
      tap((event) => watch?.(event, stop)),
      toArray(),
    ),
  );
  const [id] = await store.list();
  const ended = events.at(-1)!;
  return {
    ...{ events, id: id!, store },
    ended: ended.type === "ended" ? ended : undefined,
    metrics: { ...(await (await store.open(id!)).result())?.metrics },
    async weights() {
      const { names, open } = await openTrained(await store.open(id!), loaded);
      const all: [string, number[]][] = [];
      for (const name of names) {
        const { network, tensors } = await open(name);
        network.dispose();
        for (const [part, { values }] of tensors) all.push([`${name}/${part}`, [...values]]);
      }
      return Object.fromEntries(all);
    },
    file: async (path: string) =>
      new TextDecoder().decode(await (await store.open(id!)).read(`artifacts/${path}`)),
  };
}
const bodies = (events: readonly RunEvent[]): unknown[] =>
  events.filter(isOfApplication).map(({ seq, time, ...body }) => body);

t.test("adversarial-training runs its stages once and tells of all it found", async (t) => {
  const { ended, events, metrics, file } = await runOnce();
  t.equal(ended?.status, "passed", `${ended?.error}`);
  const names = ["baseline", "noisy_0.1", "noisy_0.2", "ours_0.1_w1", "ours_0.2_w1"].concat([
    "control_0.1_w1",
    "control_0.2_w1",
    "madry_0.2",
  ]);
  for (const name of names) {
    for (const metric of ["clean", "fgsm-linf", "deepfool-l2", "worst-linf@0.05", "worst-linf@0.1"]) {
      t.ok(Number.isFinite(metrics[`${name}.${metric}`]), `${name}.${metric}`);
    }
    t.ok(
      metrics[`${name}.worst-linf@0.1`]! <= metrics[`${name}.fgsm-linf`]!,
      `${name}: the worst is no better`,
    );
  }
  const stages = events.flatMap((e) => (e.type === "stage" ? [e.stage] : []));
  for (const name of [...names, "generator_0.1", "generator_0.2"].map((of) => `train ${of}`)) {
    t.equal(stages.filter((stage) => stage === name).length, 1, `${name} is trained once`);
  }
  const rows = (await file("accuracy.csv"))
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  t.equal(
    rows.length,
    1 + names.length * (3 + 2 + 2 + 3),
    "a row for each adversary and budget, and for the worst of all",
  );
  const of = (name: string, attack: string) => rows.filter((row) => row[0] === name && row[4] === attack);
  t.equal(Number(of("baseline", "fgsm-linf")[0]![8]), metrics["baseline.fgsm-linf"]);
  for (const name of names) {
    const single = (attack: string): number => Number(of(name, attack).find((row) => row[6] === "0.1")![8]);
    t.equal(metrics[`${name}.step-cross-entropy@0.1`], single("fgsm-linf"), `${name}: probed as attacked`);
    t.equal(metrics[`${name}.step-log-odds@0.1`], single("fgsm-log-odds-linf"));
    t.ok(Number(metrics[`${name}.saturated`]) >= 0);
  }
  const json = JSON.parse(await file("results.json"));
  t.same(
    json.variants.map((one: { name: string }) => one.name),
    names,
  );
  t.ok(json.samples["generated_0.1"].nearest > 0);
  const summary = await file("summary.md");
  for (const name of names) t.match(summary, `| ${name} |`);
  t.match(summary, "ours above noisy inputs of the same r | seen in");
  const pairs = (await file("orderings.csv"))
    .split("\n")
    .filter((line) => line.includes(",ours_0.1_w1,baseline,"));
  t.same(
    pairs.map((line) => line.split(",")[0]),
    ["fgsm-linf", "deepfool-l2", "apgd-ce-linf", "fgsm-log-odds-linf"],
    "the claims under the adaptive adversaries as well",
  );
  for (const path of ["samples_0.1.png", "accuracy-w1.png", "rivals-w1.png", "adaptive-w1.png"]) {
    t.ok(
      events.some((e) => e.type === "artifact" && e.path === `artifacts/${path}`),
      path,
    );
  }
  t.same((await runOnce()).metrics, metrics, "a function of the seed");
  t.notSame((await runOnce({}, { seed: 2 })).metrics, metrics);
});

t.test(
  "a classifier under watch is trained as one that is not, and is told of after each epoch",
  async (t) => {
    const watch = { every: 2, images: 30, epsilon: 0.1 };
    const looked = { fineTuning: { epochs: 3, watch }, compare: ["noisy", "continued"], r: [0.1] };
    const unlooked = { ...looked, fineTuning: { epochs: 3 } };
    const trainings = ["noisy_0.1", "ours_0.1_w1", "continued"];
    const [first, second] = [await runOnce(looked), await runOnce(unlooked)];
    t.equal(first.ended?.status, "passed", `${first.ended?.error}`);
    const weights = await first.weights();
    for (const name of ["baseline", ...trainings]) t.ok(weights[`${name}/0/weight`], `${name} was kept`);
    t.strictSame(weights, await second.weights(), "the same weights, bit for bit");

    const rows = (await first.file("fine-tuning.csv")).trim().split("\n");
    const head = "classifier,kind,r,w,epoch,epsilon,clean,fgsm-linf,fgsm-log-odds-linf,certain,gap".split(
      ",",
    );
    t.same(rows[0]!.split(","), head);
    const table = rows.slice(1).map((row) => row.split(","));
    t.same(
      table.map(([name, , , , epoch]) => `${name} ${epoch}`),
      trainings.flatMap((name) => [0, 2, 3].map((epoch) => `${name} ${epoch}`)),
      "before the first epoch, after every second, and after the last",
    );
    const starts = table.filter((row) => row[4] === "0").map((row) => row.slice(6).join());
    t.equal(new Set(starts).size, 1, "all of them start as the baseline");
    for (const name of trainings) {
      const progress = first.events.filter((e) => e.type === "progress" && e.stage === `train ${name}`);
      const values = progress.flatMap((e) => (e.type === "progress" && e.values ? [e.values] : []));
      const seen = values.filter((one) => one.gap !== undefined);
      t.equal(seen.length, 2, `${name}: curves of what was seen`);
      const last = table
        .filter((row) => row[0] === name)
        .at(-1)!
        .map(Number);
      t.same(
        head.slice(6).map((column) => seen.at(-1)![column]),
        last.slice(6),
      );
      t.equal(first.metrics[`${name}.rounding@0.1`], last[7]! - last[8]!);
      t.equal(first.metrics[`${name}.certain`], last[9]);
      t.equal(second.metrics[`${name}.certain`], undefined, "off unless given");
    }
    t.ok(first.events.some((e) => e.type === "artifact" && e.path === "artifacts/fine-tuning.png"));
  },
);

t.test("a look tells what float32 rounds from what the classifier withstands", async (t) => {
  // two classes by one pixel, the logits 2⋅scale⋅x apart
  const steep = (scale: number): Network => {
    const built = mlp({ hidden: [] }).build({ input: [1], output: [2] }, key);
    const [weight, bias] = [built.parameters.get("0/weight")!, built.parameters.get("0/bias")!];
    weight.assign(tf.tensor2d([[scale, -scale]]));
    bias.assign(tf.tensor1d([0, 0]));
    return built;
  };
  const pixels = fromArrays({
    ...{ name: "pixels", shape: [1], range: [-1, 1] as const, labels: Uint8Array.from([0, 0, 1, 1, 1]) },
    values: Float32Array.from([0.1, 0.3, -0.1, -0.3, 0.2]), // the last is wrong
  });
  const attack = (more: object): Promise<Attack> => context.create(Attacks, { use: "fgsm", ...more });
  const attacks = { attack: await attack({}), unrounded: await attack({ loss: "log-odds" }) };
  const watch = await watchOf({ every: 1, images: 5, epsilon: 0.2, ...attacks }, pixels, 2, key);
  const look = async (scale: number) => {
    const network = steep(scale);
    const watcher = watcherOf(watch, asClassifier("steep", network, pixels));
    const seen = await watcher.look(3);
    watcher.dispose();
    network.dispose();
    return seen;
  };
  const round = (of: object) =>
    Object.fromEntries(Object.entries(of).map(([name, value]) => [name, Number(value.toFixed(4))]));
  t.same(round(await look(1)), {
    ...{ epoch: 3, clean: 0.8, rounded: 0.4, unrounded: 0.4, certain: 0 },
    gap: 0.24, // 2 · (0.1 + 0.3 + 0.1 + 0.3 − 0.2) / 5
  });
  const sure = round(await look(1000));
  t.equal(sure.unrounded, 0.4, "the boundary is where it was");
  t.equal(sure.certain, 0.8);
  t.equal(sure.rounded, 0.8, "no gradient is left of the cross-entropy");
});

t.test("adversarial-training stopped in any stage and resumed gives what it would have given", async (t) => {
  const looked = { fineTuning: { epochs: 2, watch: { images: 30 } } };
  const whole = await runOnce(looked);
  const store = await context.create(Stores, { use: "memory" });
  const at = (stage: string) => (event: RunEvent) => event.type === "progress" && event.stage === stage;
  const trainings = ["baseline", "generator_0.2", "ours_0.1_w1", "madry_0.2"];
  const stops = trainings
    .map((name) => at(`train ${name}`))
    .concat(at("control_0.1_w1: fgsm-linf at 0.1"), at("ours_0.2_w1: apgd-ce-linf at 0.1"), () => false);
  const seen: RunEvent[] = [];
  let resume: string | undefined;
  for (const stopAt of stops) {
    let left = true;
    const { events, ended } = await runOnce(looked, {
      to: store,
      watch: (event, stop) => {
        if (left && stopAt(event)) stop.abort(new Error("enough"));
        left = left && !stopAt(event);
      },
      ...(resume !== undefined && { resume }),
    });
    t.equal(ended?.status, stopAt === stops.at(-1) ? "passed" : "cancelled", `${ended?.error}`);
    seen.push(...events);
    [resume] = await store.list();
  }
  t.strictSame(bodies(seen), bodies(whole.events));
  const resumed = await (await store.open(resume!)).read("artifacts/fine-tuning.csv");
  t.equal(new TextDecoder().decode(resumed), await whole.file("fine-tuning.csv"));
});

t.test("each stage can start from an earlier run's result", async (t) => {
  const folders: string[] = [];
  t.teardown(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  const newStore = async (): Promise<Store> => {
    folders.push(mkdtempSync(join(tmpdir(), "dsgan-earlier-")));
    return await context.create(Stores, { use: "folder", folder: folders.at(-1)! });
  };
  const first = await runOnce({}, { to: await newStore() });
  const from = { run: first.id, runs: folders[0]! };
  const runFrom = async (more: object) => runOnce(more, { to: await newStore() });
  const again = await runFrom({
    ...{ w: [1, 5], compare: ["noisy"] },
    baseline: { from },
    gan: { ...tiny.gan, from },
    fineTuning: { epochs: 1, from },
  });
  t.equal(again.ended?.status, "passed", `${again.ended?.error}`);
  const shared = ["baseline", "noisy_0.1", "ours_0.2_w1"];
  for (const name of shared) {
    const of = (metrics: Readings) =>
      Object.entries(metrics).filter(([metric]) => metric.startsWith(`${name}.`));
    t.same(of(again.metrics), of(first.metrics), `${name} is the same, and so are the images`);
  }
  t.ok(again.metrics["ours_0.2_w5.clean"] !== undefined, "what the earlier run lacks is trained");
  const stages = again.events.flatMap((e) => (e.type === "stage" ? [e.stage] : []));
  const pictures = again.events.flatMap((e) => (e.type === "artifact" ? [e.path] : []));
  for (const name of ["accuracy", "accuracy-w1", "accuracy-w5"]) {
    t.ok(
      pictures.includes(`artifacts/${name}.png`),
      `several w, each with its figure and all in one: ${name}`,
    );
  }
  t.ok(stages.includes(`generator_0.1, of run ${first.id}`) && stages.includes("train ours_0.2_w5"));

  const some = await runFrom({ baseline: { from }, fineTuning: { epochs: 1, from, kinds: ["noisy"] } });
  const taken = some.events.flatMap((e) => (e.type === "stage" ? [e.stage] : []));
  t.ok(taken.includes(`noisy_0.1, of run ${first.id}`), "of a kind that is to be taken");
  t.ok(taken.includes("train ours_0.2_w1") && taken.includes("train madry_0.2"), "the others are trained");

  const other = await runFrom({ classifier: { use: "mlp", hidden: [11] }, baseline: { from } });
  t.equal(other.ended?.status, "failed");
  t.match(other.ended?.error, /its "baseline" is .*\[12\].*, this scenario's .*\[11\]/);
  const none = await runFrom({ baseline: { from: { ...from, run: "tiny-20200101-000000-abcd" } } });
  t.match(none.ended?.error, /tiny-20200101-000000-abcd/);
});

t.test("adversarial-training refuses what cannot work, before anything is trained", async (t) => {
  const refused = async (more: object, message: RegExp): Promise<void> => {
    const { events, ended } = await runOnce(more);
    t.match(ended?.error, message);
    t.notOk(events.some((e) => e.type === "progress"));
  };
  await refused({ reading: "pixels", noise: "features" }, /critic of pixels cannot see noise/);
  await refused({ madry: { attack: "deepfool" } }, /madry: attack "deepfool-l2" takes no budget/);
  const watch = { attack: "deepfool" };
  await refused({ fineTuning: { watch } }, /fineTuning.watch: attack "deepfool-l2" takes no budget/);
  await refused({ featureNoise: 0.1 }, /featureNoise is the width of noise on features/);
  await refused({ data: { use: "moons" } }, /has no range/);
  await refused({ images: 101 }, /multiple of 10/);
  await refused({ gan: { ...tiny.gan, m: 2, alpha: 0.9 } }, /sampling-trick/);
  await refused(
    { evaluation: { ...tiny.evaluation, epsilons: { linf: [0.05, 0.1], l2: [] } } },
    /"deepfool-l2" needs budgets/,
  );
  await refused(
    { evaluation: { ...tiny.evaluation, epsilons: { linf: [0.1], l2: [1] } } },
    /adaptiveEpsilons.linf has 0.05, which epsilons.linf has not/,
  );
});

t.test("every component has its options described", async (t) => {
  checkOptions(t, registry.find(Applications, "adversarial-training"), refsOf(registry));
});
