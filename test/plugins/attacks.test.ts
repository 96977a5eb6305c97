/** Attacks on classifiers whose exact answers are known, and the properties that hold on any. */
import fc from "fast-check";
import t from "tap";
import {
  type Attack,
  type AttackBatch,
  Attacks,
  assemble,
  type BudgetAssault,
  type Classifier,
  classifierOf,
  compileStep,
  contextOf,
  InputError,
  judgeOf,
  Key,
  type MinimumAssault,
  type Norm,
  PLAIN,
  refsOf,
  tf,
  type Verdict,
} from "../../core/mod.ts";
import { deepfool } from "../../plugins/attacks/deepfool/deepfool.ts";
import { toHyperplane } from "../../plugins/attacks/parts/hyperplane.ts";
import { lossOf } from "../../plugins/attacks/parts/loss.ts";
import { march } from "../../plugins/attacks/parts/march.ts";
import { pgd } from "../../plugins/attacks/pgd/pgd.ts";
import { bump } from "../../plugins/attacks/square/bump.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { checkAttack } from "../conformance/attack.ts";
import { checkOptions } from "../conformance/options.ts";
import { imagesFor, type Linear, linear } from "../fixtures/linear.ts";

await onnxruntime().start();
const registry = await assemble(builtinPlugins);
const context = contextOf(registry, new URL(import.meta.url));
const signal = new AbortController().signal;
const key = Key.from("attacks");

/** The attack that a scenario names so, its defaults filled in. */
async function attackOf(ref: { use: string; [option: string]: unknown }): Promise<Attack> {
  return await context.create(Attacks, refsOf(registry)(Attacks).parse(ref));
}

/** Runs an attack and has it judged. */
async function attacked(
  attack: Attack,
  classifier: Classifier,
  batch: AttackBatch,
  epsilon: number,
): Promise<Verdict> {
  const judge = judgeOf(classifier);
  const assault = attack.against(classifier);
  try {
    return attack.kind === "within-budget"
      ? await judge.within(assault as BudgetAssault, batch, epsilon, attack.norm, key, signal)
      : await judge.minimum(assault as MinimumAssault, batch, key, signal);
  } finally {
    assault.dispose();
    judge.dispose();
  }
}

const NORMS = ["l2", "linf"] as const;
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

/** An MLP with random weights on small images: not linear, several classes. */
function curved(seed: number, classes = 4): Classifier {
  const shape = [5, 5, 1];
  const plan = mlp({ hidden: [12], activation: "tanh", spectralNorm: false });
  const network = plan.build({ input: shape, output: [classes] }, Key.from(seed));
  return classifierOf(
    { name: "mlp", inputShape: shape, classes, range: [0, 1] },
    PLAIN,
    shape,
    (x) => tf.mul(4, network.apply(x, { training: false })),
    () => network.dispose(),
  );
}

async function batchFor(
  classifier: Classifier,
  seed: number,
  n: number,
): Promise<AttackBatch & { y: tf.Tensor1D }> {
  const x = Key.from(seed)
    .fold("images")
    .uniform([n, ...classifier.inputShape], ...classifier.bounds);
  const judge = judgeOf(classifier);
  const y = tf.tensor1d(await judge.predict(x), "int32");
  judge.dispose();
  return { x, y };
}

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
    "pgd",
    "square",
  ]);
  for (const component of all) checkOptions(t, component, refsOf(registry));
  t.end();
});

