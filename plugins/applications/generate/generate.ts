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
  type Component,
  type Context,
  component,
  type EventBody,
  type GanObjective,
  type Key,
  type Measure,
  Measures,
  type Mixer,
  Mixers,
  type Network,
  type NetworkPlan,
  Networks,
  Objectives,
  type Optimizer,
  Optimizers,
  type Painter,
  Painters,
  type RunContext,
  type Sampler,
  type Specimen,
  type StepReport,
  type TargetDistributionSpec,
  Targets,
  tf,
  train,
  z,
} from "../../../core/mod.ts";
import { lossCurves, pictures } from "./pictures.ts";

/** All that `generate` is made of. */
export interface Generate {
  readonly target: TargetDistributionSpec;
  readonly objective: GanObjective;
  readonly mixer: Mixer;
  readonly generator: NetworkPlan;
  readonly critic: NetworkPlan;
  readonly latent: { readonly size: number; readonly distribution: "normal" | "uniform" };
  readonly optimizer: Optimizer;
  readonly criticOptimizer: Optimizer;
  /** Critic steps for each generator step. */
  readonly k: number;
  /** Batch size. */
  readonly m: number;
  /** Generator steps. */
  readonly steps: number;
  /** Rows of pd, pdBar and pg that are kept and drawn. */
  readonly samples: number;
  /** Pictures of pg drawn on the way. */
  readonly previews: number;
  readonly measures: readonly Measure[];
  /** Draws the pictures; without one there are none. */
  readonly painter: Painter | undefined;
}

/**
 * The application, ready to run.
 * @throws InputError where the parts do not fit each other, before anything is trained
 */
export function generate(parts: Generate): Application {
  parts.mixer.check?.(parts.target.alpha, parts.m);
  for (const measure of parts.measures) measure.check?.(parts.target);
  return { name: "generate", run: (context) => runGenerate(parts, context) };
}

/** Losses are reported this often in a training, at most. */
const REPORTS = 200;

async function* runGenerate(parts: Generate, context: RunContext): AsyncGenerator<EventBody> {
  const { target, steps, samples, previews, painter } = parts;
  const key = context.key.fold("generate");
  const generator = parts.generator.build(
    { input: [parts.latent.size], output: target.shape, ...(target.range && { range: target.range }) },
    key.fold("generator"),
  );
  const critic = parts.critic.build(
    { input: target.shape, output: parts.objective.criticOutput === "score" ? [1] : target.shape },
    key.fold("critic"),
  );
  try {
    const latent = prior(parts.latent);
    const pg = samplerOf(generator, latent);
    const rows = { pd: target.pd, pdBar: target.pdBar, pg };
    const history: StepReport[] = [];

    yield { type: "stage", stage: "train", steps };
    const reportEvery = Math.max(1, Math.floor(steps / REPORTS));
    let previewed = 0;
    for await (const report of train({
      ...parts,
      generator,
      critic,
      latent,
      generatorOptimizer: parts.optimizer,
      reportEvery,
      key: key.fold("train"),
      signal: context.signal,
    })) {
      history.push(report);
      const { step, criticLoss, generatorLoss } = report;
      yield { type: "progress", stage: "train", step, steps, values: { criticLoss, generatorLoss } };
      const due = Math.floor((step / steps) * (previews + 1));
      if (painter !== undefined && due > previewed && step < steps) {
        previewed = due;
        const shown = target.shape.length === 1 ? rows : { pg };
        for (const { png } of await pictures(painter, target, shown, key.fold("kept"), samples)) {
          yield await context.artifact(
            `previews/step-${String(step).padStart(7, "0")}.png`,
            `At step ${step}`,
            png,
          );
        }
      }
    }

    yield* keep(parts, rows, history, key.fold("kept"), context);
    const last = history.at(-1)!;
    yield { type: "metrics", values: { criticLoss: last.criticLoss, generatorLoss: last.generatorLoss } };
    for (const measure of parts.measures) yield* measured(measure, target, pg, key, context);
  } finally {
    generator.dispose();
    critic.dispose();
  }
}

/** The prior p_z. */
function prior({ size, distribution }: Generate["latent"]): Sampler {
  return (key, n) => (distribution === "normal" ? key.normal([n, size]) : key.uniform([n, size]));
}

