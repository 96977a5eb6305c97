import t from "tap";
import {
  type GanObjective,
  Key,
  type Mixer,
  type Network,
  type Optimizer,
  type TargetDistributionSpec,
  type Training,
  tf,
  train,
  transientState,
} from "../../../core/mod.ts";
import { samplingTrick } from "../../../plugins/mixers/sampling-trick/sampling-trick.ts";
import { weighted } from "../../../plugins/mixers/weighted/weighted.ts";
import { mlp } from "../../../plugins/networks/mlp/mlp.ts";
import { wgan } from "../../../plugins/objectives/wgan/wgan.ts";
import { wganGp } from "../../../plugins/objectives/wgan-gp/wgan-gp.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";

await tf.setBackend("cpu");
await tf.ready();

/** pd sits at 0, pdBar at 0 and 3 in equal parts: with α = ½ the difference is the part at 3. */
const target = (alpha: number): TargetDistributionSpec => ({
  name: "two bumps",
  alpha,
  shape: [1],
  pd: (key, n) => key.normal([n, 1], 0, 0.1),
  pdBar: (key, n) =>
    tf.tidy(() => {
      const side = tf.tensor2d(
        Float32Array.from(key.fold("side").integers(n, 2), (s) => 3 * s),
        [n, 1],
      );
      return tf.add(side, key.fold("noise").normal([n, 1], 0, 0.1));
    }),
});

/** A small training and what frees it. */
function training(
  changes: Partial<Training> & { readonly alpha?: number; readonly spectralNorm?: boolean } = {},
): {
  readonly given: Training;
  readonly dispose: () => void;
} {
  const { alpha = 0.5, spectralNorm = false, ...rest } = changes;
  const key = changes.key ?? Key.from("train");
  const plan = mlp({ hidden: [8], activation: "leaky-relu", spectralNorm });
  const generator = plan.build({ input: [1], output: [1] }, key.fold("generator"));
  const critic = plan.build({ input: [1], output: [1] }, key.fold("critic"));
  const optimizer = adam({ learningRate: 0.01, decayFrom: 1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 });
  return {
    given: {
      target: target(alpha),
      objective: wganGp({ lambda: 0.1 }),
      mixer: weighted(),
      generator,
      critic,
      latent: (k, n) => k.normal([n, 1]),
      generatorOptimizer: optimizer,
      criticOptimizer: optimizer,
      k: 1,
      m: 8,
      steps: 10,
      reportEvery: 4,
      key,
      state: transientState(),
      ...rest,
    },
    dispose: () => {
      generator.dispose();
      critic.dispose();
    },
  };
}

/** What a training reports: its step and losses. */
interface StepReport {
  readonly step: number;
  readonly criticLoss: number;
  readonly generatorLoss: number;
}

async function run(changes: Parameters<typeof training>[0] = {}): Promise<StepReport[]> {
  const { given, dispose } = training(changes);
  const reports: StepReport[] = [];
  try {
    for await (const event of train(given)) {
      if (event.type === "progress") reports.push({ step: event.step, ...event.values } as StepReport);
    }
  } finally {
    dispose();
  }
  return reports;
}

/** The objective, noting each call: what it was called for and the batches it saw. */
function spy(inner: GanObjective = wganGp({ lambda: 0.1 })): { objective: GanObjective; calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    objective: {
      ...inner,
      criticLoss(critic, real, fake, key) {
        const batches = fake.map(({ weight, x }) => `${weight}×${x.shape[0]}`).join("+");
        calls.push(`C ${real.shape[0]} against ${batches}`);
        return inner.criticLoss(critic, real, fake, key);
      },
      generatorLoss(critic, generated) {
        calls.push(`G ${generated.shape[0]}`);
        return inner.generatorLoss(critic, generated);
      },
    },
  };
}

t.test("train() makes k critic steps, then one of the generator", async (t) => {
  const cases: readonly [k: number, m: number, alpha: number, mixer: Mixer, fake: string][] = [
    [1, 8, 0.5, weighted(), "0.5×8+0.5×8"],
    [3, 4, 0.25, weighted(), "0.75×4+0.25×4"],
    [2, 5, 0, weighted(), "1×5"],
    [5, 10, 0.8, samplingTrick(), "1×10"],
  ];
  for (const [k, m, alpha, mixer, fake] of cases) {
    const { objective, calls } = spy();
    await run({ objective, k, m, alpha, mixer, steps: 3 });
    const step = [...Array<string>(k).fill(`C ${m} against ${fake}`), `G ${m}`];
    t.same(calls, [...step, ...step, ...step], `k ${k}, m ${m}, α ${alpha}, ${mixer.name}`);
  }
});

