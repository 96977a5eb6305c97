/** A trained network of PyTorch in halves, doubles and quantised, through ONNX: as ONNX Runtime has it, or refused with what to do. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { tf } from "../../core/mod.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { answer, folder, open } from "../plugins/onnx/opening.ts";

const python = process.env.DSGAN_PYTHON ?? "python3";
const probe = spawnSync(python, ["-c", "import torch, onnx, onnxscript, onnxruntime.quantization"], {
  encoding: "utf8",
});
const missing =
  probe.status === 0
    ? false
    : `${python} lacks a package (${probe.stderr?.trim().split("\n").at(-1) ?? probe.error}): pip install torch onnx ` +
      "onnxscript onnxruntime, or name another interpreter in DSGAN_PYTHON";

/** What onnx_precision.py has written. */
interface Answers {
  /** `[n, 28, 28, 1]` */
  readonly images: readonly number[];
  readonly labels: readonly number[];
  readonly logits: readonly number[];
  /** Of the logits, each weighted by one more than its class, in single floats. */
  readonly slope: readonly number[];
  /** Running means and variances of the first normalisation. */
  readonly statistics: readonly [readonly number[], readonly number[]];
  readonly files: Readonly<
    Record<string, { readonly logits?: readonly number[]; readonly refused?: string }>
  >;
}

/** The largest difference of logits, as a share of the largest; of slopes, their angle. */
const off = (a: ArrayLike<number>, b: readonly number[]): number =>
  b.reduce((most, v, i) => Math.max(most, Math.abs(v - a[i]!)), 0) /
  b.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
function cosine(a: ArrayLike<number>, b: readonly number[]): number {
  const dot = (f: (i: number) => number): number => b.reduce((sum, _, i) => sum + f(i), 0);
  return dot((i) => a[i]! * b[i]!) / Math.sqrt(dot((i) => a[i]! ** 2) * dot((i) => b[i]! ** 2));
}

/** By the beginning of a file's name: how far logits may be off, how far slopes point the same way, what is told. */
const EXPECTED: Readonly<
  Record<string, { readonly logits: number; readonly slope: number; readonly told?: RegExp }>
> = {
  "": { logits: 1e-4, slope: 1 - 1e-6 },
  double: {
    logits: 1e-4,
    slope: 1 - 1e-6,
    told: /not checked: ONNX Runtime does not run it .* in single floats/,
  },
  bfloat16: {
    logits: 3e-2,
    slope: 0.99,
    told: /not checked: ONNX Runtime does not run it .* in single floats/,
  },
  half: { logits: 5e-3, slope: 0.999 },
  qdq: { logits: 3e-2, slope: 0.9, told: /rounds values in flight: slopes pass straight through/ },
  dynamic: { logits: 3e-2, slope: 0.9, told: /rounds values in flight: slopes pass straight through/ },
};

t.test("a trained network in other precisions", { skip: missing }, async (t) => {
  const script = fileURLToPath(new URL("onnx_precision.py", import.meta.url));
  const made = spawnSync(python, [script, folder], { encoding: "utf8" });
  t.equal(made.status, 0, made.stderr);
  const answers = JSON.parse(readFileSync(join(folder, "answers.json"), "utf8")) as Answers;
  const { images, labels, logits: single, slope, statistics, files } = answers;
  const n = labels.length;
  t.ok(
    Math.max(...statistics[0].map(Math.abs)) > 0.05 && Math.min(...statistics[1]) < 0.5,
    "statistics of a training",
  );
  await onnxruntime().start();
  const x = tf.tensor(Float32Array.from(images), [n, 28, 28, 1]);
  for (const [name, { logits = single, refused }] of Object.entries(files)) {
    const opening = open({ file: join(folder, `${name}.onnx`) }, { inputShape: [28, 28, 1], classes: 10 });
    if (name === "qoperator") {
      await t.rejects(opening, { message: /QuantFormat\.QDQ/ }, name);
      continue;
    }
    const { classifier, events } = await opening;
    t.comment(`${name}: ${refused ?? "ONNX Runtime runs it"}`);
    const expected = EXPECTED[Object.keys(EXPECTED).findLast((begins) => name.startsWith(begins))!]!;
    const told = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    if (expected.told === undefined) t.same(told, [], `${name}: nothing to warn of`);
    else t.match(told.join("\n"), expected.told, name);
    const own = await answer(classifier, x);
    const [far, same] = [off(own.logits, logits), cosine(own.slope, slope)];
    t.ok(far < expected.logits, `${name}: logits off by ${far}`);
    t.ok(same > expected.slope, `${name}: slopes as PyTorch's in single floats, cosine ${same}`);
    const best = (z: ArrayLike<number>, i: number): number =>
      Array.from({ length: 10 }, (_, k) => k).reduce((a, b) => (z[10 * i + b]! > z[10 * i + a]! ? b : a));
    const alike = labels.filter((_, i) => best(own.logits, i) === best(logits, i)).length;
    t.ok(alike >= n - 1, `${name}: ${alike} of ${n} classes alike`);
    classifier.dispose();
  }
  x.dispose();
});
