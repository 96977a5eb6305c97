import t from "tap";
import {
  DEFAULT_SENTINELS,
  type FitBatch,
  type FitParts,
  fit,
  fromArrays,
  Key,
  type Network,
  openState,
  passesOf,
  type RunState,
  type SentinelPolicy,
  type Snapshot,
  type TrainingEvent,
  tf,
  trainingLoop,
  transientState,
} from "../../../core/mod.ts";
import { mlp } from "../../../plugins/networks/mlp/mlp.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";

await tf.setBackend("cpu");
await tf.ready();

const key = Key.from("fit");
/** Three classes of points in the plane: class c around (c, c). */
const blobs = fromArrays({
  name: "blobs",
  values: key
    .fold("noise")
    .normalArray(60, 0, 0.1)
    .map((noise, i) => (Math.floor(i / 2) % 3) + noise),
  labels: Uint8Array.from({ length: 30 }, (_, i) => i % 3),
  shape: [2],
});
const plan = mlp({ hidden: [8], activation: "relu", spectralNorm: false });
const ports = { input: [2], output: [3] };
const optimizer = adam({ learningRate: 0.05, decayFrom: 0.5, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });

/** What a training is given, a network of the state's among it. */
const given = (state: RunState, changes: Partial<FitParts> = {}): FitParts => ({
  ...{ network: state.network("network", plan, ports, key.fold("network")), data: blobs, optimizer },
  ...{ epochs: 4, batch: 8, key, state: state.scope("fit"), ...changes },
});

/** Trains to the end. @returns all events, and the network's weights; frees the network */
async function finished(
  parts: FitParts,
): Promise<{ readonly events: TrainingEvent[]; readonly weights: number[] }> {
  const events: TrainingEvent[] = [];
  try {
    for await (const event of fit(parts)) events.push(event);
    return { events, weights: valuesOf(parts.network) };
  } finally {
    parts.network.dispose();
  }
}

const trained = (changes: Partial<FitParts> = {}, state = transientState()) =>
  finished(given(state, changes));

const valuesOf = (network: Network): number[] =>
  [...network.parameters.values()].flatMap((v) => [...v.dataSync()]);
const progressOf = (events: readonly TrainingEvent[]) =>
  events.flatMap((event) => (event.type === "progress" ? [event] : []));

t.test("fit() learns labels, and reports the stage, its steps and losses", async (t) => {
  const network = plan.build(ports, key);
  const events: TrainingEvent[] = [];
  for await (const event of fit({ ...given(transientState()), network, epochs: 60, stage: "train it" })) {
    events.push(event);
  }
  const all = blobs.rows(Array.from({ length: 30 }, (_, i) => i));
  const found = tf.argMax(network.apply(all, { training: false }), 1).dataSync();
  t.same([...found], [...blobs.labels!]);
  t.same(events[0], { type: "stage", stage: "train it", steps: 240 }, "60 passes of 4 batches");
  const progress = progressOf(events);
  t.equal(progress.length, 48, "every 5 steps");
  t.same(progress.at(-1)!.step, 240);
  const [first, last] = [progress[0]!.values!.loss!, progress.at(-1)!.values!.loss!];
  t.ok(last < first / 4, `the loss falls: ${first} to ${last}`);
  const bySteps = await trained({ epochs: undefined, steps: 7 });
  t.equal(progressOf(bySteps.events).at(-1)!.step, 7, "steps in place of epochs");
});

t.test("fit() takes the rows that its order says, in batches of whatever size", async (t) => {
  const sizes: number[] = [];
  await trained({
    epochs: 2,
    order: passesOf(30, 8, key, "short"),
    augment(batch) {
      sizes.push(batch.x.shape[0]!);
      t.same(batch.y.shape, [batch.x.shape[0], 3]);
      const classes = tf.argMax(batch.y, 1).dataSync();
      t.same([...tf.round(tf.mean(batch.x, 1)).dataSync()], [...classes], "each row with its class");
      return batch;
    },
  });
  t.same(sizes, [8, 8, 8, 6, 8, 8, 8, 6]);
});

