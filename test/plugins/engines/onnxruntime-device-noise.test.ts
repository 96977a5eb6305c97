/**
 * Random numbers that a device makes: that they are a function of the key, and as good as those drawn here. The processor
 * stands for the device, through the same C functions; on WebGPU they are tested in onnxruntime-webgpu.test.ts.
 */
import t from "tap";
import { compileStep, Key, plainStep, type StepBody, tf } from "../../../core/mod.ts";
import { BACKEND, type BackendCounts, OnnxBackend } from "../../../plugins/engines/onnxruntime/backend.ts";
import { draw, NOISE_WORDS, WORTH_MAKING } from "../../../plugins/engines/onnxruntime/device-noise.ts";
import { loadGpu } from "../../../plugins/engines/onnxruntime/gpu.ts";
import { registerKernels } from "../../../plugins/engines/onnxruntime/kernels/mod.ts";
import { Elem } from "../../../plugins/engines/onnxruntime/model.ts";
import { modelOf, programOf } from "../../../plugins/engines/onnxruntime/program.ts";
import { newRecorder } from "../../../plugins/engines/onnxruntime/recorder.ts";
import { replayingStep } from "../../../plugins/engines/onnxruntime/replay.ts";
import { PLAIN } from "../../../plugins/engines/onnxruntime/runtime.ts";
import { newValue } from "../../../plugins/engines/onnxruntime/value.ts";
import { checkMoments, normalMoments, uniformMoments } from "../../statistics.ts";
import { normalOf, uniformOf, wordsOf } from "./onnxruntime-words.ts";

const runtime = loadGpu("cpu");
registerKernels();
/** Starts a backend whose large draws are made there or here. */
async function start(noise: "device" | "host"): Promise<void> {
  if (tf.findBackendFactory(BACKEND) !== null) tf.removeBackend(BACKEND);
  const limits = { programs: 64, nodes: 1e5 };
  tf.registerBackend(
    BACKEND,
    () => new OnnxBackend(runtime, { threads: 1, limits, compiler: replayingStep, noise }),
  );
  await tf.setBackend(BACKEND);
}
await start("device");
const counts = (): Required<BackendCounts> => (tf.backend() as OnnxBackend).counts as Required<BackendCounts>;

const key = Key.from("device noise");
const LARGE = 2 ** 16;

/** What a draw holds. */
function read(draw: () => tf.Tensor): Float32Array {
  const x = tf.tidy(draw);
  const values = x.dataSync() as Float32Array;
  x.dispose();
  return values;
}
const isSame = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.from(a).every((x, i) => x === b[i]);

t.test("uniform numbers are those of the generator, in any shape and between any bounds", async (t) => {
  for (const shape of [[LARGE], [257, 260], [65_537], [3, 5, 7, 11, 61], [30, 100, 100]]) {
    const n = shape.reduce((a, b) => a * b, 1);
    const at = key.fold(`${shape}`);
    t.ok(
      isSame(
        read(() => at.uniform(shape)),
        uniformOf(at, n),
      ),
      `[${shape}]`,
    );
  }
  for (const [low, high] of [
    [-0.03, 0.03],
    [45, 50],
    [-1, 0],
    [0.1, 0.7],
    [1e6, 1e6 + 1],
    [2, 2],
  ] as const) {
    const at = key.fold("bounds", low);
    const found = read(() => at.uniform([LARGE], low, high));
    const [least, bound] = [Math.fround(low), Math.fround(high)];
    t.ok(
      found.every((x) => x >= least && (x < bound || low === high)),
      `within [${low}, ${high})`,
    );
    const expected = uniformOf(at, LARGE).map((u) => low + (high - low) * u);
    const error = found.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i]!)), 0);
    t.ok(error <= Math.max(Math.abs(low), Math.abs(high)) * 2 ** -22, `${error} off`);
  }
});

