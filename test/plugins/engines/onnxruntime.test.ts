import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import t from "tap";
import { compileStep, Key, tf } from "../../../core/mod.ts";
import { OnnxBackend } from "../../../plugins/engines/onnxruntime/backend.ts";
import { loadNative } from "../../../plugins/engines/onnxruntime/native.ts";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";
import { programOf } from "../../../plugins/engines/onnxruntime/program.ts";
import { replayingStep } from "../../../plugins/engines/onnxruntime/replay.ts";

await onnxruntime().start();
const backend = (): OnnxBackend => tf.backend() as OnnxBackend;
const key = Key.from("onnxruntime");
const module = (path: string): string => new URL(`../../../${path}`, import.meta.url).href;
const draw = (name: string, shape: readonly number[]): Float32Array =>
  key.fold(name).normalArray(shape.reduce((a, b) => a * b, 1));

/** What a function of tensors gives on an engine, as plain numbers. */
async function on(engine: string, f: () => tf.Tensor | tf.Tensor[]): Promise<number[][]> {
  await tf.setBackend(engine);
  const out = tf.tidy(f);
  const list = Array.isArray(out) ? out : [out];
  const values = list.map((x) => [...x.dataSync()]);
  tf.dispose(list);
  return values;
}

/** Largest difference, relative to the largest value. */
function distance(a: readonly number[][], b: readonly number[][]): number {
  const scale = Math.max(1e-3, ...b.flat().map(Math.abs));
  return Math.max(...a.flat().map((x, i) => Math.abs(x - b.flat()[i]!))) / scale;
}

async function agrees(
  t: Asserts,
  name: string,
  f: () => tf.Tensor | tf.Tensor[],
  bound = 1e-4,
): Promise<void> {
  const cpu = await on("cpu", f);
  const ours = await on("onnxruntime", f);
  t.same(
    ours.map((x) => x.length),
    cpu.map((x) => x.length),
    `${name}: sizes`,
  );
  t.ok(distance(ours, cpu) < bound, `${name}: off by ${distance(ours, cpu)}`);
}

type Asserts = Pick<typeof t, "ok" | "same">;
const tensor = (name: string, shape: number[]): tf.Tensor => tf.tensor(draw(name, shape), shape);

t.test("random programs with broadcasting agree with cpu, gradients included", async () => {
  const unary = [
    tf.tanh,
    tf.sigmoid,
    tf.softplus,
    tf.relu,
    tf.square,
    tf.neg,
    (x: tf.Tensor) => tf.exp(tf.tanh(x)),
  ];
  const binary = [tf.add, tf.sub, tf.mul, tf.maximum, tf.squaredDifference];
  const shapes = [[3, 4], [4], [1, 4], [3, 1], []];
  const step = fc.tuple(fc.nat(unary.length - 1), fc.nat(binary.length - 1), fc.nat(shapes.length - 1));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      const program = (x: tf.Tensor): tf.Tensor =>
        steps.reduce(
          (y, [u, b, s], i) => (binary[b] as typeof tf.add)(unary[u]!(y), tensor(`operand ${i}`, shapes[s]!)),
          x,
        );
      const f = (): tf.Tensor[] => {
        const x = tensor("x", [3, 4]);
        return [program(x), tf.grad((z) => tf.sum(program(z)))(x)];
      };
      return distance(await on("onnxruntime", f), await on("cpu", f)) < 1e-4;
    }),
    { numRuns: 25, seed: 7 },
  );
});

