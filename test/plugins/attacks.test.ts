/** What holds of every attack on any classifier; losses. */
import fc from "fast-check";
import t from "tap";
import { Attacks, type Classifier, InputError, Key, type Norm, prepare, refsOf, tf } from "../../core/mod.ts";
import { lossOf } from "../../plugins/attacks/parts/losses.ts";
import { pgd } from "../../plugins/attacks/pgd/pgd.ts";
import { bump } from "../../plugins/attacks/square/bump.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { checkAttack } from "../conformance/attack.ts";
import { checkOptions } from "../conformance/options.ts";
import { attacked, attackOf, batchFor, curved, registry } from "../fixtures/attacking.ts";
import { imagesFor, linear } from "../fixtures/linear.ts";

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
