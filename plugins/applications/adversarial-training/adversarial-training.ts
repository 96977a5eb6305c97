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
  Attacks,
  assign,
  type ClassifierSource,
  type Component,
  type Context,
  type Contract,
  component,
  Datasets,
  type EarlierRun,
  type EventBody,
  earlierRunShape,
  type FiniteDataset,
  InputError,
  isFiniteDataset,
  type Key,
  Mixers,
  type Network,
  type NetworkPlan,
  Networks,
  type Norm,
  Objectives,
  type Optimizer,
  Optimizers,
  openEarlier,
  type Painter,
  painterOf,
  type Range,
  type Ref,
  type RunContext,
  refsOf,
  subset,
  tf,
  z,
} from "../../../core/mod.ts";
import {
  attacked,
  type EvaluateRobustness,
  evaluateRobustness,
} from "../evaluate-robustness/evaluate-robustness.ts";
import { splitRows } from "../parts/split.ts";
import { asClassifier, type BudgetAttack, classifying, type Lesson } from "./classifying.ts";
import { type Contestant, contestantsOf, type Field, RIVALS } from "./contestants.ts";
import { type Drawing, drawingOf, type Game, playing, READINGS, type Reading } from "./game.ts";
import { noisy } from "./noise.ts";
import { ADAPTIVE_ATTACKS, criticOf, generatorOf, PAPER_ATTACKS, recipeOf } from "./recipes.ts";
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
  readonly fineTuning: Course;
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
    // Stage 1
    const baseline = classifierOf("baseline");
    const ground = { parts, data, baseline, context };
    yield* state.once("train baseline", (stage) =>
      parts.baseline.from
        ? taken("baseline", baseline, parts.baseline.from, context)
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
          ? taken(name, drawing.kept, parts.game.from, context)
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
      const { name, r } = contestant;
      const network = classifierOf(name);
      trained.set(name, network);
      const own = key.fold("stage 3", name);
      yield* state.once(`train ${name}`, (stage) =>
        kept?.includes(name)
          ? taken(name, network, parts.fineTuning.from!, context)
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
  network: Network,
  from: EarlierRun,
  context: RunContext,
): AsyncGenerator<EventBody, undefined> {
  yield { type: "stage", stage: `${name}, of run ${from.run}` };
  const { network: found, tensors } = await (await openEarlier(from, context)).open(name);
  found.dispose();
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

const count = z.int().positive();
const positive = z.number().positive();
const budgets = z
  .strictObject({
    linf: z.array(z.number().min(0)).describe("In the largest change of a pixel."),
    l2: z.array(z.number().min(0)).default([]).describe("In Euclidean length."),
  })
  .optional()
  .describe("Budgets in the units of the data; by default the recipe's.");

/** How a scenario names it: `application: { use: adversarial-training, recipe: mnist, w: [1, 10] }`. */
export const adversarialTrainingComponent: Component<Application> = component({
  name: "adversarial-training",
  summary: "Adversarial training with generated samples around the data, in three stages, and its evaluation",
  reference: "DSGAN, Secs. 4.2 and 5.2, Figs. 7, 9, 10, Appendix E",
  options: (refs) => {
    const course = (what: string) => ({
      optimizer: refs(Optimizers).optional().describe(`Of ${what}; by default the recipe's.`),
      epochs: count.optional().describe("Passes over the training rows; by default the recipe's."),
      from: z.strictObject(earlierRunShape()).optional().describe(`A run that has trained ${what} already.`),
    });
    return z.strictObject({
      recipe: z
        .enum(["cifar10", "mnist"])
        .default("cifar10")
        .describe("Whose networks, rates, lengths and budgets apply where none are given."),
      reading: z
        .enum(["features", "pixels", "feature-noise", "ball"])
        .default("features")
        .describe("How stage 2 is read where the paper leaves it open: a preset of the three options below."),
      critic: z
        .enum(["features", "pixels"])
        .optional()
        .describe("What the critic sees: the baseline's features of a row, or the row."),
      noise: z
        .enum(["pixels", "features"])
        .optional()
        .describe("Where noise is added; to features, as wide beside their spread as r beside the pixels'."),
      generates: z
        .enum(["rows", "ball"])
        .optional()
        .describe("What the generator makes: rows, or what is added to rows of the data, within r of each."),
      data: refs(Datasets)
        .prefault({ use: "cifar10", range: "unit" })
        .describe("Labelled data with a test split; budgets and r are in its units."),
      images: count.optional().describe("Training rows, as many of each class; all unless given."),
      r: z
        .array(positive)
        .min(1)
        .optional()
        .describe("Half the widths of the noise; by default the recipe's."),
      w: z.array(positive).min(1).default([10]).describe("Weights of the entropy in Eq. (9)."),
      compare: z
        .array(z.enum(RIVALS))
        .default([...RIVALS])
        .describe(
          "What to hold it against: equal training without (continued), noisy inputs, the entropy term on noisy rows " +
            "(control), the method with noisy inputs (combined), training on attacked inputs (madry).",
        ),
      noisyFrom: z
        .enum(["baseline", "scratch"])
        .default("baseline")
        .describe(
          "Where training on noisy inputs starts: at stage 1's classifier, or anew for as long as that took.",
        ),
      madry: z
        .strictObject({
          attack: refs(Attacks)
            .prefault({ use: "pgd", steps: 7, relativeStep: 0.25, earlyStop: false })
            .describe("Its adversary: any attack within a budget."),
          epsilons: z
            .array(positive)
            .optional()
            .describe("Budgets, a classifier each; by default the widest r."),
        })
        .prefault({})
        .describe("Training on attacked inputs (Eq. 6)."),
      m: count.default(100).describe("Batch size of all classifiers."),
      clip: z
        .boolean()
        .default(false)
        .describe("Sets noisy values beyond the data's range to its ends; else noise widens the range."),
      classifier: refs(Networks).optional().describe("Architecture of C; by default the recipe's."),
      baseline: z
        .strictObject(course("the baseline"))
        .prefault({})
        .describe("Stage 1: cross-entropy on all labels."),
      gan: z
        .strictObject({
          alpha: z.number().min(0).lt(1).default(0.8).describe("α of Eq. (1)."),
          objective: refs(Objectives).prefault({ use: "wgan-gp" }).describe("The game."),
          mixer: refs(Mixers).prefault({ use: "sampling-trick" }).describe("How the fake batch is mixed."),
          generator: refs(Networks).optional().describe("Architecture of G; by default the recipe's."),
          critic: refs(Networks).optional().describe("Architecture of D; by default what suits the reading."),
          latent: z
            .strictObject({
              size: count.default(100).describe("Width of z; of no meaning where G makes a ball."),
              distribution: z.enum(["normal", "uniform"]).default("uniform").describe("N(0, 1) or U(0, 1)."),
            })
            .prefault({})
            .describe("The prior p_z."),
          optimizer: refs(Optimizers).optional().describe("Of both; by default the recipe's."),
          criticOptimizer: refs(Optimizers).optional().describe("Of the critic, where it differs."),
          k: count.default(5).describe("Critic steps for each generator step (App. E)."),
          m: count.default(100).describe("Batch size."),
          steps: count.optional().describe("Generator steps; by default the recipe's."),
          from: z
            .strictObject(earlierRunShape())
            .optional()
            .describe("A run that has the generators already."),
        })
        .prefault({})
        .describe("Stage 2: DSGAN, a generator for each r."),
      fineTuning: z
        .strictObject(course("classifiers by Eq. (9)"))
        .prefault({})
        .describe("Stage 3, for each r and w; and all that it is held against."),
      evaluation: z
        .strictObject({
          n: count.default(1000).describe("Test images attacked, drawn by the seed."),
          batch: count.default(100).describe("Images attacked together."),
          attacks: z
            .array(refs(Attacks))
            .min(1)
            .prefault([...PAPER_ATTACKS])
            .describe("The paper's adversaries (Sec. 5.2.1), a panel each."),
          epsilons: budgets,
          adaptiveAttacks: z
            .array(refs(Attacks))
            .min(1)
            .prefault([...ADAPTIVE_ATTACKS])
            .describe("Stronger ones, which know the defence, on the same images."),
          adaptiveEpsilons: budgets,
        })
        .prefault({})
        .describe("What the classifiers are put to."),
    });
  },
  async create({ recipe: named, reading: preset, madry, gan, evaluation, ...options }, context) {
    const recipe = recipeOf(named);
    const make = async <T>(of: Contract<T>, given: Ref | undefined, usual: Ref): Promise<T> =>
      await context.create(of, given ?? refsOf(context.container)(of).parse(usual));
    const reading: Reading = {
      critic: options.critic ?? READINGS[preset].critic,
      noise: options.noise ?? READINGS[preset].noise,
      generates: options.generates ?? READINGS[preset].generates,
    };
    const { data, test } = await splitsOf(context, options.data);
    const course = async (
      { optimizer, epochs, from }: typeof options.baseline,
      usual: { optimizer: Ref; epochs: number },
    ): Promise<Course> => ({
      optimizer: await make(Optimizers, optimizer, usual.optimizer),
      epochs: epochs ?? usual.epochs,
      from,
    });
    const optimizer = await make(Optimizers, gan.optimizer, recipe.optimizer);
    const attacksOf = (refs: readonly Ref[]): Promise<Attack[]> =>
      Promise.all(refs.map((ref) => context.create(Attacks, ref)));
    const ranges = options.r ?? recipe.r;
    return adversarialTraining({
      field: {
        r: ranges,
        w: options.w,
        compare: options.compare,
        madry: madry.epsilons ?? [Math.max(...ranges)],
      },
      ...{ data, test, images: options.images ?? data.size, m: options.m, clips: options.clip },
      classifier: await make(Networks, options.classifier, recipe.classifier),
      baseline: await course(options.baseline, {
        optimizer: recipe.classifierOptimizer,
        epochs: recipe.baselineEpochs,
      }),
      game: {
        ...gan,
        reading,
        objective: await context.create(Objectives, gan.objective),
        mixer: await context.create(Mixers, gan.mixer),
        generator: await make(Networks, gan.generator, generatorOf(recipe, reading)),
        critic: await make(Networks, gan.critic, criticOf(recipe, reading)),
        optimizer,
        criticOptimizer: gan.criticOptimizer
          ? await context.create(Optimizers, gan.criticOptimizer)
          : optimizer,
        steps: gan.steps ?? recipe.steps,
      },
      fineTuning: await course(options.fineTuning, {
        optimizer: recipe.fineTuningOptimizer,
        epochs: recipe.fineTuningEpochs,
      }),
      noisyFrom: options.noisyFrom,
      adversary: budgetAttack(await context.create(Attacks, madry.attack)),
      evaluation: {
        n: evaluation.n,
        batch: evaluation.batch,
        paper: {
          attacks: await attacksOf(evaluation.attacks),
          epsilons: evaluation.epsilons ?? recipe.epsilons.paper,
        },
        adaptive: {
          attacks: await attacksOf(evaluation.adaptiveAttacks),
          epsilons: evaluation.adaptiveEpsilons ?? recipe.epsilons.adaptive,
        },
      },
      painter: await painterOf(context),
    });
  },
});

/** @throws InputError for an attack that seeks the least distance */
function budgetAttack(attack: Attack): BudgetAttack {
  if (attack.kind === "within-budget") return attack;
  throw new InputError(`madry: attack "${attack.name}" takes no budget: name one that does, such as pgd`);
}

/** @throws InputError where the data has no labelled rows of its own to train and to judge with */
async function splitsOf(context: Context, ref: Ref): Promise<{ data: FiniteDataset; test: FiniteDataset }> {
  const data = await context.create(Datasets, ref);
  if (!isFiniteDataset(data) || data.labels === undefined || data.heldOut === undefined) {
    throw new InputError(
      `dataset "${data.name}" has no labelled test split: take one that has, such as mnist, idx, svhn or cifar10`,
    );
  }
  if (data.range === undefined) {
    throw new InputError(`dataset "${data.name}" has no range, which attacks must keep to: give it one`);
  }
  return { data, test: await data.heldOut() };
}