t.test("second gradients agree with cpu", async (t) => {
  const penalty =
    (net: (x: tf.Tensor, w: tf.Tensor) => tf.Tensor, x: number[], w: number[]) => (): tf.Tensor => {
      const points = tensor("x", x);
      const slopes = (weight: tf.Tensor): tf.Tensor =>
        tf.sum(tf.square(tf.grad((p) => tf.sum(net(p, weight)))(points)));
      return tf.grad(slopes)(tensor("w", w));
    };
  const image = [2, 6, 5, 2];
  const filter = [3, 3, 2, 3];
  const conv = (x: tf.Tensor, w: tf.Tensor, stride: number): tf.Tensor =>
    tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, "same");
  await agrees(
    t,
    "dense",
    penalty((x, w) => tf.softplus(tf.matMul(tf.relu(tf.matMul(x, w)), w)), [4, 3], [3, 3]),
  );
  await agrees(
    t,
    "conv",
    penalty((x, w) => tf.square(tf.relu(conv(x, w, 1))), image, filter),
  );
  await agrees(
    t,
    "conv of stride 2",
    penalty((x, w) => tf.square(tf.leakyRelu(conv(x, w, 2))), image, filter),
  );
  await agrees(
    t,
    "average pooling",
    penalty((x, w) => tf.avgPool(tf.square(conv(x, w, 1)) as tf.Tensor4D, 2, 2, "valid"), image, filter),
  );
  await agrees(
    t,
    "largest pooling",
    penalty((x, w) => tf.maxPool(tf.square(conv(x, w, 1)) as tf.Tensor4D, 2, 2, "valid"), image, filter),
  );
  await agrees(
    t,
    "depthwise",
    penalty(
      (x, w) =>
        tf.square(
          tf.depthwiseConv2d(
            x as tf.Tensor4D,
            tf.slice(w, [0, 0, 0, 0], [3, 3, 2, 1]) as tf.Tensor4D,
            1,
            "same",
          ),
        ),
      image,
      filter,
    ),
  );
});

t.test("chains of convolutions agree with cpu whatever stands between them", async (t) => {
  const f = (): tf.Tensor[] => {
    const net = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => {
      let y = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same");
      y = tf.add(tf.leakyRelu(tf.add(y, tensor("bias", [4]))), x) as tf.Tensor4D;
      const mean = tf.mean(y, [0, 1, 2]);
      const variance = tf.mean(tf.square(tf.sub(y, mean)), [0, 1, 2]);
      y = tf.batchNorm(
        y as tf.Tensor4D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        mean as tf.Tensor1D,
        tf.ones([4]) as tf.Tensor1D,
      );
      y = tf.conv2d(tf.maxPool(y, 2, 2, "same"), w as tf.Tensor4D, 2, "same");
      y = tf.conv2dTranspose(y, w as tf.Tensor4D, [3, 4, 4, 4], 2, "same");
      return tf.image.resizeBilinear(y as tf.Tensor4D, [4, 3]);
    };
    const [x, w] = [tensor("image", [3, 8, 7, 4]), tensor("filter", [3, 3, 4, 4])];
    const loss = (a: tf.Tensor, b: tf.Tensor): tf.Scalar => tf.sum(tf.square(net(a, b))) as tf.Scalar;
    return [net(x, w), tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [5, 9]), ...tf.grads(loss)([x, w])];
  };
  await agrees(t, "chain", f, 1e-3);
});

t.test("a weight used on several batches has its gradient from one product", async (t) => {
  const f = (): tf.Tensor => {
    const batches = [1, 2, 3].map((i) => tensor(`batch ${i}`, [5, 40]));
    const loss = (w: tf.Tensor): tf.Tensor =>
      tf.addN(batches.map((x) => tf.sum(tf.square(tf.relu(tf.matMul(x, w))))));
    return tf.grad(loss)(tensor("w", [40, 30]));
  };
  await agrees(t, "sum", f);
  await tf.setBackend("onnxruntime");
  tf.tidy(() => {
    const { value } = backend().view(f());
    const { pending, interned } = backend().recorder;
    const { nodes } = programOf(pending, (other) => other === value, interned);
    const wide = nodes.filter(({ outputs: [out] }) => `${out!.shape}` === "40,30");
    t.same(
      wide.map(({ op }) => op),
      ["Gemm"],
    );
  });
});

t.test("int32 and bool are exact", async (t) => {
  const f = (): tf.Tensor[] => {
    const a = tf.tensor1d([-7, 7, 2 ** 30, -5, 3, 0], "int32");
    const b = tf.tensor1d([2, -2, 3, -5, 7, 4], "int32");
    return [
      tf.floorDiv(a, b),
      tf.mod(a, b),
      tf.mul(a, b),
      tf.sum(a),
      tf.sum(tf.fill([3], 2 ** 31 - 1, "int32")), // wraps round
      tf.prod(tf.fill([3], 65536, "int32")),
      tf.pow(tf.tensor1d([46341, 16777217, -3], "int32"), tf.tensor1d([2, 1, 3], "int32")),
      tf.sum(tf.tensor2d([16777217, 2, 16777217, 1], [2, 2], "int32"), 0),
      tf.cast(tf.greater(a, b), "int32"),
      tf.logicalXor(tf.cast(a, "bool"), tf.less(a, b)),
    ];
  };
  t.same(await on("onnxruntime", f), await on("cpu", f));
});

