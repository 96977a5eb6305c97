/** Attacks on randomised classifiers: what is averaged over draws, what that costs, and how far it leads. */
import t from "tap";
import {
  type Attack,
  type Classifier,
  classifierOf,
  judgeOf,
  Key,
  lengthIn,
  PLAIN,
  prepare,
  tf,
} from "../../core/mod.ts";
import { apgd } from "../../plugins/attacks/apgd/apgd.ts";
import { carliniWagner } from "../../plugins/attacks/carlini-wagner/carlini-wagner.ts";
import { deepfool } from "../../plugins/attacks/deepfool/deepfool.ts";
import { fab } from "../../plugins/attacks/fab/fab.ts";
import { fgsm } from "../../plugins/attacks/fgsm/fgsm.ts";
import { hopSkipJump } from "../../plugins/attacks/hop-skip-jump/hop-skip-jump.ts";
import { pgd } from "../../plugins/attacks/pgd/pgd.ts";
import { sparsePgd } from "../../plugins/attacks/sparse-pgd/sparse-pgd.ts";
import { square } from "../../plugins/attacks/square/square.ts";

await tf.setBackend("cpu");
await tf.ready();
const key = Key.from("eot");
const { signal } = new AbortController();
const [n, d, classes] = [40, 30, 3];

const weights = key.fold("weights").normal([d, classes]);
/** The same value, of slope zero. */
const constant = tf.customGrad((x) => ({
  value: tf.clone(x as tf.Tensor),
  gradFunc: (dy) => tf.zerosLike(dy),
}));

/** Linear; in each pass noise of a deviation blurs the weights that the slope is taken by, but not the logits. */
const blurred = (deviation: number): Classifier =>
  classifierOf({ name: "blurred", inputShape: [d], classes, range: [-9, 9] }, PLAIN, [d], (x, k = key) => {
    const noise = tf.matMul(x as tf.Tensor2D, k.normal([d, classes], 0, deviation) as tf.Tensor2D);
    const logits = tf.matMul(x as tf.Tensor2D, weights as tf.Tensor2D);
    return tf.add(logits, tf.sub(noise, constant(noise)));
  });
const exact = blurred(0);
const x = key.fold("images").normal([n, d], 0, 0.1);
const judge = judgeOf(exact);
const y = tf.tensor1d(await judge.predict(x), "int32");

/** What an attack on one classifier makes of the images, and how much of it fools the classifier without noise. */
async function attack(made: Attack, classifier: Classifier, epsilon: number) {
  const prepared = prepare(made, classifier);
  const budget = tf.tensor1d(new Float32Array(n).fill(epsilon));
  const { x: found, queries } = await prepared.perturb({ x, y }, { epsilon: budget, key, signal });
  const taken = await judge.predict(found);
  const labels = await y.data();
  const values = [...(await found.data())];
  prepared.dispose();
  tf.dispose([found, budget]);
  return { values, queries: [...queries], fooled: taken.filter((label, i) => label !== labels[i]).length };
}

const makers: Readonly<Record<string, (options: { samples?: number }) => Attack>> = {
  fgsm,
  pgd: (options) => pgd({ steps: 3, relativeStep: 0.4, ...options }),
  apgd: (options) => apgd({ steps: 4, ...options }),
};

const seekers: Readonly<Record<string, (options: { samples?: number }) => Attack>> = {
  deepfool: (options) => deepfool({ steps: 3, ...options }),
  fab: (options) => fab({ steps: 12, ...options }),
  "fab in l1": (options) => fab({ norm: "l1", steps: 12, targets: 2, ...options }),
  "carlini-wagner": (options) =>
    carliniWagner({ steps: 15, searches: 2, initialConstant: 1, learningRate: 0.02, ...options }),
};

/** Of an attack, how far its examples are from the images, where they fool the classifier without noise; infinite elsewhere. */
async function distances(made: Attack, classifier: Classifier): Promise<number[]> {
  const prepared = prepare(made, classifier);
  const { x: found } = await prepared.perturb({ x, y }, { key, signal });
  const [taken, labels, change] = [await judge.predict(found), await y.data(), tf.sub(found, x)];
  const lengths = tf.tidy(() => lengthIn(made.norm, change, [-9, 9]));
  const values = [...(await lengths.data())];
  prepared.dispose();
  tf.dispose([found, change, lengths]);
  return values.map((length, i) => (taken[i] === labels[i] ? Number.POSITIVE_INFINITY : length));
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length / 2]!;

for (const [name, make] of Object.entries(seekers)) {
  t.test(`${name} along the average of many draws finds nearer examples than along one`, async (t) => {
    const noisy = blurred(3);
    const [once, averaged] = [
      median(await distances(make({}), noisy)),
      median(await distances(make({ samples: 60 }), noisy)),
    ];
    t.ok(averaged < 0.85 * once, `${averaged} by sixty draws, ${once} by one`);
  });
}

