import { lastValueFrom, toArray } from "rxjs";
import t from "tap";
import {
  component,
  DEFAULT_SENTINELS,
  definePlugin,
  loadScenario,
  type NetworkPlan,
  Networks,
  type RunEvent,
  run,
  type SentinelPolicy,
  tf,
  transientState,
  watchOf,
  z,
} from "../../../core/mod.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";

const watch = (policy: Partial<SentinelPolicy> = {}) =>
  watchOf({ ...DEFAULT_SENTINELS, ...policy }, transientState());

t.test("finite() raises an alarm at NaN and infinities, once until all is well again", async (t) => {
  const { finite } = watch();
  t.strictSame(finite(1, { "critic's loss": 1, other: -2 }), []);
  t.match(finite(2, { "critic's loss": Number.NaN, other: 1 }), [
    {
      kind: "notFinite",
      step: 2,
      values: { "critic's loss": "NaN" },
      action: "stop",
      message: /^the critic's loss is NaN at step 2: training has diverged/,
    },
  ]);
  t.strictSame(finite(3, { "critic's loss": Number.NaN }), [], "told already");
  t.strictSame(finite(4, { "critic's loss": 0 }), []);
  t.match(finite(5, { w: Number.POSITIVE_INFINITY }), [{ step: 5, values: { w: "Infinity" } }]);
  t.strictSame(watch({ notFinite: "off" }).finite(1, { a: Number.NaN }), []);
  t.match(watch({ notFinite: "warn" }).finite(1, { a: Number.NaN }), [{ action: "warn" }]);
});

t.test("runaway() raises an alarm at a loss a thousand times what was usual", async (t) => {
  const { runaway } = watch();
  for (let step = 1; step <= 30; step++) t.strictSame(runaway(step, 20 + (step % 5)), []);
  t.strictSame(runaway(31, -20_000), []);
  t.match(runaway(32, -30_000), [
    { kind: "runaway", step: 32, values: { criticLoss: -30_000 }, action: "warn" },
  ]);
  t.strictSame(runaway(33, 1e9), []);
  t.strictSame(runaway(34, 20), []);
  t.equal(runaway(35, 1e9).length, 1);
  t.strictSame(watch().runaway(1, 1e9), [], "of a first loss nobody knows what is usual");
});

t.test("runaway() is not outrun by a loss that grows slowly, nor startled by one that settles", async (t) => {
  const { runaway } = watch();
  const alarms = Array.from({ length: 200 }, (_, i) => runaway(i + 1, 1.2 ** i)).flat();
  t.equal(alarms.length, 1);
  t.ok(alarms[0]!.step < 100, `at step ${alarms[0]!.step}`);
  const settling = watch();
  const losses = Array.from({ length: 200 }, (_, i) => -(9000 * (1 - 0.9 ** i) + 10)); // to what its data asks for
  t.strictSame(
    losses.flatMap((loss, i) => settling.runaway(i + 1, loss)),
    [],
  );
});

t.test("collapse() raises an alarm where the spread is next to nothing twice in a row", async (t) => {
  const { collapse } = watch({ collapse: "stop" });
  t.strictSame([collapse(1, 0.001), collapse(2, 0.5), collapse(3, 0)].flat(), []);
  t.match(collapse(4, 0), [{ kind: "collapse", step: 4, values: { spread: 0 }, action: "stop" }]);
});

/** The events of a small training. */
async function events(application: string, rest = ""): Promise<RunEvent[]> {
  const text = `
name: ill
engine: cpu
${rest}
application:
  use: generate
  target: { use: convolution, data: { use: uniform }, noise: { normal: 1 }, alpha: 0.5 }
  critic: { use: mlp, hidden: [4] }
  m: 8
  k: 1
${application}`;
  const loaded = await loadScenario(text, {
    base: new URL(import.meta.url),
    file: "ill.yaml",
    plugins: [...builtinPlugins, stuck],
  });
  return await lastValueFrom(run(loaded, { store: memoryStore() }).pipe(toArray()));
}

const wild = `
  objective: wgan
  optimizer: { use: sgd, learningRate: 1.0e+30 }
  steps: 40`;

t.test("a training that diverges ends its run, the alarm before the end", async (t) => {
  const seen = await events(wild);
  const alarm = seen.find(({ type }) => type === "sentinel");
  t.match(alarm, { kind: "notFinite", action: "stop" });
  t.match(Object.values((alarm as RunEvent<"sentinel">).values).join(), /NaN|Infinity/);
  t.match(seen.at(-1), { type: "ended", status: "failed", error: (alarm as RunEvent<"sentinel">).message });
  t.equal(seen.at(-2)?.type, "sentinel");
});

t.test("a training that diverges goes on where the scenario says so", async (t) => {
  const seen = await events(wild, "sentinels: { notFinite: warn, runaway: off }");
  const alarms = seen.filter(({ type }) => type === "sentinel");
  t.match(alarms, [{ kind: "notFinite", action: "warn" }]);
  t.equal(seen.filter((e) => e.type === "progress" && e.stage === "train").length, 40, "all steps are made");
  t.strictSame(JSON.parse(JSON.stringify(seen)), seen, "no number that JSON lacks");
});

t.test("a loss that ends as no number is told as that, not as the last that was one", async (t) => {
  const expect = "expect: { criticLoss: { atMost: 100 }, generatorLoss: { atLeast: -1.0e+300 } }";
  const seen = await events(wild, `sentinels: { notFinite: off, runaway: off }\n${expect}`);
  const losses = seen.flatMap((e) =>
    e.type === "progress" && e.stage === "train" ? [e.values?.criticLoss] : [],
  );
  t.equal(losses.length, 40);
  t.match(
    losses.slice(2),
    losses.slice(2).map(() => /^(NaN|-?Infinity)$/),
    "every step has its loss",
  );
  const metrics = Object.assign({}, ...seen.flatMap((e) => (e.type === "metrics" ? [e.values] : [])));
  t.equal(metrics.criticLoss, losses.at(-1));
  t.match(
    seen.filter((e) => e.type === "expectation"),
    [
      { metric: "criticLoss", value: /NaN|Infinity/, met: false },
      { metric: "generatorLoss", value: /NaN|Infinity/, met: false },
    ],
  );
  t.match(seen.at(-1), { type: "ended", status: "missed" });
});

/** A generator whose z counts for nothing: it learns one point. */
const stuck = definePlugin({
  name: "stuck",
  core: "*",
  components: [
    component(Networks, {
      name: "stuck",
      summary: "One point",
      options: () => z.strictObject({}),
      create: (): NetworkPlan => ({
        name: "stuck",
        build({ input, output }) {
          const point = tf.variable(tf.zeros([1, ...output]));
          return {
            inputShape: input,
            outputShape: output,
            parameters: new Map([["point", point]]),
            state: new Map(),
            apply: (latent) => tf.add(tf.mul(tf.mean(latent, -1, true), 0), point),
            dispose: () => point.dispose(),
          };
        },
      }),
    }),
  ],
});

t.test("a generator that has collapsed is told once; one that has not is not", async (t) => {
  const kinds = async (generator: string): Promise<string[]> =>
    (await events(`\n  generator: ${generator}\n  steps: 100`)).flatMap((e) =>
      e.type === "sentinel" ? e.kind : [],
    );
  t.strictSame(await kinds("stuck"), ["collapse"]);
  t.strictSame(await kinds("{ use: mlp, hidden: [4] }"), []);
});
