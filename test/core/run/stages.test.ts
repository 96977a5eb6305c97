/** An application of several networks and stages, one within another, keeps its future by the core's state alone. */
import { lastValueFrom, type Observable, toArray } from "rxjs";
import t from "tap";
import {
  type ApplicationEvent,
  descend,
  isOfApplication,
  type Key,
  type Network,
  type RunContext,
  type RunEvent,
  type RunState,
  run,
  type Store,
  type TargetDistributionSpec,
  tf,
  train,
} from "../../../core/mod.ts";
import { weighted } from "../../../plugins/mixers/weighted/weighted.ts";
import { mlp } from "../../../plugins/networks/mlp/mlp.ts";
import { wganGp } from "../../../plugins/objectives/wgan-gp/wgan-gp.ts";
import { adam } from "../../../plugins/optimizers/adam/adam.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { loadActing } from "../parts.ts";

await tf.setBackend("cpu");
await tf.ready();

const target: TargetDistributionSpec = {
  name: "two bumps",
  alpha: 0.5,
  shape: [1],
  pd: (key, n) => key.normal([n, 1], 0, 0.1),
  pdBar: (key, n) => key.normal([n, 1], 1.5, 1),
};
const optimizer = adam({ learningRate: 0.01, decayFrom: 1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 });
const latent = (key: Key, n: number): tf.Tensor => key.normal([n, 2]);

/**
 * Semi-supervised learning in small: a generator of complement samples, a classifier that learns what is not theirs
 * together with features of its own, round by round, and two measures.
 */
function learning(settled: () => void) {
  /** The state, but that it tells of each moment before it comes. */
  const telling = (state: RunState): RunState => ({
    ...state,
    scope: (name) => telling(state.scope(name)),
    once: (name, body) => state.once(name, (inner) => body(telling(inner))),
    async settle() {
      settled();
      await state.settle();
    },
  });
  return async function* ({ state: given, key, sentinels }: RunContext): AsyncGenerator<ApplicationEvent> {
    const state = telling(given);
    const plan = mlp({ hidden: [4], activation: "leaky-relu", spectralNorm: false });
    const bounded = mlp({ hidden: [4], activation: "leaky-relu", spectralNorm: true });
    const generator = state.network("generator", plan, { input: [2], output: [1] }, key.fold("g"));
    const critic = state.network("critic", bounded, { input: [1], output: [1] }, key.fold("d"));
    const classifier = state.network("classifier", bounded, { input: [3], output: [1] }, key.fold("c"));
    try {
      const last = yield* state.once("gan", async function* (stage): AsyncGenerator<
        ApplicationEvent,
        number
      > {
        const losses = stage.cell<number[]>("losses", []);
        for await (const event of train({
          ...{
            target,
            objective: wganGp({ lambda: 0.1 }),
            mixer: weighted(),
            generator,
            critic,
            latent,
            sentinels,
          },
          ...{
            generatorOptimizer: optimizer,
            criticOptimizer: optimizer,
            k: 1,
            m: 8,
            steps: 6,
            reportEvery: 2,
          },
          ...{ key: key.fold("train"), state: stage.scope("inner") },
        })) {
          if (event.type === "progress") losses.value = [...losses.value, event.values!.criticLoss!];
          yield event;
        }
        return losses.value.reduce((a, b) => a + b);
      });
      yield* state.once("ssl", async function* (stage): AsyncGenerator<ApplicationEvent, null> {
        const features = stage.network("features", plan, { input: [1], output: [3] }, key.fold("f"));
        try {
          for (let round = 1; round <= 2; round++) {
            const loss = yield* stage.once(`round ${round}`, (inner) =>
              roundOf(inner, key.fold("round", round), { generator, features, classifier }),
            );
            yield { type: "metrics", values: { [`loss ${round}`]: loss } };
          }
          return null;
        } finally {
          features.dispose();
        }
      });
      yield* state.once("measure", async function* (): AsyncGenerator<ApplicationEvent, undefined> {
        yield { type: "metrics", values: { last, weights: await sumOf([generator, critic, classifier]) } };
      });
    } finally {
      for (const network of [generator, critic, classifier]) network.dispose();
    }
  };
}

