/**
 * Data sets that a device keeps: a batch goes there as the numbers of its rows. The processor stands for the device, through
 * the same C functions.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import t from "tap";
import {
  compileStep,
  type FiniteDataset,
  fit,
  fromArrays,
  Key,
  plainStep,
  type StepBody,
  subset,
  tf,
  transientState,
} from "../../../core/mod.ts";
import { BACKEND, type BackendCounts, OnnxBackend } from "../../../plugins/engines/onnxruntime/backend.ts";
import { loadGpu } from "../../../plugins/engines/onnxruntime/gpu.ts";
import { registerKernels } from "../../../plugins/engines/onnxruntime/kernels/mod.ts";
import { replayingStep } from "../../../plugins/engines/onnxruntime/replay.ts";
import type { Runtime } from "../../../plugins/engines/onnxruntime/runtime.ts";
import { mlp } from "../../../plugins/networks/mlp/mlp.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";

const plain = loadGpu("cpu");
const { device: memory } = plain;
/** What becomes of an upload of a table: it arrives, does not, or is refused. */
const upload = { how: "well" as "well" | "lost" | "refused" };
const runtime: Runtime = {
  ...plain,
  device: {
    ...memory!,
    upload(data, elem, shape) {
      if (upload.how === "refused") throw new Error("too large a buffer");
      return memory!.upload(upload.how === "lost" ? new Float32Array(data.length) : data, elem, shape);
    },
  },
};
const { fix: _, ...nodeByNode } = runtime;
registerKernels();
/**
 * Starts a backend that keeps so many bytes of tables.
 * @param repeats whether the device repeats steps by itself; else they are replayed node by node
 */
async function start(tables: number, repeats = true): Promise<void> {
  if (tf.findBackendFactory(BACKEND) !== null) tf.removeBackend(BACKEND);
  const limits = { programs: 64, nodes: 1e5 };
  tf.registerBackend(
    BACKEND,
    () =>
      new OnnxBackend(repeats ? runtime : nodeByNode, {
        ...{ threads: 1, limits, compiler: replayingStep, tables },
      }),
  );
  await tf.setBackend(BACKEND);
}
const counts = (): Required<BackendCounts> => (tf.backend() as OnnxBackend).counts as Required<BackendCounts>;
const key = Key.from("tables");
const MUCH = 2 ** 24;

const [SIZE, SIDE, M] = [200, 12, 16];
/** Images of bytes with labels, or others. */
function images(name = "images"): FiniteDataset {
  const bytes = Uint8Array.from(key.fold(name).integers(SIZE * SIDE * SIDE, 256));
  const labels = Uint8Array.from({ length: SIZE }, (_, i) => i % 3);
  return fromArrays({ name, values: bytes, shape: [SIDE, SIDE, 1], labels, scale: 1 / 255, shift: -0.5 });
}

/** What is said on the console while f runs. */
async function heard(f: () => unknown): Promise<string[]> {
  const said: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => void said.push(text);
  try {
    await f();
  } finally {
    console.warn = warn;
  }
  return said;
}

const values = (x: tf.Tensor): number[] => {
  const read = [...x.dataSync()];
  x.dispose();
  return read;
};

t.test("rows are the same numbers, wherever the table is and whoever asks", async (t) => {
  const rows = [3, 199, 0, 3, 77, 5, 6, 7, 8];
  const all = (data: FiniteDataset) => ({
    read: values(data.rows(rows)),
    computed: values(tf.tidy(() => tf.mul(data.rows(rows), 3))),
    "of some classes": values(tf.tidy(() => tf.neg(data.only([2, 1]).rows(rows.map((row) => row % 100))))),
    "of a subset": values(
      tf.tidy(() => tf.neg(subset(data, Int32Array.of(9, 8, 7)).rows([2, 1, 0, 0, 1, 2, 2]))),
    ),
    drawn: values(tf.tidy(() => tf.neg(data.sample(key.fold("s"), M)))),
    "of another shape": values(tf.tidy(() => tf.sum(tf.reshape(data.rows(rows), [9, -1]), 1))),
    "a clone": values(tf.tidy(() => tf.add(data.rows(rows).clone(), data.rows(rows)))),
    "a variable": values(
      tf.tidy(() => {
        const v = tf.variable(data.rows(rows));
        const sum = tf.add(v, v);
        v.dispose();
        return sum;
      }),
    ),
    "a gradient": values(tf.tidy(() => tf.grad((x) => tf.sum(tf.square(x)))(data.rows(rows)))),
    concatenated: values(tf.tidy(() => tf.concat([data.rows(rows), data.rows(rows.toReversed())]))),
  });
  await start(0);
  const expected = all(images());
  t.ok(counts().residentBytes < 4 * SIZE * SIDE * SIDE, "no table is there");
  await start(MUCH);
  t.same(all(images()), expected);
  t.ok(counts().residentBytes >= 4 * SIZE * SIDE * SIDE, "the table is there");
  await tf.setBackend("cpu");
  const onCpu = all(images());
  for (const name of ["read", "computed", "drawn", "a clone", "concatenated"] as const) {
    t.same(onCpu[name], expected[name], name);
  }
  await start(0);
});

