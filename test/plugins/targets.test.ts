import t, { type Test } from "tap";
import {
  assemble,
  contextOf,
  fromArrays,
  InputError,
  Key,
  type Ref,
  refsOf,
  type TargetDistributionSpec,
  Targets,
  tf,
} from "../../core/mod.ts";
import arrays from "../../plugins/datasets/arrays/arrays.ts";
import mnist from "../../plugins/datasets/mnist/mnist.ts";
import shapes, { normal, uniform } from "../../plugins/datasets/shapes/shapes.ts";
import convolutionPlugin, { convolution } from "../../plugins/targets/convolution/convolution.ts";
import datasetDifference from "../../plugins/targets/dataset-difference/dataset-difference.ts";
import labelDifferencePlugin, {
  labelDifference,
} from "../../plugins/targets/label-difference/label-difference.ts";
import linearCombination from "../../plugins/targets/linear-combination/linear-combination.ts";
import mixturePlugin, { mixture } from "../../plugins/targets/mixture/mixture.ts";
import { checkOptions } from "../conformance/options.ts";
import { checkTarget } from "../conformance/target.ts";
import { checkCount, checkMoments, mean, normalMoments, sumOf, uniformMoments } from "../statistics.ts";

await tf.setBackend("cpu");
await tf.ready();

const registry = await assemble([
  shapes,
  arrays,
  mnist,
  convolutionPlugin,
  datasetDifference,
  labelDifferencePlugin,
  linearCombination,
  mixturePlugin,
]);
const refs = refsOf(registry);

/** Creates a target as a scenario would. */
async function create(ref: object): Promise<TargetDistributionSpec> {
  return await contextOf(registry, new URL(import.meta.url)).create(Targets, ref as Ref);
}

async function rejects(t: Test, ref: object, says: RegExp): Promise<void> {
  const error = (await t.rejects(create(ref), InputError)) as Error;
  t.match(error.message, says);
}

/** Ten rows of the shape [1], their class their value modulo 3: classes 0, 1 and 2 of 4, 3 and 3 rows. */
const digits = {
  use: "arrays",
  values: Array.from({ length: 10 }, (_, i) => i),
  labels: Array.from({ length: 10 }, (_, i) => i % 3),
};
const line = (...values: number[]): object => ({ use: "arrays", values });

/** One target of each kind, the first of which a scenario could hold as it stands. */
const examples: Record<string, object> = {
  convolution: { use: "convolution", data: "swiss-roll", noise: { normal: 0.15 } },
  "label-difference": { use: "label-difference", data: digits, pd: [1], pdBar: [1, 2] },
  "dataset-difference": { use: "dataset-difference", pd: "uniform", pdBar: { use: "uniform", high: 2 } },
  "linear-combination": { use: "linear-combination", labeled: "ring", unlabeled: "swiss-roll" },
  mixture: { use: "mixture", pd: "normal", pdBar: [{ data: "normal" }, { data: "uniform", weight: 2 }] },
};

t.test("every target meets the contract of targets", async (t) => {
  t.same(
    registry
      .all(Targets)
      .map((c) => c.name)
      .sort(),
    Object.keys(examples).sort(),
    "each has an example here",
  );
  for (const [name, ref] of Object.entries(examples)) {
    const target = await create(ref);
    t.same([target.name, target.alpha], [name, 0.8]);
    await checkTarget(t, target);
  }
  const images = { use: "mnist", split: "test", labels: [1, 7] };
  await checkTarget(t, await create({ use: "label-difference", data: images, pd: [1], pdBar: [1, 7] }));
  await checkTarget(t, await create({ ...examples["label-difference"], balance: true }));
  await checkTarget(
    t,
    await create({ use: "convolution", data: images, noise: { uniform: 0.1 }, clip: true }),
  );
  await checkTarget(t, await create({ use: "convolution", data: "uniform", noise: { uniform: 0.1 } }));
  await checkTarget(t, await create({ use: "linear-combination", labeled: images, unlabeled: images }));
  await checkTarget(
    t,
    await create({ use: "mixture", pd: images, pdBar: [{ data: images }, { data: images }] }),
  );
});

