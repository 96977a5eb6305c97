/**
 * The application `adversarial-training`: semi-supervised adversarial training with DSGAN (Secs. 4.2 and 5.2, Figs. 7, 9,
 * 10). A baseline classifier; a generator of what lies around the data; fine-tuning on labelled rows and on the entropy
 * of generated ones (Eq. 9), for each range of noise r and weight w; all of them, and what they should be held against,
 * under the paper's adversaries and under stronger ones.
 *
 * @module
 */
import {
  type Application,
  type Attack,
  assign,
  type ClassifierSource,
  type Context,
  type EarlierRun,
  type EventBody,
  type FiniteDataset,
  InputError,
  type Key,
  type Network,
  type NetworkPlan,
  type Norm,
  type Optimizer,
  openEarlier,
  originOf,
  type Painter,
  type Range,
  type RunContext,
  splitRows,
  subset,
  tf,
} from "../../../core/mod.ts";
import {
  attacked,
  type EvaluateRobustness,
  evaluateRobustness,
} from "../evaluate-robustness/evaluate-robustness.ts";
import { asClassifier, type BudgetAttack, classifying, type Lesson } from "./classifying.ts";
import { type Contestant, contestantsOf, type Field, type Kind } from "./contestants.ts";
import { type Drawing, drawingOf, type Game, playing } from "./game.ts";
import { noisy } from "./noise.ts";
import { type Looks, results } from "./results.ts";
import { lookAt, sheet } from "./samples.ts";

/** A training of classifiers. */
export interface Course {
  readonly optimizer: Optimizer;
  /** Passes over the training rows. */
  readonly epochs: number;
  /** A run whose classifiers of the same names stand in for those that it has. */
  readonly from?: EarlierRun | undefined;
}

/** Attacks, and budgets in each norm. */
export interface Trial {
  readonly attacks: readonly Attack[];
  readonly epsilons: Readonly<Record<Norm, readonly number[]>>;
}

/** All that `adversarial-training` is made of. */
export interface AdversarialTraining {
  readonly field: Field;
  /** Rows to train with, and how many of them, as many of each class; all of them where there are no more. */
  readonly data: FiniteDataset;
  readonly images: number;
  /** Rows to attack, and for nothing else. */
  readonly test: FiniteDataset;
  readonly classifier: NetworkPlan;
  /** Batch size of all classifiers. */
  readonly m: number;
  /** Whether values of noisy rows beyond the data's range are set to its ends. */
  readonly clips: boolean;
  readonly baseline: Course;
  readonly game: Game & { readonly from?: EarlierRun | undefined };
  readonly fineTuning: Course & {
    /** Which kinds are taken from that run; the others are trained. */
    readonly kinds: readonly Kind[];
  };
  /** Where the second baseline starts: at the first, or anew, for as long as that took. */
  readonly noisyFrom: "baseline" | "scratch";
  readonly adversary: BudgetAttack;
  readonly evaluation: {
    /** Images attacked, and at a time. */
    readonly n: number;
    readonly batch: number;
    readonly paper: Trial;
    readonly adaptive: Trial;
  };
  readonly painter: Painter | undefined;
}

/** The application, ready to run. @throws InputError where parts do not fit each other, before anything is trained */
export function adversarialTraining(parts: AdversarialTraining): Application {
  const { game, data, test, evaluation } = parts;
  game.mixer.check?.(game.alpha, game.m);
  if (test.classes !== data.classes) {
    throw new InputError(
      `dataset "${data.name}": ${data.classes} classes to train with, but ${test.classes} held out`,
    );
  }
  if (game.reading.critic === "pixels" && game.reading.noise === "features") {
    throw new InputError(
      "noise on features is nothing that a critic of pixels can see: give critic: features",
    );
  }
  const unmet = evaluation.adaptive.epsilons.linf.filter((e) => !evaluation.paper.epsilons.linf.includes(e));
  if (unmet.length > 0) {
    throw new InputError(
      `evaluation: adaptiveEpsilons.linf has ${unmet.join(", ")}, which epsilons.linf has not: a gain is only told from ` +
        "masking where both kinds of adversaries were given the same budgets",
    );
  }
  for (const trial of [evaluation.paper, evaluation.adaptive])
    evaluateRobustness(examination(parts, trial, {}));
  return { name: "adversarial-training", run: (context) => runAdversarialTraining(parts, context) };
}