t.test(
  "train() draws m generated rows in critic steps where the generator couples rows, whatever the mixer",
  async (t) => {
    for (const couplesRows of [true, false]) {
      for (const mixer of [samplingTrick(), weighted()]) {
        const drawn: number[] = [];
        const { given, dispose } = training({ mixer, alpha: 0.8, m: 10, steps: 1 });
        const latent: Training["latent"] = (k, n) => {
          drawn.push(n);
          return given.latent(k, n);
        };
        const { objective, calls } = spy();
        const generator = { ...given.generator, couplesRows };
        for await (const _ of train({ ...given, generator, latent, objective })) {
          // nothing but its draws
        }
        dispose();
        const kept = mixer.name === "sampling-trick" && !couplesRows ? 2 : 10;
        t.same(drawn.slice(0, 2), [kept, 10], `${mixer.name}, ${couplesRows ? "" : "not "}coupled`);
        t.match(
          calls[0],
          mixer.name === "sampling-trick" ? /1×10$/ : /×10\+.*×10$/,
          "the critic sees as many as ever",
        );
      }
    }
  },
);

t.test("train() draws every batch afresh, from pdBar, pd and pg", async (t) => {
  const seen: number[][] = [];
  const inner = wganGp({ lambda: 0.1 });
  const objective: GanObjective = {
    ...inner,
    criticLoss(critic, real, fake, key) {
      seen.push(...[real, ...fake.map(({ x }) => x)].map((x) => [...x.dataSync()]));
      return inner.criticLoss(critic, real, fake, key);
    },
    generatorLoss(critic, generated) {
      seen.push([...generated.dataSync()]);
      return inner.generatorLoss(critic, generated);
    },
  };
  await run({ objective, k: 2, steps: 2, alpha: 0.5 });
  t.equal(new Set(seen.map(String)).size, 2 * (2 * 3 + 1), "no batch occurs twice");
  const [real, , fromPd] = seen;
  t.ok(
    fromPd!.every((x) => Math.abs(x) < 1),
    "pd sits at 0",
  );
  t.ok(
    real!.every((x) => Math.abs(x) < 1 || Math.abs(x - 3) < 1) && real!.some((x) => x > 2),
    "pdBar at 0 and 3",
  );
});

t.test("train() tells each optimiser its own steps and the progress", async (t) => {
  const told: [string, number, number][] = [];
  const still = (name: string): Optimizer => ({
    name,
    start: () => ({
      state: new Map(),
      numbers: (step, progress) => {
        told.push([name, step, progress]);
        return {};
      },
      update() {},
      dispose: () => void told.push([name, -1, -1]),
    }),
  });
  await run({ k: 2, steps: 2, criticOptimizer: still("C"), generatorOptimizer: still("G") });
  t.same(told, [
    ["C", 1, 0],
    ["C", 2, 0],
    ["G", 1, 0],
    ["C", 3, 0.5],
    ["C", 4, 0.5],
    ["G", 2, 0.5],
    ["C", -1, -1],
    ["G", -1, -1],
  ]);
});

t.test("train() changes the critic in critic steps only, the generator in its own only", async (t) => {
  const { given, dispose } = training({ k: 2, steps: 2 });
  const read = (net: Training["critic"]): string =>
    [...net.parameters.values()].map((v) => v.dataSync().join()).join();
  const log: string[] = [];
  let before = [read(given.critic), read(given.generator)];
  const note = (who: string): void => {
    const now = [read(given.critic), read(given.generator)];
    log.push(
      `before ${who}:${now[0] === before[0] ? "" : " critic"}${now[1] === before[1] ? "" : " generator"}`,
    );
    before = now;
  };
  const inner = given.objective;
  const objective: GanObjective = {
    ...inner,
    criticLoss(...args) {
      note("C");
      return inner.criticLoss(...args);
    },
    generatorLoss(...args) {
      note("G");
      return inner.generatorLoss(...args);
    },
  };
  for await (const _ of train({ ...given, objective }));
  const cycle = ["before C: critic", "before G: critic"];
  t.same(log, ["before C:", ...cycle, "before C: generator", ...cycle]);
  dispose();
});