t.test("every option of a target is described, and alpha lies in [0, 1)", async (t) => {
  for (const component of registry.all(Targets)) {
    checkOptions(t, component, refs);
    const given = examples[component.name]!;
    for (const alpha of [1, -0.01, "0.5", null]) {
      const { success } = refs(Targets).safeParse({ ...given, alpha });
      t.equal(success, false, `${component.name}: alpha ${alpha}`);
    }
    t.equal((await create({ ...given, alpha: 0 })).alpha, 0);
  }
});

t.test("every target of shapes has the geometry of pd", async (t) => {
  const far = Float32Array.of(0, 7);
  const roll = await create({ use: "dataset-difference", pd: "swiss-roll", pdBar: "ring" });
  const ring = await create({ use: "dataset-difference", pd: "ring", pdBar: "swiss-roll" });
  t.same(ring.geometry!.locate(far).offset, Float32Array.of(6));
  t.notSame(roll.geometry!.locate(far), ring.geometry!.locate(far));
  for (const ref of [
    { use: "convolution", data: "ring", noise: { uniform: 1 } },
    { use: "linear-combination", labeled: "swiss-roll", unlabeled: "ring" },
    { use: "mixture", pd: "ring", pdBar: [{ data: "swiss-roll" }] },
  ]) {
    t.same((await create(ref)).geometry!.locate(far), ring.geometry!.locate(far), ref.use);
  }
  t.equal((await create(examples["label-difference"]!)).geometry, undefined);
});

// --- convolution ------------------------------------------------------------------------------------------------

t.test("convolution() adds variances: data and noise are independent", async (t) => {
  const data = uniform({ low: 0, high: 1 });
  const options = { data, alpha: 0.8, clip: false };
  const n = 20_000;
  const gauss = convolution({ ...options, noise: { normal: 0.3 } });
  const box = convolution({ ...options, noise: { uniform: 0.4 } });
  checkMoments(t, gauss.pd(Key.from(1), n).dataSync(), uniformMoments(0, 1));
  checkMoments(t, gauss.pdBar(Key.from(1), n).dataSync(), sumOf(uniformMoments(0, 1), normalMoments(0, 0.3)));
  checkMoments(
    t,
    box.pdBar(Key.from(1), n).dataSync(),
    sumOf(uniformMoments(0, 1), uniformMoments(-0.4, 0.4)),
  );
});

t.test("convolution() draws noise for each value on its own", async (t) => {
  const data = fromArrays({ name: "point", values: Float32Array.of(5, -5), shape: [2] });
  const n = 10_000;
  const { pdBar } = convolution({ data, alpha: 0.8, noise: { normal: 0.5 }, clip: false });
  const rows = pdBar(Key.from(2), n).arraySync() as [number, number][];
  const first = rows.map(([x]) => x - 5);
  const second = rows.map(([, y]) => y + 5);
  checkMoments(t, first, normalMoments(0, 0.5));
  checkMoments(t, second, normalMoments(0, 0.5));
  const product = mean(first.map((x, i) => x * second[i]!)); // of independent values: 0, with deviation 0.25/√n
  t.ok(Math.abs(product) < (5 * 0.25) / Math.sqrt(n), `covariance ${product}`);
});

t.test("convolution() widens the range by the noise, or clips to the data's", async (t) => {
  const of = (noise: object, clip = false): Promise<TargetDistributionSpec> =>
    create({ use: "convolution", data: { use: "uniform", low: -1, high: 1 }, noise, clip });
  t.same((await of({ uniform: 0.25 })).range, [-1.25, 1.25]);
  t.equal((await of({ normal: 0.25 })).range, undefined);
  const open = await of({ normal: 0.5 });
  const clipped = await of({ normal: 0.5 }, true);
  t.same(clipped.range, [-1, 1]);
  const key = Key.from(3);
  const free = open.pdBar(key, 200).dataSync();
  t.same(
    clipped.pdBar(key, 200).dataSync(),
    free.map((x) => Math.min(1, Math.max(-1, x))),
  );
  t.ok(
    free.some((x) => Math.abs(x) > 1),
    "of which some lay outside",
  );
  t.equal((await create({ use: "convolution", data: "normal", noise: { uniform: 1 } })).range, undefined);
  await rejects(
    t,
    { use: "convolution", data: "normal", noise: { uniform: 1 }, clip: true },
    /clip needs data with a range, and dataset "normal" has none; leave clip out/,
  );
  for (const noise of [{}, { normal: 0 }, { uniform: -1 }, { normal: 1, uniform: 1 }, 0.1, undefined]) {
    const { success } = refs(Targets).safeParse({ use: "convolution", data: "normal", noise });
    t.equal(success, false, `noise ${JSON.stringify(noise)}`);
  }
});

