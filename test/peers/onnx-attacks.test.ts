/** Attacks on PyTorch's convolutional networks through ONNX, image for image beside those of other libraries. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import {
  type Attack,
  type AttackBatch,
  type Classifier,
  encodeTensors,
  type FiniteDataset,
  judgeOf,
  Key,
  type Norm,
  prepare,
  type StoredTensor,
  tf,
  type Verdict,
} from "../../core/mod.ts";
import { autoAttack, bim, carliniWagner, deepfool, fgsm, pgd } from "../../plugins/attacks/mod.ts";
import { mnist } from "../../plugins/datasets/mnist/mnist.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { folder, open } from "../plugins/onnx/opening.ts";

const python = process.env.DSGAN_PYTHON ?? "python3";
const probe = spawnSync(python, ["-c", "import foolbox, torchattacks, pyautoattack, onnx"], {
  encoding: "utf8",
});
const missing =
  probe.status !== 0 &&
  `${python} lacks a peer (${probe.stderr?.trim().split("\n").at(-1) ?? probe.error}): see .ci/run, or name another ` +
    "interpreter in DSGAN_PYTHON";

/**
 * What is asked of the peers: small enough for every change. DSGAN_PEERS=whole takes AutoAttack's own budgets, and DSGAN_PEERS_TASK
 * other options as JSON, such as fewer images.
 */
const whole = process.env.DSGAN_PEERS === "whole";
const task = {
  networks: (process.env.DSGAN_PEERS_NETWORKS ?? "pool,stride,residual,robust").split(","),
  images: whole ? 300 : 60,
  norms: ["linf", "l2"],
  training: whole ? 300 : 150,
  ...(whole ? { steps: 100, targets: 9, queries: 5000 } : { steps: 15, targets: 3, queries: 100 }),
  ...(JSON.parse(process.env.DSGAN_PEERS_TASK ?? "{}") as object),
};

/** What onnx_attacks.py tells of a network. */
interface Answer {
  readonly shape: readonly number[];
  readonly mean: number[];
  readonly deviation: number[];
  /** `[n, ...shape]` */
  readonly images: readonly number[];
  readonly labels: number[];
  readonly logits: readonly number[];
  readonly epsilons: Readonly<Record<"linf" | "l2", number>>;
  readonly found: Readonly<Record<string, readonly boolean[]>>;
  /** Of the processor, by the name of an attack, where they were counted. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Null where the peer found nothing. */
  readonly distances: Readonly<Record<string, readonly (number | null)[]>>;
}

const stored = (values: Float32Array, shape: readonly number[]): StoredTensor => ({
  dtype: "float32",
  shape: [...shape],
  values,
});

