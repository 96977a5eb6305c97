/** The loss `log-odds`: what the cross-entropy's slope would be without its rounding in float32. */
import fc from "fast-check";
import t from "tap";
import {
  type Attack,
  type AttackBatch,
  type Classifier,
  classifierOf,
  compileStep,
  Key,
  PLAIN,
  prepare,
  tf,
} from "../../core/mod.ts";
import { apgd } from "../../plugins/attacks/apgd/apgd.ts";
import { fgsm } from "../../plugins/attacks/fgsm/fgsm.ts";
import { type LossName, lossOf } from "../../plugins/attacks/parts/losses.ts";
import { bim, pgd } from "../../plugins/attacks/pgd/pgd.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { checkAttack } from "../conformance/attack.ts";

await onnxruntime().start();
const signal = new AbortController().signal;
const key = Key.from("log-odds");
const NORMS = ["l2", "linf"] as const;

/** A network of one hidden layer of ReLUs, and the same in JavaScript's doubles. */
interface Small {
  readonly classifier: Classifier;
  /** Logits of an image, and the slope of its log-odds, or of its cross-entropy, in the pixels. */
  logits(x: readonly number[]): number[];
  slope(x: readonly number[], y: number): number[];
}

/** Weights are drawn, and the logits multiplied: the larger the factor, the surer the network. */
function small(seed: number, factor: number, classes = 4): Small {
  const [d, hidden] = [9, 12];
  const drawn = (name: string, rows: number, columns: number): number[][] => {
    const flat = Key.from(seed)
      .fold(name)
      .normalArray(rows * columns);
    return Array.from({ length: rows }, (_, i) => [...flat.subarray(i * columns, (i + 1) * columns)]);
  };
  const first = drawn("first", d, hidden);
  const second = drawn("second", hidden, classes).map((row) => row.map((w) => Math.fround(factor * w)));
  const layer = (x: readonly number[], w: readonly (readonly number[])[]): number[] =>
    w[0]!.map((_, k) => x.reduce((sum, value, i) => sum + value * w[i]![k]!, 0));
  const held = [tf.keep(tf.tensor2d(first)), tf.keep(tf.tensor2d(second))] as const;
  const relu = (values: readonly number[]): number[] => values.map((value) => Math.max(0, value));
  return {
    classifier: classifierOf(
      { name: "small", inputShape: [d], classes },
      { ...PLAIN, bounds: [-9, 9] },
      [d],
      (x) => tf.matMul(tf.relu(tf.matMul(x as tf.Tensor2D, held[0])), held[1]),
      () => tf.dispose([...held]),
    ),
    logits: (x) => layer(relu(layer(x, first)), second),
    slope(x, y) {
      const h = layer(x, first);
      const z = layer(relu(h), second);
      const top = Math.max(...z.filter((_, k) => k !== y));
      const odds = z.map((value, k) => (k === y ? 0 : Math.exp(value - top)));
      const all = odds.reduce((a, b) => a + b, 0);
      const inLogits = odds.map((value, k) => value / all - (k === y ? 1 : 0));
      const inHidden = second.map((row) => row.reduce((sum, w, k) => sum + w * inLogits[k]!, 0));
      return first.map((row) => row.reduce((sum, w, j) => sum + (h[j]! > 0 ? w * inHidden[j]! : 0), 0));
    },
  };
}

/** Images, and the classes that the network gives them. */
function imagesOf({ logits }: Small, seed: number, n: number) {
  const flat = Key.from(seed)
    .fold("x")
    .normalArray(n * 9);
  const rows = Array.from({ length: n }, (_, i) => [...flat.subarray(i * 9, (i + 1) * 9)]);
  const labels = rows.map((row) => {
    const z = logits(row);
    return z.indexOf(Math.max(...z));
  });
  return { rows, labels, x: tf.tensor2d(flat, [n, 9]), y: tf.tensor1d(labels, "int32") };
}