t.test("what is only read is made here", async (t) => {
  await start(MUCH);
  const data = images();
  data.rows([1, 2, 3, 4, 5, 6, 7, 8]).dispose(); // brings the table there
  const before = counts();
  const x = data.rows([5, 4, 3, 2, 1, 0, 9, 8]);
  t.equal(x.dataSync().length, 8 * SIDE * SIDE);
  x.dispose();
  const after = counts();
  t.same([after.runs, after.downloads, after.uploads], [before.runs, before.downloads, before.uploads]);
});

t.test("a table that the device does not take stays here, even where it says nothing", async (t) => {
  const rows = [9, 8, 7, 6, 5, 4, 3, 2];
  const all = (data: FiniteDataset) => values(tf.tidy(() => tf.mul(data.rows(rows), 2)));
  await start(0);
  const expected = all(images());
  for (const how of ["lost", "refused"] as const) {
    await start(MUCH);
    const before = counts();
    upload.how = how;
    const data = images();
    t.same(all(data), expected, how);
    upload.how = "well";
    t.same(all(data), expected);
    tf.add(1, 1).dataSync(); // what is freed goes with the next run
    t.ok(counts().residentBytes < before.residentBytes + 4 * SIZE * SIDE * SIDE, "it is not there");
  }
});

t.test("no row that is not there is asked for", async (t) => {
  for (const tables of [0, MUCH]) {
    await start(tables);
    const data = images();
    for (const wrong of [-1, SIZE, 1.5, Number.NaN, 2 ** 32]) {
      t.throws(() => data.rows([0, 1, 2, 3, 4, 5, 6, wrong]), {
        name: "RangeError",
        message: /row .* of 200/,
      });
      t.throws(() => subset(data, Int32Array.of(1, 2)).rows([0, 1, 0, 1, 0, 1, 0, wrong]), RangeError);
    }
  }
});

/** A step on a batch that is given and another that it draws, called a few times. */
function called(
  make: typeof compileStep,
  data: FiniteDataset,
  drawnFrom: (i: number) => FiniteDataset = () => data,
) {
  const w = tf.variable(tf.ones<tf.Rank>([SIDE * SIDE, 2]));
  let call = 0;
  const body: StepBody<string, "sum" | "drawn"> = ({ x, other, rate }, at) => {
    const drawn = at.fold("rows").sample((k) => drawnFrom(call).sample(k, M));
    const flat = tf.reshape(tf.add(tf.sub(x!, other!), drawn), [M, -1]);
    w.assign(tf.add(w, tf.mul(rate!, tf.matMul(flat, tf.matMul(flat, w as tf.Tensor2D), true))));
    return { sum: tf.sum(w), drawn: tf.mul(drawn, 1) };
  };
  const step = make("rows", body);
  const made: { values: number[][]; uploads: number; bytes: number }[] = [];
  for (call = 0; call < 7; call++) {
    const rows = key.fold("given", call).integers(2 * M, SIZE);
    const before = counts();
    const [x, other] = [data.rows(rows.subarray(0, M)), data.rows(rows.subarray(M))];
    const results = step.run({ x, other, rate: call / 100 }, key.fold("call", call));
    const { uploads, uploadedBytes } = counts();
    made.push({
      values: Object.values(results).map(values),
      uploads: uploads - before.uploads,
      bytes: uploadedBytes - before.uploadedBytes,
    });
    tf.dispose([x, other]);
  }
  step.dispose();
  w.dispose();
  return made;
}

