/** Engines: those that run here agree with `cpu`, and `auto` says what it chose and why. */
import t from "tap";
import { type Engine, Key, tf } from "../../core/mod.ts";
import { auto } from "../../plugins/engines/auto/auto.ts";
import { cpu } from "../../plugins/engines/cpu/cpu.ts";
import { wasm } from "../../plugins/engines/wasm/wasm.ts";

/** Runs a program of tensors made inside it, and reads what it answers. */
async function on(engine: Engine, program: () => tf.Tensor): Promise<Float32Array> {
  await engine.start();
  const y = tf.tidy(program);
  const values = (await y.data()) as Float32Array;
  y.dispose();
  return values;
}

/** Largest difference between the two engines' answers, relative to the size of the answer. */
async function disagreement(program: () => tf.Tensor): Promise<number> {
  const [a, b] = [await on(wasm(), program), await on(cpu(), program)];
  const size = Math.max(...b.map(Math.abs));
  return Math.max(...a.map((v, i) => Math.abs(v - b[i]!))) / size;
}

const key = Key.from("engines");

for (const [transposeA, transposeB] of [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const) {
  t.test(`wasm multiplies as cpu does, transposed ${transposeA} ${transposeB}, batches too`, async (t) => {
    for (const batch of [[], [3]]) {
      const a = [...batch, ...(transposeA ? [7, 5] : [5, 7])];
      const b = [...batch, ...(transposeB ? [4, 7] : [7, 4])];
      const error = await disagreement(() =>
        tf.matMul(key.fold("a").normal(a), key.fold("b").normal(b), transposeA, transposeB),
      );
      t.ok(error < 1e-6, `relative difference ${error}`);
    }
  });
}

t.test("wasm borrows the kernels it lacks: gradient of a convolution to its filter, einsum", async (t) => {
  const filterGradient = (): tf.Tensor => {
    const x = key.fold("x").normal([2, 6, 6, 3]) as tf.Tensor4D;
    return tf.grad((w: tf.Tensor) => tf.sum(tf.square(tf.conv2d(x, w as tf.Tensor4D, 1, "same"))))(
      key.fold("w").normal([3, 3, 3, 4]),
    );
  };
  t.ok((await disagreement(filterGradient)) < 1e-5);
  t.ok(
    (await disagreement(() => tf.einsum("ij,kj->ik", key.normal([3, 4]), key.fold(1).normal([5, 4])))) < 1e-6,
  );
});

t.test("wasm has the gradient of max pooling of negative values right", async (t) => {
  const gradient = (): tf.Tensor => {
    const x = key.fold("pool").uniform([2, 6, 6, 3], -2, -1) as tf.Tensor4D;
    return tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"))))(x);
  };
  t.equal(await disagreement(gradient), 0);
});

t.test("wasm's kernels are mended or left as they come, not one after the other", async (t) => {
  await wasm().start();
  await t.rejects(wasm({ mended: false }).start(), /mended: true, which stays so/);
  await wasm().start();
});

t.test("a kernel that cpu computes is said to be, once", async (t) => {
  await wasm().start();
  const said = t.capture(console, "warn");
  const program = (): void =>
    void tf.tidy(() => tf.unsortedSegmentSum(key.normal([4, 2]), tf.tensor1d([0, 1, 0, 1], "int32"), 2));
  program();
  program();
  t.same(
    said().map(({ args }) => args[0]),
    ["engine wasm: UnsortedSegmentSum is computed by tfjs's cpu kernel, its tensors copied there and back"],
  );
});

t.test("wasm leaves no memory behind, borrowed kernels included", async (t) => {
  await wasm().start();
  const program = (): void =>
    tf.tidy(() => {
      const x = key.normal([1, 4, 4, 1]) as tf.Tensor4D;
      tf.grad((w: tf.Tensor) => tf.sum(tf.conv2d(x, w as tf.Tensor4D, 1, "same")))(
        key.normal([3, 3, 1, 1]),
      ).dataSync();
    });
  program();
  const before = { ...tf.memory(), cpu: tf.findBackend("cpu").numDataIds(), wasm: tf.backend().numDataIds() };
  for (let i = 0; i < 20; i++) program();
  const after = { ...tf.memory(), cpu: tf.findBackend("cpu").numDataIds(), wasm: tf.backend().numDataIds() };
  t.same(after, before);
});

const fake = (name: string, merit: number, error?: string): Engine => ({
  name,
  merit,
  async start() {
    if (error !== undefined) throw new Error(error);
    return { name, version: "1", device: "test", reason: "asked for by name" };
  },
});

t.test("auto() takes the engine of the highest merit that starts, and says why not the others", async (t) => {
  const engines = [fake("slow", 1), fake("fast", 5), fake("broken", 9, "no library"), fake("never", -1)];
  const info = await auto(engines).start();
  t.equal(info.name, "fast");
  t.match(info.reason, "broken: no library");
  await t.rejects(auto([fake("broken", 1, "no library")]).start(), {
    name: "RunError",
    message: /broken: no library/,
  });
});

t.test("auto() ranks an engine by the device that it finds", async (t) => {
  const looking = (name: string, best: number, found: number): Engine => ({
    ...fake(name, best),
    look: async () => ({ merit: found, because: `found ${found}` }),
  });
  const chosen = async (...engines: Engine[]) => await auto(engines).start();
  t.equal((await chosen(fake("plain", 15), looking("gpu", 20, 20))).name, "gpu");
  const passedOver = await chosen(fake("plain", 15), looking("gpu", 20, 12), fake("slow", 10));
  t.equal(passedOver.name, "plain");
  t.match(passedOver.reason, "gpu: found 12");
  const next = await chosen(fake("plain", 15, "no library"), looking("gpu", 20, 12), fake("slow", 10));
  t.equal(next.name, "gpu");
  t.match(next.reason, /fastest that works here \(found 12\); plain: no library$/);
  await t.rejects(chosen(looking("software", 18, -1)), { message: /software: found -1/ });
  const blind: Engine = { ...fake("blind", 20), look: () => Promise.reject(new Error("no driver")) };
  t.match((await chosen(blind, fake("slow", 1))).reason, "blind: no driver");
  t.equal(
    (await chosen(looking("boastful", 5, 50), fake("plain", 15))).name,
    "plain",
    "never above its merit",
  );
  const unneeded: Engine = { ...fake("unneeded", 5), look: () => t.fail("looked for in vain") as never };
  t.equal((await chosen(unneeded, fake("plain", 15))).name, "plain");
});