/** Has the peers train, export and attack. */
async function peers(train: FiniteDataset, test: FiniteDataset): Promise<Readonly<Record<string, Answer>>> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, data, n] of [
    ["", train, Math.min(5000, train.size)],
    ["t", test, task.images],
  ] as const) {
    const rows = Array.from({ length: n }, (_, i) => i);
    const x = data.rows(rows);
    tensors.set(`${name}x`, stored(Float32Array.from(await x.data()), x.shape));
    tensors.set(`${name}y`, stored(Float32Array.from(data.labels!.slice(0, n)), [n]));
    x.dispose();
  }
  writeFileSync(join(folder, "study.safetensors"), encodeTensors(tensors));
  const script = fileURLToPath(new URL("onnx_attacks.py", import.meta.url));
  const child = spawn(python, [script, folder, JSON.stringify(task)], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  t.teardown(() => void child.kill());
  let err = "";
  child.stderr.on("data", (text) => {
    err += text;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(err);
  return JSON.parse(readFileSync(join(folder, "answers.json"), "utf8"));
}

const exact = { randomStart: false, earlyStop: false };
const makers: Readonly<Record<string, (norm: "linf" | "l2") => Attack>> = {
  fgsm: (norm) => fgsm({ norm }),
  pgd: (norm) => pgd({ norm, steps: 20, relativeStep: 0.1, ...exact }),
  "pgd-aimed": (norm) => pgd({ norm, steps: 20, relativeStep: 0.1, ...exact }),
  bim: (norm) => bim({ norm, earlyStop: false }),
  deepfool: (norm) => deepfool({ norm }),
  "carlini-wagner": () => carliniWagner({ steps: 60, searches: 4, learningRate: 0.05, initialConstant: 1 }),
  "auto-attack": (norm) =>
    autoAttack({ norm, steps: task.steps, targets: task.targets, queries: task.queries }),
};

/** An attack by its name, such as `pgd-aimed-linf`. */
function attackOf(name: string): { attack: Attack; kind: string; norm: Norm } {
  const [kind, norm] = [name.slice(0, name.lastIndexOf("-")), name.slice(name.lastIndexOf("-") + 1)];
  return { attack: makers[kind]!(norm as "linf" | "l2"), kind, norm: norm as Norm };
}

async function ours(
  classifier: Classifier,
  attack: Attack,
  batch: AttackBatch,
  epsilon: number | undefined,
): Promise<Verdict> {
  const judge = judgeOf(classifier);
  const prepared = prepare(attack, classifier);
  const run = { epsilon, key: Key.from("peers"), signal: new AbortController().signal };
  const verdict = await judge.run(prepared, batch, run);
  verdict.x.dispose();
  prepared.dispose();
  judge.dispose();
  return verdict;
}

/** Of all decisions, this share may differ: where a logit's last digit decides. */
const ROUNDED = 0.005;

t.test("attacks through ONNX do what those of other libraries do", { skip: missing }, async (t) => {
  await onnxruntime().start();
  const data = await mnist({ split: "train", range: "unit" });
  const answers = await peers(data, await data.heldOut!());
  const decisions = { all: 0, differ: 0 };
  for (const [network, about] of Object.entries(answers)) {
    const { shape, images, labels, logits, mean, deviation, found, distances, seconds } = about;
    const n = labels.length;
    const { classifier, events } = await open(
      { file: join(folder, `${network}.onnx`), mean, deviation },
      { inputShape: shape, classes: 10 },
    );
    t.same(events, [], `${network}: nothing to warn of`);
    const x = tf.tensor(Float32Array.from(images), [n, ...shape]);
    const y = tf.tensor1d(labels, "int32");
    const target = tf.tensor1d(
      labels.map((label) => (label + 1) % 10),
      "int32",
    );
    const seen = tf.tidy(() => classifier.logits(x));
    const own = await seen.data();
    const far = Math.max(...logits.map((z, i) => Math.abs(z - own[i]!)));
    t.ok(far < 1e-4 * Math.max(1, ...logits.map(Math.abs)), `${network}: logits off by ${far}`);

    const known = new Map<string, Verdict & { readonly seconds: number }>();
    for (const [name, theirs] of Object.entries(found)) {
      const [library, full] = name.split(" ") as [string, string];
      const [called, epsilon] = full.split("@") as [string, string];
      const { attack, kind } = attackOf(called);
      const batch = kind === "pgd-aimed" ? { x, y, target } : { x, y };
      if (!known.has(full)) {
        const { user } = process.cpuUsage();
        const verdict = await ours(classifier, attack, batch, Number(epsilon));
        known.set(full, { ...verdict, seconds: (process.cpuUsage().user - user) / 1e6 });
      }
      const { success: flags, members, seconds: took } = known.get(full)!;
      const success = [...flags].map(Boolean);
      for (const [member, left] of Object.entries(members))
        t.comment(`${network}: ${full}: ${left.reduce((sum, flag) => sum + flag, 0)} left after ${member}`);
      const [a, b] = [success, theirs].map((flags) => (100 * flags.filter(Boolean).length) / n);
      const times = seconds[name] === undefined ? "" : `; processor ${took} s, theirs ${seconds[name]} s`;
      t.comment(`${network}: ${name}: ${a} %, theirs ${b} %${times}`);
      if (library === "foolbox") {
        decisions.all += n;
        decisions.differ += success.filter((good, i) => good !== theirs[i]).length;
        t.ok(Math.abs(a! - b!) <= 1, `${network}: ${name}: ${a} % and ${b} %`);
      } else if (library === "torchattacks")
        t.ok(Math.abs(a! - b!) <= 1, `${network}: ${name}: ${a} % and ${b} %`);
      else {
        // both are random: of the images that one of them alone fools, chance explains two standard deviations
        const [won, lost] = [true, false].map(
          (good) => success.filter((own, i) => own === good && theirs[i] === !good).length,
        );
        const chance = 2 * Math.sqrt(won! + lost!);
        t.ok(lost! - won! <= chance, `${network}: ${name}: ${lost} images that it alone fools, ours ${won}`);
      }
    }

    for (const [name, theirs] of Object.entries(distances)) {
      const { attack, kind, norm } = attackOf(name);
      const { success, distance } = await ours(classifier, attack, { x, y }, undefined);
      const both = theirs.flatMap((d, i) =>
        d !== null && d > 0 && success[i] ? [distance[norm][i]! / d] : [],
      );
      const sorted = both.toSorted((p, q) => p - q);
      const [median, low, high] = [0.5, 0.05, 0.95].map(
        (at) => sorted[Math.floor(at * (sorted.length - 1))]!,
      );
      t.comment(
        `${network}: ${name}: ours over theirs ${low} to ${high}, median ${median}, ${both.length} images`,
      );
      const most = kind === "deepfool" ? 1e-3 : 1e-2;
      t.ok(
        both.length > n / 2 && Math.abs(median! - 1) < most,
        `${network}: ${name}: median ratio ${median}`,
      );
      t.ok(
        Math.abs(low! - 1) < 5 * most && Math.abs(high! - 1) < 5 * most,
        `${network}: ${name}: ${low} to ${high}`,
      );
    }
    tf.dispose([x, y, target, seen]);
    classifier.dispose();
  }
  t.ok(
    decisions.differ <= ROUNDED * decisions.all,
    `${decisions.differ} of ${decisions.all} decisions differ from foolbox's`,
  );
});
