/** Attacks on classifiers whose exact answers are known, and the properties that hold on any. */
import fc from "fast-check";
import t from "tap";
import {
  type Attack,
  type AttackInput,
  Attacks,
  type AttackTools,
  type Classifier,
  InputError,
  Key,
  type Norm,
  prepare,
  refsOf,
  type StepTools,
  tf,
} from "../../core/mod.ts";
import { deepfool } from "../../plugins/attacks/deepfool/deepfool.ts";
import { toHyperplane } from "../../plugins/attacks/parts/hyperplane.ts";
import { iterate } from "../../plugins/attacks/parts/iterate.ts";
import { lossOf } from "../../plugins/attacks/parts/losses.ts";
import { pgd } from "../../plugins/attacks/pgd/pgd.ts";
import { bump } from "../../plugins/attacks/square/bump.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { checkAttack } from "../conformance/attack.ts";
import { checkOptions } from "../conformance/options.ts";
import { attacked, attackOf, batchFor, curved, registry } from "../fixtures/attacking.ts";
import { imagesFor, type Linear, linear } from "../fixtures/linear.ts";

await onnxruntime().start();
const signal = new AbortController().signal;
const key = Key.from("attacks");

const NORMS = ["l2", "linf"] as const;
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

t.test("every option of every attack is described", (t) => {
  const all = registry.all(Attacks);
  t.same(all.map(({ name }) => name).sort(), [
    "apgd",
    "auto-attack",
    "bim",
    "carlini-wagner",
    "deepfool",
    "fab",
    "fgsm",
    "hop-skip-jump",
    "pgd",
    "sparse-pgd",
    "square",
  ]);
  for (const component of all) checkOptions(t, component, refsOf(registry));
  t.end();
});

for (const component of registry.all(Attacks)) {
  for (const norm of ["carlini-wagner", "sparse-pgd"].includes(component.name) ? [undefined] : NORMS) {
    t.test(`${component.name} ${norm ?? ""} keeps the contract of attacks`, async (t) => {
      const quick: Record<string, object> = {
        "carlini-wagner": { steps: 20, searches: 2, initialConstant: 1, learningRate: 0.05 },
        "auto-attack": { steps: 6, queries: 20, targets: 2 },
        "sparse-pgd": { steps: 20 },
        square: { queries: 20 },
        "hop-skip-jump": { queries: 60, directions: 5 },
      };
      const options = { ...(norm && { norm }), ...quick[component.name] };
      await checkAttack(t, await attackOf({ use: component.name, ...options }));
    });
  }
}