// --- label-difference -------------------------------------------------------------------------------------------

t.test("labelDifference() draws rows of its classes, as often as the data has them", async (t) => {
  const target = await create({ use: "label-difference", data: digits, pd: [1], pdBar: [0, 1] });
  const n = 7000;
  t.same([...new Set(target.pd(Key.from(1), 500).dataSync())].sort(), [1, 4, 7]);
  const drawn = target.pdBar(Key.from(1), n).dataSync();
  for (const value of [0, 1, 3, 4, 6, 7, 9]) {
    checkCount(t, drawn.filter((x) => x === value).length, n, 1 / 7, `row ${value}`);
  }
  t.equal(drawn.filter((x) => x % 3 === 2).length, 0, "and no other class");
  t.same([target.classes!.pd, target.classes!.pdBar], [[1], [0, 1]]);
  t.equal(target.classes!.data.size, 10, "with the whole data at hand for measures");
});

t.test("labelDifference() with balance draws classes evenly, and rows evenly in each", async (t) => {
  const ref = { use: "label-difference", data: digits, pd: [1], pdBar: [0, 2, 0], balance: true };
  const target = await create(ref);
  const n = 7000;
  const drawn = target.pdBar(Key.from(1), n).dataSync();
  for (const value of [0, 3, 6, 9]) {
    checkCount(t, drawn.filter((x) => x === value).length, n, 1 / 8, `row ${value} of class 0`);
  }
  for (const value of [2, 5, 8]) {
    checkCount(t, drawn.filter((x) => x === value).length, n, 1 / 6, `row ${value} of class 2`);
  }
  t.same([...new Set(target.pd(Key.from(1), 500).dataSync())].sort(), [1, 4, 7]);
});

t.test("labelDifference() on MNIST gives pictures of the digits asked for", async (t) => {
  const ref = { use: "label-difference", data: "mnist", pd: [3], pdBar: [3, 8] };
  const target = await create(ref);
  t.same(
    [target.shape, target.range],
    [
      [28, 28, 1],
      [-1, 1],
    ],
  );
  const { data } = target.classes!;
  // A drawn picture is looked up among all threes and eights by its pixels.
  const pixels = (label: number): Set<string> => {
    const part = data.only([label]);
    const all = part.rows(Int32Array.from({ length: part.size }, (_, i) => i));
    const values = all.dataSync();
    all.dispose();
    return new Set(
      Array.from({ length: part.size }, (_, i) =>
        Buffer.from(values.slice(i * 784, (i + 1) * 784).buffer).toString("latin1"),
      ),
    );
  };
  const [threes, eights] = [pixels(3), pixels(8)];
  const n = 200;
  const count = (rows: tf.Tensor, among: Set<string>): number => {
    const values = rows.dataSync();
    rows.dispose();
    return Array.from({ length: n }, (_, i) =>
      among.has(Buffer.from(values.slice(i * 784, (i + 1) * 784).buffer).toString("latin1")),
    ).filter(Boolean).length;
  };
  const key = Key.from(1);
  t.equal(count(target.pd(key, n), threes), n, "pd: threes alone");
  const share = 6131 / (6131 + 5851); // of the official training set
  const drawn = [count(target.pdBar(key, n), threes), count(target.pdBar(key, n), eights)] as const;
  t.equal(drawn[0] + drawn[1], n, "pdBar: threes and eights alone");
  checkCount(t, drawn[0], n, share, "threes in pdBar");
});

