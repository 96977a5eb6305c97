/** What each member of an ensemble was good for is kept: accuracy after it, image for image. */
import t from "tap";
import { type Attack, classifierOf, judgeOf, Key, PLAIN, prepare, tf } from "../../core/mod.ts";
import { autoAttack } from "../../plugins/attacks/auto-attack/auto-attack.ts";
import { square } from "../../plugins/attacks/square/square.ts";
import { evaluate, type Forward } from "../fixtures/evaluating.ts";
import { imagesFor, linear } from "../fixtures/linear.ts";

await tf.setBackend("cpu");
await tf.ready();
const key = Key.from("ensembles");
const { signal } = new AbortController();

t.test("the judge tells what each member left, and the last one what the attack did", async (t) => {
  const planes = linear(3, [5, 5, 1], 4, [-3, 3]);
  const { rows, x, y } = imagesFor(planes, 4, 10);
  const exact = rows.map((row) => planes.distance(row, "linf"));
  const epsilon = exact.toSorted((a, b) => a - b)[5]! * 1.01;
  const attack = prepare(autoAttack({ steps: 5, queries: 10, targets: 2 }), planes.classifier);
  const judge = judgeOf(planes.classifier);
  const verdict = await judge.run(attack, { x, y }, { epsilon, key, signal });
  const names = ["apgd-ce-linf", "apgd-dlr-targeted-linf", "fab-targeted-linf", "square-linf"];
  t.same(Object.keys(verdict.members), names);
  const lefts = Object.values(verdict.members).map((flags) => [...flags]);
  for (const [i, left] of lefts.entries()) {
    if (i > 0)
      t.ok(
        left.every((flag, row) => flag <= lefts[i - 1]![row]!),
        "no member brings one back",
      );
  }
  t.same(
    lefts.at(-1),
    [...verdict.success].map((good) => 1 - good),
  );
  const all = await judge.run(attack, { x, y }, { epsilon: 6, key, signal });
  t.same(Object.keys(all.members), names, "those that had nothing left to do are told of too");
  t.same(
    [...all.members["square-linf"]!],
    rows.map(() => 0),
  );
  verdict.x.dispose();
  all.x.dispose();
});

t.test(
  "each version has the members of the authors' code, the margin in place of a ratio that is not defined",
  async (t) => {
    const dlr = ["apgd-ce-linf", "apgd-dlr-linf"];
    const aimed = ["apgd-dlr-targeted-linf", "fab-targeted-linf"];
    const expected = {
      standard: { 4: ["apgd-ce-linf", ...aimed, "square-linf"] },
      plus: { 4: [...dlr, "fab-linf", "square-linf", ...aimed] },
      rand: { 4: dlr, 3: dlr, 2: ["apgd-ce-linf", "apgd-margin-linf"] },
    } as const;
    for (const [version, byClasses] of Object.entries(expected)) {
      for (const [classes, names] of Object.entries(byClasses)) {
        const planes = linear(3, [5, 5, 1], Number(classes), [-3, 3]);
        const { x, y } = imagesFor(planes, 4, 6);
        const made = autoAttack({
          ...{ version: version as keyof typeof expected, steps: 3, queries: 4, targets: 2, samples: 3 },
        });
        t.equal(made.samples, version === "rand" ? 3 : 1);
        const attack = prepare(made, planes.classifier);
        const judge = judgeOf(planes.classifier);
        const verdict = await judge.run(attack, { x, y }, { epsilon: 1e-4, key, signal });
        t.same(Object.keys(verdict.members), names, `${version} with ${classes} classes`);
        attack.dispose();
        judge.dispose();
        tf.dispose([verdict.x, x, y]);
        planes.classifier.dispose();
      }
    }
    t.equal(autoAttack({ version: "rand" }).name, "auto-attack-rand-linf");
  },
);

t.test("the evaluation has a metric for each, over all batches", async (t) => {
  const n = 11;
  const labels = Array.from({ length: n }, (_, i) => i % 2);
  const shades = Key.from("shades").uniformArray(n, 0, 0.3);
  const values = labels.map((label, i) => [[[label === 1 ? 0.6 + shades[i]! : 0.4 - shades[i]!]]]);
  const forward: Forward = (x) => {
    const shade = tf.reshape(x, [-1, 1]);
    return tf.concat([tf.sub(0.5, shade), tf.sub(shade, 0.5)], 1);
  };
  const { metrics, status, error } = await evaluate(
    {
      ...{ data: { use: "arrays", values, labels, range: [0, 1] }, n, batch: 4, probes: false },
      classifiers: { m: { use: "invented" } },
      attacks: [{ use: "auto-attack", steps: 4, queries: 4 }],
      epsilons: { linf: [0.2] },
    },
    forward,
  );
  t.equal(status, "passed", error ?? "");
  const wanted = shades.filter((shade) => 0.1 + shade > 0.2).length / n;
  t.ok(Math.abs(metrics["m.auto-attack-linf@0.2"]! - wanted) < 1e-9);
  t.equal(metrics["m.auto-attack-linf.after-square-linf@0.2"], metrics["m.auto-attack-linf@0.2"]);
  const after = Object.keys(metrics).filter((name) => name.includes(".after-"));
  t.equal(after.length, 4, after.join(", "));
});

t.test(
  "squares become small over a schedule: all queries, or in AutoAttack the authors' 10 000",
  async (t) => {
    const [side, queries] = [16, 40];
    const shape = [side, side, 1];
    /** All images that it was asked about. Its logits never change, so each query of Square is the start with one square. */
    const asked: Float32Array[] = [];
    const flat = classifierOf(
      { name: "flat", inputShape: shape, classes: 4, range: [0, 1] },
      PLAIN,
      shape,
      (x) => {
        for (const row of tf.unstack(x)) asked.push(row.dataSync().slice() as Float32Array);
        const nothing = tf.mul(tf.sum(tf.reshape(x, [x.shape[0]!, -1]), 1, true), 0);
        return tf.add(tf.tensor2d([[1, 0, 0, 0]]), nothing);
      },
    );
    const x = tf.fill([1, ...shape], 0.5);
    const y = tf.tensor1d([0], "int32");
    const budget = tf.tensor1d([0.1]);
    /** In how many pixels one of the last queries differs from the one before, at most: those of two squares. */
    const lastArea = async (attack: Attack): Promise<number> => {
      asked.length = 0;
      const prepared = prepare(attack, flat);
      (await prepared.perturb({ x, y }, { epsilon: budget, key, signal })).x.dispose();
      prepared.dispose();
      const last = asked.slice(-8);
      return Math.max(
        ...last.slice(1).map((image, i) => image.filter((v, pixel) => v !== last[i]![pixel]).length),
      );
    };
    t.ok((await lastArea(square({ queries }))) <= 2);
    t.ok((await lastArea(square({ queries, schedule: 10_000 }))) > 20);
    t.ok((await lastArea(autoAttack({ queries, steps: 2, targets: 1 }))) > 20);
    tf.dispose([x, y, budget]);
  },
);