for (const norm of NORMS) {
  t.test(`deepfool() equals the closed form on linear classifiers in ${norm}`, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.integer({ min: 2, max: 7 }),
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0, max: 0.2, noNaN: true }),
        async (seed, classes, n, overshoot) => {
          const planes = linear(seed, [9], classes);
          const { rows, x, y } = imagesFor(planes, seed, n);
          const attack = deepfool({ norm, steps: 10, overshoot, nudge: 0 });
          const { distance, x: found } = await attacked(attack, planes.classifier, { x, y }, 0);
          rows.forEach((row, i) => {
            const exact = (1 + overshoot) * planes.distance(row, norm);
            // where there is no overshoot, rounding leaves some just short of the plane, and a second step is taken
            if (Math.abs(distance[norm][i]! - exact) > 2e-3 * exact + 2e-5) {
              throw new Error(`row ${i}: ${distance[norm][i]} instead of ${exact}`);
            }
          });
          tf.dispose([x, y, found]);
          planes.classifier.dispose();
        },
      ),
      { numRuns: 12 },
    );
    t.pass("held for all");
  });

  for (const attackOptions of [
    { use: "pgd", steps: 30, relativeStep: 0.2 },
    { use: "bim" },
    { use: "fgsm" },
    { use: "fgsm", loss: "log-odds" },
    { use: "apgd", steps: 30 },
    { use: "auto-attack", steps: 20, queries: 10, targets: 1 },
  ]) {
    t.test(
      `${attackOptions.use} reaches the exact worst case of a linear classifier of two in ${norm}`,
      async (t) => {
        const classes = 2;
        for (const seed of [1, 2, 3]) {
          const planes = linear(seed, [5, 5, 1], classes);
          const { rows, x, y } = imagesFor(planes, seed, 40);
          const exact = rows.map((row) => planes.distance(row, norm));
          const attack = await attackOf({ ...attackOptions, norm });
          const epsilon = exact.toSorted((a, b) => a - b)[20]! * 1.0005;
          const { success, x: found } = await attacked(attack, planes.classifier, { x, y }, epsilon);
          t.same(
            [...success],
            exact.map((d) => (d <= epsilon ? 1 : 0)),
          );
          tf.dispose([x, y, found]);
          planes.classifier.dispose();
        }
      },
    );
  }

  t.test(`fab comes within a hundredth of the closed form on linear classifiers in ${norm}`, async (t) => {
    for (const targets of [0, 3]) {
      const planes = linear(7 + targets, [8], 5);
      const { rows, x, y } = imagesFor(planes, 3, 20);
      const attack = await attackOf({ use: "fab", norm, steps: 40, targets });
      const { distance, success, x: found } = await attacked(attack, planes.classifier, { x, y }, 0);
      t.equal(sum(success), 20);
      const ratios = rows.map((row, i) => distance[norm][i]! / planes.distance(row, norm));
      t.ok(Math.min(...ratios) > 1 - 1e-4, "none is nearer than the nearest");
      const near = ratios.filter((ratio) => ratio < 1.01).length;
      t.ok(near >= (targets === 0 ? 20 : 15), `${near} of 20 are nearest within 1 %`); // 3 of 4 planes are tried
      tf.dispose([x, y, found]);
      planes.classifier.dispose();
    }
  });

  t.test(`toHyperplane() finds the nearest point of a plane within the bounds in ${norm}`, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.double({ min: 0.02, max: 0.9, noNaN: true }), async (seed, share) => {
        const d = 6;
        const k = Key.from(seed);
        const p = [...k.fold("p").uniformArray(d, 0, 1)];
        const w = [...k.fold("w").normalArray(d)];
        const sign = k.fold("sign").uniformArray(1)[0]! < 0.5 ? -1 : 1;
        const room = w.map((v, i) => Math.abs(v) * (v * sign > 0 ? 1 - p[i]! : p[i]!));
        const c = sign * share * room.reduce((a, b) => a + b, 0); // within reach
        const found = tf.tidy(() => [
          ...toHyperplane(norm, tf.tensor2d([p]), tf.tensor2d([w]), tf.tensor1d([c]), [0, 1]).dataSync(),
        ]);
        const reached = found.reduce((total, v, i) => total + v * w[i]!, 0);
        const inside = found.every((v, i) => p[i]! + v >= -1e-6 && p[i]! + v <= 1 + 1e-6);
        // the same by bisection on the multiplier, in plain numbers
        const at = (s: number): number[] =>
          w.map((v, i) => {
            const direction = Math.sign(v) * sign;
            const most = direction > 0 ? 1 - p[i]! : p[i]!;
            return direction * Math.min(s * (norm === "l2" ? Math.abs(v) : 1), most);
          });
        let [low, high] = [0, 1e4];
        for (let i = 0; i < 200; i++) {
          const middle = (low + high) / 2;
          const value = Math.abs(at(middle).reduce((total, v, j) => total + v * w[j]!, 0));
          if (value < Math.abs(c)) low = middle;
          else high = middle;
        }
        const exact = at(high);
        const off = Math.max(...exact.map((v, i) => Math.abs(v - found[i]!)));
        if (!inside || Math.abs(reached - c) > 1e-3 * (1 + Math.abs(c)) || off > 1e-3) {
          throw new Error(`${found} instead of ${exact}`);
        }
      }),
      { numRuns: 60 },
    );
    t.pass("held for all");
  });
}