type Nets = Readonly<Record<"generator" | "features" | "classifier", Network>>;

async function* roundOf(
  state: RunState,
  key: Key,
  { generator, features, classifier }: Nets,
): AsyncGenerator<ApplicationEvent, number> {
  const variables = [...features.parameters.values(), ...classifier.parameters.values()];
  const running = optimizer.start(variables);
  try {
    state.keep("optimizer", running.state);
    const at = state.cell("at", { step: 0, loss: 0 });
    while (at.value.step < 3) {
      await state.settle();
      const step = at.value.step + 1;
      const loss = tf.tidy(() => {
        classifier.prepare?.();
        const mode = { training: true, key: key.fold(step) };
        const given = Object.entries(running.numbers(step, 0));
        const numbers = Object.fromEntries(given.map(([name, value]) => [name, tf.scalar(value)]));
        const fake = generator.apply(latent(key.fold("z", step), 8), { training: false });
        const real = target.pd(key.fold("pd", step), 8);
        const judge = (x: tf.Tensor): tf.Tensor => classifier.apply(features.apply(x, mode), mode);
        const of = (): tf.Scalar =>
          tf.mean(tf.add(tf.softplus(judge(fake)), tf.softplus(tf.neg(judge(real)))));
        return descend(of, variables, running, numbers).dataSync()[0]!;
      });
      at.value = { step, loss };
      yield { type: "progress", stage: "round", step, steps: 3, values: { loss } };
    }
    return at.value.loss;
  } finally {
    running.dispose();
  }
}

async function sumOf(networks: readonly Network[]): Promise<number> {
  const sum = tf.tidy(() =>
    tf.addN(
      networks.flatMap((n) => [...n.parameters.values(), ...n.state.values()].map((v) => tf.sum(tf.abs(v)))),
    ),
  );
  const [value] = await sum.data();
  sum.dispose();
  return value!;
}

const all = (events: Observable<RunEvent>): Promise<RunEvent[]> => lastValueFrom(events.pipe(toArray()));
const bodies = (events: readonly RunEvent[]): unknown[] =>
  events.filter(isOfApplication).map(({ seq, time, ...body }) => body);

/** Runs to the end, each session but the last dying before its nth moment. */
async function throughDeaths(
  deaths: readonly number[],
  checkpoint: string,
): Promise<{ store: Store; moments: number }> {
  const store = memoryStore();
  let moments = 0;
  let resume: string | undefined;
  for (const death of [...deaths, Number.POSITIVE_INFINITY]) {
    moments = 0;
    const application = learning(() => {
      if (++moments === death) throw new Error("crashed");
    });
    const loaded = await loadActing(application, checkpoint);
    await all(run(loaded, { store, ...(resume !== undefined && { resume }) }));
    resume = (await store.list())[0]!;
  }
  return { store, moments };
}

t.test("an application of many stages dies at any moment and comes out the same", async (t) => {
  const whole = await throughDeaths([], "");
  const reader = await whole.store.open("acted-1");
  const expected = await reader.result();
  t.equal(expected?.status, "passed", expected?.error?.message ?? "");
  t.equal(whole.moments, 12);
  for (const checkpoint of ["checkpoint: { steps: 1 }", "checkpoint: { steps: 4 }"]) {
    for (let death = 1; death <= whole.moments; death++) {
      const { store } = await throughDeaths([death, 2], checkpoint);
      const resumed = await store.open("acted-1");
      const result = await resumed.result();
      t.strictSame(
        result?.metrics,
        expected?.metrics,
        `died at ${death}, ${checkpoint}: ${result?.error?.message}`,
      );
      t.strictSame(bodies(await resumed.events()), bodies(await reader.events()));
    }
  }
});
