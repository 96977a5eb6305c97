/** An attack by decisions alone beside foolbox's, at equal queries. */
import t from "tap";
import { classifierOf, judgeOf, Key, PLAIN, prepare, tf } from "../../core/mod.ts";
import { hopSkipJump } from "../../plugins/attacks/hop-skip-jump/hop-skip-jump.ts";
import { mnist } from "../../plugins/datasets/mnist/mnist.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { peers, peersMissing, trained } from "./compare.ts";

await onnxruntime().start();

const IMAGES = 30;

/** Both draw their directions by chance: medians over the images may differ by this factor. */
const APART = 1.2;

t.test("HopSkipJump is as near as foolbox's at equal queries", { skip: peersMissing ?? false }, async (t) => {
  const data = await mnist({ split: "train", range: "unit" });
  const test = await data.heldOut!();
  const network = trained(mlp({ hidden: [64], activation: "relu", spectralNorm: false }), data, 100, 0);
  const classifier = classifierOf(
    { name: "net", inputShape: test.shape, classes: 10, range: [0, 1] },
    PLAIN,
    test.shape,
    (seen) => network.apply(seen, { training: false }),
  );
  const judge = judgeOf(classifier);
  const all = test.rows(Array.from({ length: 2 * IMAGES }, (_, i) => i));
  const taken = await judge.predict(all);
  const right = [...taken].flatMap((label, i) => (label === test.labels![i] ? [i] : [])).slice(0, IMAGES);
  const x = test.rows(right);
  const labels = right.map((row) => test.labels![row]!);
  const study = { network, mean: 0, test, linf: [], l2: [], steps: 5, queries: 0, targets: 1, seeds: 1 };
  const theirs = await peers(t, { ...study, build: { mlp: [784, 64, 10] }, about: "decisions" }, x, labels);

  const y = tf.tensor1d(labels, "int32");
  for (const norm of ["l2", "linf"] as const) {
    const queries = Math.round(theirs[`queries ${norm}`] as unknown as number);
    const prepared = prepare(hopSkipJump({ norm, queries }), classifier);
    const run = { key: Key.from("peers"), signal: new AbortController().signal };
    const { success, distance, queries: asked, x: found } = await judge.run(prepared, { x, y }, run);
    prepared.dispose();
    found.dispose();
    const [our, their] = [
      Array.from(distance[norm], (d, i) => (success[i] ? d : 1e9)),
      theirs[norm] as readonly number[],
    ].map((list) => list!.toSorted((a, b) => a - b)[IMAGES / 2]!);
    t.comment(
      `${norm}, ${queries} queries: median distance ${our!.toPrecision(4)}, theirs ${their!.toPrecision(4)}`,
    );
    t.ok(Math.max(...asked) <= queries, `asks ${Math.max(...asked)} times, foolbox ${queries}`);
    t.ok(our! <= APART * their!, `${norm}: median ${our} is no more than ${APART} times ${their}`);
    t.ok(their! <= APART * our!, `${norm}: nor is it less than that by as much`);
  }
  tf.dispose([all, x, y]);
  judge.dispose();
  network.dispose();
});
