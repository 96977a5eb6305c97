/** Attacks put to work: queries counted, steps compiled once, memory freed, on engines that replay and those that don't. */
import t from "tap";
import {
  type Attack,
  type AttackRows,
  type AttackTools,
  type Classifier,
  Key,
  prepare,
  type StepTools,
  tf,
} from "../../../core/mod.ts";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";
import { smallMlp } from "../../conformance/small-classifiers.ts";

const key = Key.from("prepare");
const signal = new AbortController().signal;

/** An attack that does something with its tools, and gives the images back. */
const doing = (
  use: (rows: AttackRows, tools: AttackTools) => void | Promise<void>,
  more: Partial<Attack> = {},
): Attack => ({
  name: "doing",
  norm: "linf",
  kind: "minimum-norm",
  async perturb(rows, tools) {
    await use(rows, tools);
    return rows.x;
  },
  ...more,
});

/** Four images for a classifier. */
function batchFor({ inputShape, bounds }: Classifier, n = 4): { x: tf.Tensor; y: tf.Tensor1D } {
  return { x: key.uniform([n, ...inputShape], ...bounds), y: tf.zeros([n], "int32") };
}

/** Queries of one run of an attack, twice: recorded steps are counted as replayed ones. */
async function queriesOf(attack: Attack): Promise<number[]> {
  const classifier = smallMlp();
  const batch = batchFor(classifier);
  const before = tf.memory().numTensors;
  const prepared = prepare(attack, classifier);
  const counts: number[][] = [];
  for (let i = 0; i < 4; i++) {
    const { x, queries } = await prepared.perturb(batch, { key, signal });
    x.dispose();
    counts.push([...queries]);
  }
  prepared.dispose();
  t.equal(tf.memory().numTensors, before, "no tensor is left");
  t.ok(new Set(counts.map(String)).size === 1, `the same count each time: ${counts}`);
  tf.dispose([batch.x, batch.y]);
  classifier.dispose();
  return counts[0]!;
}

const ask = ({ x }: Pick<AttackRows, "x">, { classifier }: StepTools) => ({ z: classifier.logits(x) });
const askTwice = ({ x }: Pick<AttackRows, "x">, { classifier }: StepTools) => ({
  z: tf.add(classifier.logits(x), classifier.logits(tf.mul(x, 0.5))),
});
const slopes = ({ x }: Pick<AttackRows, "x">, { classifier }: StepTools) => {
  const slope = (k: number) => tf.grad((image) => tf.sum(tf.gather(classifier.logits(image), [k], 1)))(x);
  return { slope: tf.add(slope(0), slope(1)), z: classifier.logits(x) };
};
const many = ({ x }: Pick<AttackRows, "x">, { classifier }: StepTools) => ({
  z: classifier.logits(tf.concat([x, tf.mul(x, 0.5), tf.mul(x, 0.25)])),
});
const halting = ({ x }: { x: tf.Tensor; done: tf.Tensor }, { classifier }: StepTools) => ({
  z: classifier.logits(x),
});

for (const [engine, start] of [
  ["cpu", () => tf.setBackend("cpu")],
  ["onnxruntime", () => onnxruntime().start()],
] as const) {
  t.test(`on ${engine}`, async (t) => {
    await start();

    t.test("a query is an image that is put to the classifier", async (t) => {
      const counted = (use: Parameters<typeof doing>[0]) => queriesOf(doing(use));
      t.same(await counted(() => {}), [0, 0, 0, 0]);
      t.same(await counted(({ x }, { run }) => void run(ask, { x }, key)), [1, 1, 1, 1]);
      t.same(await counted(({ x }, { run }) => void run(askTwice, { x }, key)), [2, 2, 2, 2]);
      t.same(await counted(({ x }, { run }) => void run(many, { x }, key)), [3, 3, 3, 3]);
      t.same(await counted(({ x }, { peek }) => void peek(ask, { x }, key)), [0, 0, 0, 0]);
      t.same(
        await counted(({ x }, { run }) => void run(slopes, { x }, key)),
        [1, 1, 1, 1],
        "slopes of the same images are no further queries",
      );
      t.same(
        await counted(({ x }, { run }) => {
          run(ask, { x }, key);
          run(ask, { x }, key);
        }),
        [2, 2, 2, 2],
        "but those of another run are",
      );
    });

    t.test("queries outside of steps count as well", async (t) => {
      const twice = doing(({ x }, { classifier }) => {
        tf.dispose([classifier.logits(x), classifier.logits(x)]);
        const image = tf.variable(x);
        for (let i = 0; i < 3; i++) tf.dispose(classifier.logits(image)); // its values may have changed
        image.dispose();
      });
      t.same(await queriesOf(twice), [4, 4, 4, 4]);
    });

    t.test("rows that are done, and rows of a smaller batch, are counted as such", async (t) => {
      const some = doing(({ x }, { run, track }) => {
        const done = track(tf.tensor1d([0, 1, 0, 1]));
        run(halting, { x, done }, key);
        run(halting, { x, done }, key);
      });
      t.same(await queriesOf(some), [2, 0, 2, 0]);
      const parts = doing(({ x }, { run, subset, track }) => {
        run(ask, { x }, key);
        const pair = subset([3, 1]);
        pair.run(ask, { x: track(tf.slice(x, 0, 2)) }, key);
        pair.subset([0]).run(ask, { x: track(tf.slice(x, 0, 1)) }, key);
        subset([0], 2).run(ask, { x: track(tf.slice(x, 0, 2)) }, key); // the second row fills it up
      });
      t.same(await queriesOf(parts), [2, 2, 1, 3]);
      const astray = doing(({ x }, { run, track }) => {
        run(halting, { x: track(tf.slice(x, 0, 2)), done: track(tf.zeros([2])) }, key);
      });
      await t.rejects(queriesOf(astray), {
        name: "RangeError",
        message: /halting was given 2 rows by tools for 4: take those of subset/,
      });
    });

    t.test("a step is compiled once, and those made anew are not kept for ever", async (t) => {
      const classifier = smallMlp();
      const batch = batchFor(classifier);
      const run = async (attack: Attack, times: number): Promise<number> => {
        const prepared = prepare(attack, classifier);
        for (let i = 0; i < times; i++) (await prepared.perturb(batch, { key, signal })).x.dispose();
        const { compiled } = prepared;
        prepared.dispose();
        t.equal(prepared.compiled, 0);
        return compiled;
      };
      t.equal(
        await run(
          doing(({ x }, { run }) => void run(ask, { x }, key)),
          3,
        ),
        1,
      );
      const anew = doing(({ x }, { run }) => void run(({ x }: { x: tf.Tensor }) => ({ x }), { x }, key));
      t.equal(await run(anew, 3), 3);
      t.equal(await run(anew, 70), 64);
      tf.dispose([batch.x, batch.y]);
      classifier.dispose();
    });
  });
}

