import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import t from "tap";
import { compileStep, descend, Key, plainStep, type StepBody, tf } from "../../../core/mod.ts";
import type { OnnxBackend } from "../../../plugins/engines/onnxruntime/backend.ts";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";

await onnxruntime().start();
const backend = (): OnnxBackend => tf.backend() as OnnxBackend;
const key = Key.from("replay");

/** What is said on the console while f runs. */
function heard(f: () => void): string[] {
  const said: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => void said.push(text);
  try {
    f();
  } finally {
    console.warn = warn;
  }
  return said;
}

/** A training of a small network with noise, a sampled batch, a rate that changes, and a clipped parameter. */
function trains(make: typeof compileStep) {
  const w = tf.tidy(() => tf.variable(key.fold("w").normal([6, 4])));
  const b = tf.tidy(() => tf.variable(tf.zeros([4])));
  const variables = [w, b];
  const optimizer = adam({ learningRate: 0.01, decayFrom: 0.5, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 }).start(
    variables,
  );
  const body: StepBody<string, "loss"> = ({ shift, ...numbers }, stepKey) => {
    const x = stepKey.fold("x").sample((k) => tf.mul(k.normal([8, 6]), k.fold("scale").uniform([8, 1])));
    const loss = (): tf.Scalar => {
      const noisy = tf.add(x, stepKey.fold("noise").normal([8, 6], 0, 0.1));
      const y = tf.add(tf.matMul(noisy as tf.Tensor2D, w as tf.Tensor2D), b);
      return tf.mean(tf.square(tf.sub(tf.relu(y), shift!))) as tf.Scalar;
    };
    const value = descend(loss, variables, optimizer, numbers as Record<string, tf.Tensor>);
    b.assign(tf.clipByValue(b, -0.05, 0.05));
    return { loss: value };
  };
  const step = make("training", body);
  const losses = Array.from({ length: 12 }, (_, i) => {
    const { loss } = step.run(
      { shift: 1 + i / 10, ...optimizer.numbers(i + 1, i / 12) },
      key.fold("step", i),
    );
    const value = loss.dataSync()[0]!;
    loss.dispose();
    return value;
  });
  const end = variables.map((v) => [...v.dataSync()]);
  step.dispose();
  optimizer.dispose();
  tf.dispose(variables);
  return { losses, end };
}

t.test("a replayed step gives bit for bit what a recorded one gives", (t) => {
  const recorded = trains((_name, body) => plainStep(body));
  const before = backend().counts;
  const said = heard(() => t.same(trains(compileStep), recorded));
  t.same(said, []);
  t.equal(new Set(recorded.losses).size, 12, "the losses differ from step to step");
  t.ok(backend().counts.compilations - before.compilations <= 2);
  t.end();
});

t.test("it neither calls the body again nor compiles", (t) => {
  const v = tf.tidy(() => tf.variable(tf.zeros([3])));
  let calls = 0;
  const step = compileStep<"by", "was">("counting", ({ by }) => {
    calls++;
    const was = tf.mul(v, 1);
    v.assign(tf.add(v, by));
    return { was };
  });
  const seen: number[] = [];
  for (let i = 1; i <= 6; i++) {
    const { was } = step.run({ by: i }, key);
    seen.push(was.dataSync()[0]!);
    was.dispose();
  }
  t.same(seen, [0, 1, 3, 6, 10, 15]);
  t.same([...v.dataSync()], [21, 21, 21]);
  t.equal(calls, 2);
  const { was } = step.run({ by: tf.tensor1d([1, 2, 3]) }, key);
  t.same([...v.dataSync()], [22, 23, 24], "inputs of another shape are recorded for themselves");
  was.dispose();
  step.dispose();
  v.dispose();
  t.end();
});

t.test(
  "what is neither input nor draw and differs is noticed, named, and computed rightly all the same",
  (t) => {
    let rate = 1;
    const step = compileStep<never, "y">("misused", () => ({ y: tf.mul(tf.ones([2]), rate) }));
    const values: number[] = [];
    const said = heard(() => {
      for (rate = 1; rate <= 5; rate++) {
        const { y } = step.run({}, key);
        values.push(y.dataSync()[0]!);
        y.dispose();
      }
    });
    t.same(values, [1, 2, 3, 4, 5]);
    t.equal(said.length, 1);
    t.match(said[0]!, /"misused".*number 2 of shape .* given to Multiply/);
    t.end();
  },
);

