/** Examples that were found for one classifier, judged on another. */
import t from "tap";
import {
  type ApplicationEvent,
  assemble,
  type Classifier,
  type ClassifierSource,
  contextOf,
  DEFAULT_SENTINELS,
  fromArrays,
  Key,
  Stores,
  tf,
  transientState,
} from "../../core/mod.ts";
import { deepfool } from "../../plugins/attacks/deepfool/deepfool.ts";
import { fgsm } from "../../plugins/attacks/fgsm/fgsm.ts";
import { pgd } from "../../plugins/attacks/pgd/pgd.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { evaluateRobustness } from "../../plugins/robustness/evaluate-robustness/evaluate-robustness.ts";
import type { EvaluateRobustnessOptions } from "../../plugins/robustness/evaluate-robustness/options.ts";
import type { Evaluation, Trial } from "../../plugins/robustness/evaluation.ts";
import { transferSigns, transfersOf } from "../../plugins/robustness/transfer.ts";
import { checkApplication } from "../conformance/application.ts";
import { imagesFor, linear } from "../fixtures/linear.ts";

await tf.setBackend("cpu");
await tf.ready();
const base = new URL(import.meta.url);

const trial = (success: readonly number[], transferred: Trial["transferred"]): Trial => ({
  ...{ attack: "pgd-linf", norm: "linf", access: "white-box", epsilon: 0.1, success },
  prediction: success,
  distance: { l0: success, l1: success, l2: success, linf: success },
  queries: success,
  ...(transferred && { transferred }),
});
const evaluation = (clean: readonly number[], attacked: readonly number[], one: Trial): Evaluation => ({
  ...{ classes: 2, bounds: [0, 1], labels: clean.map(() => 0), clean, attacked, trials: [one] },
});

t.test("transfersOf() counts images that the target gets right, and those that both get right", (t) => {
  const a = evaluation([0, 0, 0, 0, 1], [0, 1, 2, 3], trial([1, 1, 0, 0], { b: [1, 0, 1, 1] }));
  const b = evaluation([0, 0, 0, 1, 0], [0, 1, 2, 4], trial([0, 0, 0, 0], { a: [0, 0, 0, 1] }));
  const all = transfersOf([
    { name: "a", evaluation: a },
    { name: "b", evaluation: b },
  ]);
  t.same(
    all.map(({ source, target, accuracy, fooled, transferred }) => [
      source,
      target,
      accuracy.value,
      fooled,
      transferred,
    ]),
    [
      ["a", "b", 2 / 5, 2, 1], // image 3 is wrong on b to begin with, and image 4 was not attacked on a
      ["b", "a", 4 / 5, 0, 0], // what b's example of image 4 does counts for nothing: a has that wrong
    ],
  );
  t.end();
});

t.test("a classifier that others' examples fool more often than its own is warned of", (t) => {
  const images = Array.from({ length: 20 }, (_, i) => i);
  const flags = (count: number): number[] => images.map((i) => (i < count ? 1 : 0));
  const of = (name: string, fooled: number, transferred: Trial["transferred"]) => ({
    name,
    evaluation: evaluation(flags(0), images, trial(flags(fooled), transferred)),
  });
  const signs = transferSigns([of("open", 18, { masked: flags(12) }), of("masked", 2, { open: flags(1) })]);
  t.equal(signs.length, 1);
  t.match(
    signs[0],
    /^masked: examples of pgd-linf at epsilon 0\.1 found for open fool 12 images, .* only 2: its gradients/,
  );
  t.same(transferSigns([of("open", 18, { other: flags(12) }), of("other", 14, { open: flags(1) })]), []);
  t.end();
});

/** Runs an evaluation, and gives its metrics and what it wrote. */
async function evaluated(options: EvaluateRobustnessOptions) {
  const metrics: Record<string, number> = {};
  const files = new Map<string, string>();
  const from = contextOf(await assemble(builtinPlugins), base);
  const context = {
    ...from,
    key: Key.from("transfer"),
    signal: new AbortController().signal,
    state: transientState(),
    store: await from.create(Stores, { use: "memory" }),
    sentinels: DEFAULT_SENTINELS,
    artifact: async (path: string, title: string, data: Uint8Array) => {
      files.set(path, new TextDecoder().decode(data));
      return { type: "artifact", path, title, bytes: data.byteLength, sha256: "" } as const;
    },
  };
  const events = evaluateRobustness(options).run(context) as AsyncIterable<ApplicationEvent>;
  for await (const event of events) if (event.type === "metrics") Object.assign(metrics, event.values);
  return { metrics, files };
}

