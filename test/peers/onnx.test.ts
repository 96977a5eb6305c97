/** PyTorch's networks through ONNX: logits and slopes as PyTorch itself has them, by either exporter, on several engines. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { tf } from "../../core/mod.ts";
import { onnxruntime } from "../../plugins/engines/onnxruntime/onnxruntime.ts";
import { wasm } from "../../plugins/engines/wasm/wasm.ts";
import { answer, folder, open } from "../plugins/onnx/opening.ts";

const python = process.env.DSGAN_PYTHON ?? "python3";
const probe = spawnSync(python, ["-c", "import torch, onnx, onnxscript"], { encoding: "utf8" });
const missing =
  probe.status === 0
    ? false
    : `${python} lacks a package (${probe.stderr?.trim().split("\n").at(-1) ?? probe.error}): pip install torch onnx ` +
      "onnxscript, or name another interpreter in DSGAN_PYTHON";

/** What onnx_models.py has written. */
interface Answers {
  /** `[n, 32, 32, 3]` */
  readonly images: readonly number[];
  readonly models: Readonly<
    Record<string, { readonly logits: readonly number[]; readonly slope: readonly number[] }>
  >;
}

/** The largest difference, as a share of the largest value or of 1. */
function off(a: ArrayLike<number>, b: readonly number[]): number {
  const scale = b.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  return b.reduce((most, v, i) => Math.max(most, Math.abs(v - a[i]!)), 0) / scale;
}

/** How each file is written: for any batch or for one image, by the exporter that traces; by the newer one. */
const EXPORTS = ["traced", "single", "dynamo"];
const ENGINES = {
  cpu: () => tf.setBackend("cpu"),
  wasm: () => wasm().start(),
  onnxruntime: () => onnxruntime().start(),
};

t.test("networks of PyTorch are what they are there", { skip: missing }, async (t) => {
  const script = fileURLToPath(new URL("onnx_models.py", import.meta.url));
  const made = spawnSync(python, [script, folder], { encoding: "utf8" });
  t.equal(made.status, 0, made.stderr);
  const { images, models } = JSON.parse(readFileSync(join(folder, "answers.json"), "utf8")) as Answers;
  const shape = [32, 32, 3];
  for (const [engine, start] of Object.entries(ENGINES)) {
    await start();
    const x = tf.tensor(Float32Array.from(images), [images.length / 3072, ...shape]);
    for (const [name, { logits, slope }] of Object.entries(models)) {
      for (const by of engine === "onnxruntime" ? EXPORTS : ["dynamo"]) {
        const { classifier, events } = await open(
          { file: join(folder, `${name}-${by}.onnx`) },
          { inputShape: shape, classes: 10 },
        );
        t.same(events, [], `${name}, ${by}: nothing to warn of`);
        const own = await answer(classifier, x);
        const [far, steep] = [off(own.logits, logits), off(own.slope, slope)];
        t.ok(far < 1e-4, `${name}, ${by}, on ${engine}: logits off by ${far}`);
        t.ok(steep < 1e-4, `${name}, ${by}, on ${engine}: slopes off by ${steep}`);
        classifier.dispose();
      }
    }
    x.dispose();
  }
});