t.test("complex numbers under another shape share their parts", async (t) => {
  const f = (): tf.Tensor[] => {
    const x = tensor("signal", [8]);
    return [tf.irfft(tf.rfft(x)), tf.abs(tf.signal.stft(tensor("long", [64]) as tf.Tensor1D, 16, 8))];
  };
  await agrees(t, "Fourier transforms", f, 1e-5);
});

t.test("a steady loop compiles once", async (t) => {
  await tf.setBackend("onnxruntime");
  const w = tf.tidy(() => tf.variable(tensor("w", [4, 4])));
  const step = (i: number): number =>
    tf.tidy(() => {
      const loss = (): tf.Scalar =>
        tf.mean(tf.square(tf.matMul(tensor(`x${i}`, [8, 4]), w as tf.Tensor2D))) as tf.Scalar;
      const { value, grads } = tf.variableGrads(loss, [w]);
      w.assign(tf.sub(w, tf.mul(tf.scalar(0.1 / (i + 1)), grads[w.name]!)));
      return value.dataSync()[0]!;
    });
  step(0);
  const before = backend().counts;
  const losses = Array.from({ length: 50 }, (_, i) => step(i + 1));
  t.equal(backend().counts.compilations, before.compilations);
  t.ok(losses.at(-1)! < losses[0]!);
  w.dispose();
});

t.test("disposal is exact over thousands of steps", async (t) => {
  await tf.setBackend("onnxruntime");
  backend().flush();
  const x = tensor("x", [16, 16]) as tf.Tensor2D;
  const before = { ...tf.memory() };
  const ids = backend().numDataIds();
  for (let i = 0; i < 3000; i++) {
    const y = tf.tidy(() => tf.add(tf.matMul(x, x), tf.reshape(x, [4, 64]).reshape([16, 16])));
    if (i % 100 === 0) y.dataSync();
    y.dispose();
  }
  t.same({ ...tf.memory() }, before);
  t.equal(backend().numDataIds(), ids);
  t.equal(tf.memory().unreliable, false);
  x.dispose();
});

t.test("a loop that never reads is run before its graph grows without limit", async (t) => {
  await tf.setBackend("onnxruntime");
  const v = tf.tidy(() => tf.variable(tf.zeros([2])));
  let most = 0;
  for (let i = 0; i < 3000; i++) {
    tf.tidy(() => v.assign(tf.add(v, 1)));
    most = Math.max(most, backend().counts.pending);
  }
  t.ok(most <= 1000, `at most ${most} nodes were pending`);
  t.same([...v.dataSync()], [3000, 3000]);
  v.dispose();
});

t.test("programs beyond the bound are forgotten, and made again when wanted", async (t) => {
  const bounded = new OnnxBackend(loadNative("cpu"), {
    threads: 1,
    limits: { programs: 4, nodes: 1000 },
    compiler: replayingStep,
  });
  if (tf.findBackendFactory("onnxruntime") !== null) tf.removeBackend("onnxruntime");
  tf.registerBackend("onnxruntime", () => bounded);
  await tf.setBackend("onnxruntime");
  const sum = (n: number): number => tf.tidy(() => tf.sum(tf.square(tf.range(0, n))).dataSync()[0]!);
  for (let n = 2; n < 12; n++) sum(n);
  t.ok(bounded.counts.sessions <= 4, `${bounded.counts.sessions} sessions are kept`);
  t.equal(sum(3), 5);
  tf.removeBackend("onnxruntime");
  await onnxruntime().start();
});

t.test("large programs are forgotten once they are idle, and not while they take turns", async (t) => {
  const bounded = new OnnxBackend(loadNative("cpu"), {
    threads: 1,
    limits: { programs: 1000, nodes: 1e6, bytes: 1e5 },
    compiler: replayingStep,
  });
  if (tf.findBackendFactory("onnxruntime") !== null) tf.removeBackend("onnxruntime");
  tf.registerBackend("onnxruntime", () => bounded);
  await tf.setBackend("onnxruntime");
  const sum = (n: number): number => tf.tidy(() => tf.sum(tf.square(tf.range(0, n))).dataSync()[0]!);
  for (let i = 0; i < 300; i++) sum(20_000 + (i % 2));
  t.equal(bounded.counts.compilations, 2, "each is compiled once, though both are larger than the bound");
  for (let n = 30_000; n < 30_010; n++) sum(n);
  t.ok(bounded.counts.sessions >= 10, "what was used a moment ago stays");
  for (let i = 0; i < 200; i++) sum(3);
  sum(4);
  t.ok(bounded.counts.sessions <= 3, `${bounded.counts.sessions} sessions are kept`);
  t.equal(sum(4), 14);
  tf.removeBackend("onnxruntime");
  await onnxruntime().start();
});