for (const component of registry.all(Attacks)) {
  for (const norm of component.name === "carlini-wagner" ? [undefined] : NORMS) {
    t.test(`${component.name} ${norm ?? ""} keeps the contract of attacks`, async (t) => {
      const quick: Record<string, object> = {
        "carlini-wagner": { steps: 10, searches: 2 },
        "auto-attack": { steps: 6, queries: 20, targets: 2 },
        square: { queries: 20 },
      };
      const attack = await attackOf({ use: component.name, ...(norm && { norm }), ...quick[component.name] });
      const classifier = curved(21);
      const x = key.fold("contract").uniform([20, ...classifier.inputShape]);
      await checkAttack(t, attack, classifier, x);
      x.dispose();
      classifier.dispose();
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
          const of = linear(seed, [9], classes);
          const { rows, x, y } = imagesFor(of, seed, n);
          const attack = deepfool({
            norm,
            steps: 10,
            candidates: 10,
            overshoot,
            overshootOf: "total",
            nudge: 0,
          });
          const { distance, x: found } = await attacked(attack, of.classifier, { x, y }, 0);
          rows.forEach((row, i) => {
            const exact = (1 + overshoot) * of.distance(row, norm);
            // where there is no overshoot, rounding leaves some just short of the plane, and a second step is taken
            if (Math.abs(distance[norm][i]! - exact) > 2e-3 * exact + 2e-5) {
              throw new Error(`row ${i}: ${distance[norm][i]} instead of ${exact}`);
            }
          });
          tf.dispose([x, y, found]);
          of.classifier.dispose();
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
    { use: "apgd", steps: 30 },
    { use: "auto-attack", steps: 20, queries: 10, targets: 1 },
  ]) {
    t.test(
      `${attackOptions.use} reaches the exact worst case of a linear classifier of two in ${norm}`,
      async (t) => {
        const classes = 2;
        for (const seed of [1, 2, 3]) {
          const of = linear(seed, [5, 5, 1], classes);
          const { rows, x, y } = imagesFor(of, seed, 40);
          const exact = rows.map((row) => of.distance(row, norm));
          const attack = await attackOf({ ...attackOptions, norm });
          const epsilon = exact.toSorted((a, b) => a - b)[20]! * 1.0005;
          const { success, x: found } = await attacked(attack, of.classifier, { x, y }, epsilon);
          t.same(
            [...success],
            exact.map((d) => (d <= epsilon ? 1 : 0)),
          );
          tf.dispose([x, y, found]);
          of.classifier.dispose();
        }
      },
    );
  }

  t.test(`fab comes within a hundredth of the closed form on linear classifiers in ${norm}`, async (t) => {
    for (const targets of [0, 3]) {
      const of = linear(7 + targets, [8], 5);
      const { rows, x, y } = imagesFor(of, 3, 20);
      const attack = await attackOf({ use: "fab", norm, steps: 40, targets });
      const { distance, success, x: found } = await attacked(attack, of.classifier, { x, y }, 0);
      t.equal(sum(success), 20);
      const ratios = rows.map((row, i) => distance[norm][i]! / of.distance(row, norm));
      t.ok(Math.min(...ratios) > 1 - 1e-4, "none is nearer than the nearest");
      const near = ratios.filter((ratio) => ratio < 1.01).length;
      t.ok(near >= (targets === 0 ? 20 : 15), `${near} of 20 are nearest within 1 %`); // 3 of 4 planes are tried
      tf.dispose([x, y, found]);
      of.classifier.dispose();
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
          const assault = attack.against(classifier) as BudgetAssault;
          const budget = tf.tensor1d(new Float32Array(n).fill(epsilon));
          const { x: found, queries } = await assault.perturb({ x, y }, budget, key, signal);
          const clean = await x.data();
          const values = await found.data();
          const asked = await queries.data();
          tf.dispose([found, queries, budget]);
          assault.dispose();
          if (tf.memory().numTensors !== before)
            throw new Error(`${tf.memory().numTensors - before} tensors left`);
          if (asked.some((q) => !(q >= 1))) throw new Error(`queries ${asked}`);
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

t.test("attacks that aim fool the classifier into the class they are told", async (t) => {
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
    { use: "apgd", steps: 30 },
    { use: "apgd", steps: 30, loss: "dlr" },
    { use: "square", queries: 400 },
    { use: "carlini-wagner", steps: 150, searches: 4, initialConstant: 0.1, learningRate: 0.05 },
  ]) {
    const attack = await attackOf(options);
    t.ok(attack.aims);
    const { success, prediction, x: found } = await attacked(attack, classifier, { x, y, target }, 0.9);
    const wanted = await target.data();
    const hits = [...success].filter((good, i) => good && prediction[i] === wanted[i]).length;
    t.equal(hits, sum(success), "what succeeds is taken for the target");
    t.ok(hits >= 24, `${attack.name}: ${hits} of 30`);
    found.dispose();
  }
  for (const use of ["deepfool", "fab"]) {
    const attack = await attackOf({ use });
    t.notOk(attack.aims);
    await t.rejects(attacked(attack, classifier, { x, y, target }, 0), {
      name: "InputError",
      message: /cannot be told which class/,
    });
  }
  classifier.dispose();
});

t.test("carlini-wagner comes near the closed form on a linear classifier, within the bounds", async (t) => {
  const of = linear(4, [9], 3, [-2, 2]);
  const { rows, x, y } = imagesFor(of, 4, 20);
  const attack = await attackOf({
    use: "carlini-wagner",
    steps: 300,
    searches: 6,
    initialConstant: 0.1,
    learningRate: 0.02,
  });
  const { distance, success, x: found } = await attacked(attack, of.classifier, { x, y }, 0);
  t.equal(sum(success), 20);
  const ratios = rows.map((row, i) => distance.l2[i]! / of.distance(row, "l2")).sort((a, b) => a - b);
  t.ok(ratios[0]! > 1 - 1e-3);
  t.ok(ratios[10]! < 1.05, `median ratio ${ratios[10]}`);
  found.dispose();
  of.classifier.dispose();
});

t.test("deepfool() overshoots each step or the whole way, as it is told", async (t) => {
  const of: Linear = linear(8, [9], 2);
  const { rows, x, y } = imagesFor(of, 9, 10);
  for (const overshootOf of ["total", "step"] as const) {
    const attack = deepfool({ norm: "l2", steps: 5, candidates: 2, overshoot: 0.3, overshootOf, nudge: 0 });
    const { distance, x: found } = await attacked(attack, of.classifier, { x, y }, 0);
    rows.forEach((row, i) => void t.ok(Math.abs(distance.l2[i]! / of.distance(row, "l2") - 1.3) < 1e-3));
    found.dispose();
  }
  of.classifier.dispose();
});

t.test(
  "losses that need more classes than there are, and inputs that are no images, are refused",
  async (t) => {
    const { classifier } = linear(1, [9], 2);
    const refused = async (
      options: { use: string; [of: string]: unknown },
      message: RegExp,
    ): Promise<void> => {
      const attack = await attackOf(options);
      t.throws(() => attack.against(classifier), { name: "InputError", message });
    };
    await refused({ use: "apgd", loss: "dlr" }, /dlr loss needs 3 classes, but classifier "linear" has 2/);
    await refused({ use: "apgd", loss: "dlr", targets: 9 }, /needs 4 classes/);
    await refused({ use: "square", norm: "l2" }, /square-l2 attacks images of at least 5 x 5 pixels/);
    t.ok(new InputError("") instanceof Error);
    classifier.dispose();
  },
);

t.test("slopes too small for their squares still point somewhere", async (t) => {
  const of = linear(3, [9], 3);
  const { x, y } = imagesFor(of, 3, 20);
  const faint: Classifier = { ...of.classifier, logits: (at) => tf.mul(of.classifier.logits(at), 1e-25) };
  for (const norm of NORMS) {
    const epsilon = 0.4;
    const attack = pgd({
      norm,
      steps: 5,
      relativeStep: 1,
      randomStart: false,
      restarts: 1,
      earlyStop: true,
      loss: "margin",
    });
    const [plain, masked] = [
      await attacked(attack, of.classifier, { x, y }, epsilon),
      await attacked(attack, faint, { x, y }, epsilon),
    ];
    t.same([...masked.success], [...plain.success]);
    t.ok(sum(plain.success) > 0);
    tf.dispose([plain.x, masked.x]);
  }
  of.classifier.dispose();
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

t.test("march() gives each image its own last state, in order, however many are done when", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 60 }),
      async (needed) => {
        const n = needed.length;
        const sizes = new Set<number>();
        const step = compileStep<string, "count" | "done">("counting", ({ count, done, wanted }) => {
          sizes.add(count!.shape[0]!);
          const next = tf.add(count!, tf.sub(1, done!));
          return { count: next, done: tf.cast(tf.greaterEqual(next, wanted!), "float32") };
        });
        const given = { wanted: tf.tensor1d(needed) };
        const state = { count: tf.zeros([n]), done: tf.zeros([n]) };
        const end = await march({ step, given, state, steps: 10, key, signal });
        const counts = [...(await end.count.data())];
        tf.dispose([end, state, given] as tf.TensorContainer);
        step.dispose();
        const exact = needed.map((steps) => Math.min(steps, 10));
        if (counts.join() !== exact.join()) throw new Error(`${counts} instead of ${exact}`);
        if ([...sizes].some((size) => size !== n && (size > n || Math.log2(size) % 1 !== 0))) {
          throw new Error(`batches of ${[...sizes]}`);
        }
      },
    ),
    { numRuns: 40 },
  );
  t.pass("held for all");
});

t.test("march() stops when it is told to, and frees what it had", async (t) => {
  const stop = new AbortController();
  let calls = 0;
  const step = compileStep<string, "done">("endless", ({ done }) => ({ done: tf.mul(done!, 1) }));
  const state = { done: tf.zeros([3]) };
  const before = tf.memory().numTensors;
  const counted = {
    ...step,
    run: (...given: Parameters<typeof step.run>) => {
      if (++calls === 5) stop.abort(new Error("enough"));
      return step.run(...given);
    },
  };
  await t.rejects(march({ step: counted, given: {}, state, steps: 50, key, signal: stop.signal }), {
    message: "enough",
  });
  t.equal(calls, 5);
  t.equal(tf.memory().numTensors, before - 1, "the state is gone too");
});

t.test("bump() is of length 1, of both signs, and stands in the upper left", (t) => {
  for (const side of [3, 5, 9]) {
    const table = bump(side, 11).flat();
    t.ok(Math.abs(Math.hypot(...table) - 1) < 1e-12);
    t.ok(Math.min(...table) < 0 && Math.max(...table) > 0);
    t.equal(table.filter((v) => v !== 0).length, side * side);
  }
  t.end();
});
