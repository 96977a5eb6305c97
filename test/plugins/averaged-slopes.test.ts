/** Steps in the inputs hide slopes from attacks; their mean over the budget tells, and no honest classifier is accused. */
import t, { type Test } from "tap";
import { compileStep, descend, type FiniteDataset, Key, tf } from "../../core/mod.ts";
import { mnist } from "../../plugins/datasets/mnist/mnist.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { adam } from "../../plugins/optimizers/adam/adam.ts";
import { maskingSigns } from "../../plugins/robustness/masking.ts";
import { evaluate, type Forward } from "../fixtures/evaluating.ts";

t.setTimeout(120_000);
await onnxruntime().start();

const key = Key.from("averaged slopes");
const [BATCH, STEPS] = [100, 300];

/** What a network is made of: how it sees pixels `[n, 784]`, and its sizes. */
interface Plan {
  readonly sees: (x: tf.Tensor) => tf.Tensor;
  readonly sizes: readonly number[];
  /** Budget of the step that each image of its training is moved by. */
  readonly epsilon?: number;
}

/** How far each pixel is above nine levels, as a thermometer shows it. */
const thermometer = (x: tf.Tensor): tf.Tensor =>
  tf.concat(
    Array.from({ length: 9 }, (_, i) => tf.sigmoid(tf.mul(300, tf.sub(x, (i + 1) / 10)))),
    1,
  );

/** A perceptron trained on MNIST. */
async function trained({ sees, sizes, epsilon = 0 }: Plan, data: FiniteDataset): Promise<Forward> {
  const made = key.fold("weights");
  const layers = sizes.slice(1).map((outputs, i) => {
    const inputs = sizes[i]!;
    return {
      w: tf.variable(made.fold(i).normal([inputs, outputs], 0, Math.sqrt(2 / inputs)), true),
      b: tf.variable(tf.zeros([outputs]), true),
    };
  });
  const forward: Forward = (x) =>
    layers.reduce<tf.Tensor>(
      (h, { w, b }, i) => {
        const z = tf.add(tf.matMul(h as tf.Tensor2D, w as tf.Tensor2D), b);
        return i === layers.length - 1 ? z : tf.relu(z);
      },
      sees(tf.reshape(x, [-1, 784])),
    );
  const variables = layers.flatMap(({ w, b }) => [w, b]);
  const optimizer = adam({ learningRate: 3e-3, decayFrom: 0.5 }).start(variables);
  const learn = compileStep<string, never>("training", ({ x, labels, ...numbers }, draw) => {
    const y = tf.cast(tf.oneHot(labels as tf.Tensor1D, 10), "float32");
    const loss = (images: tf.Tensor): tf.Scalar => {
      const z = forward(images);
      return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.sub(z, tf.logSumExp(z, 1, true))), 1))) as tf.Scalar;
    };
    const start = tf.add(x!, draw.uniform([...x!.shape], -epsilon, epsilon));
    const moved = tf.add(start, tf.mul(1.25 * epsilon, tf.sign(tf.grad(loss)(start))));
    const near = tf.minimum(tf.maximum(moved, tf.sub(x!, epsilon)), tf.add(x!, epsilon));
    const images = epsilon > 0 ? tf.clipByValue(near, 0, 1) : x!;
    descend(() => loss(images), variables, optimizer, numbers as Record<string, tf.Tensor>);
    return {};
  });
  for (let step = 1; step <= STEPS; step++) {
    tf.tidy(() => {
      const rows = key.fold("rows", step).integers(BATCH, data.size);
      const labels = tf.tensor1d(
        Int32Array.from(rows, (row) => data.labels![row]!),
        "int32",
      );
      const numbers = optimizer.numbers(step, (step - 1) / STEPS);
      learn.run({ x: data.rows(rows), labels, ...numbers }, key.fold("step", step));
    });
  }
  learn.dispose();
  optimizer.dispose();
  return forward;
}

/** Pixels with fine ripples on them: slopes of their own that lead nowhere. */
const ripples = (x: tf.Tensor): tf.Tensor => tf.add(x, tf.mul(0.01, tf.sin(tf.mul(2000, x))));