t.test("labelDifference() refuses sets that leave nothing to learn from", async (t) => {
  const of = (pd: number[], pdBar: number[], data: object | string = digits): object => ({
    use: "label-difference",
    data,
    pd,
    pdBar,
  });
  await rejects(
    t,
    of([0, 1], [1]),
    /label-difference.*nothing to learn: pdBar has no class that pd lacks; add one to pdBar, got \[1\]/,
  );
  await rejects(t, of([1], [1, 9]), /no rows labelled 9; its labels are 0, 1, 2/);
  await rejects(t, of([4], [1]), /no rows labelled 4/);
  await rejects(t, of([0], [1], "ring"), /dataset "ring" is a formula and has no labels; use labelled data/);
  await rejects(t, of([0], [1], line(1, 2)), /dataset "arrays" has no labels/);
  const data = fromArrays({
    name: "two",
    values: Float32Array.of(1, 2),
    shape: [1],
    labels: Uint8Array.of(0, 1),
  });
  for (const balance of [false, true]) {
    const options = { data, alpha: 0.8, balance };
    t.throws(() => labelDifference({ ...options, pd: [], pdBar: [1] }), /set of labels is empty/);
    t.throws(() => labelDifference({ ...options, pd: [0], pdBar: [2] }), /no rows labelled 2/);
  }
  const { error } = refs(Targets).safeParse(of([], [1]));
  t.match(JSON.stringify(error?.issues), /the set of labels is empty; name at least one/);
});

// --- dataset-difference -----------------------------------------------------------------------------------------

t.test("datasetDifference() draws from either dataset", async (t) => {
  const target = await create({ use: "dataset-difference", alpha: 0.5, pd: line(1, 2), pdBar: line(3, 4) });
  t.equal(target.alpha, 0.5);
  t.same([...new Set(target.pd(Key.from(1), 100).dataSync())].sort(), [1, 2]);
  t.same([...new Set(target.pdBar(Key.from(1), 100).dataSync())].sort(), [3, 4]);
});

t.test("targets of several datasets take the range that holds them all, where there is one", async (t) => {
  const a = { use: "uniform", low: -3, high: 1 };
  const b = { use: "uniform", low: 0, high: 2 };
  t.same((await create({ use: "dataset-difference", pd: a, pdBar: b })).range, [-3, 2]);
  t.same((await create({ use: "linear-combination", labeled: b, unlabeled: a })).range, [-3, 2]);
  t.same((await create({ use: "mixture", pd: b, pdBar: [{ data: a }] })).range, [-3, 2]);
  t.equal((await create({ use: "dataset-difference", pd: a, pdBar: "normal" })).range, undefined);
});

t.test("targets of several datasets refuse differing shapes, naming them", async (t) => {
  const says = (a: string, b: string): RegExp =>
    new RegExp(`must agree in shape, but ${a} \\(uniform\\) has \\[1\\], ${b} \\(ring\\) has \\[2\\]`);
  await rejects(t, { use: "dataset-difference", pd: "uniform", pdBar: "ring" }, says("pd", "pdBar"));
  await rejects(
    t,
    { use: "linear-combination", labeled: "uniform", unlabeled: "ring" },
    says("labeled", "unlabeled"),
  );
  await rejects(t, { use: "mixture", pd: "uniform", pdBar: [{ data: "ring" }] }, says("pd", "pdBar.0"));
});

// --- linear-combination -----------------------------------------------------------------------------------------

t.test(
  "linearCombination() stays on the segments of Eq. (8), b even up to beta and drawn by row",
  async (t) => {
    // x1 is (1, 1, 0); x2 is (0, 0, 0) or (0, 0, 1). A combination is (b, b, 0) or (b, b, 1 − b).
    const target = await create({
      use: "linear-combination",
      labeled: { use: "arrays", values: [[1, 1, 0]] },
      unlabeled: {
        use: "arrays",
        values: [
          [0, 0, 0],
          [0, 0, 1],
        ],
      },
      beta: 0.3,
    });
    const n = 10_000;
    const rows = target.pdBar(Key.from(1), n).arraySync() as [number, number, number][];
    t.ok(
      rows.every(([b, again, z]) => b === again && (z === 0 || Math.abs(z - (1 - b)) < 1e-7)),
      "one b for all values of a row",
    );
    checkMoments(
      t,
      rows.map(([b]) => b),
      uniformMoments(0, 0.3),
    );
    t.ok(rows.every(([b]) => b >= 0 && b < 0.3000001));
    checkCount(t, rows.filter(([, , z]) => z === 0).length, n, 1 / 2, "second rows that are (0, 0, 0)");
    t.same(target.pd(Key.from(1), 100).max(0).arraySync(), [0, 0, 1], "pd is the unlabelled data");
  },
);