/** Where an attack moves each image. */
async function moved(
  attack: Attack,
  classifier: Classifier,
  batch: AttackBatch,
  epsilon: number,
): Promise<number[][]> {
  const prepared = prepare(attack, classifier);
  const budget = tf.tensor1d(new Float32Array(batch.x.shape[0]!).fill(epsilon));
  const { x } = await prepared.perturb(batch, { epsilon: budget, key, signal });
  const rows = tf.tidy(() => tf.sub(x, batch.x).arraySync()) as number[][];
  tf.dispose([x, budget]);
  prepared.dispose();
  return rows;
}

t.test(
  "FGSM on the log-odds steps where doubles would, and on the rounded cross-entropy it does not",
  async (t) => {
    const wrong: Record<string, number> = { "cross-entropy": 0, "log-odds": 0 };
    let pixels = 0;
    for (const seed of [1, 2, 3]) {
      for (const factor of [10, 100]) {
        const network = small(seed, factor);
        const { rows, labels, x, y } = imagesOf(network, seed, 30);
        const slopes = rows.map((row, i) => network.slope(row, labels[i]!));
        for (const loss of ["cross-entropy", "log-odds"] as const) {
          const steps = await moved(fgsm({ loss }), network.classifier, { x, y }, 0.1);
          slopes.forEach((slope, i) => {
            const steepest = Math.max(...slope.map(Math.abs));
            slope.forEach((value, j) => {
              if (Math.abs(value) < 1e-4 * steepest) return; // float32 may take it for either sign
              if (loss === "log-odds") pixels++;
              if (Math.abs(steps[i]![j]! - 0.1 * Math.sign(value)) > 1e-5) wrong[loss]!++;
            });
          });
        }
        tf.dispose([x, y]);
        network.classifier.dispose();
      }
    }
    t.ok(pixels > 1400, `${pixels} pixels`);
    t.equal(wrong["log-odds"], 0, "as in doubles");
    t.ok(wrong["cross-entropy"]! > pixels / 20, `cross-entropy steps wrongly in ${wrong["cross-entropy"]}`);
  },
);

t.test("where nothing saturates, both losses move FGSM and PGD to the same images", async (t) => {
  for (const norm of NORMS) {
    for (const classes of [2, 4]) {
      const network = small(7, 0.3, classes);
      const { labels, x, y } = imagesOf(network, 5, 40);
      const target = tf.tensor1d(
        labels.map((label) => (label + 1) % classes),
        "int32",
      );
      for (const aim of [{}, { target }]) {
        for (const attack of [
          fgsm,
          (given: { norm: "l2" | "linf"; loss: LossName }) => bim({ ...given, steps: 3 }),
        ]) {
          const [a, b] = [
            await moved(attack({ norm, loss: "cross-entropy" }), network.classifier, { x, y, ...aim }, 0.2),
            await moved(attack({ norm, loss: "log-odds" }), network.classifier, { x, y, ...aim }, 0.2),
          ];
          const off = Math.max(...a!.flatMap((row, i) => row.map((v, j) => Math.abs(v - b![i]![j]!))));
          t.ok(off < 1e-4, `${attack({ norm, loss: "log-odds" }).name}: ${off}`);
          t.ok(Math.max(...a!.flat().map(Math.abs)) > 0.03, "and they move");
        }
      }
      tf.dispose([x, y, target]);
      network.classifier.dispose();
    }
  }
});

/** The loss and its slope in the logits, from a compiled step. */
function inLogits(
  z: readonly (readonly number[])[],
  y: readonly number[],
  target?: readonly number[],
): { value: number[]; slope: number[][] } {
  const loss = lossOf(
    "log-odds",
    { classes: z[0]!.length, name: "logits" } as Classifier,
    target !== undefined,
  );
  const step = compileStep<"z" | "y" | "target", "value" | "slope">("log-odds", (inputs) => {
    const aim = { y: inputs.y, ...(target !== undefined && { target: inputs.target }) };
    const of = (logits: tf.Tensor): tf.Tensor => loss(logits as tf.Tensor2D, aim);
    return { value: of(inputs.z), slope: tf.grad((logits) => tf.sum(of(logits)))(inputs.z) };
  });
  return tf.tidy(() => {
    const [labels, aimed] = [tf.tensor1d([...y], "int32"), tf.tensor1d([...(target ?? y)], "int32")];
    const found = step.run({ z: tf.tensor2d(z.map((row) => [...row])), y: labels, target: aimed }, key);
    step.dispose();
    return { value: [...found.value.dataSync()], slope: found.slope.arraySync() as number[][] };
  });
}