t.test("a replayed step is fed the numbers of its rows, given or drawn", async (t) => {
  await start(0);
  const here = called(compileStep, images());
  const numbersOf = (made: typeof here) => made.map(({ values }) => values);
  for (const repeats of [true, false]) {
    await start(MUCH, repeats);
    const there = called(compileStep, images());
    const plain = called((_name, body) => plainStep(body), images());
    t.same(numbersOf(there), numbersOf(here));
    t.same(numbersOf(plain), numbersOf(here));
    for (const { uploads, bytes } of there.slice(3)) {
      t.same([uploads, bytes], [2, 4 * (3 * M + 1)], "three times the rows' numbers, and a rate");
    }
  }
  t.equal(here.at(-1)!.bytes, 4 * (3 * M * SIDE * SIDE + 1), "else three times the rows");
});

t.test("a sample of another data set than before is noticed, and right", async (t) => {
  const [one, other] = [images(), images("others")];
  const from = (i: number): FiniteDataset => (i < 4 ? one : other);
  await start(0);
  const expected = called(compileStep, one, from).map(({ values }) => values);
  await start(MUCH);
  let found: number[][][] = [];
  const said = await heard(() => {
    found = called(compileStep, one, from).map(({ values }) => values);
  });
  t.same(found, expected);
  t.match(said, [/"rows" is recorded anew at each call, since a sample that was rows of one data set/]);
});

t.test("one tensor as two inputs, and inputs of other data sets, are told apart", async (t) => {
  await start(MUCH);
  const [one, other] = [images(), images("others")];
  const step = compileStep<"a" | "b", "y">("two", ({ a, b }) => ({ y: tf.sum(tf.sub(tf.mul(a, 2), b)) }));
  const first = (data: FiniteDataset, from: number): tf.Tensor =>
    data.rows(Array.from({ length: M }, (_, i) => from + i));
  for (let i = 0; i < 5; i++) {
    const x = first(one, i);
    const same = values(step.run({ a: x, b: x }, key).y);
    const apart = values(step.run({ a: x, b: first(other, 2 * i) }, key).y);
    const expected = (b: tf.Tensor): number[] => values(tf.tidy(() => tf.sum(tf.sub(tf.mul(x, 2), b))));
    t.same(same, expected(x));
    t.same(apart, expected(first(other, 2 * i)));
  }
  step.dispose();
});

t.test(
  "rows that a variable holds as well are told from rows that it does not, whichever come first",
  async (t) => {
    for (const [repeats, isHeld] of [true, false].flatMap((repeats) => [
      [repeats, (i: number) => i < 4] as const,
      [repeats, (i: number) => i >= 4] as const,
    ])) {
      await start(MUCH, repeats);
      const data = images();
      const v = tf.variable(tf.ones<tf.Rank>([M, SIDE, SIDE, 1]));
      const body: StepBody<"x", "y"> = ({ x }) => {
        v.assign(tf.mul(tf.add(v, x!), 0.5));
        return { y: tf.sum(tf.square(v)) };
      };
      const step = compileStep("held", body);
      for (let i = 0; i < 8; i++) {
        const given = (): tf.Tensor => data.rows(key.fold("held", i).integers(M, SIZE));
        const [x, other] = [given(), given()];
        const start = tf.mul(v, 1);
        v.assign(isHeld(i) ? x : start);
        const found = values(step.run({ x }, key).y);
        v.assign(isHeld(i) ? other : start);
        start.dispose();
        t.same(found, values(plainStep(body).run({ x: other }, key).y), `call ${i}`);
        t.same(values(tf.tidy(() => tf.neg(x))), values(tf.tidy(() => tf.neg(other))));
        tf.dispose([x, other]);
      }
      step.dispose();
      v.dispose();
    }
  },
);

t.test("rows that are given again and again, as to an attack, go there once", async (t) => {
  await start(MUCH);
  const data = images();
  const given = (): tf.Tensor => data.rows(key.fold("again").integers(M, SIZE));
  const x = given();
  const step = compileStep<"x" | "by", "y">("again", ({ x, by }) => ({ y: tf.sum(tf.mul(x, by)) }));
  for (let i = 0; i < 6; i++) {
    const before = counts();
    const found = values(step.run({ x, by: i }, key).y);
    const { uploadedBytes } = counts();
    t.same(found, values(tf.tidy(() => tf.sum(tf.mul(given(), i)))));
    if (i > 2) t.equal(uploadedBytes - before.uploadedBytes, 4, "a number");
  }
  step.dispose();
  x.dispose();
});

