/**
 * The application `generate`: trains DSGAN on a target (Algorithm 1), keeps samples and pictures of pd, pdBar and pg,
 * and measures whether pg is the difference that was asked for. The case studies of the paper's Sec. 2.2 are
 * scenarios of it.
 *
 * @module
 */
import { dump } from "npyjs";
import {
  type Application,
  type ApplicationEvent,
  Applications,
  type Built,
  component,
  type EventBody,
  ganShape,
  InputError,
  type Key,
  type Measure,
  type MeasureInput,
  Measures,
  type Network,
  Networks,
  type Numbers,
  numbersOf,
  Optimizers,
  type Painter,
  painterOf,
  priorSampler,
  type Reading,
  type Refs,
  type RunContext,
  RunError,
  type RunState,
  readingOf,
  type Sampler,
  Targets,
  tf,
  train,
  transientState,
  unstandardised,
  z,
} from "../../../core/mod.ts";
import { lossCurves, pictures } from "./pictures.ts";

const count = z.int().positive();

const options = (refs: Refs) =>
  z.strictObject({
    target: refs(Targets).describe("What to learn: pd and pdBar of Eq. (1), and α."),
    generator: refs(Networks)
      .prefault({ use: "mlp" })
      .describe("Architecture of G; its ends take the shapes of z and of the data."),
    critic: refs(Networks)
      .prefault({ use: "mlp" })
      .describe("Architecture of D; its ends take the shapes of the data and of a score."),
    optimizer: refs(Optimizers).prefault({ use: "adam" }).describe("Of the generator."),
    ...ganShape(refs, {
      objective: { use: "wgan-gp" },
      mixer: { use: "sampling-trick" },
      latent: { size: 32, distribution: "normal" },
      ...{ k: 5, m: 64 },
    }),
    steps: count.default(1000).describe("Generator steps."),
    samples: count.default(1000).describe("Rows of pd, pdBar and pg to keep and draw."),
    previews: z.int().min(0).default(4).describe("Pictures drawn on the way."),
    measures: z.array(refs(Measures)).default([]).describe("What to measure of the samples."),
    measureEvery: count
      .optional()
      .describe("Measure on the way too, once in so many steps; by default at the end only."),
  });

/** All that `generate` is made of. */
export type Generate = Built<typeof options> & {
  /** Draws the pictures; without one there are none. */
  readonly painter: Painter | undefined;
};

/**
 * The application, ready to run.
 * @throws InputError where the parts do not fit each other, before anything is trained
 */
export function generate(parts: Generate): Application {
  parts.mixer.check?.(parts.target.alpha, parts.m);
  for (const measure of parts.measures) measure.check?.(parts.target);
  requireDistinct(parts.measures);
  return { name: "generate", run: (context) => runGenerate(parts, context) };
}

/** @throws InputError where a measure comes twice: its metrics and its stage would have the same names */
function requireDistinct(measures: readonly Measure[]): void {
  const names = measures.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return;
  throw new InputError(`measure "${twice}" is listed twice: its metrics would have the same names. Keep one`);
}

async function* runGenerate(parts: Generate, context: RunContext): AsyncGenerator<ApplicationEvent> {
  const { target, latent, objective } = parts;
  const { state } = context;
  const key = context.key.fold("generate");
  const generator = state.network(
    "generator",
    parts.generator,
    {
      input: [latent.size],
      output: target.shape,
      prior: latent.distribution,
      ...(target.range && { range: target.range }),
      ...(target.columns && { outputColumns: target.columns }),
    },
    key.fold("generator"),
  );
  const critic = state.network(
    "critic",
    parts.critic,
    {
      input: target.shape,
      output: objective.criticOutput === "score" ? [1] : target.shape,
      ...(target.columns && { inputColumns: target.columns }),
    },
    key.fold("critic"),
  );
  try {
    const pg = samplerOf(generator, priorSampler(latent.distribution, [latent.size]));
    const rows = { pd: target.pd, pdBar: target.pdBar, pg };
    const shown = inUnits(rows, target);
    const history = yield* state.once("train", (stage) =>
      trained(parts, { generator, critic }, { pg, shown }, key, context, stage),
    );
    yield* state.once("keep", () => keep(parts, shown, history, key.fold("kept"), context));
    for (const measure of parts.measures) {
      yield* state.once(`measure ${measure.name}`, (stage) =>
        measured(measure, {
          ...{ target, pg, key: key.fold("measure", measure.name), state: stage },
          sentinels: context.sentinels,
        }),
      );
    }
  } finally {
    generator.dispose();
    critic.dispose();
  }
}

/** Losses as they are kept, a row a report: step, critic, generator. */
type History = readonly (readonly [step: number, critic: Reading, generator: Reading])[];