t.test("train() prepares networks and constrains the critic", async (t) => {
  const { given, dispose } = training({
    spectralNorm: true,
    k: 3,
    steps: 4,
    objective: wgan({ clip: 0.02 }),
  });
  const prepared = { critic: 0, generator: 0 };
  const counting = (which: keyof typeof prepared): Network => ({
    ...given[which],
    prepare() {
      prepared[which]++;
      given[which].prepare!();
    },
  });
  const counted = { ...given, critic: counting("critic"), generator: counting("generator") };
  for await (const _ of train(counted));
  t.same(prepared, { critic: 12, generator: 4 });
  const largest = Math.max(
    ...[...given.critic.parameters.values()].flatMap((v) => [...v.dataSync()]).map(Math.abs),
  );
  t.ok(largest <= Math.fround(0.02), `clipped: ${largest}`);
  dispose();
});

t.test("train() reports every reportEvery-th step and the last", async (t) => {
  const steps = async (changes: Partial<Training>): Promise<number[]> =>
    (await run(changes)).map((r) => r.step);
  t.same(await steps({ steps: 10, reportEvery: 4 }), [4, 8, 10]);
  t.same(await steps({ steps: 8, reportEvery: 4 }), [4, 8], "once where both fall together");
  t.same(await steps({ steps: 3, reportEvery: 100 }), [3]);
  t.same(await steps({ steps: 3, reportEvery: 1 }), [1, 2, 3]);
});

t.test("train() begins once, before the first step", async (t) => {
  const { objective, calls } = spy();
  await run({ objective, k: 1, steps: 2, begin: () => void calls.push("begin") });
  t.equal(calls[0], "begin");
  t.equal(calls.filter((call) => call === "begin").length, 1);
});

t.test("train() reports 200 times unless it is told otherwise", async (t) => {
  const { given, dispose } = training({ steps: 450, m: 2 });
  const { reportEvery: _, ...rest } = given;
  const steps: number[] = [];
  for await (const event of train(rest)) if (event.type === "progress") steps.push(event.step);
  t.same([steps[0], steps.length], [2, 225], "every second step of 450");
  dispose();
});

t.test("train() reports the losses of its step, whenever it reads them", async (t) => {
  const each = await run({ reportEvery: 1, k: 2 });
  const some = await run({ reportEvery: 4, k: 2 });
  t.same(
    some,
    each.filter(({ step }) => [4, 8, 10].includes(step)),
  );
});

/** The objective, one of whose losses is NaN from its n-th call on. */
function spoilt(which: "criticLoss" | "generatorLoss", n: number): GanObjective {
  const inner = wganGp({ lambda: 0.1 });
  let calls = 0;
  const spoil = (loss: tf.Scalar): tf.Scalar => (++calls >= n ? tf.mul(loss, Number.NaN) : loss);
  return which === "criticLoss"
    ? { ...inner, criticLoss: (...args) => spoil(inner.criticLoss(...args)) }
    : { ...inner, generatorLoss: (...args) => spoil(inner.generatorLoss(...args)) };
}