t.test("a step may return and assign numbers that it does not compute with", async (t) => {
  await tf.setBackend("onnxruntime");
  const kept = tf.variable(tf.zeros([2]), false);
  const seven = tf.keep(tf.tensor1d([7, 7]));
  const step = compileStep<"x", "y" | "same">("constants", ({ x }) => {
    kept.assign(seven);
    return { y: tf.mul(x, 2), same: seven.clone() };
  });
  for (let i = 1; i <= 4; i++) {
    const { y, same } = step.run({ x: i }, Key.from(0));
    t.same([...y.dataSync(), ...same.dataSync(), ...kept.dataSync()], [2 * i, 7, 7, 7, 7]);
    tf.dispose([y, same]);
    tf.tidy(() => kept.assign(tf.zeros([2])));
  }
  step.dispose();
  tf.dispose([kept, seven]);
});

t.test("a large program goes with its step, and is made again where another step has it too", async (t) => {
  await tf.setBackend("onnxruntime");
  const step = () =>
    compileStep<"x", "y">("large", ({ x }) => ({ y: tf.mul(tf.add(tf.tile(x, [2 ** 23]), 1), 2) }));
  const [one, other] = [step(), step()];
  const x = tf.tensor1d([1, 2, 3]);
  const last = (of: typeof one): number => {
    const { y } = of.run({ x }, Key.from(0));
    const value = y.dataSync().at(-1)!;
    y.dispose();
    return value;
  };
  for (let i = 0; i < 3; i++) t.equal(last(one), 8);
  const { sessions } = backend().counts;
  t.equal(last(other), 8);
  one.dispose();
  t.ok(backend().counts.sessions < sessions, "its memory is free again");
  for (let i = 0; i < 3; i++) t.equal(last(other), 8);
  other.dispose();
  x.dispose();
});

t.test("tensors given away or written over by their owner keep their values", async (t) => {
  await tf.setBackend("onnxruntime");
  const mine = Float32Array.of(1, 2, 3);
  const x = tf.tensor1d(mine);
  mine.fill(9);
  const doubled = tf.mul(x, 2);
  const read = doubled.dataSync();
  tf.dispose([x, doubled]);
  for (let i = 0; i < 5; i++) tf.tidy(() => tf.add(tf.ones([3]), i).dataSync());
  t.same([...read], [2, 4, 6]);
});

t.test("errors name the kernel, the shapes and the cause", async (t) => {
  await tf.setBackend("onnxruntime");
  t.throws(
    () => tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([4, 5]))),
    /inner sizes|inner shapes|Inner dimension/i,
  );
  t.throws(
    () =>
      tf.tidy(() => {
        const indices = tf.add(tf.tensor1d([0, 5], "int32"), tf.scalar(1, "int32"));
        return tf.gather(tf.ones([2, 3]), indices as tf.Tensor1D).dataSync();
      }),
    /could not run the tfjs kernel GatherV2.*\[2,3\]/s,
  );
  t.throws(() => tf.tidy(() => tf.add(tf.ones([2, 3]), tf.ones([4]))), /^Add: .*\(given \[2,3\] \[4\]\)/);
  t.equal(
    tf.tidy(() => tf.add(1, 1).dataSync()[0]),
    2,
    "and what follows works",
  );
});

t.test("onnxruntime() says what is missing for a provider that does not load", async (t) => {
  await t.rejects(
    onnxruntime({ provider: process.platform === "darwin" ? "dml" : "coreml" }).start(),
    /coreml|dml/,
  );
  t.throws(() => onnxruntime({ provider: "cuda", library: "web" }), {
    name: "InputError",
    message: /onnxruntime\.provider: this provider needs the native library.*got "cuda"/,
  });
});

t.test("onnxruntime-web computes the same graphs, synchronously too", async (t) => {
  const f = (): tf.Tensor =>
    tf.grad((x) => tf.sum(tf.tanh(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D))))(tensor("square", [5, 5]));
  const cpu = await on("cpu", f);
  const info = await onnxruntime({ library: "web" }).start();
  t.match(info.device, /onnxruntime-web/);
  t.ok(distance(await on("onnxruntime", f), cpu) < 1e-5);
  await onnxruntime().start();
});

