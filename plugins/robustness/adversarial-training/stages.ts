/**
 * The stages of a run: baseline, generators, fine-tuning, attacks, results.
 *
 * @module
 */
import {
  type ApplicationEvent,
  type ClassifierSource,
  copyVariables,
  type FiniteDataset,
  type Key,
  type Network,
  originOf,
  type Range,
  type RunContext,
  splitRows,
  subset,
  tf,
} from "../../../core/mod.ts";
import { attacked, type EvaluateRobustness } from "../evaluate-robustness/evaluate-robustness.ts";
import { earlierNames, takeEarlier } from "./earlier.ts";
import { type RowGenerator, rowGenerator, trainGenerator } from "./generator.ts";
import { noisy } from "./noise.ts";
import type { AdversarialTraining, AttackPlan, ClassifierTraining } from "./options.ts";
import { results } from "./results.ts";
import { type SampleStatistics, sheet, statisticsOf } from "./samples.ts";
import { asClassifier, type TrainingSpec, trainClassifier } from "./training.ts";
import { type Variant, variantsOf } from "./variants.ts";
import { type Watch, type Watched, watchOf } from "./watch.ts";

/** What all stages share. */
interface RunScope {
  readonly parts: AdversarialTraining;
  /** The rows to train with. */
  readonly data: FiniteDataset;
  readonly baseline: Network;
  /** What stage 3 is watched on, if it is. */
  readonly watch: Watch | undefined;
  readonly context: RunContext;
}

/** Runs all stages. */
export async function* runAdversarialTraining(
  parts: AdversarialTraining,
  context: RunContext,
): AsyncGenerator<ApplicationEvent> {
  const { state } = context;
  const key = context.key.fold("adversarial-training");
  const data = trainingRows(parts, key.fold("rows"));
  const { shape, range, classes } = data;
  const networks: Network[] = [];
  const classifierOf = (name: string): Network => {
    const ports = { input: shape, output: [classes!], ...(range && { inputRange: range }) };
    const network = state.network(name, parts.classifier, ports, key.fold("baseline"));
    networks.push(network);
    return network;
  };
  const variants = variantsOf(parts.comparison);
  try {
    yield* state.once("recipe", async function* () {
      const text = new TextEncoder().encode(`${JSON.stringify(recipeRecord(parts), null, 2)}\n`);
      yield await context.artifact("recipe.json", "All numbers of the recipe", text);
      return undefined;
    });

    // Stage 1
    const baseline = classifierOf("baseline");
    const { watch: plan } = parts.fineTuning;
    const watch = plan && (await watchOf(plan, parts.test, parts.evaluation.batch, key.fold("watch")));
    const scope: RunScope = { parts, data, baseline, watch, context };
    yield* state.once("train baseline", (stage) =>
      parts.baseline.from
        ? takeEarlier("baseline", { network: baseline, plan: parts.classifier }, parts.baseline.from, context)
        : trainClassifier(specOf(scope, variants[0]!, undefined, baseline, key.fold("stage 1")), stage),
    );

    // Stage 2
    const generators = new Map<number, RowGenerator>();
    const noisyData = { data, clip: parts.clip };
    for (const r of parts.comparison.r) {
      const name = `generator_${r}`;
      const title = `train ${name}`;
      const generatorKey = key.fold("stage 2", r);
      const rows = rowGenerator(parts.gan, noisyData, r, state, generatorKey.fold("generator"));
      networks.push(rows.kept);
      generators.set(r, rows);
      yield* state.once(title, (stage) =>
        parts.gan.from
          ? takeEarlier(name, { network: rows.kept, plan: parts.gan.generator }, parts.gan.from, context)
          : trainGenerator(parts.gan, noisyData, { rows, baseline, r, title }, context, generatorKey, stage),
      );
    }
    const samples = yield* state.once("look at samples", () =>
      sampled(scope, generators, key.fold("samples")),
    );

    // Stage 3
    const trained = new Map([["baseline", baseline]]);
    const watched = new Map<string, readonly Watched[]>();
    const { from, kinds } = parts.fineTuning;
    const there = from && (await earlierNames(from, context));
    for (const variant of variants.slice(1)) {
      const { name, kind, r } = variant;
      const isThere = there?.includes(name) && kinds.some((taken) => taken === kind);
      const network = classifierOf(name);
      trained.set(name, network);
      const seen = yield* state.once<readonly Watched[] | undefined>(`train ${name}`, (stage) =>
        isThere
          ? takeEarlier(name, { network, plan: parts.classifier }, from!, context)
          : trainClassifier(
              specOf(scope, variant, generators.get(r ?? 0), network, key.fold("stage 3", name)),
              stage,
            ),
      );
      if (seen?.length) watched.set(name, seen);
    }

    // Evaluation
    const sources = Object.fromEntries(
      [...trained].map(([name, network]) => [name, sourceOf(network, parts.test)]),
    );
    const examined = async function* (name: "paper" | "adaptive") {
      const plan = parts.evaluation[name];
      return yield* attacked(evaluationOf(parts, plan, sources), within(context, name), []); // all are the run's own
    };
    const paper = yield* examined("paper");
    const adaptive = yield* examined("adaptive");
    yield* state.once("results", () =>
      results(parts, variants, { paper, adaptive, samples, watched }, context),
    );
  } finally {
    for (const network of networks) network.dispose();
  }
}

