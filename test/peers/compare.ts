/**
 * Our attacks beside those of foolbox, torchattacks and AutoAttack, on equal weights and images.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import {
  type Attack,
  Attacks,
  assemble,
  type Classifier,
  classifierOf,
  compileStep,
  contextOf,
  descend,
  encodeTensors,
  type FiniteDataset,
  judgeOf,
  Key,
  type Network,
  type NetworkPlan,
  type Norm,
  PLAIN,
  prepare,
  refsOf,
  type StoredTensor,
  tf,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { adam } from "../../plugins/optimizers/adam/adam.ts";

/** Images that are attacked unless a study says otherwise. */
const IMAGES = 500;
const BATCH = 100;
const python = process.env.DSGAN_PYTHON ?? "python3";
const probe = spawnSync(python, ["-c", "import foolbox, torchattacks, pyautoattack"], { encoding: "utf8" });
/** Why there are no peers, or undefined where there are. */
export const peersMissing: string | undefined =
  probe.status === 0
    ? undefined
    : `${python} lacks a peer (${probe.stderr?.trim().split("\n").at(-1) ?? probe.error}): see .ci/run, or name another ` +
      "interpreter in DSGAN_PYTHON";

const registry = await assemble(builtinPlugins);
const context = contextOf(registry, new URL(import.meta.url));
const signal = new AbortController().signal;
const key = Key.from("peers");

/** A network, what it was trained on and is attacked with, and what the peers are told. */
export interface Study {
  readonly network: Network;
  readonly mean: number;
  readonly test: FiniteDataset;
  readonly linf: readonly number[];
  readonly l2: readonly number[];
  readonly l1?: readonly number[];
  readonly steps: number;
  readonly queries: number;
  readonly images?: number;
  /** Wrong classes that targeted attacks aim at. */
  readonly targets: number;
  /** Runs of an attack that searches at random. */
  readonly seeds: number;
  /** How the peers build it. */
  readonly build: object;
  /**
   * `strengths` of most attacks; `members` of AutoAttack beside those, and all of them in ℓ1; `rounding`: FGSM in float32 and in float64, which is ours on the log-odds; or
   * `decisions`: attacks that ask for nothing else.
   */
  readonly about?: "strengths" | "members" | "rounding" | "decisions";
}

/** Cross-entropy on shuffled batches. */
export function trained(plan: NetworkPlan, data: FiniteDataset, steps: number, mean: number): Network {
  const network = plan.build({ input: data.shape, output: [data.classes!] }, key.fold("network"));
  const rows = (step: number): Int32Array => key.fold("rows", step).integers(BATCH, data.size);
  tf.tidy(() => void network.initialize?.(tf.sub(data.rows(rows(0)), mean), key));
  const variables = [...network.parameters.values()];
  const optimizer = adam({
    learningRate: 2e-3,
    decayFrom: 0.5,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
  }).start(variables);
  const learn = compileStep<string, never>("training", ({ x, labels, ...numbers }) => {
    const y = tf.cast(tf.oneHot(labels as tf.Tensor1D, data.classes!), "float32");
    descend(
      () => {
        const z = network.apply(tf.sub(x!, mean), { training: true, key });
        return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.sub(z, tf.logSumExp(z, 1, true))), 1))) as tf.Scalar;
      },
      variables,
      optimizer,
      numbers as Record<string, tf.Tensor>,
    );
    return {};
  });
  for (let step = 1; step <= steps; step++) {
    tf.tidy(() => {
      const chosen = rows(step);
      const labels = tf.tensor1d(
        Int32Array.from(chosen, (row) => data.labels![row]!),
        "int32",
      );
      learn.run({ x: data.rows(chosen), labels, ...optimizer.numbers(step, (step - 1) / steps) }, key);
    });
  }
  learn.dispose();
  optimizer.dispose();
  return network;
}

