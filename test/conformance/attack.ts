/**
 * What every attack must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import {
  type Attack,
  type AttackBatch,
  type Classifier,
  channelsOf,
  type Judge,
  judgeOf,
  Key,
  NORMS,
  type PreparedAttack,
  prepare,
  tf,
  widest,
} from "../../core/mod.ts";
import { smallConv, smallMlp } from "./small-classifiers.ts";
import type { Tester } from "./tester.ts";

/** How an attack is checked. */
export interface AttackCheck {
  /** What it attacks; a small multilayer perceptron and a small convolutional network unless given. */
  readonly classifiers?: readonly Classifier[];
  /** Images attacked together, ≥ 2. */
  readonly images?: number;
}

/** Rounding, in units of the pixels. */
const ROUNDING = 1e-5;

/**
 * Checks an attack against its contract, on undefended classifiers. It stays within bounds and budget, is a function of
 * images and key, counts its queries, aims where it says that it can, takes fewer steps where it is told to, works on
 * batches of any size, stops when its signal says so, compiles its steps once, and leaves no tensor behind.
 * @example
 * ```ts
 * import t from "tap";
 * import { tf } from "dsgan";
 * import { pgd } from "dsgan/attacks";
 * import { checkAttack } from "dsgan/testing";
 *
 * await tf.setBackend("cpu");
 * t.test("pgd() is an attack", (t) => checkAttack(t, pgd({ steps: 5 })));
 * ```
 */
export async function checkAttack(t: Tester, attack: Attack, check: AttackCheck = {}): Promise<void> {
  const { name, norm, kind, access = "white-box", steps } = attack;
  t.ok(typeof name === "string" && name !== "", "has a name");
  t.ok(NORMS.includes(norm), `norm is one of ${NORMS}, got ${norm}`);
  t.ok(["within-budget", "minimum-norm"].includes(kind), `kind is one of the contract's, got ${kind}`);
  t.ok(["white-box", "black-box"].includes(access), `access is one of the contract's, got ${access}`);
  t.ok(steps === undefined || (Number.isInteger(steps) && steps > 0), `steps is a count, got ${steps}`);

  const { classifiers = [smallMlp(), smallConv()], images = 12 } = check;
  for (const classifier of classifiers) {
    const suite = await Suite.on(attack, classifier, images);
    await t.test(`${name} on ${classifier.name}`, async (t) => {
      await staysInside(t, suite);
      await isAFunction(t, suite);
      await takesAnyBatch(t, suite);
      await takesFewerSteps(t, suite);
      await aims(t, suite);
      await stops(t, suite);
    });
    t.equal(suite.dispose(), 0, `${name} on ${classifier.name}: leaves no tensor behind`);
    if (check.classifiers === undefined) classifier.dispose();
  }
}

/** What an attack gave for a batch. */
interface Found {
  /** Examples, `[n, ...inputShape]` row by row. */
  readonly values: number[];
  readonly queries: number[];
}

/** An attack on a classifier. */
class Suite {
  readonly attack: Attack;
  readonly classifier: Classifier;
  readonly judge: Judge;
  readonly prepared: PreparedAttack;
  readonly batch: AttackBatch;
  /** A budget that few undefended classifiers withstand. */
  readonly epsilon: number;
  readonly #tensors: number;

  private constructor(attack: Attack, classifier: Classifier, judge: Judge, batch: AttackBatch) {
    this.attack = attack;
    this.classifier = classifier;
    this.judge = judge;
    this.batch = batch;
    this.epsilon = widest(attack.norm, classifier) / 4;
    this.#tensors = tf.memory().numTensors;
    this.prepared = prepare(attack, classifier);
  }

  static async on(attack: Attack, classifier: Classifier, n: number): Promise<Suite> {
    const judge = judgeOf(classifier);
    const shape = [n, ...classifier.inputShape];
    const x = Key.from("attack")
      .fold("images")
      .uniform(shape, ...classifier.bounds);
    const y = tf.tensor1d(await judge.predict(x), "int32");
    return new Suite(attack, classifier, judge, { x, y });
  }