const sourceOf = (classifier: Classifier): ClassifierSource => ({
  name: "linear",
  async *open({ name }) {
    return { ...classifier, name, dispose: () => {} };
  },
});

t.test(
  "on a copy of the classifier each attack does what it does on itself, on another one less",
  async (t) => {
    const [planes, others] = [linear(1, [3, 3, 1], 3), linear(2, [3, 3, 1], 3)];
    const { rows, labels, x, y } = imagesFor(planes, 4, 30);
    const data = fromArrays({
      name: "rows",
      values: Float32Array.from(rows.flat()),
      shape: [3, 3, 1],
      labels: Int32Array.from(labels),
    });
    const classifiers = {
      self: sourceOf(planes.classifier),
      copy: sourceOf(planes.classifier),
      other: sourceOf(others.classifier),
    };
    const { metrics, files } = await evaluated({
      ...{ classifiers, data, classes: 3, n: 30, batch: 8, transfer: true, probes: false, keep: "none" },
      attacks: [fgsm(), pgd({ steps: 5, randomStart: false }), deepfool({ norm: "l2" })],
      epsilons: { linf: [0.05, 0.2], l2: [5] },
    });
    for (const attack of ["fgsm-linf@0.05", "fgsm-linf@0.2", "pgd-linf@0.2"]) {
      t.equal(metrics[`copy.from-self.${attack}`], metrics[`self.${attack}`], attack);
      t.ok(
        metrics[`other.from-self.${attack}`]! >= metrics[`other.${attack}`]!,
        `${attack}: its own are worse`,
      );
    }
    t.equal(metrics["copy.from-self.deepfool-l2"], metrics["self.deepfool-l2@5"]);
    const table = files.get("transfer.csv")!.trim().split("\n");
    t.equal(table.length, 1 + 6 * 5, "a row for each pair, attack and budget");
    t.ok(table.some((line) => line.startsWith("deepfool-l2,l2,,self,copy,")));
    tf.dispose([x, y]);
    planes.classifier.dispose();
    others.classifier.dispose();
  },
);

t.test("transfer asks for two classifiers, and goes on where it was interrupted", async (t) => {
  const values = Array.from({ length: 20 }, (_, i) =>
    [...Key.from(i).uniformArray(4, 0, 0.5)].map((x, c) => x + (c === i % 2 ? 0.5 : 0)),
  );
  const data = { use: "arrays", values, labels: values.map((_, i) => i % 2), range: [0, 1] };
  const net = (epochs: number) => ({
    use: "trained",
    data,
    network: { use: "mlp", hidden: [8] },
    epochs,
    batch: 10,
  });
  const application = {
    use: "evaluate-robustness",
    ...{
      data,
      n: 20,
      batch: 8,
      attacks: ["fgsm"],
      epsilons: { linf: [0.1] },
      probes: false,
      keep: "none",
      transfer: true,
    },
    classifiers: { one: net(2), two: net(4) },
  };
  const scenario = (given: object): string =>
    JSON.stringify({
      ...{ name: "transfer", engine: "cpu", application: given },
      expect: { "two.from-one.fgsm-linf@0.1": { atLeast: 0 }, "one.from-two.fgsm-linf@0.1": { atLeast: 0 } },
    });
  await checkApplication(t, { scenario: scenario(application), interruptions: 4 });
  const classifiers = { one: sourceOf({} as Classifier) };
  const rows = fromArrays({
    name: "rows",
    values: Float32Array.of(0, 1),
    shape: [1],
    labels: Int32Array.of(0, 1),
  });
  t.throws(
    () =>
      evaluateRobustness({
        classifiers,
        data: rows,
        attacks: [fgsm()],
        epsilons: { linf: [0.1] },
        transfer: true,
      }),
    {
      name: "InputError",
      message: /^transfer: true judges the examples of one classifier on another, but there is one alone/,
    },
  );
});