t.test("a body that reads the rows it was given or has drawn is called each time", async (t) => {
  await start(MUCH);
  const data = images();
  const bodies: Readonly<Record<string, StepBody<"x", "y">>> = {
    drawn: ({ x }, at) => ({ y: tf.mul(tf.sum(x), at.sample((k) => data.sample(k, M)).dataSync()[0]!) }),
    given: ({ x }) => ({ y: tf.mul(tf.sum(x), x.dataSync()[0]!) }),
  };
  for (const [name, body] of Object.entries(bodies)) {
    const step = compileStep(name, body);
    const said = await heard(() => {
      for (let i = 0; i < 4; i++) {
        const rows = key.fold(name, i).integers(M, SIZE);
        const found = values(step.run({ x: data.rows(rows) }, key.fold(i)).y);
        t.same(found, values(plainStep(body).run({ x: data.rows(rows) }, key.fold(i)).y), `call ${i}`);
      }
    });
    t.match(said, [/it reads values while it runs/]);
    step.dispose();
  }
});

t.test("fit() learns the same bit for bit, with a hundredth of the bytes", async (t) => {
  const trained = async (tables: number) => {
    await start(tables);
    const data = images();
    const state = transientState();
    const ports = { input: data.shape, output: [3] };
    const network = state.network("classifier", mlp({ hidden: [8] }), ports, key.fold("network"));
    const before = counts();
    const losses: unknown[] = [];
    const parts = { network, data, optimizer: adam({ learningRate: 0.01 }), steps: 60, batch: M, key };
    for await (const event of fit({ ...parts, state: state.scope("fit") })) {
      if (event.type === "progress") losses.push(event.values);
    }
    const bytes = counts().uploadedBytes - before.uploadedBytes;
    return { losses, bytes };
  };
  const [here, there] = [await trained(0), await trained(MUCH)];
  t.same(there.losses, here.losses);
  const table = 4 * SIZE * SIDE * SIDE;
  t.ok(
    there.bytes - table < here.bytes / 5,
    `${there.bytes} bytes, ${table} of them the table, for ${here.bytes}`,
  );
});

/** Collects what nobody has any more, until enough is gone. */
async function collected(isEnough: () => boolean): Promise<void> {
  setFlagsFromString("--expose-gc");
  for (let i = 0; i < 20 && !isEnough(); i++) {
    runInNewContext("gc")();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

t.test("what is pending still finds its table, when nobody has the data set any more", async (t) => {
  const rows = [5, 4, 3, 2, 1, 0, 9, 8];
  const doubled = (): tf.Tensor => tf.tidy(() => tf.mul(images().rows(rows), 2));
  await start(0);
  const expected = values(doubled());
  await start(MUCH);
  const { residentBytes: others } = counts();
  const x = doubled();
  const isFreed = (): boolean => counts().residentBytes === others;
  await collected(isFreed);
  t.same(values(x), expected);
  tf.add(1, 1).dataSync(); // what is freed goes with the next run
  await collected(isFreed);
  t.ok(isFreed(), "and is freed after that");
});

t.test("tables are bounded, and freed with their data sets or their backend", async (t) => {
  const table = 4 * SIZE * SIDE * SIDE;
  await start(table * 1.5);
  const { residentBytes: others } = counts();
  const bytes = (): number => counts().residentBytes - others;
  await (async () => {
    const [one, other] = [images(), images("others")];
    const rows = Int32Array.from({ length: M }, (_, i) => i);
    const sums = (): number[] =>
      [one, other].map((data) => values(tf.tidy(() => tf.sum(data.rows(rows))))[0]!);
    const found = sums();
    t.ok(bytes() >= table && bytes() < 2 * table, "one of them is there");
    t.same(sums(), found);
    await start(0);
    t.equal(bytes(), 0, "removing the backend frees it");
    t.same(sums(), found);
    await start(MUCH);
    sums();
    t.ok(bytes() >= 2 * table, "both are there");
  })();
  await collected(() => bytes() < table);
  t.ok(bytes() < table, "nobody has them any more");
});