const counted = {
  ...{ ...makers, ...seekers },
  "sparse-pgd": (options: { samples?: number }) => sparsePgd({ steps: 3, ...options }),
};
for (const [name, make] of Object.entries(makers)) {
  t.test(`${name} along the average of many draws fools more than along one`, async (t) => {
    const noisy = blurred(3);
    const [once, averaged, best] = [
      await attack(make({}), noisy, 0.015),
      await attack(make({ samples: 60 }), noisy, 0.015),
      await attack(make({}), exact, 0.015),
    ];
    t.ok(
      averaged.fooled >= once.fooled + 5 && averaged.fooled <= best.fooled + 2,
      `${once.fooled} along one draw, ${averaged.fooled} along sixty, ${best.fooled} without noise, of ${n}`,
    );
  });
}

for (const [name, make] of Object.entries(counted)) {
  t.test(`${name}: each draw is a query, and without noise changes nothing`, async (t) => {
    const [once, thrice] = [
      await attack(make({}), exact, 1e-4), // too little to be done early
      await attack(make({ samples: 3 }), exact, 1e-4),
    ];
    t.same(
      thrice.queries,
      once.queries.map((queries) => 3 * queries),
    );
    const off = Math.max(...once.values.map((value, i) => Math.abs(value - thrice.values[i]!)));
    t.ok(off < 1e-6, `an example moves by ${off}`);
    t.equal(make({ samples: 3 }).samples, 3);
    t.equal(make({}).samples, 1);
  });
}

t.test("an image is done once most draws are fooled", async (t) => {
  // 0 for an even draw of the key, 1 for an odd one: class 1 in about a quarter, or three quarters, of the passes
  const leaning = (share: number): Classifier =>
    classifierOf(
      { name: "leaning", inputShape: [d], classes: 2, range: [-9, 9] },
      PLAIN,
      [d],
      (images, k = key) => {
        const wrong = tf.cast(tf.less(k.uniform([n, 1]), share), "float32");
        return tf.add(tf.concat([tf.sub(1, wrong), wrong], 1), tf.mul(0, tf.sum(images, 1, true)));
      },
    );
  const labels = tf.zeros([n], "int32") as tf.Tensor1D;
  const queriesOf = async (share: number) => {
    const prepared = prepare(pgd({ steps: 2, samples: 41 }), leaning(share));
    const epsilon = tf.fill([n], 0.1) as tf.Tensor1D;
    const { x: found, queries } = await prepared.perturb({ x, y: labels }, { epsilon, key, signal });
    prepared.dispose();
    tf.dispose([found, epsilon]);
    return [...queries];
  };
  t.ok((await queriesOf(0.1)).every((queries) => queries === 82));
  t.ok((await queriesOf(0.9)).every((queries) => queries === 41));
});

const deciders: Readonly<Record<string, (options: { queries: number; samples?: number }) => Attack>> = {
  square: (options) => square({ ...options }),
  "hop-skip-jump": (options) => hopSkipJump({ directions: 5, ...options }),
};
for (const [name, make] of Object.entries(deciders)) {
  t.test(`${name}: each draw is a query, and of as many decisions it makes the same`, async (t) => {
    const [once, thrice] = [
      await attack(make({ queries: 70 }), exact, 1e-4),
      await attack(make({ queries: 210, samples: 3 }), exact, 1e-4),
    ];
    t.same(
      thrice.queries,
      once.queries.map((queries) => 3 * queries),
    );
    t.same(thrice.values, once.values);
    t.equal(make({ queries: 210, samples: 3 }).samples, 3);
  });

  t.test(`${name} on a classifier that errs by chance is not misled by single errors`, async (t) => {
    // in three of ten passes the answer is another one
    const erring: Classifier = classifierOf(
      { name: "erring", inputShape: [d], classes, range: [-9, 9] },
      PLAIN,
      [d],
      (x, k = key) => {
        const wrong = tf.cast(tf.less(k.fold("wrong").uniform([x.shape[0]!, 1]), 0.3), "float32");
        return tf.mul(tf.matMul(x as tf.Tensor2D, weights as tf.Tensor2D), tf.sub(1, tf.mul(2, wrong)));
      },
    );
    const truly = async (samples: number): Promise<number> =>
      (await attack(make({ queries: 150 * samples, samples }), erring, 0.2)).fooled;
    const [once, often] = [await truly(1), await truly(25)];
    t.ok(often > once + 8, `${once} of ${n} by one draw, ${often} by most of 25`);
  });
}

t.test("hop-skip-jump says so where its queries are too few for its samples", (t) => {
  t.throws(() => hopSkipJump({ queries: 100, samples: 20 }), {
    name: "InputError",
    message: /400 queries at least/,
  });
  t.end();
});