const MANY = [
  { use: "fgsm" },
  { use: "pgd", steps: 8, restarts: 2 },
  { use: "pgd", steps: 8, loss: "margin", earlyStop: false },
  { use: "pgd", steps: 8, loss: "entropy-aware" },
  { use: "fgsm", loss: "log-odds" },
  { use: "bim" },
  { use: "apgd", steps: 10, loss: "dlr" },
  { use: "apgd", steps: 10, loss: "dlr", targets: 3 },
  { use: "square", queries: 30 },
  { use: "auto-attack", steps: 6, queries: 10, targets: 2 },
];

for (const options of MANY) {
  const name = JSON.stringify(options);
  t.test(`${name} stays in bounds and budget, and leaves no tensor behind`, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.constantFrom<Norm>("l2", "linf"),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        async (seed, norm, epsilon, n) => {
          const classifier = curved(seed);
          const { x, y } = await batchFor(classifier, seed, n);
          const attack = await attackOf({ ...options, norm });
          const before = tf.memory().numTensors;
          const prepared = prepare(attack, classifier);
          const budget = tf.tensor1d(new Float32Array(n).fill(epsilon));
          const run = { epsilon: budget, key, signal };
          const { x: found, queries } = await prepared.perturb({ x, y }, run);
          const clean = await x.data();
          const values = await found.data();
          tf.dispose([found, budget]);
          prepared.dispose();
          if (tf.memory().numTensors !== before)
            throw new Error(`${tf.memory().numTensors - before} tensors left`);
          if (queries.some((q) => !(q >= 1))) throw new Error(`queries ${queries}`);
          for (let i = 0; i < n; i++) {
            const change = Array.from(values.slice(i * 25, (i + 1) * 25), (v, j) => v - clean[i * 25 + j]!);
            const length = norm === "l2" ? Math.hypot(...change) : Math.max(...change.map(Math.abs));
            if (length > epsilon + 1e-5) throw new Error(`image ${i}: ${length} > ${epsilon}`);
          }
          if (values.some((v) => !(v >= 0 && v <= 1))) throw new Error("out of bounds");
          tf.dispose([x, y]);
          classifier.dispose();
        },
      ),
      { numRuns: 6 },
    );
    t.pass("held for all");
  });

  t.test(`${name} at budget 0 is the identity, and is a function of its key`, async (t) => {
    const classifier = curved(5);
    const { x, y } = await batchFor(classifier, 6, 12);
    for (const norm of NORMS) {
      const attack = await attackOf({ ...options, norm });
      const none = await attacked(attack, classifier, { x, y }, 0);
      t.equal(Math.max(...none.distance.linf), 0);
      t.equal(sum(none.success), 0);
      const [first, second] = [
        await attacked(attack, classifier, { x, y }, 0.4),
        await attacked(attack, classifier, { x, y }, 0.4),
      ];
      t.same(await first.x.array(), await second.x.array());
      tf.dispose([none.x, first.x, second.x]);
    }
    tf.dispose([x, y]);
    classifier.dispose();
  });
}

t.test("success grows with the budget and with steps", async (t) => {
  for (const [seed, norm, unit] of [
    [1, "linf", 0.05],
    [2, "l2", 0.2],
  ] as const) {
    const classifier = curved(seed);
    const batch = await batchFor(classifier, seed, 60);
    const fooled = async (options: object, epsilon: number): Promise<number> => {
      const verdict = await attacked(
        await attackOf({ use: "pgd", norm, ...options }),
        classifier,
        batch,
        epsilon,
      );
      verdict.x.dispose();
      return sum(verdict.success);
    };
    const byBudget = [];
    for (const times of [1, 2, 4, 8])
      byBudget.push(await fooled({ steps: 20, relativeStep: 0.1 }, times * unit));
    t.same(
      byBudget,
      byBudget.toSorted((a, b) => a - b),
      `by budget: ${byBudget}`,
    );
    t.ok(byBudget.at(-1)! > byBudget[0]!);
    const bySteps = [];
    for (const steps of [1, 5, 40])
      bySteps.push(await fooled({ steps, step: unit / 10, randomStart: false }, 3 * unit));
    t.same(
      bySteps,
      bySteps.toSorted((a, b) => a - b),
      `by steps: ${bySteps}`,
    );
    classifier.dispose();
  }
});