t.test("a bound is not reached where rounding would take a number there", async (t) => {
  // the nearest six of 2^24 places are rounded to 50: of 2^24 numbers six, about
  let highest = 0;
  for (let i = 0; i < 16; i++) {
    for (const x of read(() => key.fold("bound", i).uniform([2 ** 20], 45, 50))) if (x > highest) highest = x;
  }
  t.equal(highest, 50 - 2 ** -18, "the next float32 below");
});

t.test("normal numbers are those of the generator, of any number and any moments", async (t) => {
  for (const n of [2 ** 17, 70_000, 65_541]) {
    const at = key.fold("normal", n);
    const expected = normalOf(at, n);
    for (const [mean, deviation] of [
      [0, 1],
      [3, 0.5],
    ] as const) {
      const found = read(() => at.normal([n], mean, deviation));
      t.equal(found.length, n);
      const error = found.reduce(
        (most, x, i) => Math.max(most, Math.abs(x - (mean + deviation * expected[i]!))),
        0,
      );
      t.ok(error < 5e-6 * (1 + mean), `${error} off, of ${n}`);
    }
  }
});

t.test("they are a function of the key alone: drawn at once, recorded or replayed", async (t) => {
  const shape = [300, 250];
  const others: Readonly<Record<string, (at: Key) => tf.Tensor>> = {
    "uniform in [−1, 1)": (at) => at.uniform(shape, -1, 1),
    "uniform in [0, 1)": (at) => at.uniform([16_385]),
    "uniform below a bound": (at) => at.uniform([200, 90], 45, 50),
    "normal of a width": (at) => at.normal([32, 512], 0, 0.15),
    "normal of a mean": (at) => at.normal([71, 13, 23], -2, 3),
    "normal of many": (at) => at.normal([2 ** 20]),
  };
  const body: StepBody<string, string> = ({ rate }, at) => ({
    x: tf.mul(at.fold("x").normal(shape), rate!),
    z: at.fold("sampled").sample((k) => tf.add(k.normal(shape), k.fold("u").uniform(shape))),
    few: tf.add(at.fold("few").normal([10]), rate!),
    ...Object.fromEntries(
      Object.entries(others).map(([name, draw]) => [name, tf.add(draw(at.fold(name)), 0)]),
    ),
  });
  const said: string[] = [];
  const { warn } = console;
  t.teardown(() => {
    console.warn = warn;
  });
  console.warn = (text: string) => void said.push(text);
  const all = (make: typeof compileStep) => {
    const step = make("noise", body);
    const made = Array.from({ length: 6 }, (_, i) => {
      const before = counts();
      const results = step.run({ rate: 2 + i }, key.fold("call", i));
      const { uploadedBytes } = counts();
      const values = Object.values(results).map((x) => x.dataSync());
      tf.dispose(Object.values(results));
      return { values, bytes: uploadedBytes - before.uploadedBytes };
    });
    step.dispose();
    return made;
  };
  const [replayed, plain] = [all(compileStep), all((_name, body) => plainStep(body))];
  for (const [i, { values, bytes }] of replayed.entries()) {
    const at = key.fold("call", i);
    t.ok(
      values.every((x, j) => isSame(x, plain[i]!.values[j]!)),
      `call ${i}`,
    );
    const alone = read(() => at.fold("x").normal(shape));
    t.ok(
      isSame(
        values[0]!,
        alone.map((x) => x * (2 + i)),
      ),
      "drawn by itself",
    );
    t.ok(bytes < 1000, `${bytes} bytes are uploaded, where the noise is ${4 * 2 ** 20} and more`);
    const few = at.fold("few").normalArray(10);
    t.same(
      values[2],
      few.map((x) => x + 2 + i),
      "few are drawn here",
    );
    for (const [j, [name, draw]] of Object.entries(others).entries()) {
      const alone = read(() => draw(at.fold(name)));
      t.ok(isSame(values[3 + j]!, alone), name);
    }
  }
  t.same(said, [], "the step is replayed");
});

