/** Runs that were stopped go on, and runs start from what earlier ones made. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { type Readings, type RunEvent, type Store, Stores, tf } from "../../../core/mod.ts";
import { bodies, context, runOnce, tiny } from "./running.ts";

await tf.setBackend("cpu");
await tf.ready();

t.test("adversarial-training stopped in any stage and resumed gives what it would have given", async (t) => {
  const looked = { fineTuning: { epochs: 2, watch: { images: 30 } } };
  const whole = await runOnce(looked);
  const store = await context.create(Stores, { use: "memory" });
  const at = (stage: string) => (event: RunEvent) => event.type === "progress" && event.stage === stage;
  const trainings = ["baseline", "generator_0.2", "ours_0.1_w1", "madry_0.2"];
  const stops = trainings
    .map((name) => at(`train ${name}`))
    .concat(at("control_0.1_w1: fgsm-linf at 0.1"), at("ours_0.2_w1: apgd-ce-linf at 0.1"), () => false);
  const seen: RunEvent[] = [];
  let resume: string | undefined;
  for (const stopAt of stops) {
    let left = true;
    const { events, ended } = await runOnce(looked, {
      to: store,
      watch: (event, stop) => {
        if (left && stopAt(event)) stop.abort(new Error("enough"));
        left = left && !stopAt(event);
      },
      ...(resume !== undefined && { resume }),
    });
    t.equal(ended?.status, stopAt === stops.at(-1) ? "passed" : "cancelled", `${ended?.error}`);
    seen.push(...events);
    [resume] = await store.list();
  }
  t.strictSame(bodies(seen), bodies(whole.events));
  const resumed = await (await store.open(resume!)).read("artifacts/fine-tuning.csv");
  t.equal(new TextDecoder().decode(resumed), await whole.file("fine-tuning.csv"));
});

t.test("each stage can start from an earlier run's result", async (t) => {
  const folders: string[] = [];
  t.teardown(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  const newStore = async (): Promise<Store> => {
    folders.push(mkdtempSync(join(tmpdir(), "dsgan-earlier-")));
    return await context.create(Stores, { use: "folder", folder: folders.at(-1)! });
  };
  const first = await runOnce({}, { to: await newStore() });
  const from = { run: first.id, runs: folders[0]! };
  const runFrom = async (more: object) => runOnce(more, { to: await newStore() });
  const again = await runFrom({
    ...{ w: [1, 5], compare: ["noisy"] },
    baseline: { from },
    gan: { ...tiny.gan, from },
    fineTuning: { epochs: 1, from },
  });
  t.equal(again.ended?.status, "passed", `${again.ended?.error}`);
  const shared = ["baseline", "noisy_0.1", "ours_0.2_w1"];
  for (const name of shared) {
    const of = (metrics: Readings) =>
      Object.entries(metrics).filter(([metric]) => metric.startsWith(`${name}.`));
    t.same(of(again.metrics), of(first.metrics), `${name} is the same, and so are the images`);
  }
  t.ok(again.metrics["ours_0.2_w5.clean"] !== undefined, "what the earlier run lacks is trained");
  const stages = again.events.flatMap((e) => (e.type === "stage" ? [e.stage] : []));
  const pictures = again.events.flatMap((e) => (e.type === "artifact" ? [e.path] : []));
  for (const name of ["accuracy", "accuracy-w1", "accuracy-w5"]) {
    t.ok(
      pictures.includes(`artifacts/${name}.png`),
      `several w, each with its figure and all in one: ${name}`,
    );
  }
  t.ok(stages.includes(`generator_0.1, of run ${first.id}`) && stages.includes("train ours_0.2_w5"));

  const some = await runFrom({ baseline: { from }, fineTuning: { epochs: 1, from, kinds: ["noisy"] } });
  const taken = some.events.flatMap((e) => (e.type === "stage" ? [e.stage] : []));
  t.ok(taken.includes(`noisy_0.1, of run ${first.id}`), "of a kind that is to be taken");
  t.ok(taken.includes("train ours_0.2_w1") && taken.includes("train madry_0.2"), "the others are trained");

  const other = await runFrom({ classifier: { use: "mlp", hidden: [11] }, baseline: { from } });
  t.equal(other.ended?.status, "failed");
  t.match(other.ended?.error, /its "baseline" is .*\[12\].*, this scenario's .*\[11\]/);
  const none = await runFrom({ baseline: { from: { ...from, run: "tiny-20200101-000000-abcd" } } });
  t.match(none.ended?.error, /tiny-20200101-000000-abcd/);
});
