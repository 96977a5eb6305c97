/** The loop that iterative attacks share. */
import fc from "fast-check";
import t from "tap";
import {
  type Attack,
  type AttackInput,
  type AttackTools,
  Key,
  prepare,
  type StepTools,
  tf,
} from "../../core/mod.ts";
import { iterate } from "../../plugins/attacks/parts/iterate.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { batchFor, curved } from "../fixtures/attacking.ts";

await onnxruntime().start();
const signal = new AbortController().signal;
const key = Key.from("attacks");

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
      fc.constantFrom(10, 2000),
      async (needed, most) => {
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
          const end = await iterate(tools, { step, given, state, steps: most, key });
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
        const exact = needed.map((steps) => Math.min(steps, most));
        if (counts.join() !== exact.join()) throw new Error(`${counts} instead of ${exact}`);
        if ([...queries].join() !== exact.join()) throw new Error(`queries ${queries} instead of ${exact}`);
        const isPower = (size: number): boolean => Math.log2(size) % 1 === 0;
        const isExpected = (size: number): boolean => isPower(size) || (most > 1000 && isPower(size / 0.75));
        if ([...sizes].some((size) => size !== n && (size > n || !isExpected(size)))) {
          throw new Error(`batches of ${[...sizes]}`);
        }
      },
    ),
    { numRuns: 15 },
  );
  t.pass("held for all");
});

t.test("iterate() computes no more rows than it must where many steps are left", async (t) => {
  const sizesWith = async (steps: number): Promise<number[]> => {
    const classifier = curved(3);
    const sizes = new Set<number>();
    const step = ({ count }: { count: tf.Tensor }) => {
      sizes.add(count.shape[0]!);
      return { count: tf.add(count, 1), done: tf.greaterEqual(count, 2) };
    };
    const attack = probe(async ({ key }, tools) => {
      const [done, count] = [
        tf.tensor1d(Array.from({ length: 40 }, (_, i) => (i < 22 ? 0 : 1))),
        tf.zeros([40]),
      ];
      await iterate(tools, { step, given: {}, state: { count }, done, steps, key });
      tf.dispose([done, count]);
    });
    const batch = await batchFor(classifier, 3, 40);
    const prepared = prepare(attack, classifier);
    (await prepared.perturb(batch, { key, signal })).x.dispose();
    prepared.dispose();
    tf.dispose([batch.x, batch.y]);
    classifier.dispose();
    return [...sizes];
  };
  t.same(await sizesWith(100), [40, 32], "22 images in a power of two");
  t.same(await sizesWith(2000), [40, 24], "in three quarters of one, as compiling it is worth the while");
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