/** All that a run goes by, a recipe's numbers filled in. */
function recipeRecord({ comparison, gan, evaluation, ...parts }: AdversarialTraining): object {
  const named = (part: { readonly name: string }): unknown => originOf(part) ?? part.name;
  const training = ({ optimizer, epochs, from }: ClassifierTraining): object => ({
    optimizer: named(optimizer),
    epochs,
    from,
  });
  const plan = ({ attacks, epsilons }: AttackPlan): object => ({ attacks: attacks.map(named), epsilons });
  const { reading, alpha, latent, k, m, steps, from } = gan;
  const { watch } = parts.fineTuning;
  return {
    ...{ r: comparison.r, w: comparison.w, compare: comparison.compare },
    ...{ data: named(parts.data), images: Math.min(parts.images, parts.data.size) },
    ...{ m: parts.m, clip: parts.clip, classifier: named(parts.classifier), noisyFrom: parts.noisyFrom },
    baseline: training(parts.baseline),
    gan: {
      ...{ reading, alpha, latent, k, m, steps, from },
      ...{ objective: named(gan.objective), mixer: named(gan.mixer) },
      ...{ generator: named(gan.generator), critic: named(gan.critic) },
      ...{ optimizer: named(gan.optimizer), criticOptimizer: named(gan.criticOptimizer ?? gan.optimizer) },
    },
    fineTuning: {
      ...{ ...training(parts.fineTuning), kinds: parts.fineTuning.from && parts.fineTuning.kinds },
      watch: watch && { ...watch, attack: named(watch.attack), unrounded: named(watch.unrounded) },
    },
    madry: { attack: named(parts.adversary), epsilons: comparison.madry },
    evaluation: {
      ...{ n: evaluation.n, batch: evaluation.batch },
      ...{ paper: plan(evaluation.paper), adaptive: plan(evaluation.adaptive) },
    },
  };
}

/** The rows to train with: all, or as many of each class, drawn by the key. */
function trainingRows({ data, images }: AdversarialTraining, key: Key): FiniteDataset {
  if (images >= data.size) return data;
  return subset(data, splitRows(data, { labeled: images, validation: 0, unlabeled: "rest" }, key).labeled);
}

/** Rows that weight norm is initialised with (the authors' code). */
const INITIAL = 500;

