/**
 * Steps that a device repeats by itself: homes of variables, what is passed on, what others hold. The processor stands for
 * the device, through the same C functions.
 */
import t from "tap";
import { compileStep, Key, plainStep, type StepBody, tf } from "../../../core/mod.ts";
import { BACKEND, type BackendCounts, OnnxBackend } from "../../../plugins/engines/onnxruntime/backend.ts";
import { loadGpu } from "../../../plugins/engines/onnxruntime/gpu.ts";
import { registerKernels } from "../../../plugins/engines/onnxruntime/kernels/mod.ts";
import { replayingStep } from "../../../plugins/engines/onnxruntime/replay.ts";
import type { Placed, Runtime } from "../../../plugins/engines/onnxruntime/runtime.ts";

const plain = loadGpu("cpu");
/** Models that have been fixed, and runs of them. */
const seen = { fixed: 0, runs: 0, refuses: false, fails: false, "fails on the way home": false };
const runtime: Runtime = {
  ...plain,
  fix(model: Uint8Array, inputs: readonly Placed[], outputs: readonly Placed[]) {
    if (seen.refuses) throw new Error("a node is left to the processor");
    const made = plain.fix!(model, inputs, outputs);
    seen.fixed++;
    return {
      ...made,
      run() {
        const goesHome = outputs.some(({ name }) => name === "home 0");
        if (seen.fails || (goesHome && seen["fails on the way home"]))
          throw new Error("it cannot be taken down");
        seen.runs++;
        made.run();
      },
    };
  },
};
registerKernels();
tf.registerBackend(
  BACKEND,
  () =>
    new OnnxBackend(runtime, { threads: 1, limits: { programs: 64, nodes: 1e5 }, compiler: replayingStep }),
);
await tf.setBackend(BACKEND);
const counts = (): Required<BackendCounts> => (tf.backend() as OnnxBackend).counts as Required<BackendCounts>;

const key = Key.from("fixed");
type Body = StepBody<string, string>;
type Made = Readonly<Record<string, number[]>>;

/** Calls a step on each input, and reads all that it returns; `between` is done before each call. */
function calls(
  step: { run: (inputs: Record<string, tf.Tensor | number>, key: Key) => Record<string, tf.Tensor> },
  inputs: readonly Readonly<Record<string, () => tf.Tensor | number>>[],
  between: (i: number) => void = () => {},
): Made[] {
  return inputs.map((of, i) => {
    between(i);
    const given = Object.fromEntries(Object.entries(of).map(([name, make]) => [name, make()]));
    const made = step.run(given, key.fold(i));
    const read = Object.fromEntries(Object.entries(made).map(([name, x]) => [name, [...x.dataSync()]]));
    tf.dispose([Object.values(given).filter((x) => typeof x !== "number"), Object.values(made)]);
    return read;
  });
}

const numbers = Array.from({ length: 6 }, (_, i) => ({ rate: () => i / 8 }));

t.test("a step gives what it gives when it is not repeated, whatever happens between calls", async (t) => {
  const big = [40, 40];
  const make = () => ({
    w: tf.variable(key.fold("w").normal(big)),
    b: tf.variable(key.fold("b").normal([3])),
    other: tf.variable(key.fold("o").normal(big)),
  });
  const bodyOf =
    ({ w, b, other }: ReturnType<typeof make>): Body =>
    ({ rate }, at) => {
      const noise = at.fold("noise").normal(big);
      const old = tf.sum(w);
      w.assign(tf.add(tf.mul(w, rate!), tf.mul(noise, tf.mean(b))));
      b.assign(tf.add(b, tf.mean(tf.mul(w, other))));
      return { old, sum: tf.sum(w), whole: tf.add(w, 1), small: tf.add(b, 1) };
    };
  const events: Readonly<Record<string, (v: ReturnType<typeof make>, i: number) => void>> = {
    nothing: () => {},
    "a variable is assigned": ({ w }, i) => i === 4 && w.assign(tf.fill(big, i)),
    "a variable that is read is assigned": ({ other }, i) => i > 2 && other.assign(tf.fill(big, i)),
    "two variables share what they hold": ({ w, other }, i) => i === 3 && other.assign(w),
    "what they hold is read": ({ w, b }) => void [w.dataSync(), b.dataSync()],
    "they are used elsewhere": ({ w }) => void tf.tidy(() => tf.sum(tf.square(w)).dataSync()),
  };
  for (const [name, event] of Object.entries(events)) {
    await t.test(name, async (t) => {
      const [repeated, recorded] = [make(), make()];
      const before = { ...seen };
      const step = compileStep("step", bodyOf(repeated));
      const found = calls(step, numbers, (i) => tf.tidy(() => void event(repeated, i)));
      t.ok(seen.runs >= before.runs + 8, "a step and its way home, four times");
      const expected = calls(plainStep(bodyOf(recorded)), numbers, (i) =>
        tf.tidy(() => void event(recorded, i)),
      );
      t.same(found, expected);
      for (const v of ["w", "b", "other"] as const) t.same(repeated[v].dataSync(), recorded[v].dataSync(), v);
      step.dispose();
      tf.dispose([...Object.values(repeated), ...Object.values(recorded)]);
    });
  }
});