t.test("bodies that read values, or change what they do, are called each time", (t) => {
  let turn = 0;
  const reads = compileStep<"x", "y">("reading", ({ x }) => ({ y: tf.mul(x, tf.add(x, 1).dataSync()[0]!) }));
  const turns = compileStep<"x", "y">("turning", ({ x }) => ({ y: turn++ % 2 ? tf.square(x) : tf.neg(x) }));
  const said = heard(() => {
    for (let i = 1; i <= 4; i++) {
      tf.tidy(() => t.equal(reads.run({ x: i }, key).y.dataSync()[0], i * (i + 1)));
      tf.tidy(() => t.equal(turns.run({ x: i }, key).y.dataSync()[0], i % 2 ? -i : i * i));
    }
  });
  t.match(said, [/"reading".*reads values/, /"turning".*operations differ/]);
  t.end();
});

t.test("bodies that read what is here already are called each time too", async (t) => {
  const bodies: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
    itself: (x) => tf.mul(x, x.dataSync()[0]!),
    "to choose": (x) => (x.dataSync()[0]! > 4 ? tf.mul(x, 2) : x),
    "in a kernel of tfjs's own": (x) => tf.unique(x as tf.Tensor1D).values,
  };
  const [first, then] = [tf.tensor1d([3, 1, 2, 2]), tf.tensor1d([5, 5, 7, 1])];
  const given = [first, first, first, then, first];
  for (const [how, body] of Object.entries(bodies)) {
    const variable = tf.variable(first);
    const ofInput = compileStep("reading", ({ x }) => ({ y: tf.sum(body(x!)) }));
    const ofVariable = compileStep("reading", () => ({ y: tf.sum(body(variable)) }));
    const read = ({ y }: Record<string, tf.Tensor>): number => tf.tidy(() => y!.dataSync()[0]!);
    const wanted = given.map((x) => tf.tidy(() => tf.sum(body(x)).dataSync()[0]!));
    const said = heard(() => {
      t.same(
        given.map((x) => read(ofInput.run({ x }, key))),
        wanted,
        how,
      );
      const found = given.map((x, i) => {
        if (i > 2) variable.assign(x);
        return read(ofVariable.run({}, key));
      });
      t.same(found, wanted, `${how}, a variable`);
    });
    t.match(said.join("\n"), /"reading".*reads values/);
    ofInput.dispose();
    ofVariable.dispose();
    variable.dispose();
  }
  tf.dispose([first, then]);
});

t.test("steps that compute nothing give back what they were given, drew, or found", (t) => {
  const v = tf.tidy(() => tf.variable(tf.tensor1d([7])));
  const step = compileStep<"x", "x" | "drawn" | "v">("idle", ({ x }, k) => ({
    x: tf.reshape(x, [1]),
    drawn: k.normal([2]),
    v: v.clone(),
  }));
  for (let i = 0; i < 4; i++) {
    const { x, drawn, v: found } = step.run({ x: i }, key.fold(i));
    t.same([...x.dataSync()], [i]);
    t.same(drawn.dataSync(), key.fold(i).normalArray(2));
    t.same([...found.dataSync()], [7]);
    tf.dispose([x, drawn, found]);
  }
  const nothing = compileStep<never, never>("nothing", () => ({}));
  for (let i = 0; i < 4; i++) t.same(nothing.run({}, key), {});
  v.dispose();
  t.end();
});

t.test("clones of a variable keep its old values", (t) => {
  const v = tf.tidy(() => tf.variable(tf.zeros([2])));
  const step = compileStep<"by", never>("assigning", ({ by }) => {
    v.assign(tf.add(v, by));
    return {};
  });
  for (let i = 0; i < 3; i++) step.run({ by: 1 }, key);
  const clone = v.clone();
  step.run({ by: 1 }, key);
  t.same([...clone.dataSync()], [3, 3]);
  t.same([...v.dataSync()], [4, 4]);
  tf.dispose([clone, v]);
  t.end();
});

