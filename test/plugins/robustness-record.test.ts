/** The file by which others can check an evaluation: what it was made of, and the numbers of the metrics. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type Classifier, classifierOf, Key, PLAIN, type RunContext, sha256, tf } from "../../core/mod.ts";
import { networkClassifier } from "../../plugins/classifiers/parts/network.ts";
import { tfjsModel } from "../../plugins/classifiers/tfjs-model/tfjs-model.ts";
import { mlp } from "../../plugins/networks/mlp/mlp.ts";
import { fingerprintOf } from "../../plugins/robustness/evaluate-robustness/record.ts";
import { type Evaluated, evaluate, type Forward } from "../fixtures/evaluating.ts";

await tf.setBackend("cpu");
await tf.ready();

const n = 10;
const labels = Array.from({ length: n }, (_, i) => i % 2);
const shades = [...Key.from("shades").uniformArray(n, 0, 0.3)];
const values = labels.map((label, i) => [label === 1 ? 0.6 + shades[i]! : 0.4 - shades[i]!]);
const forward: Forward = (x) => tf.concat([tf.sub(0.5, x), tf.sub(x, 0.5)], 1);

const application = {
  ...{ data: { use: "arrays", values, labels, range: [0, 1] }, n, batch: 4, probes: false },
  classifiers: { m: { use: "invented" } },
  attacks: [{ use: "auto-attack", steps: 3, queries: 4 }, { use: "deepfool" }],
  epsilons: { linf: [0.2, 0.1], l2: [0.25] },
};

t.test("the record says what was evaluated, and has the numbers of the metrics", async (t) => {
  const { metrics, rows, status, error } = await evaluate(application, forward);
  t.equal(status, "passed", error ?? "");
  const text = (await rows("artifacts/robustness.json")).map((line) => line.join(",")).join("\n");
  const record = JSON.parse(text);
  t.match(record, { format: 2, seed: 1, engine: { name: "cpu" }, mode: "fixed", goal: "untargeted" });
  t.equal(record.versions.tfjs, tf.version_core);
  const bytes = new Uint8Array([
    ...new Uint8Array(Float32Array.from(values.flat()).buffer),
    ...new Uint8Array(Int32Array.from(labels).buffer),
  ]);
  t.same(record.dataset, { name: record.dataset.name, images: n, classes: 2, sha256: await sha256(bytes) });
  t.same(
    record.attacks.map(({ name, threat, kind }: Record<string, string>) => [name, threat, kind]),
    [
      ["auto-attack-linf", "Linf", "within-budget"],
      ["deepfool-l2", "L2", "minimum-norm"],
    ],
  );
  const [classifier] = record.classifiers;
  t.match(classifier, { name: "m", sha256: { logits: /^[0-9a-f]{64}$/ }, clean_acc: 1, bounds: [0, 1] });
  const [first, second, free] = classifier.results;
  t.same([first.eps, second.eps, free.eps], [0.1, 0.2, null]);
  for (const result of [first, second]) {
    t.equal(result.acc, metrics[`m.auto-attack-linf@${result.eps}`]);
    t.same(
      result.after.map(({ member, acc }: { member: string; acc: number }) => [member, acc]),
      ["apgd-ce-linf", "apgd-margin-targeted-linf", "fab-targeted-linf", "square-linf"].map((member) => [
        member,
        metrics[`m.auto-attack-linf.after-${member}@${result.eps}`],
      ]),
    );
    t.ok(result.queries.max >= result.queries.mean && result.queries.mean > 0);
  }
  t.same(
    classifier.robust_acc.map(({ threat, eps }: { threat: string; eps: number }) => [threat, eps]),
    [
      ["Linf", 0.2],
      ["Linf", 0.1],
      ["L2", 0.25],
    ],
  );
  const near = shades.filter((shade) => 0.1 + shade <= 0.25).length;
  t.equal(classifier.robust_acc[2].acc, 1 - near / n);
});

t.test("another model or other images have another hash; the same have the same", async (t) => {
  const hashes = async (made: object, of: Forward = forward): Promise<readonly string[]> => {
    const { rows } = await evaluate({ ...application, attacks: ["fgsm"], ...made }, of);
    const record = JSON.parse(
      (await rows("artifacts/robustness.json")).map((line) => line.join(",")).join("\n"),
    );
    return [record.dataset.sha256, record.classifiers[0].sha256.logits];
  };
  const [data, model] = await hashes({});
  t.same(await hashes({}), [data, model]);
  const [same, other] = await hashes({}, (x) => tf.mul(2, forward(x)));
  t.equal(same, data);
  t.not(other, model);
  const [fewer] = await hashes({ n: 6 });
  t.not(fewer, data);
});

t.test("the record has what measures and transfer found, and needs no attack", async (t) => {
  const read = async ({ rows }: Evaluated) =>
    JSON.parse((await rows("artifacts/robustness.json")).map((line) => line.join(",")).join("\n"));
  const noise = { use: "smoothing", sigma: 0.05, selection: 5, samples: 50, radii: [0.01, 0.02] };
  const { attacks: _attacks, epsilons: _epsilons, ...measured } = application;
  const alone = await evaluate({ ...measured, measures: [noise], probes: true }, forward);
  t.equal(alone.status, "passed", alone.error ?? "");
  const { classifiers, attacks } = await read(alone);
  t.same([attacks, classifiers[0].results, classifiers[0].robust_acc], [[], [], []]);
  t.equal(classifiers[0].clean_acc, 1);
  const [found] = classifiers[0].measures;
  t.equal(found.measure, "smoothing-0.05");
  t.ok(Object.keys(found.metrics).length > 0);
  for (const [name, value] of Object.entries(found.metrics))
    t.equal(value, alone.metrics[`m.smoothing-0.05.${name}`]);
  t.ok(found.curves[0].points.length > 1);

  const both = {
    classifiers: { m: { use: "invented" }, k: { use: "invented" } },
    attacks: ["fgsm"],
    transfer: true,
  };
  const crossed = await evaluate({ ...application, ...both, epsilons: { linf: [0.1, 0.2] } }, forward);
  t.equal(crossed.status, "passed", crossed.error ?? "");
  const { transfer } = await read(crossed);
  t.equal(transfer.length, 4);
  for (const { source, target, attack, eps, acc } of transfer)
    t.equal(acc, crossed.metrics[`${target}.from-${source}.${attack}@${eps}`]);
  const pictures = crossed.events.flatMap((event) => (event.type === "artifact" ? [event.path] : []));
  t.ok(pictures.includes("artifacts/transfer.png") || pictures.includes("transfer.png"), `${pictures}`);

  const nothing = await evaluate(measured, forward);
  t.match(nothing.error, /nothing to do: name attacks, measures, or both/);
  const idle = await evaluate({ ...measured, measures: [noise], ...both, attacks: [] }, forward);
  t.match(idle.error, /examples of attacks, but there are none/);
});

t.test("files are hashed by name, whatever the source", async (t) => {
  const folder = t.testdir({});
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ["w.bin"], weights: weightSpecs }];
      writeFileSync(join(folder, "model.json"), JSON.stringify({ modelTopology, weightsManifest }));
      writeFileSync(join(folder, "w.bin"), new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }),
  );
  model.dispose();
  const place = { name: "m", inputShape: [3], classes: 2, range: [0, 1] as const };
  const opening = tfjsModel({ model: folder }).open(place, {} as RunContext);
  const { value } = await opening.next();
  const classifier = value as Classifier;
  const hash = (name: string): Promise<string> => sha256(new Uint8Array(readFileSync(join(folder, name))));
  t.same(classifier.files, { "model.json": await hash("model.json"), "w.bin": await hash("w.bin") });
  const images = { values: new Float32Array(6), shape: [3], rows: [0, 1], labels: [0, 1] };
  t.match(await fingerprintOf(classifier, images), { files: classifier.files, logits: /^[0-9a-f]{64}$/ });
  classifier.dispose();
});

t.test("a network is hashed by its weights", async (t) => {
  const shape = [3];
  const images = { values: new Float32Array(6), shape, rows: [0, 1], labels: [0, 1] };
  const place = { name: "net", inputShape: shape, classes: 2, range: [0, 1] as const };
  const plan = mlp({ hidden: [4], activation: "relu", spectralNorm: false });
  const open = (seed: number) =>
    networkClassifier(plan.build({ input: shape, output: [2] }, Key.from(seed)), place, PLAIN);
  const all = [open(1), open(1), open(2)];
  const [one, again, other] = await Promise.all(all.map((classifier) => fingerprintOf(classifier, images)));
  t.match(one, { weights: /^[0-9a-f]{64}$/, logits: /^[0-9a-f]{64}$/ });
  t.same(again, one);
  t.not(other!.weights, one!.weights);
  const bare = classifierOf(place, PLAIN, shape, (x) => tf.slice(x, [0, 0], [-1, 2]));
  t.same(Object.keys(await fingerprintOf(bare, images)), ["logits"]);
  for (const classifier of [...all, bare]) classifier.dispose();
});