t.test("perturb() refuses what an attack cannot do, and what it must not", async (t) => {
  const classifier = smallMlp();
  const batch = batchFor(classifier);
  const before = tf.memory().numTensors;
  const perturb = async (attack: Attack, target?: tf.Tensor1D): Promise<void> => {
    const prepared = prepare(attack, classifier);
    await prepared.perturb({ ...batch, target }, { key, signal }).then(({ x }) => x.dispose());
  };
  const nothing = doing(() => {});
  const target = tf.zeros([4], "int32") as tf.Tensor1D;
  await t.rejects(perturb(nothing, target), {
    name: "InputError",
    message: 'attack "doing" cannot aim at a given class',
  });
  await t.resolves(perturb({ ...nothing, targeted: true }, target));
  target.dispose();
  await t.rejects(perturb({ ...nothing, kind: "within-budget" }), {
    name: "TypeError",
    message: /keeps to a budget: give epsilon/,
  });
  await t.rejects(perturb({ ...nothing, perturb: async ({ x }) => tf.slice(x, 0, 1) }), {
    name: "RunError",
    message: /attack "doing" returned \[1,6,6,1\] for images \[4,6,6,1\]: it must return one for each/,
  });
  const picky: Attack = {
    ...nothing,
    check({ classes }) {
      throw new RangeError(`${classes} classes`);
    },
  };
  t.throws(() => prepare(picky, classifier), { name: "RangeError", message: "4 classes" });
  t.equal(tf.memory().numTensors, before);
  tf.dispose([batch.x, batch.y]);
  classifier.dispose();
});

t.test("a black-box attack gets no gradient", async (t) => {
  const classifier = smallMlp();
  const batch = batchFor(classifier);
  const slope = doing(({ x }, { run }) => void run(slopes, { x }, key), { access: "black-box" });
  await t.rejects(prepare(slope, classifier).perturb(batch, { key, signal }), {
    name: "TypeError",
    message: 'attack "doing" takes a gradient of the classifier, though it says that it is black-box',
  });
  const answers = doing(({ x }, { run }) => void run(ask, { x }, key), { access: "black-box" });
  const prepared = prepare(answers, classifier);
  (await prepared.perturb(batch, { key, signal })).x.dispose();
  prepared.dispose();
  tf.dispose([batch.x, batch.y]);
  classifier.dispose();
});

t.test("perturb() gives budgets, steps and tensors that are its caller's", async (t) => {
  const classifier = smallMlp();
  const batch = batchFor(classifier);
  const seen: unknown[] = [];
  const attack: Attack = {
    ...doing(() => {}),
    steps: 7,
    async perturb({ x, epsilon, steps }) {
      seen.push([...(await epsilon.data())], steps);
      return x;
    },
  };
  const prepared = prepare(attack, classifier);
  const { x } = await prepared.perturb(batch, { key, signal });
  t.not(x, batch.x);
  x.dispose();
  t.notOk(batch.x.isDisposed, "the images stay the caller's, though they are returned");
  const epsilon = tf.tensor1d([1, 2, 3, 4]);
  (await prepared.perturb(batch, { epsilon, steps: 2, key, signal })).x.dispose();
  t.same(seen, [Array(4).fill(Number.POSITIVE_INFINITY), 7, [1, 2, 3, 4], 2]);
  t.notOk(epsilon.isDisposed);
  prepared.dispose();
  tf.dispose([epsilon, batch.x, batch.y]);
  classifier.dispose();
});

t.test("an attack that is stopped asks no more, in a step or outside of one", async (t) => {
  const classifier = smallMlp();
  const batch = batchFor(classifier);
  const before = tf.memory().numTensors;
  for (const [name, use] of [
    ["run", (x, { run }) => void run(ask, { x }, key)],
    ["peek", (x, { peek }) => void peek(ask, { x }, key)],
    ["logits", (x, { classifier }) => tf.dispose(classifier.logits(x))],
  ] as readonly (readonly [string, (x: tf.Tensor, tools: AttackTools) => void])[]) {
    const stop = new AbortController();
    const attack = doing(({ x }, tools) => {
      use(x, tools);
      stop.abort(new Error("enough"));
      use(x, tools);
    });
    const prepared = prepare(attack, classifier);
    await t.rejects(prepared.perturb(batch, { key, signal: stop.signal }), { message: "enough" }, name);
    prepared.dispose();
  }
  t.equal(tf.memory().numTensors, before);
  tf.dispose([batch.x, batch.y]);
  classifier.dispose();
});