t.test("draws of a program are made together", async (t) => {
  const nodesOf = (shapes: readonly (readonly number[])[]): number => {
    const g = newRecorder(PLAIN);
    const drawn = shapes.flatMap((shape) => {
      const words = newValue(Elem.int32, [NOISE_WORDS], { data: new Int32Array(NOISE_WORDS) });
      const view = { value: words, shape: [NOISE_WORDS] };
      return [draw(g, view, { shape, normal: [0, 1] }), draw(g, view, { shape, uniform: [0, 1] })];
    });
    const wanted = new Set(drawn.map(({ value }) => value));
    return modelOf(programOf(g.pending, (value) => wanted.has(value), g.interned)).model.nodes.length;
  };
  const some = (n: number): number[][] => Array.from({ length: n }, (_, i) => [100 + i, 200]);
  const [one, twenty] = [nodesOf(some(1)), nodesOf(some(20))];
  t.ok(
    twenty <= one + 2 * 19 + 6,
    `${one} nodes for two draws, ${twenty} for forty: a reshape each, and the rows' words`,
  );
  t.equal(
    nodesOf([...some(3), [2 ** 22]]),
    nodesOf(some(3)) + nodesOf([[2 ** 22]]),
    "a large one is made by itself",
  );
});

t.test("another key gives other numbers", async (t) => {
  const n = LARGE;
  const draws = [0, 1, 2].map((i) => read(() => key.fold("step", i).uniform([n])));
  for (const [i, a] of draws.entries()) {
    for (const b of draws.slice(i + 1)) {
      // two of 2^24 places agree: n/2^24 times, about
      t.ok(a.filter((x, j) => x === b[j]).length < 5, "at the same places");
      const seen = new Set(a);
      const pairs = b.filter((x, j) => j > 0 && seen.has(x) && seen.has(b[j - 1]!)).length;
      t.ok(pairs < 20, `${pairs} runs of two occur in both`); // n·(n/2^24)² = 1 expected
    }
  }
});

t.test("noise: host draws here, whatever the size", async (t) => {
  await start("host");
  t.ok(
    isSame(
      read(() => key.normal([LARGE])),
      key.normalArray(LARGE),
    ),
  );
  await start("device");
  t.notOk(
    isSame(
      read(() => key.normal([LARGE])),
      key.normalArray(LARGE),
    ),
  );
  t.ok(
    isSame(
      read(() => key.normal([WORTH_MAKING - 1])),
      key.normalArray(WORTH_MAKING - 1),
    ),
    "few are drawn here",
  );
});

type Tap = { ok(value: unknown, message: string): boolean };
/** z is a standard normal if all is well: the keys are fixed, and one in 1.7 million would lie beyond 5. */
const plausible = (test: Tap, z: number, what: string): void => {
  test.ok(Math.abs(z) < 5, `${what}: ${z.toFixed(2)} standard errors off`);
};
/** Pearson's χ² of counts that should be equal, as standard errors. */
const evenness = (counts: Int32Array): number => {
  const d = counts.length - 1;
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  return (counts.reduce((sum, c) => sum + (c - expected) ** 2 / expected, 0) - d) / Math.sqrt(2 * d);
};
const tally = (n: number, cells: number, cellOf: (i: number) => number): Int32Array => {
  const counts = new Int32Array(cells);
  for (let i = 0; i < n; i++) counts[cellOf(i)]!++;
  return counts;
};

t.test(
  "uniform numbers are even, alone and in pairs, near and far, and so are their differences",
  async (t) => {
    const n = 2 ** 20;
    for (const name of ["a", "b", "c"]) {
      const u = read(() => key.fold("even", name).uniform([n]));
      checkMoments(t, u, uniformMoments(0, 1));
      plausible(t, evenness(tally(n, 4096, (i) => Math.floor(u[i]! * 4096))), "4096 cells");
      const low = tally(n, 256, (i) => (u[i]! * 2 ** 24) & 255);
      plausible(t, evenness(low), "lowest 8 of 24 bits");
      for (const lag of [1, 2, 3, 16, 255, 256, 1024, 2 ** 15, 2 ** 19]) {
        const pairs = tally(
          n - lag,
          64 * 64,
          (i) => Math.floor(u[i]! * 64) * 64 + Math.floor(u[i + lag]! * 64),
        );
        plausible(t, evenness(pairs), `pairs ${lag} apart`);
        const difference = (i: number): number => (u[i + lag]! - u[i]! + 1) % 1;
        plausible(t, evenness(tally(n - lag, 1024, (i) => Math.floor(difference(i) * 1024))), "differences");
      }
      const triple = (i: number): number =>
        [0, 1, 2].reduce((cell, j) => cell * 16 + Math.floor(u[i + j]! * 16), 0);
      plausible(t, evenness(tally(n - 2, 16 ** 3, triple)), "triples");
    }
  },
);

