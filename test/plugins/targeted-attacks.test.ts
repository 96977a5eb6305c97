/** Attacks for the nearest example that aim at a class, and FAB's tries. */
import t from "tap";
import { classifierOf, PLAIN, tf } from "../../core/mod.ts";
import { deepfool } from "../../plugins/attacks/deepfool/deepfool.ts";
import { attacked, attackOf, batchFor } from "../fixtures/attacking.ts";
import { imagesFor, linear } from "../fixtures/linear.ts";

await tf.setBackend("cpu");
await tf.ready();

const NORMS = ["l2", "linf"] as const;
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

for (const norm of NORMS) {
  t.test(
    `deepfool and fab reach a target that is next to the image by the closed form in ${norm}`,
    async (t) => {
      const planes = linear(6, [9], 5);
      const { rows, labels, x, y } = imagesFor(planes, 6, 40);
      const targets = labels.map((label) => (label + 1) % 5);
      const target = tf.tensor1d(targets, "int32");
      // of each image, the nearest point of the plane between its class and the target, and how far that is
      const planesTo = rows.map((row, i) => {
        const normal = planes.w.map((weights) => weights[targets[i]!]! - weights[labels[i]!]!);
        const z = planes.logits(row);
        const gap = z[labels[i]!]! - z[targets[i]!]!;
        const steepness = normal.reduce((all, v) => all + (norm === "l2" ? v * v : Math.abs(v)), 0);
        const point = row.map(
          (v, j) => v + (gap / steepness) * (norm === "l2" ? normal[j]! : Math.sign(normal[j]!)),
        );
        return { point, distance: norm === "l2" ? gap / Math.sqrt(steepness) : gap / steepness };
      });
      const nextTo = planesTo.map(({ point }, i) => {
        const z = planes.logits(point);
        return z.every((v, k) => k === targets[i] || k === labels[i] || v < z[targets[i]!]! - 0.3);
      });
      t.ok(
        nextTo.filter(Boolean).length >= 5,
        `${nextTo.filter(Boolean).length} of 40 are next to their target`,
      );
      for (const attack of [
        deepfool({ norm, steps: 30, overshoot: 0.001, nudge: 0 }),
        await attackOf({ use: "fab", norm, steps: 40 }),
      ]) {
        const {
          distance,
          success,
          x: found,
        } = await attacked(attack, planes.classifier, { x, y, target }, 0);
        t.equal(sum(success), 40, `${attack.name} reaches all`);
        planesTo.forEach((plane, i) => {
          const ratio = distance[norm][i]! / plane.distance;
          if (ratio < 1 - 1e-4 || (nextTo[i] && ratio > 1.02))
            t.fail(`${attack.name}, row ${i}: ${ratio} times as far as the plane`);
        });
        found.dispose();
      }
      tf.dispose([x, y, target]);
      planes.classifier.dispose();
    },
  );
}

t.test("fab's tries after the first begin elsewhere, and find nothing farther", async (t) => {
  const shape = [5, 5, 1];
  // a boundary with many folds, of which each try finds one
  const classifier = classifierOf(
    { name: "folded", inputShape: shape, classes: 2, range: [0, 1] },
    PLAIN,
    shape,
    (x) => {
      const height = tf.add(0.5, tf.mean(tf.sin(tf.mul(20, x)), [1, 2])); // [n, 1]
      return tf.concat([height, tf.neg(height)], 1);
    },
  );
  const { x, y } = await batchFor(classifier, 7, 30);
  let nearer = 0;
  for (const norm of NORMS) {
    const found = [];
    for (const restarts of [1, 4]) {
      const attack = await attackOf({ use: "fab", norm, steps: 10, restarts });
      const { distance, queries, x: example } = await attacked(attack, classifier, { x, y }, 0);
      found.push({ distance: distance[norm], queries });
      example.dispose();
    }
    const [once, more] = found;
    t.same(
      [...more!.queries],
      [...once!.queries].map((count) => 4 * count),
    );
    t.ok(more!.distance.every((length, i) => length <= once!.distance[i]! + 1e-6));
    nearer += sum(once!.distance) - sum(more!.distance);
  }
  t.ok(nearer > 1e-3, `nearer by ${nearer}`);
  tf.dispose([x, y]);
  classifier.dispose();
});