/** How a variant is trained. */
function specOf(
  { parts, data, baseline, watch, context: { sentinels, signal } }: RunScope,
  { name, kind, r = 0, w = 0, labelled, unlabelled }: Variant,
  generator: RowGenerator | undefined,
  network: Network,
  key: Key,
): TrainingSpec {
  const clip: Range | undefined = parts.clip ? data.range : undefined;
  const anew = kind === "baseline" || (kind === "noisy" && parts.noisyFrom === "scratch");
  const { optimizer, epochs } = anew ? parts.baseline : parts.fineTuning;
  const noisyRows = (stepKey: Key, n: number): tf.Tensor =>
    stepKey.sample((from) =>
      tf.tidy(() => noisy(data.sample(from.fold("row"), n), r, clip, from.fold("noise"))),
    );
  return {
    ...{ title: `train ${name}`, network, data, optimizer, epochs, m: parts.m },
    ...{ clip, w, key, sentinels, signal },
    watch: kind === "baseline" ? undefined : watch,
    noise: labelled === "noisy" ? r : 0,
    adversary: labelled === "attacked" ? { attack: parts.adversary, epsilon: r } : undefined,
    unlabelled: unlabelled === "generated" ? generator!.draw : unlabelled === "noisy" ? noisyRows : undefined,
    begin() {
      if (!anew) {
        copyVariables(baseline.parameters, network.parameters);
        copyVariables(baseline.state, network.state);
        return;
      }
      const rows = key.fold("initial rows").permutation(data.size).slice(0, INITIAL);
      tf.tidy(() => network.initialize?.(data.rows(rows), key.fold("initialize")));
    },
  };
}

/** Statistics and sheets of generated rows, beside data with noise and data held out. */
async function* sampled(
  { parts, data, baseline, context }: RunScope,
  generators: ReadonlyMap<number, RowGenerator>,
  key: Key,
): AsyncGenerator<ApplicationEvent, Record<string, SampleStatistics>> {
  yield { type: "stage", stage: "samples" };
  const clip = parts.clip ? data.range : undefined;
  const statistics: Record<string, SampleStatistics> = {
    "held out": await statisticsOf(parts.test.sample, data, baseline, key),
  };
  for (const [r, { draw }] of generators) {
    const withNoise = (x: tf.Tensor, noiseKey: Key): tf.Tensor => noisy(x, r, clip, noiseKey);
    const rows = (from: Key, n: number): tf.Tensor =>
      withNoise(parts.test.sample(from, n), from.fold("noise"));
    statistics[`noisy_${r}`] = await statisticsOf(rows, data, baseline, key);
    statistics[`generated_${r}`] = await statisticsOf(draw, data, baseline, key);
    const png = parts.painter && (await sheet(parts.painter, data, withNoise, draw, key.fold("sheet")));
    if (png === undefined) continue;
    const title = `Data, the same with noise of range ${r}, and generated samples (two rows)`;
    yield await context.artifact(`samples_${r}.png`, title, png);
  }
  return statistics;
}

/** One of the run's own classifiers, which the run disposes. */
function sourceOf(network: Network, data: FiniteDataset): ClassifierSource {
  return {
    name: "own",
    // biome-ignore lint/correctness/useYield: the contract's generator; nothing is done that takes time
    async *open({ name, check }) {
      const classifier = asClassifier(name, network, data);
      await check?.(classifier);
      return classifier;
    },
  };
}

/** What `evaluate-robustness` is given. */
export function evaluationOf(
  { test, evaluation: { n, batch, adaptive } }: AdversarialTraining,
  plan: AttackPlan,
  classifiers: Readonly<Record<string, ClassifierSource>>,
): EvaluateRobustness {
  const { attacks, epsilons } = plan;
  const probes = plan === adaptive; // of the same classifiers and images: once is enough
  return {
    ...{ classifiers, data: test, classes: test.classes!, n, batch, attacks, measures: [], epsilons },
    ...{ mode: "fixed", search: { by: "bisection", steps: 20 }, goal: "untargeted" },
    ...{ show: 0, keep: "none", transfer: false, probes, painter: undefined },
  };
}

/** The context of a part of the run, with names of its own. */
function within(context: RunContext, name: string): RunContext {
  return {
    ...context,
    state: context.state.scope(name),
    artifact: (path, ...rest) => context.artifact(`${name}/${path}`, ...rest),
  };
}
