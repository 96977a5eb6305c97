/** The losses of semi-supervised learning, beside the same worked out row by row. */
import t from "tap";
import { conditionalEntropy, crossEntropy, tf } from "../../core/mod.ts";
import {
  codeLength,
  eq4,
  featureDistance,
  inconsistency,
  marginalEntropy,
  pullAway,
  takenForData,
  takenForGenerated,
} from "../../plugins/semi-supervised/mod.ts";
import { close, mean } from "./close.ts";

await tf.setBackend("cpu");
await tf.ready();

const rows: Record<"labeled" | "unlabeled" | "generated", number[][]> = {
  labeled: [
    [1.2, -0.4, 0.3],
    [-2, 0.1, 0.7],
    [0, 0, 5],
  ],
  unlabeled: [
    [0.2, 0.1, -3],
    [4, 1, 1],
    [-1, -2, -0.5],
  ],
  generated: [
    [-4, -3, -5],
    [0.5, 1, -1],
    [2, -2, 0],
  ],
};
const classes = [0, 2, 1];
const logits = (kind: keyof typeof rows): tf.Tensor2D => tf.tensor2d(rows[kind]);
const oneHot = tf.cast(tf.oneHot(tf.tensor1d(classes, "int32"), 3), "float32");

/** Probabilities of a row of K logits and one fixed at 0, as Eq. (4) has them. */
function probabilities(row: readonly number[]): number[] {
  const terms = [...row, 0].map(Math.exp);
  const sum = terms.reduce((a, b) => a + b);
  return terms.map((e) => e / sum);
}
/** Probabilities of the K classes given that it is one of them. */
function among(row: readonly number[]): number[] {
  const p = probabilities(row).slice(0, -1);
  const sum = p.reduce((a, b) => a + b);
  return p.map((x) => x / sum);
}
const direct = {
  crossEntropy: mean(rows.labeled.map((row, i) => -Math.log(among(row)[classes[i]!]!))),
  data: mean(rows.unlabeled.map((row) => -Math.log(1 - probabilities(row).at(-1)!))),
  generated: mean(rows.generated.map((row) => -Math.log(probabilities(row).at(-1)!))),
  entropy: mean(rows.unlabeled.map((row) => -among(row).reduce((sum, p) => sum + p * Math.log(p), 0))),
};

t.test("the terms of Eq. (4) are what softmax over K + 1 logits gives", async (t) => {
  close(t, crossEntropy(logits("labeled"), oneHot), direct.crossEntropy, "labelled");
  close(t, takenForData(logits("unlabeled")), direct.data, "unlabelled");
  close(t, takenForGenerated(logits("generated")), direct.generated, "generated");
  close(t, conditionalEntropy(logits("unlabeled")), direct.entropy, "conditional entropy");
});

t.test("eq4() weights its terms, 2 being Eq. (4) to the letter", async (t) => {
  const all = { labeled: logits("labeled"), unlabeled: logits("unlabeled"), generated: logits("generated") };
  const { crossEntropy: ce, data, generated, entropy } = direct;
  close(t, eq4(all, oneHot, { ganWeight: 2, entropyWeight: 0 }), ce + data + generated, "Eq. (4)");
  const weighted = eq4(all, oneHot, { ganWeight: 1, entropyWeight: 0.3 });
  close(t, weighted, ce + (data + generated) / 2 + 0.3 * entropy, "as the authors' code has it");
});

t.test(
  "the terms of Eq. (4) stay finite, and have gradients, where probabilities are 0 in float32",
  async (t) => {
    const far = tf.tensor2d([
      [1000, -1000, 0],
      [-1000, -1000, -1000],
    ]);
    const labels = tf.tensor2d([
      [0, 1, 0],
      [1, 0, 0],
    ]);
    close(t, crossEntropy(far, labels), (2000 + Math.log(3)) / 2, "labelled");
    close(t, takenForData(far), (0 + 1000 - Math.log(3)) / 2, "unlabelled");
    close(t, takenForGenerated(far), 1000 / 2, "generated");
    close(t, conditionalEntropy(far), Math.log(3) / 2, "conditional entropy");
    for (const f of [takenForData, takenForGenerated, conditionalEntropy]) {
      const slopes = tf
        .grad((x: tf.Tensor) => f(x))(far)
        .dataSync();
      t.ok(slopes.every(Number.isFinite), `${f.name}: ${slopes}`);
    }
  },
);

t.test("the peers' terms are what their papers say", async (t) => {
  const [a, b] = [
    [
      [1, 2],
      [3, 5],
    ],
    [
      [0, 1],
      [1, 0],
      [2, 2],
    ],
  ];
  const difference = [2 - 1, 3.5 - 1];
  const [generated, real] = [tf.tensor2d(a), tf.tensor2d(b)];
  close(
    t,
    featureDistance(generated, real, "squared"),
    mean(difference.map((d) => d * d)),
    "feature matching",
  );
  close(t, featureDistance(generated, real, "absolute"), mean(difference), "feature matching, absolute");

  const cosine = (x: readonly number[], y: readonly number[]): number =>
    (x[0]! * y[0]! + x[1]! * y[1]!) / (Math.hypot(...x) * Math.hypot(...y));
  const three = [
    [1, 0],
    [1, 1],
    [-2, 3],
  ];
  const pairs = three.flatMap((x, i) => three.flatMap((y, j) => (i === j ? [] : [cosine(x, y) ** 2])));
  close(t, pullAway(tf.tensor2d(three)), mean(pairs), "pull-away");
  t.ok(Number.isFinite(pullAway(tf.zeros([3, 2])).dataSync()[0]), "pull-away of features that are all 0");

  const [m, s, z] = [
    [0.5, 2],
    [-0.3, 0.4],
    [0.1, 0.9],
  ];
  const density = m.map((mu, i) => {
    const sigma = Math.exp(s[i]!);
    return Math.exp(-(((z[i]! - mu) / sigma) ** 2) / 2) / (sigma * Math.sqrt(2 * Math.PI));
  });
  const nats = -density.map(Math.log).reduce((sum, x) => sum + x, 0);
  close(t, codeLength(tf.tensor3d([[m, s]]), tf.tensor2d([z])), nats, "variational, summed over z");
  const twice = codeLength(
    tf.tensor3d([
      [m, s],
      [m, s],
    ]),
    tf.tensor2d([z, z]),
  );
  close(t, twice, nats, "variational, averaged over rows");

  const averaged = [0, 1, 2].map((k) => mean(rows.unlabeled.map((row) => among(row)[k]!)));
  const entropy = -averaged.reduce((sum, p) => sum + p * Math.log(p), 0);
  close(t, marginalEntropy(logits("unlabeled")), entropy, "marginal entropy");

  const one = { features: tf.tensor3d([[[1, 2]], [[0, 5]], [[3, 3]]]), logits: logits("unlabeled") };
  const other = { features: tf.tensor3d([[[1, 0]], [[4, 5]], [[3, 2]]]), logits: logits("generated") };
  const squares = [4 / 2, 16 / 2, 1 / 2];
  const apart = rows.unlabeled.map((row, i) => {
    const [p, q] = [among(row), among(rows.generated[i]!)];
    return 2 * (mean(p.map((x, k) => (x - q[k]!) ** 2)) + 0.1 * squares[i]!);
  });
  const margin = 0.45; // between the rows' values
  t.ok(Math.min(...apart) < margin && margin < Math.max(...apart), `${apart}`);
  close(
    t,
    inconsistency(one, other, { consistency: 2, featureConsistency: 0.1, margin }),
    mean(apart.map((x) => Math.max(0, x - margin))),
    "consistency",
  );
});