t.test("where onnxruntime-node does not load, onnxruntime-web takes its place and says why", (t) => {
  const program = `
    const Module = require("node:module");
    const load = Module._load;
    Module._load = (request, ...rest) => {
      if (request.startsWith("onnxruntime-node")) throw new Error("no such library");
      return load(request, ...rest);
    };
    (async () => {
      const { tf } = await import(${JSON.stringify(module("core/mod.ts"))});
      const { onnxruntime } = await import(${JSON.stringify(module("plugins/engines/onnxruntime/onnxruntime.ts"))});
      const info = await onnxruntime().start();
      console.log(JSON.stringify([info.device, info.reason, tf.sum(tf.ones([3])).dataSync()[0]]));
    })();`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--eval", program], { encoding: "utf8" });
  const [device, reason, sum] = JSON.parse(stdout.trim().split("\n").at(-1) || `"${stderr}"`) as [
    string,
    string,
    number,
  ];
  t.match(device, /WebAssembly.*onnxruntime-web/);
  t.match(reason, /onnxruntime-node does not load \(no such library\)/);
  t.equal(sum, 3);
  t.end();
});

t.test("where koffi does not load, a GPU's provider says that and nothing of drivers", (t) => {
  const program = `
    const Module = require("node:module");
    const load = Module._load;
    Module._load = (request, ...rest) => {
      if (request === "koffi") throw new Error("no build for this system");
      return load(request, ...rest);
    };
    (async () => {
      const { onnxruntime } = await import(${JSON.stringify(module("plugins/engines/onnxruntime/onnxruntime.ts"))});
      const said = await onnxruntime({ provider: "webgpu" }).start().then(() => "it starts", ({ message }) => message);
      console.log(JSON.stringify(said));
    })();`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--eval", program], { encoding: "utf8" });
  t.equal(
    JSON.parse(stdout.trim().split("\n").at(-1) || JSON.stringify(stderr)),
    'provider "webgpu" does not load: the package koffi, which calls ONNX Runtime\'s library, does not load ' +
      "(no build for this system): npm install koffi",
  );
  t.end();
});

t.test("DSGAN_THREADS bounds the threads of an engine that takes what there is", async (t) => {
  t.teardown(() => delete process.env.DSGAN_THREADS);
  process.env.DSGAN_THREADS = "1";
  t.match((await onnxruntime().start()).device, "one thread (onnxruntime-node)");
  process.env.DSGAN_THREADS = "";
  const there = (await onnxruntime({ threads: 1000 }).start()).device;
  process.env.DSGAN_THREADS = "1000";
  t.equal((await onnxruntime({ threads: 1000 }).start()).device, there);
});

t.test("no more threads are used than there are", async (t) => {
  const { device } = await onnxruntime({ threads: 1000 }).start();
  t.notMatch(device, /1000/);
  t.equal(
    tf.tidy(() => tf.sum(tf.ones([10])).dataSync()[0]),
    10,
  );
  await onnxruntime().start();
});

t.test("what is uploaded each step goes into the same memory", async (t) => {
  await tf.setBackend("onnxruntime");
  const step = (i: number): void =>
    tf.tidy(() => void tf.sum(tf.tensor(new Float32Array(2 ** 16).fill(i), [2 ** 16])).dataSync());
  for (let i = 0; i < 10; i++) step(i);
  const { idleBytes } = backend().counts;
  for (let i = 0; i < 100; i++) step(i);
  t.ok(backend().counts.idleBytes <= idleBytes + 2 ** 19, `${backend().counts.idleBytes} bytes lie idle`);
});

t.test("it works in a worker thread", async (t) => {
  const plugin = module("plugins/engines/onnxruntime/onnxruntime.ts");
  const core = module("core/mod.ts");
  const code = `
    import { parentPort } from "node:worker_threads";
    const { tf } = await import(${JSON.stringify(core)});
    const { onnxruntime } = await import(${JSON.stringify(plugin)});
    await onnxruntime().start();
    parentPort.postMessage([...(await tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).data())]);
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const [values] = (await once(worker, "message")) as [number[]];
  await once(worker, "exit");
  t.same(values, [3, 3, 3, 3]);
});