  /** Runs the attack. */
  async run(how: How = {}): Promise<Found> {
    const { epsilon = this.epsilon, key = Key.from(1), batch = this.batch, prepared = this.prepared } = how;
    const { signal = new AbortController().signal, steps } = how;
    const budget = tf.tensor1d(new Float32Array(batch.x.shape[0]!).fill(epsilon));
    const budgeted = this.attack.kind === "within-budget" ? { epsilon: budget } : {};
    try {
      const { x, queries } = await prepared.perturb(batch, { ...budgeted, key, signal, steps });
      const values = [...(await x.data())];
      x.dispose();
      return { values, queries: [...queries] };
    } finally {
      budget.dispose();
    }
  }

  /** Tensors that the attack has left behind. */
  dispose(): number {
    this.prepared.dispose();
    const left = tf.memory().numTensors - this.#tensors;
    this.judge.dispose();
    tf.dispose([this.batch.x, this.batch.y]);
    return left;
  }
}

/** How the attack is run, where it is not the usual way. */
interface How {
  readonly epsilon?: number;
  readonly key?: Key;
  readonly batch?: AttackBatch;
  readonly prepared?: PreparedAttack;
  readonly signal?: AbortSignal;
  readonly steps?: number;
}

async function staysInside(t: Tester, suite: Suite): Promise<void> {
  const { attack, batch, classifier } = suite;
  const [low, high] = classifier.bounds;
  const clean = await batch.x.data();
  const [n] = batch.x.shape;
  const channels = channelsOf(classifier.inputShape);
  const lengthsOf = (values: readonly number[]): number[] => {
    const changes = values.map((value, i) => value - clean[i]!);
    const size = changes.length / n!;
    return Array.from({ length: n! }, (_, i) => {
      const change = changes.slice(i * size, (i + 1) * size);
      const sizes = change.map(Math.abs);
      const moved = new Set(sizes.flatMap((by, j) => (by > ROUNDING ? [Math.floor(j / channels)] : [])));
      return {
        l0: moved.size,
        l1: sizes.reduce((a, b) => a + b, 0),
        l2: Math.hypot(...change),
        linf: Math.max(...sizes),
      }[attack.norm];
    });
  };
  for (const epsilon of [suite.epsilon, suite.epsilon / 10, 0]) {
    const { values, queries } = await suite.run({ epsilon });
    t.equal(values.length, clean.length, "gives an example for each image");
    const inside = values.every((value) => value >= low - ROUNDING && value <= high + ROUNDING);
    t.ok(inside, `stays within the bounds, at budget ${epsilon}`);
    t.ok(
      queries.length === n && queries.every((count) => count >= 0 && count < Number.POSITIVE_INFINITY),
      `counts its queries, got ${queries}`,
    );
    if (attack.kind === "minimum-norm") break;
    const longest = Math.max(...lengthsOf(values));
    t.ok(longest <= epsilon + ROUNDING, `stays within the budget ${epsilon}, got ${longest}`);
  }
  const signal = new AbortController().signal;
  const budget = attack.kind === "within-budget" ? { epsilon: suite.epsilon } : {};
  const { x, success } = await suite.judge.run(suite.prepared, batch, {
    ...budget,
    key: Key.from(1),
    signal,
  });
  x.dispose();
  t.ok(success.includes(1), "fools an undefended classifier at least once");
}

async function isAFunction(t: Tester, suite: Suite): Promise<void> {
  const { attack, classifier, batch } = suite;
  const first = await suite.run();
  const { compiled } = suite.prepared;
  t.same(await suite.run(), first, "gives the same for the same images and key");
  t.equal(suite.prepared.compiled, compiled, "compiles its steps once: they are defined outside of perturb");

  const others = { x: tf.reverse(batch.x, 0), y: tf.reverse(batch.y, 0) };
  const later = await suite.run({ batch: others });
  const fresh = prepare(attack, classifier);
  t.same(await suite.run({ batch: others, prepared: fresh }), later, "keeps nothing of the batches before");
  fresh.dispose();
  tf.dispose([others.x, others.y]);
}