/** Else what is measured is how lazy the collector was. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

t.test(
  "numbers that a step can read here while it is recorded are asked for anew at each call",
  async (t) => {
    const [first, then] = [
      tf.tensor2d([
        [3, 1, 2],
        [4, 5, 6],
      ]),
      tf.tensor2d([
        [-3, 7, 0],
        [1, 2, 9],
      ]),
    ];
    const factors = tf.tensor2d([
      [1, 2, 3],
      [5, 6, 7],
    ]);
    const bodies: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
      slice: (x) => tf.slice(x, [1, 0], [1, 3]),
      split: (x) => tf.split(x, 2)[1]!,
      unstack: (x) => tf.mul(tf.unstack(x)[0]!, 3),
      stridedSlice: (x) => tf.stridedSlice(x, [0, 0], [2, 3], [1, 2]),
      gather: (x) => tf.gather(tf.range(0, 10), tf.cast(tf.abs(tf.slice(x, [0, 0], [1, 3])), "int32")),
      product: (x) => tf.mul(x, factors),
    };
    const zeros = tf.zeros([2, 3]);
    for (const [name, body] of Object.entries(bodies)) {
      for (const start of [first, zeros]) {
        const expected = (x: tf.Tensor): number => tf.tidy(() => tf.sum(body(x)).dataSync()[0]!);
        const given = [start, start, start, then, first];
        const wanted = given.map(expected);
        const ofInput = compileStep(name, ({ x }) => ({ y: tf.sum(body(x!)) }));
        const variable = tf.variable(start);
        const ofVariable = compileStep(name, () => ({ y: tf.sum(body(variable)) }));
        const read = ({ y }: Record<string, tf.Tensor>): number => tf.tidy(() => y!.dataSync()[0]!);
        const said = heard(() => {
          t.same(
            given.map((x) => read(ofInput.run({ x }, key))),
            wanted,
            `${name} of an input`,
          );
          const found = given.map((x) => {
            variable.assign(x);
            return read(ofVariable.run({}, key));
          });
          t.same(found, wanted, `${name} of a variable`);
        });
        t.same(said, [], "and the step is replayed");
        ofInput.dispose();
        ofVariable.dispose();
        variable.dispose();
      }
    }
    tf.dispose([first, then, factors, zeros]);
  },
);

t.test("thousands of replayed steps leave nothing behind", (t) => {
  const v = tf.tidy(() => tf.variable(tf.zeros([1000])));
  const step = compileStep<"by", "sum">("long", ({ by }, k) => {
    v.assign(tf.add(tf.mul(v, 0.5), tf.add(by, k.fold("noise").normal([1000]))));
    return { sum: tf.sum(v) };
  });
  const run = (n: number): void => {
    for (let i = 0; i < n; i++) step.run({ by: i }, key.fold(i)).sum.dispose();
  };
  run(10);
  run(2000);
  const before = { ...tf.memory() };
  const { compilations } = backend().counts;
  // What leaks grows in every stretch; an allocator that takes more at once, or a system that takes pages back, does not.
  const grown = [1, 2, 3, 4, 5].map(() => {
    collectGarbage();
    const { rss } = process.memoryUsage();
    run(2000);
    collectGarbage();
    return (process.memoryUsage().rss - rss) / 2000;
  });
  t.same({ ...tf.memory() }, before);
  t.ok(Math.min(...grown) < 4000, `the process grew by ${grown} bytes a step, less than the numbers of one`);
  t.equal(backend().counts.compilations, compilations);
  t.equal(backend().counts.pending, 0);
  step.dispose();
  v.dispose();
  t.end();
});

t.test("what is true of the first call's inputs alone does not become part of the step", (t) => {
  const step = compileStep<"x" | "y", "sum" | "product">("aliased", ({ x, y }) => ({
    sum: tf.add(x, y),
    product: tf.mul(tf.transpose(x), tf.transpose(y)),
  }));
  const one = tf.tidy(() => key.fold("one").normal([2, 3]));
  const zero = tf.tidy(() => tf.zerosLike(one));
  const turned = tf.tidy(() => tf.transpose(key.fold("two").normal([3, 2])));
  const pairs = [
    [one, one.clone()],
    [one, zero],
    [turned, one],
    [one, turned],
    [zero, turned],
  ] as const;
  const plain = plainStep<"x" | "y", "sum" | "product">(({ x, y }) => ({
    sum: tf.add(x, y),
    product: tf.mul(tf.transpose(x), tf.transpose(y)),
  }));
  const said = heard(() => {
    for (const [x, y] of pairs) {
      const [replayed, called] = [step.run({ x, y }, key), plain.run({ x, y }, key)];
      t.same([...replayed.sum.dataSync()], [...called.sum.dataSync()]);
      t.same([...replayed.product.dataSync()], [...called.product.dataSync()]);
      tf.dispose([replayed, called] as unknown as tf.TensorContainer);
    }
  });
  t.same(said, [], "the step is replayed");
  t.end();
});

t.test("what is true of a variable at the first calls alone does not become part of the step", (t) => {
  const [x, later] = tf.tidy(() => [key.fold("x").normal([2, 3]), key.fold("later").normal([2, 3])]);
  const turned = tf.tidy(() => tf.transpose(x!));
  turned.dataSync();
  const starts: Readonly<Record<string, () => { start: tf.Tensor; beside?: (v: tf.Variable) => tf.Tensor }>> =
    {
      "zero throughout": () => ({ start: tf.zerosLike(x!) }),
      "one throughout": () => ({ start: tf.onesLike(x!) }),
      "another variable's numbers": () => ({ start: x!, beside: () => tf.variable(x!) }),
      "a copy of it": () => ({ start: x!, beside: (v) => tf.variable(v) }),
      "another order of what is kept": () => ({ start: tf.transpose(turned) }),
      "kept in another order too": () => ({ start: x!, beside: (v) => tf.transpose(v) }),
    };
  for (const [what, make] of Object.entries(starts)) {
    const { start, beside } = make();
    const v = tf.variable(start);
    const other = beside?.(v) ?? tf.variable(x!);
    other.dataSync();
    const body: StepBody<never, "y"> = () => ({
      y: tf.add(tf.matMul(tf.transpose(v) as tf.Tensor2D, v as tf.Tensor2D), tf.sum(other)),
    });
    const step = compileStep("frozen", body);
    const before = tf.memory().numTensors;
    const read = (): number[][] =>
      [step, plainStep(body)].map((some) => {
        const { y } = some.run({}, key);
        const values = [...y.dataSync()];
        y.dispose();
        return values;
      });
    const said = heard(() => {
      for (let call = 0; call < 6; call++) {
        if (call === 4) v.assign(later!);
        const [ours, called] = read();
        t.same(ours, called, `${what}: call ${call}`);
      }
    });
    t.same(said, [], `${what}: the step is replayed`);
    t.equal(tf.memory().numTensors, before, `${what}: nothing is left behind`);
    step.dispose();
    tf.dispose([v, other, start === x ? [] : start]);
  }
  tf.dispose([x!, later!, turned]);
  t.end();
});

t.test("what is true of a draw at the first calls alone does not become part of the step", (t) => {
  const held = tf.tensor2d([
    [1, 2],
    [3, 4],
  ]);
  const side = (k: Key): number => k.integers(1, 2)[0]!;
  const samples: Readonly<Record<string, { make: (k: Key) => tf.Tensor; says: RegExp[] }>> = {
    "zero throughout": { make: (k) => (side(k) ? k.normal([2, 2]) : tf.zerosLike(held)), says: [] },
    "one throughout": { make: (k) => (side(k) ? k.normal([2, 2]) : tf.onesLike(held)), says: [] },
    "one tensor twice": {
      make: (k) => (side(k) ? tf.square(held) : held.clone()),
      says: [/what it draws is also another draw/],
    },
  };
  const sides = (i: number): number[] => ["a", "b"].map((name) => side(key.fold("sides", i, name)));
  const calls = Array.from({ length: 40 }, (_, i) => i);
  const alike = calls.filter((i) => `${sides(i)}` === "0,0").slice(0, 2);
  const later = calls.filter((i) => sides(i)[0] !== sides(i)[1]).slice(0, 4);
  for (const [what, { make, says }] of Object.entries(samples)) {
    const body: StepBody<never, "y"> = (_, at) => {
      const [a, b] = ["a", "b"].map((name) => at.fold(name).sample(make) as tf.Tensor2D);
      return { y: tf.add(tf.matMul(tf.add(a!, held), tf.mul(b!, held)), a!) };
    };
    const step = compileStep("draws", body);
    const said = heard(() => {
      for (const i of [...alike, ...later]) {
        const [ours, called] = [step, plainStep(body)].map((some) => {
          const { y } = some.run({}, key.fold("sides", i));
          const values = [...y.dataSync()];
          y.dispose();
          return values;
        });
        t.same(ours, called, `${what}: call ${i}`);
      }
    });
    t.match(said, says, what);
    t.equal(said.length, says.length, what);
    step.dispose();
  }
  held.dispose();
  t.end();
});

t.test("compileStep() gives tensors of the caller's own, also where the body returns an input", (t) => {
  const step = compileStep<"x", "same" | "again">("passing", ({ x }) => ({ same: x, again: x }));
  const x = tf.tensor1d([1, 2]);
  for (let i = 0; i < 4; i++) {
    const { same, again } = step.run({ x }, key);
    same.dispose();
    t.same([...again.dataSync()], [1, 2]);
    again.dispose();
    t.same([...x.dataSync()], [1, 2]);
  }
  t.end();
});