t.test(
  "a clone keeps what a variable held, through any number of calls and the end of the step",
  async (t) => {
    const w = tf.variable(key.fold("w").normal([8]));
    const step = compileStep("step", ({ rate }) => {
      w.assign(tf.add(w, rate!));
      return { sum: tf.sum(w) };
    });
    const clones: { readonly clone: tf.Tensor; readonly held: number[] }[] = [];
    calls(step, numbers, () => clones.push({ clone: w.clone(), held: [...w.dataSync()] }));
    const last = w.clone();
    const held = [...w.dataSync()];
    step.dispose();
    w.assign(tf.zeros([8]));
    for (const { clone, held } of clones) t.same([...clone.dataSync()], held);
    t.same([...last.dataSync()], held);
    tf.dispose([w, last, ...clones.map(({ clone }) => clone)]);
  },
);

t.test("a clone that nobody has read keeps what its variable held, whoever assigns that next", async (t) => {
  for (const elsewhere of [false, true]) {
    const w = tf.variable(tf.fill([2000], 1));
    const step = compileStep("step", ({ rate }) => {
      w.assign(tf.add(w, rate!));
      return { sum: tf.sum(w) };
    });
    const call = (): void => void calls(step, [{ rate: () => 1 }]);
    for (let i = 0; i < 4; i++) call();
    const clone = w.clone();
    if (elsewhere) tf.tidy(() => w.assign(tf.fill([2000], 100)));
    call();
    t.equal(clone.dataSync()[7], 5);
    t.equal(w.dataSync()[7], elsewhere ? 101 : 6);
    step.dispose();
    tf.dispose([w, clone]);
  }
});

t.test("steps share their variables' homes", async (t) => {
  const make = () => [tf.variable(tf.fill([30], 1)), tf.variable(tf.fill([30], 2))] as const;
  const bodies = ([a, b]: ReturnType<typeof make>): readonly [Body, Body] => [
    ({ rate }) => {
      a.assign(tf.add(tf.mul(b, rate!), a));
      return { a: tf.sum(a) };
    },
    ({ rate }) => {
      b.assign(tf.sub(b, tf.mul(a, rate!)));
      return { b: tf.sum(b) };
    },
  ];
  const both = (compile: (body: Body) => ReturnType<typeof plainStep>) => {
    const variables = make();
    const [one, other] = bodies(variables).map(compile);
    const found = calls(one!, numbers, () => calls(other!, numbers.slice(1, 3)));
    one!.dispose();
    const after = calls(other!, numbers);
    other!.dispose();
    const end = variables.map((v) => [...v.dataSync()]);
    tf.dispose([...variables]);
    return { found, after, end };
  };
  t.same(
    both((body) => compileStep("step", body)),
    both((body) => plainStep(body)),
  );
});