t.test("its value is the logarithm of the odds, and its slope agrees with finite differences", (t) => {
  const odds = (z: readonly number[], y: number): number =>
    Math.log(z.reduce((sum, value, k) => sum + (k === y ? 0 : Math.exp(value)), 0)) - z[y]!;
  const logit = fc.double({ min: -30, max: 30, noNaN: true }).map(Math.fround);
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }).chain((k) => fc.array(logit, { minLength: k, maxLength: k })),
      fc.nat(5),
      fc.boolean(),
      (z, drawn, aimed) => {
        const y = drawn % z.length;
        const sign = aimed ? -1 : 1; // towards a target it is the mirror
        const found = aimed ? inLogits([z], [(y + 1) % z.length], [y]) : inLogits([z], [y]);
        if (Math.abs(found.value[0]! - sign * odds(z, y)) > 1e-5 * 60)
          throw new Error(`value ${found.value}`);
        z.forEach((_, k) => {
          const at = (by: number): number => odds(z.with(k, z[k]! + by), y);
          const exact = (sign * (at(1e-4) - at(-1e-4))) / 2e-4;
          if (Math.abs(found.slope[0]![k]! - exact) > 1e-4)
            throw new Error(`${found.slope} at ${k}: ${exact}`);
        });
      },
    ),
    { numRuns: 60 },
  );
  t.end();
});

t.test("two classes, ties, huge and infinite logits give numbers", (t) => {
  t.same(
    inLogits([[3, -200]], [0]),
    { value: [-203], slope: [[-1, 1]] },
    "two classes: the difference of logits",
  );
  t.same(inLogits([[3, -200]], [1], [0]), { value: [203], slope: [[1, -1]] });
  t.same(inLogits([[50, 0, 0]], [0]).slope, [[-1, 0.5, 0.5]], "ties share the slope");
  t.same(inLogits([[2, 2, -1000]], [0]).slope, [[-1, 1, 0]], "a tie with its own class");
  t.same(inLogits([[1e30, -1e30, 3e29]], [0]).slope, [[-1, 0, 1]]);
  t.same(inLogits([[0, -Infinity, 1]], [0]), { value: [1], slope: [[-1, 0, 1]] });
  const hopeless = inLogits([[0, -Infinity, -Infinity]], [0]);
  t.ok(hopeless.value[0]! < -1e37 && Number.isFinite(hopeless.value[0]), "nowhere to go, but a number");
  t.same(hopeless.slope, [[-1, 0, 0]]);
  const sure = inLogits([[Infinity, 0, -1]], [0]);
  t.ok([...sure.value, ...sure.slope.flat()].every(Number.isFinite), `${sure.value}, ${sure.slope}`);
  const lost = inLogits([[-Infinity, 5, 4]], [0]);
  t.ok(lost.value[0]! > 1e37 && [...lost.value, ...lost.slope.flat()].every(Number.isFinite));
  t.end();
});

t.test("attacks on it say so in their names, and keep the contract of attacks", async (t) => {
  const attacks: Record<string, Attack> = {
    "fgsm-log-odds-linf": fgsm({ loss: "log-odds" }),
    "bim-log-odds-l2": bim({ loss: "log-odds", norm: "l2" }),
    "pgd-log-odds-linf": pgd({ loss: "log-odds", steps: 8, relativeStep: 0.25 }),
    "apgd-log-odds-linf": apgd({ loss: "log-odds", steps: 10 }),
    "apgd-log-odds-targeted-l2": apgd({ loss: "log-odds", steps: 10, targets: 2, norm: "l2" }),
  };
  for (const [name, attack] of Object.entries(attacks)) {
    t.equal(attack.name, name);
    await checkAttack(t, attack);
  }
  t.equal(fgsm().name, "fgsm-linf");
  t.equal(fgsm({ loss: "margin", norm: "l2" }).name, "fgsm-margin-l2");
});