async function* runAdversarialTraining(
  parts: AdversarialTraining,
  context: RunContext,
): AsyncGenerator<EventBody> {
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
  const contestants = contestantsOf(parts.field);
  try {
    yield* state.once("recipe", async function* () {
      const text = new TextEncoder().encode(`${JSON.stringify(numbersOf(parts), null, 2)}\n`);
      yield await context.artifact("recipe.json", "All numbers of the recipe", text);
      return undefined;
    });

    // Stage 1
    const baseline = classifierOf("baseline");
    const ground = { parts, data, baseline, context };
    yield* state.once("train baseline", (stage) =>
      parts.baseline.from
        ? taken("baseline", { network: baseline, plan: parts.classifier }, parts.baseline.from, context)
        : classifying(lesson(ground, contestants[0]!, undefined, baseline, key.fold("stage 1")), stage),
    );

    // Stage 2
    const drawings = new Map<number, Drawing>();
    for (const r of parts.field.r) {
      const name = `generator_${r}`;
      const own = key.fold("stage 2", r);
      const drawing = drawingOf(parts.game, { data, clips: parts.clips }, r, state, own.fold("generator"));
      networks.push(drawing.kept);
      drawings.set(r, drawing);
      yield* state.once(`train ${name}`, (stage) =>
        parts.game.from
          ? taken(name, { network: drawing.kept, plan: parts.game.generator }, parts.game.from, context)
          : playing(
              parts.game,
              { data, clips: parts.clips },
              { drawing, baseline, r, title: `train ${name}` },
              context,
              own,
              stage,
            ),
      );
    }
    const looks = yield* state.once("look at samples", () => looking(ground, drawings, key.fold("samples")));

    // Stage 3
    const trained = new Map([["baseline", baseline]]);
    const kept = parts.fineTuning.from && (await openEarlierNames(parts.fineTuning.from, context));
    for (const contestant of contestants.slice(1)) {
      const { name, kind, r } = contestant;
      const isKept = kept?.includes(name) && parts.fineTuning.kinds.some((of) => of === kind);
      const network = classifierOf(name);
      trained.set(name, network);
      const own = key.fold("stage 3", name);
      yield* state.once(`train ${name}`, (stage) =>
        isKept
          ? taken(name, { network, plan: parts.classifier }, parts.fineTuning.from!, context)
          : classifying(lesson(ground, contestant, drawings.get(r ?? 0), network, own), stage),
      );
    }

    // Evaluation
    const sources = Object.fromEntries(
      [...trained].map(([name, network]) => [name, own(network, parts.test)]),
    );
    const examined = async function* (name: "paper" | "adaptive") {
      const trial = parts.evaluation[name];
      return yield* attacked(examination(parts, trial, sources), within(context, name), []); // all are the run's own
    };
    const paper = yield* examined("paper");
    const adaptive = yield* examined("adaptive");
    yield* state.once("results", () => results(parts, contestants, { paper, adaptive, looks }, context));
  } finally {
    for (const network of networks) network.dispose();
  }
}

/** All that a run goes by, a recipe's numbers filled in. */
function numbersOf({ field, game, evaluation, ...parts }: AdversarialTraining): object {
  const named = (part: { readonly name: string }): unknown => originOf(part) ?? part.name;
  const course = ({ optimizer, epochs, from }: Course): object => ({
    optimizer: named(optimizer),
    epochs,
    from,
  });
  const trial = ({ attacks, epsilons }: Trial): object => ({ attacks: attacks.map(named), epsilons });
  const { reading, alpha, latent, k, m, steps, from } = game;
  return {
    ...{
      r: field.r,
      w: field.w,
      compare: field.compare,
      data: named(parts.data),
      images: Math.min(parts.images, parts.data.size),
    },
    ...{ m: parts.m, clip: parts.clips, classifier: named(parts.classifier), noisyFrom: parts.noisyFrom },
    baseline: course(parts.baseline),
    gan: {
      ...{ reading, alpha, latent, k, m, steps, from },
      ...{ objective: named(game.objective), mixer: named(game.mixer) },
      ...{ generator: named(game.generator), critic: named(game.critic) },
      ...{ optimizer: named(game.optimizer), criticOptimizer: named(game.criticOptimizer) },
    },
    fineTuning: { ...course(parts.fineTuning), kinds: parts.fineTuning.from && parts.fineTuning.kinds },
    madry: { attack: named(parts.adversary), epsilons: field.madry },
    evaluation: {
      ...{ n: evaluation.n, batch: evaluation.batch },
      ...{ paper: trial(evaluation.paper), adaptive: trial(evaluation.adaptive) },
    },
  };
}

/** The rows to train with: all, or as many of each class, drawn by the key. */
function trainingRows({ data, images }: AdversarialTraining, key: Key): FiniteDataset {
  if (images >= data.size) return data;
  return subset(data, splitRows(data, { labeled: images, validation: 0, unlabeled: "rest" }, key).labeled);
}

/** What all trainings of classifiers share. */
interface Ground {
  readonly parts: AdversarialTraining;
  readonly data: FiniteDataset;
  readonly baseline: Network;
  readonly context: RunContext;
}

/** Rows that weight norm is initialised with (the authors' code). */
const INITIAL = 500;

