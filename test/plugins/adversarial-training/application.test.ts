/** The application as a whole: its stages, what it tells, what it refuses. */
import t from "tap";
import { Applications, refsOf, tf } from "../../../core/mod.ts";
import { checkOptions } from "../../conformance/options.ts";
import { registry, runOnce, tiny } from "./running.ts";

await tf.setBackend("cpu");
await tf.ready();

t.test("adversarial-training runs its stages once and tells of all it found", async (t) => {
  const { ended, events, metrics, file } = await runOnce();
  t.equal(ended?.status, "passed", `${ended?.error}`);
  const names = ["baseline", "noisy_0.1", "noisy_0.2", "ours_0.1_w1", "ours_0.2_w1"].concat([
    "control_0.1_w1",
    "control_0.2_w1",
    "madry_0.2",
  ]);
  for (const name of names) {
    for (const metric of ["clean", "fgsm-linf", "deepfool-l2", "worst-linf@0.05", "worst-linf@0.1"]) {
      t.ok(Number.isFinite(metrics[`${name}.${metric}`]), `${name}.${metric}`);
    }
    t.ok(
      metrics[`${name}.worst-linf@0.1`]! <= metrics[`${name}.fgsm-linf`]!,
      `${name}: the worst is no better`,
    );
  }
  const stages = events.flatMap((e) => (e.type === "stage" ? [e.stage] : []));
  for (const name of [...names, "generator_0.1", "generator_0.2"].map((of) => `train ${of}`)) {
    t.equal(stages.filter((stage) => stage === name).length, 1, `${name} is trained once`);
  }
  const rows = (await file("accuracy.csv"))
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  t.equal(
    rows.length,
    1 + names.length * (3 + 2 + 2 + 3),
    "a row for each adversary and budget, and for the worst of all",
  );
  const of = (name: string, attack: string) => rows.filter((row) => row[0] === name && row[4] === attack);
  t.equal(Number(of("baseline", "fgsm-linf")[0]![8]), metrics["baseline.fgsm-linf"]);
  for (const name of names) {
    const single = (attack: string): number => Number(of(name, attack).find((row) => row[6] === "0.1")![8]);
    t.equal(metrics[`${name}.step-cross-entropy@0.1`], single("fgsm-linf"), `${name}: probed as attacked`);
    t.equal(metrics[`${name}.step-log-odds@0.1`], single("fgsm-log-odds-linf"));
    t.ok(Number(metrics[`${name}.saturated`]) >= 0);
  }
  const json = JSON.parse(await file("results.json"));
  t.same(
    json.variants.map((one: { name: string }) => one.name),
    names,
  );
  t.ok(json.samples["generated_0.1"].nearest > 0);
  const summary = await file("summary.md");
  for (const name of names) t.match(summary, `| ${name} |`);
  t.match(summary, "ours above noisy inputs of the same r | seen in");
  const pairs = (await file("orderings.csv"))
    .split("\n")
    .filter((line) => line.includes(",ours_0.1_w1,baseline,"));
  t.same(
    pairs.map((line) => line.split(",")[0]),
    ["fgsm-linf", "deepfool-l2", "apgd-ce-linf", "fgsm-log-odds-linf"],
    "the claims under the adaptive adversaries as well",
  );
  for (const path of ["samples_0.1.png", "accuracy-w1.png", "rivals-w1.png", "adaptive-w1.png"]) {
    t.ok(
      events.some((e) => e.type === "artifact" && e.path === `artifacts/${path}`),
      path,
    );
  }
  t.same((await runOnce()).metrics, metrics, "a function of the seed");
  t.notSame((await runOnce({}, { seed: 2 })).metrics, metrics);
});

t.test("adversarial-training refuses what cannot work, before anything is trained", async (t) => {
  const refused = async (more: object, message: RegExp): Promise<void> => {
    const { events, ended } = await runOnce(more);
    t.match(ended?.error, message);
    t.notOk(events.some((e) => e.type === "progress"));
  };
  await refused({ reading: "pixels", noise: "features" }, /critic of pixels cannot see noise/);
  await refused({ madry: { attack: "deepfool" } }, /madry: attack "deepfool-l2" takes no budget/);
  const watch = { attack: "deepfool" };
  await refused({ fineTuning: { watch } }, /fineTuning.watch: attack "deepfool-l2" takes no budget/);
  await refused({ featureNoise: 0.1 }, /featureNoise is the width of noise on features/);
  await refused({ data: { use: "moons" } }, /has no range/);
  await refused({ images: 101 }, /multiple of 10/);
  await refused({ gan: { ...tiny.gan, m: 2, alpha: 0.9 } }, /sampling-trick/);
  await refused(
    { evaluation: { ...tiny.evaluation, epsilons: { linf: [0.05, 0.1], l2: [] } } },
    /"deepfool-l2" needs budgets/,
  );
  await refused(
    { evaluation: { ...tiny.evaluation, epsilons: { linf: [0.1], l2: [1] } } },
    /adaptiveEpsilons.linf has 0.05, which epsilons.linf has not/,
  );
});

t.test("every component has its options described", async (t) => {
  checkOptions(t, registry.find(Applications, "adversarial-training"), refsOf(registry));
});