const plain = (x: tf.Tensor): tf.Tensor => x;

/** Whether they hide slopes, and at which budgets they are attacked. */
const CASES: Readonly<Record<string, Plan & { readonly masks: boolean; readonly linf: readonly number[] }>> =
  {
    "a thermometer code": {
      masks: true,
      sees: thermometer,
      sizes: [9 * 784, 64, 10],
      linf: [0.05, 0.1, 0.2],
    },
    "a small smooth network": { masks: false, sees: plain, sizes: [784, 64, 10], linf: [0.02, 0.05, 0.1] },
    "a linear one": { masks: false, sees: plain, sizes: [784, 10], linf: [0.02, 0.05, 0.1] },
    "one trained on adversarial examples": {
      ...{ masks: false, sees: plain, sizes: [784, 128, 10], epsilon: 0.15, linf: [0.05, 0.1, 0.2] },
    },
  };

/** The evaluation passed, and told of averaged slopes where the classifier masks, and else did not. */
function expectTold(
  t: Test,
  { status, error, warnings, metrics }: Awaited<ReturnType<typeof evaluate>>,
  masks: boolean,
): void {
  t.equal(status, "passed", error ?? "");
  t.comment(JSON.stringify(metrics));
  const told = warnings.filter((message) => /along slopes averaged over 10 random points/.test(message));
  t.equal(told.length, masks ? 1 : 0, warnings.join("\n"));
}

for (const [name, { masks, linf, ...plan }] of Object.entries(CASES)) {
  t.test(name, async (t) => {
    const forward = await trained(plan, await mnist({ split: "train", range: "unit" }));
    for (const attacks of [
      [{ use: "pgd", steps: 20, relativeStep: 0.1 }],
      [{ use: "pgd", steps: 20, relativeStep: 0.1, loss: "log-odds" }, "fgsm"],
    ]) {
      const ended = await evaluate(
        {
          ...{ data: { use: "mnist", range: "unit" }, n: 200, classifiers: { m: { use: "invented" } } },
          ...{ attacks, epsilons: { linf } },
        },
        forward,
        { engine: "onnxruntime" },
      );
      expectTold(t, ended, masks);
    }
  });
}

t.test("in other norms", async (t) => {
  const data = await mnist({ split: "train", range: "unit" });
  const pgd = { use: "pgd", steps: 20, relativeStep: 0.1, norm: "l2" };
  const apgd = { use: "apgd", steps: 10, norm: "l1" };
  for (const [sees, attack, epsilons, masks] of [
    [plain, pgd, { l2: [0.5, 1] }, false],
    [ripples, pgd, { l2: [0.5, 1] }, true],
    [ripples, apgd, { l1: [8] }, false], // where one step moves one pixel, its mean says nothing
  ] as const) {
    const forward = await trained({ sees, sizes: [784, 64, 10] }, data);
    const ended = await evaluate(
      {
        ...{ data: { use: "mnist", range: "unit" }, n: 100, classifiers: { m: { use: "invented" } } },
        ...{ attacks: [attack], epsilons },
      },
      forward,
      { engine: "onnxruntime" },
    );
    expectTold(t, ended, masks);
  }
});

t.test("what is not seen often enough is no sign", (t) => {
  const evaluation = {
    classes: 2,
    bounds: [0, 1],
    labels: [0],
    clean: [0],
    attacked: [],
    trials: [],
  } as const;
  const about = { norm: "linf", epsilon: 8 / 255, attacks: ["pgd-linf"], points: 10, images: 100 } as const;
  const signs = (averaged: number, attacks: number): readonly string[] =>
    maskingSigns(evaluation, { averaged: { ...about, only: { averaged, attacks } } });
  t.same(signs(1, 1), []);
  t.same(signs(5, 0), []);
  t.same(signs(30, 25), []);
  t.match(signs(47, 0), [
    /^one step of 8\/255 \(linf\) along slopes averaged .* fools 47 of 100 images that pgd-linf does not, which fools 0 /,
  ]);
  t.end();
});