/** Batches of one image and of three: where it draws nothing, each image is attacked as it is among others. */
async function takesAnyBatch(t: Tester, suite: Suite): Promise<void> {
  const { attack, classifier, batch } = suite;
  const drawn = JSON.stringify(await suite.run()) !== JSON.stringify(await suite.run({ key: Key.from(2) }));
  const signal = new AbortController().signal;
  const prepared = prepare(attack, classifier); // another size is compiled anew
  const budget = attack.kind === "within-budget" ? { epsilon: suite.epsilon } : {};
  const successOf = async (part: AttackBatch): Promise<number[]> => {
    const { x, success } = await suite.judge.run(prepared, part, { ...budget, key: Key.from(1), signal });
    x.dispose();
    return [...success];
  };
  const together = await successOf(batch);
  for (const size of [1, 3].filter((count) => count <= together.length)) {
    const part = { x: tf.slice(batch.x, 0, size), y: tf.slice(batch.y, 0, size) };
    const success = await successOf(part);
    t.equal(success.length, size, `attacks a batch of ${size}`);
    if (!drawn) t.same(success, together.slice(0, size), `an image fares the same in a batch of ${size}`);
    tf.dispose([part.x, part.y]);
  }
  prepared.dispose();
}

async function takesFewerSteps(t: Tester, suite: Suite): Promise<void> {
  const { steps = 1 } = suite.attack;
  if (steps === 1) return;
  const sum = ({ queries }: Found): number => queries.reduce((a, b) => a + b, 0);
  const epsilon = suite.epsilon / 1000; // too little to fool, so that no image is done early
  const [all, one] = [await suite.run({ epsilon }), await suite.run({ epsilon, steps: 1 })];
  t.ok(
    sum(one) < sum(all),
    `asks less with one step than with ${steps}: ${sum(one)} and ${sum(all)} queries`,
  );
}

/** Predictions are more often the target where that is told. */
async function aims(t: Tester, suite: Suite): Promise<void> {
  const { attack, batch, classifier, judge } = suite;
  const target = tf.tidy(() =>
    tf.mod(tf.add(batch.y, tf.scalar(1, "int32")), classifier.classes),
  ) as tf.Tensor1D;
  const wanted = await target.data();
  const signal = new AbortController().signal;
  const budget = attack.kind === "within-budget" ? { epsilon: suite.epsilon } : {};
  const hits = async (given: AttackBatch): Promise<number> => {
    const run = { ...budget, key: Key.from(1), signal };
    const { x, prediction } = await judge.run(suite.prepared, given, run);
    x.dispose();
    return prediction.filter((label, i) => label === wanted[i]).length;
  };
  if (attack.targeted) {
    const [aimed, unaimed] = [await hits({ ...batch, target }), await hits(batch)];
    t.ok(
      aimed > unaimed,
      `is taken for the target more often with one than without: ${aimed} and ${unaimed}`,
    );
  } else {
    await t.rejects(hits({ ...batch, target }), { name: "InputError" }, "refuses a target");
  }
  target.dispose();
}

async function stops(t: Tester, suite: Suite): Promise<void> {
  const before = tf.memory().numTensors;
  const reason = new Error("stopped");
  const asked = { name: "Error", message: /stopped/ };
  await t.rejects(
    suite.run({ signal: AbortSignal.abort(reason) }),
    asked,
    "does not begin once its signal is aborted",
  );
  if ((suite.attack.steps ?? 1) > 1) {
    const stop = new AbortController();
    const { classifier, attack } = suite;
    const logits: Classifier["logits"] = (x) => {
      stop.abort(reason);
      return classifier.logits(x);
    };
    const prepared = prepare(attack, { ...classifier, logits });
    const epsilon = suite.epsilon / 1000;
    await t.rejects(suite.run({ epsilon, prepared, signal: stop.signal }), asked, "stops within its steps");
    prepared.dispose();
  }
  t.equal(tf.memory().numTensors, before, "leaves no tensor behind where it is stopped");
}