t.test("attacks that aim fool the classifier into their target", async (t) => {
  const classifier = curved(11);
  const { x, y } = await batchFor(classifier, 11, 30);
  const labels = await y.data();
  const target = tf.tensor1d(
    Int32Array.from(labels, (label) => (label + 1) % 4),
    "int32",
  );
  for (const options of [
    { use: "pgd", relativeStep: 0.1 },
    { use: "pgd", relativeStep: 0.1, loss: "margin" },
    { use: "pgd", relativeStep: 0.1, loss: "log-odds" },
    { use: "apgd", steps: 30 },
    { use: "apgd", steps: 30, loss: "log-odds" },
    { use: "apgd", steps: 30, loss: "dlr" },
    { use: "square", queries: 400 },
    { use: "auto-attack", steps: 20, queries: 50, targets: 2 },
    { use: "deepfool" },
    { use: "deepfool", norm: "linf" },
    { use: "fab", steps: 20 },
    { use: "fab", steps: 20, norm: "l2", restarts: 2 },
    { use: "carlini-wagner", steps: 150, searches: 4, initialConstant: 0.1, learningRate: 0.05 },
  ]) {
    const attack = await attackOf(options);
    t.ok(attack.targeted);
    const { success, prediction, x: found } = await attacked(attack, classifier, { x, y, target }, 0.9);
    const wanted = await target.data();
    const hits = [...success].filter((good, i) => good && prediction[i] === wanted[i]).length;
    t.equal(hits, sum(success), "what succeeds is taken for the target");
    t.ok(hits >= 24, `${attack.name}: ${hits} of 30`);
    found.dispose();
  }
  classifier.dispose();
});

t.test("carlini-wagner comes near the closed form on a linear classifier, within the bounds", async (t) => {
  const planes = linear(4, [9], 3, [-2, 2]);
  const { rows, x, y } = imagesFor(planes, 4, 20);
  const attack = await attackOf({
    use: "carlini-wagner",
    steps: 300,
    searches: 6,
    initialConstant: 0.1,
    learningRate: 0.02,
  });
  const { distance, success, x: found } = await attacked(attack, planes.classifier, { x, y }, 0);
  t.equal(sum(success), 20);
  const ratios = rows.map((row, i) => distance.l2[i]! / planes.distance(row, "l2")).sort((a, b) => a - b);
  t.ok(ratios[0]! > 1 - 1e-3);
  t.ok(ratios[10]! < 1.05, `median ratio ${ratios[10]}`);
  found.dispose();
  planes.classifier.dispose();
});

t.test("deepfool() overshoots each step or the whole way", async (t) => {
  const planes: Linear = linear(8, [9], 2);
  const { rows, x, y } = imagesFor(planes, 9, 10);
  for (const overshootOf of ["total", "step"] as const) {
    const attack = deepfool({ steps: 5, candidates: 2, overshoot: 0.3, overshootOf, nudge: 0 });
    const { distance, x: found } = await attacked(attack, planes.classifier, { x, y }, 0);
    rows.forEach((row, i) => void t.ok(Math.abs(distance.l2[i]! / planes.distance(row, "l2") - 1.3) < 1e-3));
    found.dispose();
  }
  planes.classifier.dispose();
});