t.test("linearCombination() draws both rows on their own where both datasets are the same", async (t) => {
  const target = await create({
    use: "linear-combination",
    labeled: line(0, 1),
    unlabeled: line(0, 1),
    beta: 0.4,
  });
  const n = 4000;
  const x = target.pdBar(Key.from(5), n).dataSync();
  checkCount(t, x.filter((v) => v !== 0 && v !== 1).length, n, 1 / 2, "rows that differ");
  for (const beta of [0, 1.01]) {
    t.equal(refs(Targets).safeParse({ ...examples["linear-combination"], beta }).success, false);
  }
});

// --- mixture ----------------------------------------------------------------------------------------------------

t.test("mixture() draws each part in proportion to its weight, each row on its own", async (t) => {
  const target = await create({
    use: "mixture",
    pd: line(0),
    pdBar: [{ data: line(10, 11), weight: 3 }, { data: line(20) }, { data: line(30), weight: 4 }],
  });
  const n = 8000;
  const x = [...target.pdBar(Key.from(1), n).dataSync()];
  const isPart = (v: number, part: number): boolean => Math.floor(v / 10) === part;
  [3 / 8, 1 / 8, 4 / 8].forEach((share, i) => {
    checkCount(t, x.filter((v) => isPart(v, i + 1)).length, n, share, `part ${i}`);
    const head = x.slice(0, n / 4);
    checkCount(
      t,
      head.filter((v) => isPart(v, i + 1)).length,
      n / 4,
      share,
      `part ${i} in the first quarter`,
    );
  });
  const pairs = x.filter((v, i) => i % 2 === 0 && isPart(v, 3) && isPart(x[i + 1]!, 3)).length;
  checkCount(t, pairs, n / 2, 1 / 4, "neighbours that are both of a part of one half");
  checkCount(t, x.filter((v) => v === 10).length, n, 3 / 16, "rows of a part are drawn evenly");
  t.same([...new Set(target.pd(Key.from(1), 10).dataSync())], [0]);
});

t.test("mixture() draws parts that are the same dataset on their own", async (t) => {
  const data = normal({ mean: 0, deviation: 1 });
  const target = mixture({ pd: data, pdBar: [1, 1, 1].map((weight) => ({ data, weight })), alpha: 0.5 });
  const n = 3000;
  const x = target.pdBar(Key.from(1), n).dataSync();
  // Doubles of float32 normals are rare (n²/2 pairs, about 2⁻²⁴ each); rows drawn twice would be n/3 and more.
  t.ok(new Set(x).size > n - 20, `${n - new Set(x).size} doubles`);
  checkMoments(t, x, normalMoments(0, 1));
});

t.test("mixture() asks no part for no rows", async (t) => {
  const data = uniform({ low: 0, high: 1 });
  const sample: typeof data.sample = (key, n) => {
    if (n === 0) throw new RangeError("asked for no rows");
    return data.sample(key, n);
  };
  const parts = [1, 1, 1].map((weight) => ({ data: { ...data, sample }, weight }));
  const { pdBar } = mixture({ pd: data, pdBar: parts, alpha: 0.5 });
  for (let i = 0; i < 10; i++) t.same(pdBar(Key.from(i), 1).shape, [1, 1]);
});

t.test("mixture() refuses what is no mixture", async (t) => {
  const data = uniform({ low: 0, high: 1 });
  for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => mixture({ pd: data, pdBar: [{ data, weight }], alpha: 0 }), {
      name: "InputError",
      message: new RegExp(`^mixture.pdBar.0.weight: expected .*, got ${weight}$`),
    });
  }
  t.throws(() => mixture({ pd: data, pdBar: [], alpha: 0 }), /pdBar is empty; name at least one dataset/);
  t.equal(refs(Targets).safeParse({ use: "mixture", pd: "uniform", pdBar: [] }).success, false);
  t.equal(
    refs(Targets).safeParse({ use: "mixture", pd: "uniform", pdBar: [{ data: "uniform", weight: 0 }] })
      .success,
    false,
  );
});