t.test("train() stops at a loss that is not a number, with its step and which loss", async (t) => {
  const before = tf.memory().numTensors;
  const cases = [
    ["generatorLoss", 7, 5, /^train: the generator's loss is NaN at step 7:/],
    ["generatorLoss", 5, 5, /^train: the generator's loss is NaN at step 5:/],
    ["generatorLoss", 6, 5, /^train: the generator's loss is NaN at step 6:/],
    ["criticLoss", 3, 5, /^train: the critic's loss is NaN at step 3:/],
    ["criticLoss", 10, 100, /^train: the critic's loss is NaN at step 10:/],
  ] as const;
  for (const [which, step, reportEvery, message] of cases) {
    await t.rejects(run({ objective: spoilt(which, step), reportEvery }), { name: "RunError", message });
  }
  t.equal(tf.memory().numTensors, before, "and leaves no tensor behind");
});

t.test("train() stops where it is aborted, with the reason", async (t) => {
  const before = tf.memory().numTensors;
  const stop = new AbortController();
  const { objective, calls } = spy();
  const { given, dispose } = training({
    objective,
    state: transientState(stop.signal),
    reportEvery: 4,
    steps: 100,
  });
  const seen: number[] = [];
  await t.rejects(
    async () => {
      for await (const event of train(given)) {
        if (event.type !== "progress") continue;
        seen.push(event.step);
        stop.abort(new Error("enough"));
      }
    },
    { message: "enough" },
  );
  t.same(seen, [4]);
  t.equal(calls.filter((c) => c.startsWith("G")).length, 4, "no step is begun after the abort");
  dispose();
  t.equal(tf.memory().numTensors, before, "and leaves no tensor behind");
});

t.test("train() holds no more tensors after 200 steps than after 20", async (t) => {
  const before = tf.memory().numTensors;
  for (const changes of [
    { mixer: samplingTrick(), spectralNorm: true },
    { objective: wgan({ clip: 0.1 }), k: 2 },
  ]) {
    const { given, dispose } = training({ ...changes, steps: 200, reportEvery: 20 });
    const tensors: number[] = [];
    for await (const { type } of train(given)) {
      if (type === "progress") tensors.push(tf.memory().numTensors);
    }
    t.equal(new Set(tensors).size, 1, `tensors at the reports: ${tensors}`);
    dispose();
    t.equal(tf.memory().numTensors, before, "and none in the end");
  }
});

t.test("train() frees its memory where the consumer leaves early", async (t) => {
  const before = tf.memory().numTensors;
  const { given, dispose } = training({ reportEvery: 1 });
  for await (const event of train(given)) if (event.type === "progress" && event.step === 2) break;
  dispose();
  t.equal(tf.memory().numTensors, before);
});

t.test("train() gives the same losses for the same key, bit for bit, and others for another", async (t) => {
  const losses = (key: Key): Promise<StepReport[]> =>
    run({ key, reportEvery: 1, k: 2, mixer: samplingTrick() });
  const first = await losses(Key.from(5));
  t.strictSame(await losses(Key.from(5)), first);
  const other = await losses(Key.from(6));
  t.ok(
    other.every(
      (r, i) => r.criticLoss !== first[i]!.criticLoss && r.generatorLoss !== first[i]!.generatorLoss,
    ),
    "no loss is shared",
  );
});

t.test("train() moves pg to where pdBar is and pd is not", async (t) => {
  const { given, dispose } = training({ k: 3, m: 32, steps: 250, reportEvery: 250, mixer: samplingTrick() });
  for await (const _ of train(given));
  const samples = tf.tidy(() => {
    const z = given.latent(Key.from("test"), 500);
    return [...given.generator.apply(z, { training: false }).dataSync()];
  });
  const near3 = samples.filter((x) => Math.abs(x - 3) < 1).length / samples.length;
  t.ok(near3 > 0.9, `share of samples near 3: ${near3}`);
  dispose();
});

t.test("train() names the objective or target that gives something else than it should", async (t) => {
  const sound = wganGp({ lambda: 0.1 });
  const faults: [Partial<Training>, string][] = [
    [
      { objective: { ...sound, name: "odd", criticLoss: (critic, real) => critic(real) as tf.Scalar } },
      'objective "odd": its criticLoss gave a tensor of the shape [16,1], not a scalar',
    ],
    [
      { objective: { ...sound, name: "odd", generatorLoss: () => undefined as never } },
      'objective "odd": its generatorLoss gave undefined, not a scalar',
    ],
    [
      { target: { ...target(0.5), pd: (key, n) => key.normal([n, 2]) } },
      'target "two bumps": pd gave rows [16,2], not 16 rows of its shape, [16,1]',
    ],
    [
      { target: { ...target(0.5), pdBar: (key) => key.normal([3, 1]) } },
      'target "two bumps": pdBar gave rows [3,1], not 16 rows of its shape, [16,1]',
    ],
  ];
  for (const [changes, message] of faults) {
    const { given, dispose } = training({ m: 16, ...changes });
    await t.rejects(
      (async () => {
        for await (const _ of train(given));
      })(),
      { name: "RunError", message },
    );
    dispose();
  }
});
