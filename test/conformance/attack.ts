/**
 * What every attack must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import {
  type Attack,
  type BudgetAssault,
  type Classifier,
  judgeOf,
  Key,
  type MinimumAssault,
  type Perturbed,
  tf,
} from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

/** Holds an attack against its contract, on a classifier and images within its bounds `[n, ...inputShape]`. */
export async function checkAttack(
  t: Tester,
  attack: Attack,
  classifier: Classifier,
  x: tf.Tensor,
): Promise<void> {
  t.ok(attack.name, "has a name");
  t.ok(["l2", "linf"].includes(attack.norm) && ["white-box", "black-box"].includes(attack.access));
  const n = x.shape[0]!;
  const [low, high] = classifier.bounds;
  const { signal } = new AbortController();
  const judge = judgeOf(classifier);
  const y = tf.tensor1d(await judge.predict(x), "int32");
  judge.dispose();
  const before = tf.memory().numTensors;
  const assault = attack.against(classifier);
  const run = async (epsilon: number, key: Key): Promise<{ values: number[]; queries: number[] }> => {
    const budget = tf.tensor1d(new Float32Array(n).fill(epsilon));
    const found: Perturbed =
      attack.kind === "within-budget"
        ? await (assault as BudgetAssault).perturb({ x, y }, budget, key, signal)
        : await (assault as MinimumAssault).perturb({ x, y }, key, signal);
    t.same(found.x.shape, x.shape, "gives an example for each image");
    t.same(found.queries.shape, [n], "and its queries");
    const values = [...(await found.x.data())];
    const queries = [...(await found.queries.data())];
    tf.dispose([budget, found.x, found.queries]);
    return { values, queries };
  };

  const epsilon = (high - low) / 4;
  const [first, again] = [await run(epsilon, Key.from(1)), await run(epsilon, Key.from(1))];
  t.same(first, again, "is a function of its key");
  t.ok(
    first.queries.every((q) => q >= 1),
    "counts what it asks",
  );
  t.ok(
    first.values.every((v) => v >= low - 1e-6 && v <= high + 1e-6),
    "keeps to the bounds",
  );
  if (attack.kind === "within-budget") {
    const size = x.size / n;
    const clean = await x.data();
    const lengths = Array.from({ length: n }, (_, i) => {
      const change = first.values.slice(i * size, (i + 1) * size).map((v, j) => v - clean[i * size + j]!);
      return attack.norm === "l2" ? Math.hypot(...change) : Math.max(...change.map(Math.abs));
    });
    t.ok(Math.max(...lengths) <= epsilon * (1 + 1e-4), "keeps to the budget");
    const none = await run(0, Key.from(2));
    t.ok(
      none.values.every((v, i) => Math.abs(v - clean[i]!) < 1e-6),
      "does nothing with no budget",
    );
  }
  const stopped = AbortSignal.abort(new Error("stopped"));
  const budget = tf.tensor1d(new Float32Array(n).fill(epsilon));
  await Promise.resolve(
    attack.kind === "within-budget"
      ? (assault as BudgetAssault).perturb({ x, y }, budget, Key.from(1), stopped)
      : (assault as MinimumAssault).perturb({ x, y }, Key.from(1), stopped),
  ).then(
    ({ x: found, queries }) => tf.dispose([found, queries]), // one too short to be stopped
    (error) => t.match(error, { message: "stopped" }, "stops when it is told to"),
  );
  budget.dispose();
  assault.dispose();
  t.equal(tf.memory().numTensors, before, "leaves no tensor behind");
  y.dispose();
}