/** How a contestant learns. */
function lesson(
  { parts, data, baseline, context: { sentinels, signal } }: Ground,
  { name, kind, r = 0, w = 0, labelled, unlabelled }: Contestant,
  drawing: Drawing | undefined,
  network: Network,
  key: Key,
): Lesson {
  const clip: Range | undefined = parts.clips ? data.range : undefined;
  const anew = kind === "baseline" || (kind === "noisy" && parts.noisyFrom === "scratch");
  const { optimizer, epochs } = anew ? parts.baseline : parts.fineTuning;
  const noisyRows = (at: Key, n: number): tf.Tensor =>
    at.sample((from) => tf.tidy(() => noisy(data.sample(from.fold("row"), n), r, clip, from.fold("noise"))));
  return {
    ...{
      title: `train ${name}`,
      network,
      data,
      optimizer,
      epochs,
      m: parts.m,
      clip,
      w,
      key,
      sentinels,
      signal,
    },
    noise: labelled === "noisy" ? r : 0,
    adversary: labelled === "attacked" ? { attack: parts.adversary, epsilon: r } : undefined,
    unlabelled: unlabelled === "generated" ? drawing!.draw : unlabelled === "noisy" ? noisyRows : undefined,
    begin: () =>
      tf.tidy(() => {
        if (!anew) return copy(baseline, network);
        const rows = key.fold("initial rows").permutation(data.size).slice(0, INITIAL);
        network.initialize?.(data.rows(rows), key.fold("initialize"));
      }),
  };
}

/** Gives a network the values of another of the same plan. */
function copy(from: Network, to: Network): void {
  for (const group of ["parameters", "state"] as const) {
    for (const [name, variable] of from[group]) to[group].get(name)!.assign(tf.add(variable, 0));
  }
}

async function openEarlierNames(from: EarlierRun, context: Context): Promise<readonly string[]> {
  return (await openEarlier(from, context)).names;
}

/** Gives a network what an earlier run has trained under the same name. @throws InputError where that does not fit */
async function* taken(
  name: string,
  { network, plan }: { readonly network: Network; readonly plan: NetworkPlan },
  from: EarlierRun,
  context: RunContext,
): AsyncGenerator<EventBody, undefined> {
  yield { type: "stage", stage: `${name}, of run ${from.run}` };
  const { network: found, record, tensors } = await (await openEarlier(from, context)).open(name);
  found.dispose();
  const [here, there] = [originOf(plan), record.plan].map((ref) => JSON.stringify(ref));
  if (here !== undefined && here !== there) {
    throw new InputError(
      `run ${from.run}: its "${name}" is ${there}, this scenario's ${here}: give the network that it had`,
    );
  }
  const own = [...network.parameters, ...network.state];
  for (const [part, variable] of own) {
    const stored = tensors.get(part);
    if (own.length !== tensors.size || stored === undefined || `${stored.shape}` !== `${variable.shape}`) {
      throw new InputError(
        `run ${from.run}: its "${name}" is of another architecture than this scenario's ` +
          `(${part} is [${variable.shape}] here, ${stored ? `[${stored.shape}]` : "absent"} there): give the networks that it had`,
      );
    }
    assign(variable, stored, `${name}/${part}`);
  }
  return undefined;
}

/** Looks at what was generated, beside data with noise and data held out. */
async function* looking(
  { parts, data, baseline, context }: Ground,
  drawings: ReadonlyMap<number, Drawing>,
  key: Key,
): AsyncGenerator<EventBody, Looks> {
  yield { type: "stage", stage: "samples" };
  const clip = parts.clips ? data.range : undefined;
  const looks: Looks = { "held out": await lookAt(parts.test.sample, data, baseline, key) };
  for (const [r, { draw }] of drawings) {
    const withNoise = (x: tf.Tensor, at: Key): tf.Tensor => noisy(x, r, clip, at);
    const rows = (at: Key, n: number): tf.Tensor => withNoise(parts.test.sample(at, n), at.fold("noise"));
    looks[`noisy_${r}`] = await lookAt(rows, data, baseline, key);
    looks[`generated_${r}`] = await lookAt(draw, data, baseline, key);
    const png = parts.painter && (await sheet(parts.painter, data, withNoise, draw, key.fold("sheet")));
    if (png === undefined) continue;
    const title = `Data, the same with noise of range ${r}, and generated samples (two rows)`;
    yield await context.artifact(`samples_${r}.png`, title, png);
  }
  return looks;
}

/** One of the run's own classifiers; it stays the run's. */
function own(network: Network, data: FiniteDataset): ClassifierSource {
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

/** What the attacks are given to do. */
function examination(
  { test, evaluation: { n, batch } }: AdversarialTraining,
  { attacks, epsilons }: Trial,
  classifiers: Readonly<Record<string, ClassifierSource>>,
): EvaluateRobustness {
  return {
    ...{ classifiers, data: test, classes: test.classes!, n, batch, attacks, epsilons },
    ...{ mode: "fixed", search: { by: "bisection", steps: 20 }, goal: "untargeted" },
    ...{ show: 0, keep: "none", probes: true, painter: undefined },
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