t.test("every bit of a word is set half of the time, and flips with half of the key's bits", async (t) => {
  const n = 2 ** 16;
  const words = wordsOf(key.fold("bits"), n);
  for (let bit = 0; bit < 32; bit++) {
    const ones = words.reduce((sum, x) => sum + ((x >>> bit) & 1), 0);
    plausible(t, (ones - n / 2) / Math.sqrt(n / 4), `bit ${bit}`);
    const flips = words.reduce((sum, x, i) => sum + (i === 0 ? 0 : ((x ^ words[i - 1]!) >>> bit) & 1), 0);
    plausible(t, (flips - (n - 1) / 2) / Math.sqrt(n / 4), `bit ${bit} from one place to the next`);
  }
});

t.test(
  "normal numbers have the moments and the tails of such, and no correlation with each other",
  async (t) => {
    const n = 2 ** 21;
    const x = read(() => key.fold("tails").normal([n]));
    checkMoments(t, x, normalMoments(0, 1));
    const mean = (f: (v: number, i: number) => number): number =>
      x.reduce((sum, v, i) => sum + f(v, i), 0) / n;
    plausible(t, mean((v) => v ** 3) / Math.sqrt(15 / n), "skewness");
    plausible(t, (mean((v) => v ** 4) - 3) / Math.sqrt(96 / n), "kurtosis");
    for (const [bound, p] of [
      [0.1, 0.920344],
      [1, 0.3173105],
      [2, 0.0455003],
      [3, 0.0026998],
      [4, 0.00006334],
      [4.5, 0.0000067953],
    ] as const) {
      const beyond = mean((v) => (Math.abs(v) > bound ? 1 : 0));
      plausible(t, (beyond - p) / Math.sqrt((p * (1 - p)) / n), `beyond ${bound}`);
    }
    const most = x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    t.ok(most > 4.7 && most < 6.7, `${most} is the largest`); // beyond 4.7 lie 2.6e-6: 5.5 of them expected
    for (const lag of [1, 2, 256, 512, 1024, n / 2]) {
      const together = mean((v, i) => v * x[(i + lag) % n]!);
      plausible(t, together * Math.sqrt(n), `correlation ${lag} apart`);
      const squares = mean((v, i) => (v ** 2 - 1) * (x[(i + lag) % n]! ** 2 - 1));
      plausible(t, (squares * Math.sqrt(n)) / 2, `of squares ${lag} apart`);
    }
  },
);

t.test("numbers of sibling keys are independent", async (t) => {
  const n = LARGE;
  const [a, b] = ["critic", "generator"].map((name) => read(() => key.fold(name).normal([n])));
  plausible(t, a!.reduce((sum, x, i) => sum + x * b![i]!, 0) / Math.sqrt(n), "correlation");
  // the first numbers of many keys
  const keys = 20_000;
  const first = Array.from({ length: keys }, (_, i) => uniformOf(key.fold("first", i), 1)[0]!);
  plausible(t, evenness(tally(keys, 100, (i) => Math.floor(first[i]! * 100))), "first numbers");
  const pairs = tally(keys - 1, 256, (i) => Math.floor(first[i]! * 16) * 16 + Math.floor(first[i + 1]! * 16));
  plausible(t, evenness(pairs), "of neighbours");
});