t.test(
  "losses that need more classes than there are, and inputs that are no images, are refused",
  async (t) => {
    const { classifier } = linear(1, [9], 2);
    const refused = async (
      options: { use: string; [option: string]: unknown },
      message: RegExp,
    ): Promise<void> => {
      const attack = await attackOf(options);
      t.throws(() => prepare(attack, classifier), { name: "InputError", message });
    };
    await refused({ use: "apgd", loss: "dlr" }, /dlr loss needs 3 classes, but classifier "linear" has 2/);
    await refused({ use: "apgd", loss: "dlr", targets: 9 }, /needs 4 classes/);
    await refused({ use: "square", norm: "l2" }, /square-l2 attacks images of at least 5 x 5 pixels/);
    t.ok(new InputError("") instanceof Error);
    classifier.dispose();
  },
);

t.test("slopes too small for their squares still point somewhere", async (t) => {
  const planes = linear(3, [9], 3);
  const { x, y } = imagesFor(planes, 3, 20);
  const faint: Classifier = {
    ...planes.classifier,
    logits: (at) => tf.mul(planes.classifier.logits(at), 1e-25),
  };
  for (const norm of NORMS) {
    const epsilon = 0.4;
    const attack = pgd({ norm, steps: 5, relativeStep: 1, randomStart: false, loss: "margin" });
    const [plain, masked] = [
      await attacked(attack, planes.classifier, { x, y }, epsilon),
      await attacked(attack, faint, { x, y }, epsilon),
    ];
    t.same([...masked.success], [...plain.success]);
    t.ok(sum(plain.success) > 0);
    tf.dispose([plain.x, masked.x]);
  }
  planes.classifier.dispose();
});

t.test(
  "the entropy-aware loss is the cross-entropy and the entropy, and its attacks say so in their names",
  async (t) => {
    const rows = [
      [1, 2, -1],
      [0, 0, 0],
    ];
    const [y, target] = [tf.tensor1d([0, 2], "int32"), tf.tensor1d([1, 0], "int32")];
    const classifier = { classes: 3, name: "three" } as Classifier;
    const p = rows.map((row) => row.map((z) => Math.exp(z) / row.reduce((sum, v) => sum + Math.exp(v), 0)));
    const h = p.map((row) => -row.reduce((sum, v) => sum + v * Math.log(v), 0));
    const loss = (aim: object, targeted: boolean) =>
      lossOf("entropy-aware", classifier, targeted)(tf.tensor2d(rows), { y, ...aim }).dataSync();
    const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;
    loss({}, false).forEach((v, i) => void t.ok(near(v, h[i]! - Math.log(p[i]![[0, 2][i]!]!))));
    loss({ target }, true).forEach((v, i) => void t.ok(near(v, h[i]! + Math.log(p[i]![[1, 0][i]!]!))));
    t.equal((await attackOf({ use: "pgd", loss: "entropy-aware" })).name, "pgd-entropy-aware-linf");
    t.equal((await attackOf({ use: "pgd" })).name, "pgd-linf");
    t.equal((await attackOf({ use: "bim", norm: "l2" })).name, "bim-l2");
  },
);

/** An attack that hands its tools to a test; the images are what it was given. */
const probe = (use: (input: AttackInput, tools: AttackTools) => Promise<void>): Attack => ({
  name: "probe",
  norm: "linf",
  kind: "minimum-norm",
  targeted: true,
  async perturb(input, tools) {
    await use(input, tools);
    return input.x;
  },
});

