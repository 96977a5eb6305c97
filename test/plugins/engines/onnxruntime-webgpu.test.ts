/**
 * The engine `onnxruntime` on WebGPU, on whatever adapter answers: SwiftShader as Debian's chromium carries it, where
 * there is no GPU. Under Deno it is tested in test/runtime.
 */
import t from "tap";
import { compileStep, descend, fromArrays, Key, plainStep, type StepBody, tf } from "../../../core/mod.ts";
import { cpu } from "../../../plugins/engines/cpu/cpu.ts";
import type { OnnxBackend } from "../../../plugins/engines/onnxruntime/backend.ts";
import { draw, NOISE_WORDS } from "../../../plugins/engines/onnxruntime/device-noise.ts";
import { Elem, encodeModel } from "../../../plugins/engines/onnxruntime/model.ts";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";
import { modelOf, programOf } from "../../../plugins/engines/onnxruntime/program.ts";
import { newRecorder } from "../../../plugins/engines/onnxruntime/recorder.ts";
import { newValue } from "../../../plugins/engines/onnxruntime/value.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";
import { counts, gpu, noGpu } from "./onnxruntime-gpu.ts";
import { normalOf, uniformOf } from "./onnxruntime-words.ts";

const key = Key.from("gpu");
const none = await noGpu();
t.setTimeout(600_000); // software on a busy machine

/** A training of a small network, with noise and a rate that changes. */
function training(make: typeof compileStep) {
  const variables = tf.tidy(() => [
    tf.variable(key.fold("w").normal([40, 40])),
    tf.variable(tf.zeros<tf.Rank>([40])),
  ]);
  const [w, b] = variables as [tf.Variable, tf.Variable];
  const optimizer = adam({ learningRate: 0.01, decayFrom: 0.5, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 }).start(
    variables,
  );
  const body: StepBody<string, "loss" | "size"> = ({ shift, ...numbers }, stepKey) => {
    const x = stepKey.fold("x").normal([8, 40]) as tf.Tensor2D;
    const loss = (): tf.Scalar => {
      const y = tf.add(tf.matMul(x, w as tf.Tensor2D), b);
      return tf.mean(tf.square(tf.sub(tf.relu(y), shift!))) as tf.Scalar;
    };
    const value = descend(loss, variables, optimizer, numbers as Record<string, tf.Tensor>);
    return { loss: value, size: tf.sum(tf.abs(w)) };
  };
  const step = make("training", body);
  let i = 0;
  return {
    variables,
    next(): number[] {
      i++;
      const { loss, size } = step.run({ shift: i / 10, ...optimizer.numbers(i, 0) }, key.fold("step", i));
      const values = [loss.dataSync()[0]!, size.dataSync()[0]!];
      tf.dispose([loss, size]);
      return values;
    },
    end() {
      step.dispose();
      optimizer.dispose();
      tf.dispose(variables);
    },
  };
}