/** pg: `G(z)`, z drawn from the prior. */
function samplerOf(generator: Network, latent: Sampler): Sampler {
  return (key, n) => tf.tidy(() => generator.apply(latent(key.fold("z"), n), { training: false }));
}

/** Keeps samples, their picture, and the loss curves. */
async function* keep(
  { target, samples, painter }: Generate,
  rows: Readonly<Record<"pd" | "pdBar" | "pg", Sampler>>,
  history: readonly StepReport[],
  key: Key,
  context: RunContext,
): AsyncGenerator<EventBody> {
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
  if (painter === undefined) return;
  const drawn = await pictures(painter, target, rows, key, samples);
  for (const { name, title, png } of [...drawn, await lossCurves(painter, history)]) {
    yield await context.artifact(`${name}.png`, title, png);
  }
}

/** Runs a measure, passing its progress on. */
async function* measured(
  measure: Measure,
  target: TargetDistributionSpec,
  pg: Sampler,
  key: Key,
  context: RunContext,
): AsyncGenerator<EventBody> {
  const stage = `measure ${measure.name}`;
  yield { type: "stage", stage };
  const specimen: Specimen = { target, pg, key: key.fold("measure", measure.name), signal: context.signal };
  const steps = measure.measure(specimen);
  for (;;) {
    const { done, value } = await steps.next();
    if (done) {
      yield { type: "metrics", values: value };
      return;
    }
    yield { type: "progress", stage, step: value.done, steps: value.total };
  }
}

const count = z.int().positive();

/** How a scenario names it: `application: { use: generate, target: … }`. */
export const generateComponent: Component<Application> = component({
  name: "generate",
  summary: "Train DSGAN on a target; keep samples and pictures; measure them",
  reference: "DSGAN, Algorithm 1 and Sec. 2.2",
  options: (refs) =>
    z.strictObject({
      target: refs(Targets).describe("What to learn: pd and pdBar of Eq. (1), and alpha."),
      objective: refs(Objectives).prefault({ use: "wgan-gp" }).describe("The game of critic and generator."),
      mixer: refs(Mixers).prefault({ use: "sampling-trick" }).describe("How the fake batch is mixed."),
      generator: refs(Networks).prefault({ use: "mlp" }).describe("Architecture of G."),
      critic: refs(Networks).prefault({ use: "mlp" }).describe("Architecture of D."),
      latent: z
        .strictObject({
          size: count.default(32).describe("Width of z."),
          distribution: z.enum(["normal", "uniform"]).default("normal").describe("N(0, 1) or U(0, 1)."),
        })
        .prefault({})
        .describe("The prior p_z."),
      optimizer: refs(Optimizers)
        .prefault({ use: "adam" })
        .describe("Of the generator, and of the critic unless that has one."),
      criticOptimizer: refs(Optimizers).optional().describe("Of the critic, where it differs."),
      k: count.default(5).describe("Critic steps for each generator step."),
      m: count.default(64).describe("Batch size."),
      steps: count.default(1000).describe("Generator steps."),
      samples: count.default(1000).describe("Rows of pd, pdBar and pg to keep and draw."),
      previews: z.int().min(0).default(4).describe("Pictures drawn on the way."),
      measures: z.array(refs(Measures)).default([]).describe("What to measure of the samples."),
    }),
  create: async (options, context) =>
    generate({
      ...options,
      ...(await partsOf(options, context)),
      measures: await Promise.all(options.measures.map((ref) => context.create(Measures, ref))),
      painter: await painterOf(context),
    }),
});

/** The first painter that is registered: a host without pictures registers none. */
async function painterOf(context: Context): Promise<Painter | undefined> {
  const [first] = context.all(Painters);
  return first && (await context.create(Painters, { use: first.name }));
}

type PartRefs = Record<
  "target" | "objective" | "mixer" | "generator" | "critic" | "optimizer",
  { use: string }
> & {
  criticOptimizer?: { use: string } | undefined;
};

async function partsOf(options: PartRefs, context: Context) {
  const optimizer = await context.create(Optimizers, options.optimizer);
  return {
    target: await context.create(Targets, options.target),
    objective: await context.create(Objectives, options.objective),
    mixer: await context.create(Mixers, options.mixer),
    generator: await context.create(Networks, options.generator),
    critic: await context.create(Networks, options.critic),
    optimizer,
    criticOptimizer: options.criticOptimizer
      ? await context.create(Optimizers, options.criticOptimizer)
      : optimizer,
  };
}