/** What the peers find on the same weights and images. */
export async function peers(
  t: Test,
  study: Study,
  x: tf.Tensor,
  y: readonly number[],
): Promise<Record<string, Found>> {
  const tensors = new Map<string, StoredTensor>();
  const note = (name: string, tensor: tf.Tensor): void =>
    void tensors.set(name, {
      dtype: "float32",
      shape: tensor.shape,
      values: Float32Array.from(tensor.dataSync()),
    });
  note("x", x);
  tensors.set("y", { dtype: "float32", shape: [y.length], values: Float32Array.from(y) });
  for (const [name, variable] of [...study.network.parameters, ...study.network.state])
    note(`net/${name}`, variable);
  const folder = mkdtempSync(join(tmpdir(), "dsgan-peers-"));
  const file = join(folder, "study.safetensors");
  writeFileSync(file, encodeTensors(tensors));
  const { linf, l2, l1 = [], steps, queries, targets, seeds, mean, about = "strengths" } = study;
  const task = { ...study.build, about, linf, l2, l1, steps, queries, targets, mean, seeds };
  const script = fileURLToPath(new URL("attacks.py", import.meta.url));
  const child = spawn(python, [script, file, JSON.stringify(task)], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  t.teardown(() => void child.kill());
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => {
    out += text;
  });
  child.stderr.on("data", (text) => {
    err += text;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(err);
  return JSON.parse(out.trim().split("\n").at(-1)!);
}

/** Success of each image at each budget, or its distance. */
type Found = readonly number[] | Readonly<Record<string, readonly boolean[]>>;

/** What our attack finds, in batches. */
async function ours(
  classifier: Classifier,
  ref: { use: string; [option: string]: unknown },
  x: tf.Tensor,
  y: readonly number[],
  epsilons: readonly number[],
  seeds: number,
): Promise<Found> {
  const attack: Attack = await context.create(Attacks, refsOf(registry)(Attacks).parse(ref));
  const judge = judgeOf(classifier);
  const prepared = prepare(attack, classifier);
  const all: Record<string, boolean[]> = {};
  const distances: number[] = [];
  for (const epsilon of attack.kind === "minimum-norm" ? [null] : epsilons) {
    const runs = attack.access === "black-box" ? seeds : 1;
    for (let row = 0; row < runs * y.length; row += BATCH) {
      const start = row % y.length;
      const batch = {
        x: tf.slice(x, start, BATCH),
        y: tf.tensor1d(y.slice(start, start + BATCH), "int32"),
      };
      const run = { epsilon: epsilon ?? undefined, key: key.fold(row), signal };
      const verdict = await judge.run(prepared, batch, run);
      if (epsilon !== null) all[epsilon] = [...(all[epsilon] ?? []), ...Array.from(verdict.success, Boolean)];
      else
        distances.push(
          ...Array.from(verdict.success, (good, i) => (good ? verdict.distance[attack.norm][i]! : 1e9)),
        );
      tf.dispose([batch.x, batch.y, verdict.x]);
    }
  }
  prepared.dispose();
  judge.dispose();
  return attack.kind === "minimum-norm" ? distances : all;
}

export const rate = (flags: readonly boolean[]): number =>
  (100 * flags.filter(Boolean).length) / flags.length;
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const isList = (found: Found): found is readonly number[] => Array.isArray(found);

/** Holds our attacks against theirs, and returns what ours found. */
export async function compare(t: Test, study: Study): Promise<ReadonlyMap<string, Found>> {
  const { network, mean, test, linf, l2, steps, queries, targets, images = IMAGES } = study;
  const x = test.rows(Array.from({ length: images }, (_, i) => i));
  const y = [...test.labels!.slice(0, images)];
  const classifier = classifierOf(
    { name: "net", inputShape: test.shape, classes: 10, range: [0, 1] },
    { ...PLAIN, mean },
    test.shape,
    (seen) => network.apply(seen, { training: false }),
  );
  const theirs = await peers(t, study, x, y);
  const budgets: Record<Norm, readonly number[]> = { linf, l2, l1: study.l1 ?? [], l0: [] };
  const exact = { randomStart: false, earlyStop: false };
  const refs: Record<string, { use: string; [option: string]: unknown }> = {
    fgsm: { use: "fgsm" },
    "fgsm-log-odds": { use: "fgsm", loss: "log-odds" },
    pgd: { use: "pgd", steps: 40, relativeStep: 1 / 30, ...exact },
    deepfool: { use: "deepfool" },
    "apgd-ce": { use: "apgd", steps },
    "apgd-dlr": { use: "apgd", steps, loss: "dlr" },
    "apgd-targeted": { use: "apgd", steps, loss: "dlr", targets },
    fab: { use: "fab", steps },
    "fab-targeted": { use: "fab", steps, targets },
    square: { use: "square", queries },
    "auto-attack": { use: "auto-attack", steps, queries, targets },
  };
  const known = new Map<string, Found>();
  for (const [name, their] of Object.entries(theirs)) {
    const [library, full] = name.split(" ") as [string, string];
    const norm = full.split("-").at(-1) as Norm;
    const kind = full.slice(0, -norm.length - 1);
    if (!known.has(full))
      known.set(full, await ours(classifier, { ...refs[kind]!, norm }, x, y, budgets[norm], study.seeds));
    const our = known.get(full)!;
    if (isList(our) && isList(their)) {
      // those that were wrong to begin with have distance 0
      const [a, b] = [our, their].map((list) => median(list.filter((_, i) => our[i]! > 0 || their[i]! > 0)));
      t.comment(`${name}: median distance ${a!.toPrecision(4)}, theirs ${b!.toPrecision(4)}`);
      t.ok(Math.abs(a! / b! - 1) < 0.02, `${name}: medians ${a} and ${b} within 2 %`);
      for (const epsilon of budgets[norm]) {
        const [p, q] = [our, their].map((list) => rate(list.map((d) => d <= epsilon)));
        t.ok(Math.abs(p! - q!) <= 1, `${name} at ${epsilon}: ${p} % and ${q} %`);
      }
      continue;
    }
    for (const [epsilon, flags] of Object.entries(their as Record<string, boolean[]>)) {
      const [p, q] = [rate((our as Record<string, boolean[]>)[epsilon]!), rate(flags)];
      t.comment(`${name} at ${epsilon}: ${p} %, theirs ${q} %`);
      if (study.about === "members") {
        // both are random: of the images that one of them alone fools, chance explains two standard deviations
        const own = (our as Record<string, boolean[]>)[epsilon]!;
        const [won, lost] = [true, false].map(
          (good) => own.filter((found, i) => found === good && flags[i] === !good).length,
        );
        const chance = 2 * Math.sqrt(won! + lost!);
        t.ok(lost! - won! <= chance, `${name} at ${epsilon}: it alone fools ${lost}, ours alone ${won}`);
      } else if (library === "autoattack")
        t.ok(p >= q - 1, `${name} at ${epsilon}: ${p} %, no weaker than ${q} %`);
      else t.ok(Math.abs(p - q) <= 1, `${name} at ${epsilon}: ${p} % and ${q} %`);
    }
  }
  x.dispose();
  network.dispose();
  return known;
}