t.test("inputs: the same tensor again, another one, integers; and what is only passed on", async (t) => {
  const images = Array.from({ length: 3 }, (_, i) => key.fold("image", i).normal([20, 20]));
  const inputs = [0, 0, 0, 1, 1, 2, 0].map((of, i) => ({
    image: () => images[of]!.clone(),
    labels: () => tf.tensor1d([i, 2 * i], "int32"),
    rate: () => i,
  }));
  const make = () => tf.variable(tf.zeros([2]));
  const bodyOf =
    (seenLabels: tf.Variable): Body =>
    ({ image, labels, rate }) => {
      seenLabels.assign(tf.cast(labels!, "float32"));
      return { sum: tf.sum(tf.mul(image!, rate!)), labels: tf.add(labels!, 1), rate: rate! };
    };
  const [repeated, recorded] = [make(), make()];
  const before = seen.fixed;
  const step = compileStep("step", bodyOf(repeated));
  t.same(calls(step, inputs), calls(plainStep(bodyOf(recorded)), inputs));
  t.ok(seen.fixed > before, "the device repeats it");
  t.same(repeated.dataSync(), recorded.dataSync());
  step.dispose();
  tf.dispose([repeated, recorded, ...images]);
});

t.test("what a step returns and takes again stays on the device", async (t) => {
  const make = () => {
    const start = key.fold("x").normal([40, 40]);
    return tf.mul(start, 2);
  };
  const body: Body = ({ x, rate }) => ({ x: tf.add(tf.mul(x!, rate!), 1), sum: tf.sum(x!) });
  const all = (compile: (body: Body) => ReturnType<typeof plainStep>, steps: number): unknown[] => {
    const step = compile(body);
    let x = make();
    const sums: number[] = [];
    let before = counts();
    for (let i = 0; i < steps; i++) {
      if (i === 3) before = counts();
      const made = step.run({ x, rate: 0.5 }, key);
      x.dispose();
      x = made.x!;
      sums.push(made.sum!.dataSync()[0]!);
      made.sum!.dispose();
    }
    const { downloadedBytes } = counts();
    const last = [...x.dataSync()];
    x.dispose();
    step.dispose();
    return [sums, last, downloadedBytes - before.downloadedBytes];
  };
  const found = all((body) => compileStep("step", body), 8);
  t.same(found.slice(0, 2), all((body) => plainStep(body), 8).slice(0, 2));
  t.equal(found[2], 5 * 4, "a number for each step");
});

t.test("nothing is left behind, in whatever order all is freed", async (t) => {
  const fresh = (): number => {
    tf.add(1, 1).dataSync(); // what is freed goes with the next run
    return counts().residentBytes;
  };
  const before = fresh();
  for (const variableFirst of [true, false]) {
    const w = tf.variable(key.fold("w").normal([64, 64]));
    const step = compileStep("step", ({ rate }) => {
      w.assign(tf.mul(w, rate!));
      return { whole: tf.add(w, 1), sum: tf.sum(w) };
    });
    calls(step, numbers);
    const during = fresh();
    calls(step, numbers);
    t.equal(fresh(), during, "calls leave nothing");
    for (const end of variableFirst ? [w, step] : [step, w]) end.dispose();
    t.equal(fresh(), before);
  }
});

t.test("a device that cannot repeat a step runs it, as what can't be said beforehand shows", async (t) => {
  const bodyOf =
    (w: tf.Variable): Body =>
    ({ rate }) => {
      w.assign(tf.add(w, rate!));
      return { sum: tf.sum(tf.square(w)) };
    };
  const all = (compile: (body: Body) => ReturnType<typeof plainStep>): Made[] => {
    const w = tf.variable(tf.fill([33], 2));
    const step = compile(bodyOf(w));
    const made = calls(step, numbers);
    step.dispose();
    w.dispose();
    return made;
  };
  const expected = all((body) => plainStep(body));
  for (const how of ["refuses", "fails", "fails on the way home"] as const) {
    seen[how] = true;
    const { runs } = seen;
    t.same(
      all((body) => compileStep("step", body)),
      expected,
      how,
    );
    const repeated = how === "fails on the way home" ? numbers.length - 2 : 0;
    t.equal(seen.runs, runs + repeated, "new values are copied home one by one");
    seen[how] = false;
  }
});