await t.test("onnxruntime on WebGPU", { skip: none }, async (t) => {
  await t.test("start() names the adapter; look() never lets auto take software", async (t) => {
    const { device } = await gpu.start();
    t.match(device, /^webgpu on .+, CPU where it lacks an operator/);
    if (!device.includes("(software)")) return;
    const { merit, because } = await gpu.look!();
    t.ok(merit < 0);
    t.match(because, /no GPU is visible here|only a software adapter answers/);
  });

  await t.test("a replayed step gives bit for bit what a recorded one gives", async (t) => {
    await gpu.start();
    const [replayed, recorded] = [training(compileStep), training((_name, body) => plainStep(body))];
    const losses = (of: typeof replayed): number[][] => Array.from({ length: 6 }, () => of.next());
    t.same(losses(replayed), losses(recorded));
    for (const [i, v] of replayed.variables.entries())
      t.same(v.dataSync(), recorded.variables[i]!.dataSync());
    replayed.end();
    recorded.end();
  });

  await t.test("state stays on the device: a replayed step is one upload and one download", async (t) => {
    await gpu.start();
    const run = training(compileStep);
    for (let i = 0; i < 4; i++) run.next();
    const before = counts();
    const steps = 40;
    for (let i = 0; i < steps; i++) run.next();
    const after = counts();
    t.equal(after.uploads - before.uploads, steps);
    t.equal(after.downloads - before.downloads, steps);
    t.equal(
      after.downloadedBytes - before.downloadedBytes,
      steps * 2 * 4,
      "the two numbers that are returned",
    );
    t.equal(after.compilations, before.compilations);
    t.equal(after.residents, before.residents, "nothing is left behind there");
    t.equal(after.residentBytes, before.residentBytes);
    const { numBytesInGPU } = tf.memory() as unknown as { numBytesInGPU: number };
    t.equal(numBytesInGPU, after.residentBytes);

    const values = await run.variables[0]!.data(); // as a checkpoint reads them
    t.ok(values.every(Number.isFinite));
    t.same(run.variables[0]!.dataSync(), values);
    const clone = run.variables[0]!.clone();
    run.next();
    t.same(clone.dataSync(), values, "a clone keeps the old values");
    t.notSame(run.variables[0]!.dataSync(), values);
    clone.dispose();
    run.end();
    tf.add(1, 1).dataSync(); // what is freed goes with the next run
    t.ok(counts().residentBytes < before.residentBytes - 3 * 40 * 40 * 4, "weights and moments are freed");
  });

  await t.test("large draws are made there: a function of the key, drawn at once or in a step", async (t) => {
    const { device } = await gpu.start();
    t.match(device, /large draws made there \(not the processor's numbers\)/);
    const n = 2 ** 16;
    const at = key.fold("there");
    const u = tf.tidy(() => at.uniform([256, 256])).dataSync();
    const expected = uniformOf(at, n);
    t.ok(
      expected.every((x, i) => x === u[i]),
      "uniform ones bit for bit as integers give them",
    );
    const body: StepBody<string, "x"> = ({ rate }, at) => ({ x: tf.mul(at.normal([n]), rate!) });
    const step = compileStep("noise", body);
    const said: string[] = [];
    const { warn } = console;
    console.warn = (text: string) => void said.push(text);
    try {
      for (let i = 0; i < 5; i++) {
        const before = counts();
        const x = step.run({ rate: 2 }, at.fold(i)).x!;
        const after = counts();
        const [found, alone] = [x.dataSync(), tf.tidy(() => at.fold(i).normal([n])).dataSync()];
        t.ok(
          alone.every((v, j) => 2 * v === found[j]),
          `call ${i}`,
        );
        const error = normalOf(at.fold(i), n).reduce(
          (most, v, j) => Math.max(most, Math.abs(v - alone[j]!)),
          0,
        );
        // WGSL lets cosines err by 2^-11
        t.ok(error < 6.7 * 2 ** -11, `${error} off`);
        t.ok(after.uploadedBytes - before.uploadedBytes < 100);
        x.dispose();
      }
    } finally {
      console.warn = warn;
    }
    step.dispose();
    t.same(said, [], "nothing is left to the processor, and the step is replayed");
    const { runtime } = tf.backend() as OnnxBackend;
    const g = newRecorder(runtime.dialect);
    const words = {
      value: newValue(Elem.int32, [NOISE_WORDS], { data: new Int32Array(NOISE_WORDS) }),
      shape: [NOISE_WORDS],
    };
    for (const law of [{ uniform: [-1, 2] }, { normal: [1, 2] }] as const) {
      const { value } = draw(g, words, { shape: [65_537], ...law });
      const program = programOf(g.pending, (other) => other === value, g.interned);
      const model = encodeModel(modelOf(program).model);
      t.doesNotThrow(() => runtime.compile(model, { threads: 1, strict: true }).dispose());
    }
  });

  await t.test(
    "a data set lies there: a batch is the numbers of its rows, and the rows are the same",
    async (t) => {
      await gpu.start();
      const [size, width, m] = [1000, 300, 20];
      const bytes = Uint8Array.from(key.fold("data").integers(size * width, 256));
      const data = fromArrays({ name: "data", values: bytes, shape: [width], scale: 1 / 255, shift: -0.5 });
      const step = compileStep<"x", "x" | "drawn">("rows", ({ x }, at) => ({
        x: tf.mul(x, 1),
        drawn: tf.mul(
          at.sample((k) => data.sample(k, m)),
          1,
        ),
      }));
      for (let i = 0; i < 5; i++) {
        const rows = key.fold("rows", i).integers(m, size);
        const x = data.rows(rows);
        const before = counts();
        const found = step.run({ x }, key.fold(i));
        const after = counts();
        t.same(found.x.dataSync(), x.dataSync());
        const drawn = data.sample(key.fold(i), m);
        t.same(found.drawn.dataSync(), drawn.dataSync());
        if (i > 1) t.equal(after.uploadedBytes - before.uploadedBytes, 2 * 4 * m);
        tf.dispose([x, drawn, found.x, found.drawn]);
      }
      step.dispose();
    },
  );

  await t.test("what a program computes stays on the device until it is read", async (t) => {
    await gpu.start();
    const x = tf.add(tf.ones([64, 64]), 1);
    const small = tf.sum(x);
    t.equal(small.dataSync()[0], 2 * 64 * 64);
    const { downloads, uploads } = counts();
    const y = tf.mul(x, 2);
    t.equal(tf.sum(y).dataSync()[0], 4 * 64 * 64);
    t.equal(counts().downloads, downloads + 1);
    t.equal(counts().uploads, uploads + 1, "the number 2");
    t.equal(x.dataSync()[5], 2);
    t.equal(y.dataSync()[5], 4);
    tf.dispose([x, y, small]);
  });

  await t.test("what shaders have no form for comes out right", async (t) => {
    const all = (): tf.Tensor[] => {
      const x = key.fold("x").normal([20, 6]);
      const image = key.fold("image").normal([2, 6, 6, 3]) as tf.Tensor4D;
      return [
        ...tf.unstack(x), // twenty outputs of one node
        tf.stridedSlice(x, [15, 4], [2, 0], [-3, -1]),
        tf.stridedSlice(x, [19, 0], [0, 6], [-1, 2]),
        tf.reverse(x, [0, 1]),
        tf.slice(x, [3, 2], [4, 4]),
        tf.topk(tf.tensor1d([-Infinity, 2, -Infinity]), 3).values,
        tf.grad((y: tf.Tensor) => tf.sum(tf.square(tf.maxPool(y as tf.Tensor4D, 2, 2, "valid"))))(image),
        tf.argMax(x, 1),
        tf.cast(tf.logicalAnd(tf.greater(x, 0), tf.less(x, 1)), "int32"),
        tf.mod(x, 0.7),
        tf.logSoftmax(x),
        tf.softmax(x),
      ];
    };
    const values = async (engine: { start(): Promise<unknown> }): Promise<number[][]> => {
      await engine.start();
      const made = tf.tidy(all);
      const read = made.map((y) => Array.from(y.dataSync()));
      tf.dispose(made);
      return read;
    };
    const [found, expected] = [await values(gpu), await values(cpu())];
    const off = found.flatMap((list, i) =>
      list.some((y, j) => y !== expected[i]![j] && !(Math.abs(y - expected[i]![j]!) < 1e-4)) ? [i] : [],
    );
    t.same(off, []);
  });

  await t.test("NaN is not lost in activations, bounds and losses", async (t) => {
    await gpu.start();
    const x = tf.tensor1d([Number.NaN, 1]);
    const kept: Readonly<Record<string, (x: tf.Tensor1D) => tf.Tensor>> = {
      relu: tf.relu,
      leakyRelu: (x) => tf.leakyRelu(x, 0.2),
      sigmoid: tf.sigmoid,
      log: tf.log,
      "log of a negative number": (x) => tf.log(tf.sub(x, 2)),
      softmax: tf.softmax,
      logSoftmax: tf.logSoftmax,
      clipByValue: (x) => tf.clipByValue(x, -1, 1),
      sum: tf.sum,
      "soundness of a loss": (x) => tf.mul(x, 0),
    };
    for (const [name, f] of Object.entries(kept)) {
      t.ok(Number.isNaN(tf.tidy(() => f(x)).dataSync()[0]), name);
    }
    for (const f of [tf.softplus, tf.exp, tf.elu]) {
      t.notOk(Number.isFinite(tf.tidy(() => f(x)).dataSync()[0]), "infinite at least: a sentinel sees it");
    }
    t.same([...tf.isNaN(x).dataSync()], [1, 0]);
    const y = tf.tensor1d([Number.NaN, -Infinity, 3]);
    t.same([...tf.isFinite(y).dataSync()], [0, 0, 1]);
    t.same([...tf.isInf(y).dataSync()], [0, 1, 0]);
    tf.dispose([x, y]);
  });

  await t.test("indices that are out of range throw where they are known", async (t) => {
    await gpu.start();
    const x = tf.ones([3, 2]);
    t.throws(() => tf.gather(x, tf.tensor1d([0, 3], "int32")), /index value 3 is not in \[0, 2\]/);
    x.dispose();
  });

  await t.test("kernels that leave the device are named once", async (t) => {
    await gpu.start();
    const said: string[] = [];
    const { warn } = console;
    console.warn = (text: string) => void said.push(text);
    try {
      for (let i = 2; i < 4; i++)
        tf.tidy(() => tf.add(tf.round(tf.ones([i])), tf.sign(tf.ones([i]))).dataSync());
      tf.tidy(() => tf.matMul(tf.ones([3, 3]), tf.ones([3, 3])).dataSync());
    } finally {
      console.warn = warn;
    }
    t.equal(said.length, 1, said.join("\n"));
    t.match(
      said[0],
      /the processor computes Round \(ONNX's Round\); Sign \(ONNX's Sign\), which the GPU does not/,
    );
  });
});

t.test("onnxruntime says what WebGPU and CUDA lack", async (t) => {
  if (none !== false) t.match(none, /provider "webgpu"|Vulkan|adapter/);
  const { DSGAN_ORT_CUDA } = process.env;
  process.env.DSGAN_ORT_CUDA = "/nowhere";
  const { message } = await onnxruntime({ provider: "cuda" })
    .start()
    .then(
      () => new Error("it starts"),
      (error: Error) => error,
    );
  t.match(message, /DSGAN_ORT_CUDA=\/nowhere has no libonnxruntime_providers_shared\.so and no .*cublas/);
  delete process.env.DSGAN_ORT_CUDA;
  if (DSGAN_ORT_CUDA !== undefined) process.env.DSGAN_ORT_CUDA = DSGAN_ORT_CUDA;
});