t.test("fit() reports the terms of a loss, and hands on what augment adds", async (t) => {
  const seen: string[] = [];
  const parts = given(transientState());
  const { network } = parts;
  const events: TrainingEvent[] = [];
  const training = fit<FitBatch & { readonly others: tf.Tensor }>({
    ...parts,
    epochs: 1,
    perturb: async (x, labels) => {
      seen.push(`perturb ${x.shape} ${labels.dtype}`);
      return tf.add(x, 100);
    },
    augment: ({ x, y }, k) => ({ x, y, others: k.uniform([5, 2]) }),
    loss({ x, y, others }) {
      seen.push(`loss ${x.dataSync().every((v) => v > 50)} ${others.shape}`);
      const z = network.apply(x, { training: true });
      const first = tf.losses.softmaxCrossEntropy(y, z) as tf.Scalar;
      const second = tf.mean(tf.square(network.apply(others, { training: true }))) as tf.Scalar;
      return { loss: tf.add(first, second) as tf.Scalar, first, second };
    },
  });
  for await (const event of training) events.push(event);
  t.same(seen, Array.from({ length: 4 }, () => ["perturb 8,2 int32", "loss true 5,2"]).flat());
  for (const { values } of progressOf(events)) {
    t.same(Object.keys(values!), ["loss", "first", "second"]);
    t.ok(Math.abs(values!.loss! - values!.first! - values!.second!) < 1e-4);
  }
  network.dispose();
});

t.test("fit() is looked at where it is to be and after its last step, and trains as without", async (t) => {
  const looked: number[] = [];
  const look = async (step: number) => {
    looked.push(step);
    return { seen: 2 * step };
  };
  const plain = await trained({ epochs: 30 });
  const { events, weights } = await trained({ epochs: 30, examine: { every: 50, look } });
  t.same(looked, [50, 100, 120]);
  t.same(weights, plain.weights);
  const progress = progressOf(events);
  const found = progress.filter(({ values }) => values!.seen !== undefined);
  t.same(
    found.map(({ step, values }) => [step, values!.seen]),
    looked.map((step) => [step, 2 * step]),
    "beside the losses",
  );
  t.ok(found.every(({ values }) => values!.loss !== undefined));
  const others = progress.filter(({ step }) => step !== 50 && step !== 100); // reports of its own are every 3 steps
  t.same(
    others.map(({ step }) => step),
    progressOf(plain.events).map(({ step }) => step),
  );
});

t.test("fit() gives the same weights for the same key, others for another", async (t) => {
  const first = await trained();
  t.strictSame(await trained(), first);
  t.notSame((await trained({ key: Key.from("other") })).weights, first.weights);
});

/** A state that is interrupted at its n-th moment, and what it wrote down there. */
function interruptedAt(n: number): { readonly state: RunState; readonly written: () => Snapshot } {
  let moments = 0;
  let snapshot: Snapshot | undefined;
  const stop = new AbortController();
  const { root } = openState({
    signal: stop.signal,
    due: () => false,
    save: async (taken) => {
      snapshot = taken;
    },
    pause: () => {
      if (++moments === n) stop.abort(new Error("interrupted"));
      return undefined;
    },
  });
  return { state: root, written: () => snapshot! };
}

const resumedFrom = (from: Snapshot): RunState =>
  openState({
    from,
    signal: new AbortController().signal,
    due: () => false,
    save: async () => {},
    pause: () => undefined,
  }).root;

