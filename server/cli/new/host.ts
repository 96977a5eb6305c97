/**
 * Templates of what computes and draws.
 *
 * @module
 */
import { shortTraining, type Template } from "./template.ts";

export const engine: Template = {
  contract: "Engines",
  what: "an engine",
  source: `/**
 * What executes TensorFlow.js: here its own kernels in JavaScript. An engine registers a backend of TensorFlow.js and
 * makes it the one in use.
 *
 * @module
 */
import { component, Engines, tf } from "dsgan";

export default component(Engines, {
  name: "NAME",
  summary: "TensorFlow.js in plain JavaScript",
  create: () => ({
    name: "NAME",
    merit: 0, // \`auto\` tries engines from the highest merit down; below 0 it never takes them
    async start() {
      await tf.setBackend("cpu");
      await tf.ready();
      return { name: "NAME", version: tf.version_core, device: "JavaScript", reason: "asked for by name" };
    },
  }),
});
`,
  application: shortTraining(),
  imports: { testing: ["checkEngine"], dsgan: [] },
  check: `await checkEngine(tester(t), await context.create(Engines, "NAME"), {
    plugins: [new URL("../src/NAME.ts", import.meta.url).href],
  });`,
};

export const painter: Template = {
  contract: "Painters",
  what: "a painter",
  source: `/**
 * Draws pictures, as PNG: here another painter, whose titles get a prefix. Replace its functions one by one by your own.
 *
 * @module
 */
import { component, type Painter, Painters, z } from "dsgan";

export default component(Painters, {
  name: "NAME",
  summary: "Another painter, with a prefix before each title",
  options: (refs) =>
    z.strictObject({
      inner: refs(Painters).prefault({ use: "vega" }).describe("Who draws."),
      prefix: z.string().default("NAME: ").describe("Stands before each title."),
    }),
  async create(options, context): Promise<Painter> {
    const { inner, prefix } = await context.build(options);
    return {
      ...inner,
      name: "NAME",
      scatter: (title, series, on) => inner.scatter(prefix + title, series, on),
      histogram: (title, series, on) => inner.histogram(prefix + title, series, on),
      lines: (title, axes, series) => inner.lines(prefix + title, axes, series),
      panels: (title, panels, columns) => inner.panels(prefix + title, panels, columns),
    };
  },
});
`,
  application: shortTraining(),
  imports: { testing: ["checkPainter"], dsgan: [] },
  check: `await checkPainter(tester(t), await context.create(Painters, "NAME"));`,
};

export const application: Template = {
  contract: "Applications",
  what: "an application",
  source: `/**
 * A use of DSGAN: trains critic and generator by Algorithm 1 and tells how far the samples are from pd. What determines
 * its future is in \`state\`, so that it goes on after an interruption as if there had been none.
 *
 * @module
 */
import {
  type Application,
  Applications,
  type ApplicationEvent,
  type Built,
  component,
  Mixers,
  Networks,
  Objectives,
  Optimizers,
  priorSampler,
  type Refs,
  type RunContext,
  Targets,
  tf,
  train,
  z,
} from "dsgan";

const options = (refs: Refs) =>
  z.strictObject({
    target: refs(Targets).describe("What to learn."),
    generator: refs(Networks).prefault({ use: "mlp", hidden: [16] }).describe("Architecture of G."),
    critic: refs(Networks).prefault({ use: "mlp", hidden: [16] }).describe("Architecture of D."),
    objective: refs(Objectives).prefault({ use: "wgan-gp", lambda: 0.1 }).describe("The game."),
    mixer: refs(Mixers).prefault({ use: "sampling-trick" }).describe("How the fake batch is made."),
    optimizer: refs(Optimizers).prefault({ use: "adam" }).describe("Of critic and generator."),
    m: z.int().positive().default(32).describe("Batch size."),
    steps: z.int().positive().default(20).describe("Steps of the generator."),
    n: z.int().positive().default(200).describe("Samples that are judged."),
  });

type Parts = Built<typeof options>;

async function* runApplication(parts: Parts, context: RunContext): AsyncGenerator<ApplicationEvent> {
  const { key, state, sentinels } = context;
  const { target, n } = parts;

  // Networks kept at the root of the state are in every checkpoint, and can be exported and sampled afterwards.
  const ports = { input: [2], output: target.shape, ...(target.range && { range: target.range }) };
  const generator = state.network("generator", parts.generator, ports, key.fold("generator"));
  const critic = state.network(
    "critic",
    parts.critic,
    { input: target.shape, output: [1] },
    key.fold("critic"),
  );
  try {
    // A stage: once it has ended, what it keeps in its own part of the state is forgotten.
    yield* state.once("train", (stage) =>
      train({
        ...parts,
        generator,
        critic,
        latent: priorSampler("normal", [2]),
        generatorOptimizer: parts.optimizer,
        criticOptimizer: parts.optimizer,
        k: 1,
        key: key.fold("train"),
        state: stage,
        sentinels,
      }),
    );

    // A loop of one's own: a cell counts what is done, settle() is a moment at which the run may be interrupted.
    const judged = state.cell<number>("judged", 0);
    const total = state.cell<number>("total", 0);
    yield { type: "stage", stage: "judge", steps: n };
    while (judged.value < n) {
      await state.settle();
      const count = Math.min(50, n - judged.value);
      const sum = tf.tidy(() => {
        const batch = key.fold("judge", judged.value);
        const z = batch.fold("z").normal([count, 2]);
        const pg = generator.apply(z, { training: false }); // [count, ...shape]
        const pd = target.pd(batch.fold("pd"), count);
        return tf.sum(tf.abs(tf.sub(pg, pd)));
      });
      const [distance] = await sum.data();
      sum.dispose();
      judged.value += count;
      total.value += distance!;
      yield { type: "progress", stage: "judge", step: judged.value, steps: n };
    }
    yield { type: "metrics", values: { meanDistance: total.value / n } };
  } finally {
    generator.dispose();
    critic.dispose();
  }
}

export default component(Applications, {
  name: "NAME",
  summary: "Trains on a target and tells how far its samples are from pd",
  options,
  async create(given, context): Promise<Application> {
    const parts = await context.build(given);
    return { name: "NAME", run: (running) => runApplication(parts, running) };
  },
});
`,
  application: `use: NAME
target: { use: convolution, data: ring, noise: { normal: 0.4 }, alpha: 0.8 }
steps: 30`,
  expect: "meanDistance: { atMost: 10 }",
  imports: { testing: ["checkApplication"], dsgan: [] },
  check: `await checkApplication(tester(t), {
    plugin,
    scenario: "{ engine: cpu, application: { use: NAME, target: { use: convolution, data: ring, noise: { normal: 0.4 } } } }",
  });`,
};
