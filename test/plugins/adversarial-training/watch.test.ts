/** Classifiers that are looked at while they are trained. */
import t from "tap";
import { type Attack, Attacks, fromArrays, Key, type Network, tf } from "../../../core/mod.ts";
import { mlp } from "../../../plugins/networks/mlp/mlp.ts";
import { asClassifier } from "../../../plugins/robustness/adversarial-training/training.ts";
import { watcherOf, watchOf } from "../../../plugins/robustness/adversarial-training/watch.ts";
import { context, runOnce } from "./running.ts";

await tf.setBackend("cpu");
await tf.ready();

const key = Key.from("adversarial");

t.test(
  "a classifier under watch is trained as one that is not, and is told of after each epoch",
  async (t) => {
    const watch = { every: 2, images: 30, epsilon: 0.1 };
    const looked = { fineTuning: { epochs: 3, watch }, compare: ["noisy", "continued"], r: [0.1] };
    const unlooked = { ...looked, fineTuning: { epochs: 3 } };
    const trainings = ["noisy_0.1", "ours_0.1_w1", "continued"];
    const [first, second] = [await runOnce(looked), await runOnce(unlooked)];
    t.equal(first.ended?.status, "passed", `${first.ended?.error}`);
    const weights = await first.weights();
    for (const name of ["baseline", ...trainings]) t.ok(weights[`${name}/0/weight`], `${name} was kept`);
    t.strictSame(weights, await second.weights(), "the same weights, bit for bit");

    const rows = (await first.file("fine-tuning.csv")).trim().split("\n");
    const head = "classifier,kind,r,w,epoch,epsilon,clean,fgsm-linf,fgsm-log-odds-linf,certain,gap".split(
      ",",
    );
    t.same(rows[0]!.split(","), head);
    const table = rows.slice(1).map((row) => row.split(","));
    t.same(
      table.map(([name, , , , epoch]) => `${name} ${epoch}`),
      trainings.flatMap((name) => [0, 2, 3].map((epoch) => `${name} ${epoch}`)),
      "before the first epoch, after every second, and after the last",
    );
    const starts = table.filter((row) => row[4] === "0").map((row) => row.slice(6).join());
    t.equal(new Set(starts).size, 1, "all of them start as the baseline");
    for (const name of trainings) {
      const progress = first.events.filter((e) => e.type === "progress" && e.stage === `train ${name}`);
      const values = progress.flatMap((e) => (e.type === "progress" && e.values ? [e.values] : []));
      const seen = values.filter((one) => one.gap !== undefined);
      t.equal(seen.length, 2, `${name}: curves of what was seen`);
      const last = table
        .filter((row) => row[0] === name)
        .at(-1)!
        .map(Number);
      t.same(
        head.slice(6).map((column) => seen.at(-1)![column]),
        last.slice(6),
      );
      t.equal(first.metrics[`${name}.rounding@0.1`], last[7]! - last[8]!);
      t.equal(first.metrics[`${name}.certain`], last[9]);
      t.equal(second.metrics[`${name}.certain`], undefined, "off unless given");
    }
    t.ok(first.events.some((e) => e.type === "artifact" && e.path === "artifacts/fine-tuning.png"));
  },
);

t.test("a look tells what float32 rounds from what the classifier withstands", async (t) => {
  // two classes by one pixel, the logits 2⋅scale⋅x apart
  const steep = (scale: number): Network => {
    const built = mlp({ hidden: [] }).build({ input: [1], output: [2] }, key);
    const [weight, bias] = [built.parameters.get("0/weight")!, built.parameters.get("0/bias")!];
    weight.assign(tf.tensor2d([[scale, -scale]]));
    bias.assign(tf.tensor1d([0, 0]));
    return built;
  };
  const pixels = fromArrays({
    ...{ name: "pixels", shape: [1], range: [-1, 1] as const, labels: Uint8Array.from([0, 0, 1, 1, 1]) },
    values: Float32Array.from([0.1, 0.3, -0.1, -0.3, 0.2]), // the last is wrong
  });
  const attack = (more: object): Promise<Attack> => context.create(Attacks, { use: "fgsm", ...more });
  const attacks = { attack: await attack({}), unrounded: await attack({ loss: "log-odds" }) };
  const watch = await watchOf({ every: 1, images: 5, epsilon: 0.2, ...attacks }, pixels, 2, key);
  const look = async (scale: number) => {
    const network = steep(scale);
    const watcher = watcherOf(watch, asClassifier("steep", network, pixels));
    const seen = await watcher.look(3);
    watcher.dispose();
    network.dispose();
    return seen;
  };
  const round = (of: object) =>
    Object.fromEntries(Object.entries(of).map(([name, value]) => [name, Number(value.toFixed(4))]));
  t.same(round(await look(1)), {
    ...{ epoch: 3, clean: 0.8, rounded: 0.4, unrounded: 0.4, certain: 0 },
    gap: 0.24, // 2 · (0.1 + 0.3 + 0.1 + 0.3 − 0.2) / 5
  });
  const sure = round(await look(1000));
  t.equal(sure.unrounded, 0.4, "the boundary is where it was");
  t.equal(sure.certain, 0.8);
  t.equal(sure.rounded, 0.8, "no gradient is left of the cross-entropy");
});