t.test("fit() interrupted before any step and resumed ends bit for bit where it would have", async (t) => {
  let begun = 0;
  const run = (state: RunState) => {
    const parts = given(state, {
      epochs: 2,
      perturb: async (x, _, at) => tf.tidy(() => tf.add(x, at.normal(x.shape))),
    });
    // doubles the weights: twice would show
    const begin = (): void => {
      begun++;
      for (const v of parts.network.parameters.values()) tf.tidy(() => v.assign(tf.mul(v, 2)));
    };
    return finished({ ...parts, begin });
  };
  const whole = await run(transientState());
  t.equal(begun, 1);
  for (let n = 1; n <= 8; n++) {
    begun = 0;
    const { state, written } = interruptedAt(n);
    await t.rejects(run(state), { message: "interrupted" });
    const rest = await run(resumedFrom(written()));
    t.strictSame(rest.weights, whole.weights, `interrupted before step ${n}`);
    t.strictSame(progressOf(rest.events), progressOf(whole.events).slice(n - 1));
    t.equal(begun, 1, "begin() was called once in all");
  }
});

t.test("fit() stopped while rows are perturbed writes down the steps before", async (t) => {
  const stop = new AbortController();
  let snapshot: Snapshot | undefined;
  const { root } = openState({
    signal: stop.signal,
    due: () => false,
    save: async (taken) => {
      snapshot = taken;
    },
    pause: () => undefined,
  });
  const perturb: FitParts["perturb"] = async (x) => {
    if (++calls === 3) {
      stop.abort(new Error("enough"));
      throw new Error("stopped within");
    }
    return x.clone();
  };
  let calls = 0;
  const before = tf.memory().numTensors;
  await t.rejects(trained({ perturb }, root), { message: "enough" });
  t.equal(snapshot!.record.cells["fit/step"], 2);
  t.equal(tf.memory().numTensors, before, "and leaves no tensor behind");
  calls = Number.NEGATIVE_INFINITY;
  const rest = await trained({ perturb }, resumedFrom(snapshot!));
  t.strictSame(rest.weights, (await trained({ perturb })).weights);
});

/** A loss that is not finite at the given steps alone. */
const spoilt = (network: () => Network, at: readonly number[], value: number): FitParts["loss"] => {
  let step = 0;
  return ({ x, y }) => {
    const loss = tf.losses.softmaxCrossEntropy(y, network().apply(x, { training: true })) as tf.Scalar;
    return tf.add(loss, at.includes(++step) ? value : 0) as tf.Scalar;
  };
};

async function alarmed(
  at: readonly number[],
  value: number,
  notFinite?: SentinelPolicy["notFinite"],
  steps = 100,
) {
  const state = transientState();
  const parts = given(state, { epochs: undefined, steps });
  const events: TrainingEvent[] = [];
  let error: unknown;
  try {
    const sentinels = notFinite && { ...DEFAULT_SENTINELS, notFinite };
    for await (const event of fit({ ...parts, sentinels, loss: spoilt(() => parts.network, at, value)! })) {
      events.push(event);
    }
  } catch (thrown) {
    error = thrown;
  } finally {
    parts.network.dispose();
  }
  return { error, alarms: events.filter(({ type }) => type === "sentinel"), progress: progressOf(events) };
}

t.test("fit() heeds the sentinels: stop, warn and off", async (t) => {
  const before = tf.memory().numTensors;
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const stopped = await alarmed([4], value);
    t.match(stopped.error, { name: "RunError", message: `fit: the loss is ${value} at step 4` });
    t.match(stopped.alarms, [{ kind: "notFinite", step: 4, action: "stop", values: { loss: `${value}` } }]);
    t.equal(stopped.progress.length, 2, "steps 2 and 4");
    t.strictSame(stopped.progress.at(-1)!.values, { loss: value }, "the loss is told as it is");
  }
  const warned = await alarmed([4], Number.NaN, "warn");
  t.equal(warned.error, undefined);
  t.match(warned.alarms, [{ step: 4, action: "warn" }]);
  t.equal(warned.progress.length, 50, "all steps are made");
  const off = await alarmed([4], Number.NaN, "off");
  t.same([off.error, off.alarms], [undefined, []]);
  t.equal(tf.memory().numTensors, before, "and leaves no tensor behind");
});

