/** HopSkipJump on classifiers whose nearest examples are known, and on those that give nothing but decisions. */
import t from "tap";
import {
  type Attack,
  type AttackBatch,
  type Classifier,
  classifierOf,
  judgeOf,
  Key,
  PLAIN,
  prepare,
  tf,
  type Verdict,
} from "../../core/mod.ts";
import { hopSkipJump } from "../../plugins/attacks/hop-skip-jump/hop-skip-jump.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { imagesFor, linear } from "../fixtures/linear.ts";

await onnxruntime().start();
const signal = new AbortController().signal;

async function attacked(attack: Attack, classifier: Classifier, batch: AttackBatch): Promise<Verdict> {
  const judge = judgeOf(classifier);
  const prepared = prepare(attack, classifier);
  try {
    const verdict = await judge.run(prepared, batch, { key: Key.from("hop-skip-jump"), signal });
    verdict.x.dispose();
    return verdict;
  } finally {
    prepared.dispose();
    judge.dispose();
  }
}

/** Tells the class alone: 1 for it, 0 for the others, wherever the image is. */
function deciding({ name, inputShape, classes, bounds, logits }: Classifier): Classifier {
  const decide = (x: tf.Tensor): tf.Tensor => tf.cast(tf.oneHot(tf.argMax(logits(x), 1), classes), "float32");
  return classifierOf({ name, inputShape, classes }, { ...PLAIN, bounds: [...bounds] }, inputShape, decide);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

for (const norm of ["l2", "linf"] as const) {
  t.test(`by decisions alone it comes near the closed form on a linear classifier in ${norm}`, async (t) => {
    const planes = linear(3, [9], 4, [-2, 2]);
    const classifier = deciding(planes.classifier);
    const { rows, x, y } = imagesFor(planes, 3, 16);
    const exact = rows.map((row) => planes.distance(row, norm));
    const ratiosOf = async (queries: number): Promise<number[]> => {
      const attack = hopSkipJump({ norm, queries, directions: 50 });
      const { success, distance, queries: asked } = await attacked(attack, classifier, { x, y });
      t.same([...success], new Array(16).fill(1), `fools all with ${queries} queries`);
      t.ok(Math.max(...asked) <= queries, `asks ${Math.max(...asked)} times, of ${queries}`);
      return exact.map((nearest, i) => distance[norm][i]! / nearest);
    };
    const [few, many] = [await ratiosOf(200), await ratiosOf(1500)];
    t.ok(Math.min(...many) > 1 - 1e-3, "none is nearer than the nearest");
    t.ok(median(many) < 1.1, `half are within a tenth of the nearest: ${median(many)}`);
    t.ok(median(few) > median(many), `more queries bring them nearer: ${median(few)}, ${median(many)}`);
    tf.dispose([x, y]);
    planes.classifier.dispose();
  });
}

/** Class 1 where the first pixel is above a threshold: close to 1, noise hardly ever is. */
function threshold(at: number): Classifier {
  const pixel = tf.keep(tf.tensor2d([0, 1, 0, 0, 0, 0, 0, 0], [4, 2]));
  const bias = tf.keep(tf.tensor1d([at, 0]));
  return classifierOf(
    { name: "threshold", inputShape: [4], classes: 2, range: [0, 1] },
    PLAIN,
    [4],
    (x) => tf.add(tf.matMul(x as tf.Tensor2D, pixel), bias),
    () => tf.dispose([pixel, bias]),
  );
}

t.test(
  "where noise fools nobody it begins with another image of the batch, and fails where there is none",
  async (t) => {
    const classifier = threshold(0.9999);
    const x = tf.tensor2d([
      [0.5, 0.2, 0.3, 0.4],
      [1, 0.3, 0.2, 0.1],
    ]);
    const y = tf.tensor1d([0, 1], "int32");
    const { success, distance } = await attacked(hopSkipJump({ queries: 300 }), classifier, {
      x,
      y,
    });
    t.same([...success], [1, 1]);
    t.ok(distance.l2[0]! < 0.6, `nearer than that image: ${distance.l2[0]}`);
    const alone = { x: tf.slice(x, 0, 1), y: tf.slice(y, 0, 1) };
    const lost = await attacked(hopSkipJump({ queries: 300 }), classifier, alone);
    t.same([lost.success[0], lost.distance.l2[0]], [0, 0], "the image as it was");
    tf.dispose([x, y, alone.x, alone.y]);
  },
);

t.test("images that fool already are left as they are, and ask nothing", async (t) => {
  const classifier = threshold(0.5);
  const x = tf.tensor2d([
    [0.9, 0.2, 0.3, 0.4],
    [0.1, 0.3, 0.2, 0.1],
  ]);
  const y = tf.tensor1d([0, 0], "int32");
  const { success, distance, queries } = await attacked(hopSkipJump({ queries: 300 }), classifier, { x, y });
  t.same([success[0], distance.l2[0], queries[0]], [1, 0, 0]);
  t.ok(success[1] === 1 && queries[1]! > 100);
  tf.dispose([x, y]);
});