t.test("iterate() gives each image its own last state, in order, and counts its queries", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 60 }),
      async (needed) => {
        const n = needed.length;
        const classifier = curved(3);
        const sizes = new Set<number>();
        interface Counting extends Pick<AttackInput, "x"> {
          readonly count: tf.Tensor;
          readonly wanted: tf.Tensor;
        }
        const step = ({ x, count, wanted }: Counting, { classifier }: StepTools) => {
          sizes.add(count.shape[0]!);
          classifier.logits(x);
          const next = tf.add(count, 1);
          return { count: next, done: tf.greaterEqual(next, wanted) };
        };
        let counts: number[] = [];
        const attack = probe(async ({ x, key }, tools) => {
          const given = { x, wanted: tools.track(tf.tensor1d(needed)) };
          const state = { count: tools.track(tf.zeros([n])) };
          const end = await iterate(tools, { step, given, state, steps: 10, key });
          counts = [...(await end.count.data())];
        });
        const batch = await batchFor(classifier, 3, n);
        const before = tf.memory().numTensors;
        const prepared = prepare(attack, classifier);
        const { x, queries } = await prepared.perturb(batch, { key, signal });
        x.dispose();
        prepared.dispose();
        if (tf.memory().numTensors !== before) throw new Error("tensors are left");
        tf.dispose([batch.x, batch.y]);
        classifier.dispose();
        const exact = needed.map((steps) => Math.min(steps, 10));
        if (counts.join() !== exact.join()) throw new Error(`${counts} instead of ${exact}`);
        if ([...queries].join() !== exact.join()) throw new Error(`queries ${queries} instead of ${exact}`);
        if ([...sizes].some((size) => size !== n && (size > n || Math.log2(size) % 1 !== 0))) {
          throw new Error(`batches of ${[...sizes]}`);
        }
      },
    ),
    { numRuns: 15 },
  );
  t.pass("held for all");
});

t.test("iterate() leaves alone what is done before it begins, and what its caller gave it", async (t) => {
  const classifier = curved(3);
  const batch = await batchFor(classifier, 3, 4);
  const step = ({ count }: { count: tf.Tensor }) => ({ count: tf.add(count, 1) });
  const attack = probe(async ({ key }, tools) => {
    const [done, count] = [tf.tensor1d([0, 1, 0, 1]), tf.zeros([4])];
    const end = await iterate(tools, { step, given: {}, state: { count }, done, steps: 3, key });
    t.same([...(await end.count.data())], [3, 0, 3, 0]);
    const none = await iterate(tools, { step, given: {}, state: { count }, steps: 0, key });
    t.same([...(await none.count.data())], [0, 0, 0, 0]);
    t.notOk(done.isDisposed || count.isDisposed);
    tf.dispose([done, count]);
  });
  const prepared = prepare(attack, classifier);
  (await prepared.perturb(batch, { key, signal })).x.dispose();
  prepared.dispose();
  tf.dispose([batch.x, batch.y]);
  classifier.dispose();
});

t.test("iterate() stops when its signal says so, and frees what it had", async (t) => {
  const classifier = curved(3);
  const batch = await batchFor(classifier, 3, 3);
  const stop = new AbortController();
  let rounds = 0;
  const step = ({ count }: { count: tf.Tensor }) => ({ count: tf.add(count, 1) });
  const attack = probe(async ({ key }, tools) => {
    const state = { count: tools.track(tf.zeros([3])) };
    const numbers = () => {
      if (++rounds === 5) stop.abort(new Error("enough"));
      return {};
    };
    await iterate(tools, { step, given: {}, state, steps: 50, numbers, key });
  });
  const prepared = prepare(attack, classifier);
  const before = tf.memory().numTensors;
  await t.rejects(prepared.perturb(batch, { key, signal: stop.signal }), { message: "enough" });
  t.equal(rounds, 5);
  t.equal(tf.memory().numTensors, before);
  prepared.dispose();
  tf.dispose([batch.x, batch.y]);
  classifier.dispose();
});

t.test("bump() is of length 1, of both signs, and stands in the upper left", (t) => {
  for (const [side, norm] of ([3, 5, 9] as const).flatMap(
    (s) =>
      [
        [s, "l2"],
        [s, "l1"],
      ] as const,
  )) {
    const table = bump(side, 11, norm).flat();
    const length = norm === "l2" ? Math.hypot(...table) : sum(table.map(Math.abs));
    t.ok(Math.abs(length - 1) < 1e-12);
    t.ok(Math.min(...table) < 0 && Math.max(...table) > 0);
    t.equal(table.filter((v) => v !== 0).length, side * side);
  }
  t.end();
});