t.test("fit() sees a loss that is not finite between reports", async (t) => {
  const { error, alarms } = await alarmed([3], Number.NaN, undefined, 200);
  t.match(error, { message: "the loss is NaN at step 4" });
  t.equal(alarms.length, 1);
});

t.test("fit() sees weights that its last update has made infinite", async (t) => {
  const parts = given(transientState(), { epochs: undefined, steps: 1 });
  const bursting = {
    ...parts,
    optimizer: {
      ...optimizer,
      start: (variables: readonly tf.Variable[]) => ({
        ...optimizer.start(variables),
        update: () =>
          tf.tidy(() => variables[0]!.assign(tf.fill(variables[0]!.shape, Number.POSITIVE_INFINITY))),
      }),
    },
  };
  await t.rejects(finished(bursting), { message: "the sum of the weights is Infinity at step 1" });
});

t.test("fit() remembers over an interruption that a loss was not finite", async (t) => {
  const run = (state: RunState, at: readonly number[]) => {
    const parts = given(state, { epochs: undefined, steps: 300 }); // reports at 6, 12, …
    return finished({ ...parts, loss: spoilt(() => parts.network, at, Number.POSITIVE_INFINITY)! });
  };
  const { state, written } = interruptedAt(4);
  await t.rejects(run(state, [2]), { message: "interrupted" });
  await t.rejects(run(resumedFrom(written()), []), { message: /the loss is NaN at step 6/ });
});

t.test("fit() takes epochs or steps, not both", async (t) => {
  await t.rejects(trained({ steps: 3 }), { name: "RangeError", message: /either epochs or steps: 4 and 3/ });
  await t.rejects(trained({ epochs: undefined }), { name: "RangeError" });
});

t.test("fit() refuses rows without labels, and frees what it made whatever ends it", async (t) => {
  const { labels: _, classes: __, ...bare } = blobs;
  const before = tf.memory().numTensors;
  await t.rejects(trained({ data: bare, stage: "train it" }), {
    name: "InputError",
    message: /^train it: dataset "blobs" has no labels/,
  });
  await t.rejects(
    trained({
      loss: () => {
        throw new Error("broken");
      },
    }),
    { message: "broken" },
  );
  await t.rejects(
    trained({
      perturb: async () => {
        throw new Error("broken");
      },
    }),
    { message: "broken" },
  );
  await t.rejects(
    trained({
      begin: () => {
        throw new Error("broken");
      },
    }),
    { message: "broken" },
  );
  const left = given(transientState());
  for await (const event of fit(left)) if (event.type === "progress" && event.step === 3) break;
  left.network.dispose();
  await trained();
  t.equal(tf.memory().numTensors, before);
});

t.test("fit() holds no more tensors after 200 steps than after 20", async (t) => {
  const parts = given(transientState(), { epochs: 50 });
  const tensors: number[] = [];
  for await (const event of fit(parts)) if (event.type === "progress") tensors.push(tf.memory().numTensors);
  t.equal(new Set(tensors).size, 1, `tensors at the reports: ${tensors}`);
  parts.network.dispose();
});

t.test("trainingLoop() reports where it is told to, and after the last step", async (t) => {
  const reported = async (reportEvery: number | ((step: number) => boolean)): Promise<number[]> => {
    const events: TrainingEvent[] = [];
    const loop = trainingLoop({
      ...{ stage: "loop", steps: 7, reportEvery, state: transientState() },
      step: () => {},
      report: (step) => ({ values: { step, broken: Number.NaN }, alarms: [] }),
    });
    for await (const event of loop) events.push(event);
    t.strictSame(progressOf(events)[0]!.values, { step: progressOf(events)[0]!.step, broken: Number.NaN });
    return progressOf(events).map(({ step }) => step);
  };
  t.same(await reported(3), [3, 6, 7]);
  t.same(await reported((step) => step % 4 === 1), [1, 5, 7]);
  t.same(await reported(7), [7], "once where both fall together");
});