/** Trains both networks, drawing a picture now and then. @returns the losses on the way */
async function* trained(
  parts: Generate,
  networks: { readonly generator: Network; readonly critic: Network },
  { pg, shown }: { readonly pg: Sampler; readonly shown: Rows },
  key: Key,
  context: RunContext,
  state: RunState,
): AsyncGenerator<ApplicationEvent, History> {
  const { target, latent, steps, samples, previews, painter } = parts;
  const history = state.cell<History>("history", []);
  const previewed = state.cell<number>("previewed", 0);
  for await (const event of train({
    ...parts,
    ...networks,
    latent: priorSampler(latent.distribution, [latent.size]),
    generatorOptimizer: parts.optimizer,
    criticOptimizer: parts.criticOptimizer ?? parts.optimizer,
    key: key.fold("train"),
    state: state.scope("gan"),
    sentinels: context.sentinels,
    measuring:
      parts.measureEvery === undefined
        ? undefined
        : {
            every: parts.measureEvery,
            measure: () => onTheWay(parts, pg, key, context),
          },
  })) {
    yield event;
    if (event.type !== "progress") continue;
    const { step, values: { criticLoss, generatorLoss } = {} } = event;
    if (criticLoss === undefined || generatorLoss === undefined) continue;
    history.value = [...history.value, [step, readingOf(criticLoss), readingOf(generatorLoss)]];
    const due = Math.floor((step / steps) * (previews + 1));
    if (painter === undefined || due <= previewed.value || step === steps) continue;
    previewed.value = due;
    const drawn = target.shape.length === 1 ? shown : { pg: shown.pg };
    for (const { png } of await pictures(painter, target, drawn, key.fold("kept"), samples)) {
      const name = `previews/step-${String(step).padStart(7, "0")}.png`;
      yield await context.artifact(name, `At step ${step}`, png);
    }
  }
  return history.value;
}

/** What is drawn and kept. */
type Rows = Readonly<Record<"pd" | "pdBar" | "pg", Sampler>>;

/** Rows as people see them: those of a table in its own units. */
function inUnits(rows: Rows, { columns }: Generate["target"]): Rows {
  if (columns === undefined) return rows;
  const undone =
    (sample: Sampler): Sampler =>
    (key, n) =>
      tf.tidy(() => unstandardised(sample(key, n), columns));
  return { pd: undone(rows.pd), pdBar: undone(rows.pdBar), pg: undone(rows.pg) };
}

/** pg: `G(z)`, z drawn from the prior. */
function samplerOf(generator: Network, latent: Sampler): Sampler {
  return (key, n) => tf.tidy(() => generator.apply(latent(key.fold("z"), n), { training: false }));
}

/** Keeps samples, their picture, and the loss curves. */
async function* keep(
  { target, samples, painter }: Generate,
  rows: Rows,
  history: History,
  key: Key,
  context: RunContext,
): AsyncGenerator<ApplicationEvent, undefined> {
  yield { type: "stage", stage: "keep" };
  for (const [name, sample] of Object.entries(rows)) {
    const x = sample(key.fold(name), samples);
    const npy = dump((await x.data()) as Float32Array, x.shape);
    x.dispose();
    yield await context.artifact(
      `${name}.npy`,
      `${samples} samples of ${name}, float32 [${[samples, ...target.shape]}]`,
      new Uint8Array(npy),
    );
  }
  const [, criticLoss, generatorLoss] = history.at(-1) ?? [];
  if (criticLoss !== undefined && generatorLoss !== undefined) {
    yield { type: "metrics", values: numbersOf({ criticLoss, generatorLoss }) };
  }
  if (painter === undefined) return;
  const drawn = await pictures(painter, target, rows, key, samples);
  for (const { name, title, png } of [...drawn, await lossCurves(painter, history)]) {
    yield await context.artifact(`${name}.png`, title, png);
  }
}

/**
 * Runs all measures while the training goes on: with the keys that they have at its end, so that their numbers can be
 * compared. What they keep is forgotten.
 * @yields alarms of their own trainings
 */
async function* onTheWay(
  { measures, target }: Generate,
  pg: Sampler,
  key: Key,
  { signal, sentinels }: RunContext,
): AsyncGenerator<EventBody<"sentinel">, Numbers> {
  const found: Record<string, number> = {};
  for (const measure of measures) {
    const state = transientState(signal);
    const input = { target, pg, key: key.fold("measure", measure.name), state, sentinels };
    for await (const event of measured(measure, input)) {
      if (event.type === "sentinel") yield event;
      else if (event.type === "metrics") Object.assign(found, event.values);
    }
  }
  return found;
}

/** Runs a measure. */
async function* measured(
  measure: Measure,
  input: Omit<MeasureInput, "stage">,
): AsyncGenerator<ApplicationEvent, undefined> {
  const stage = `measure ${measure.name}`;
  yield { type: "stage", stage };
  const values: unknown = yield* measure.measure({ ...input, stage });
  if (typeof values !== "object" || values === null) {
    throw new RunError(`measure "${measure.name}" returned ${values}; expected numbers by name`);
  }
  yield { type: "metrics", values: values as Numbers };
}

/** How a scenario names it: `application: { use: generate, target: … }`. */
export default component(Applications, {
  name: "generate",
  summary: "Train DSGAN on a target; keep samples and pictures; measure them",
  reference: "DSGAN, Algorithm 1 and Sec. 2.2",
  options,
  create: async (given, context) =>
    generate({ ...(await context.build(given)), painter: await painterOf(context) }),
});
