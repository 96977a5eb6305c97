/**
 * The application `bad-gan-ssl`: a classifier learns from a few labelled rows and many without labels, by DSGAN's
 * complement samples or by another method in the same frame (Secs. 4.1 and 5.1, Tables 1 to 6). The method is a plugin; the
 * classifier, the labels drawn, the budget and the judging are the same for all.
 *
 * @module
 */
import {
  type Application,
  Applications,
  component,
  type Dataset,
  Datasets,
  type EventBody,
  type FiniteDataset,
  InputError,
  isFiniteDataset,
  type Key,
  type Network,
  type NetworkPlan,
  Networks,
  type Numbers,
  type Optimizer,
  Optimizers,
  originOf,
  type Painter,
  painterOf,
  type RunContext,
  RunError,
  type RunState,
  refsOf,
  type Split,
  splitRows,
  tf,
  watchOf,
  z,
} from "../../../core/mod.ts";
import { type SslLearner, type SslMethod, SslMethods, type SslSetting } from "../method.ts";
import { type Evaluation, type Examiner, examinerOf, resultsOf } from "./evaluation.ts";
import { pictures } from "./pictures.ts";
import { type Recipe, recipeOf } from "./recipes.ts";
import { iterations } from "./training.ts";

/** All that `bad-gan-ssl` is made of. */
export interface BadGanSsl {
  readonly setting: SslSetting;
  readonly method: SslMethod;
  /** Another method to compare it with, on the same classifier, labels and budget. */
  readonly against: SslMethod | undefined;
  /** Rows to train with. */
  readonly data: FiniteDataset;
  /** Rows to judge with, and for nothing else. */
  readonly test: FiniteDataset;
  readonly classifier: NetworkPlan;
  readonly optimizer: Optimizer;
  /** Labelled rows, as many of each class. */
  readonly labeled: number;
  readonly unlabeled: "rest" | "all";
  /** Rows held back from training, to choose an epoch by; 0 for none. */
  readonly validation: number;
  /** Which rows the data-dependent initialisation takes, and how many at most. */
  readonly initialize: { readonly from: "labeled" | "unlabeled"; readonly rows: number };
  /** Batch size. */
  readonly m: number;
  readonly epochs: number;
  /** Iterations an epoch. */
  readonly iterations: number;
  /** Epochs between evaluations. */
  readonly evaluateEvery: number;
  /** Decay of the running means of the classifier's weights, in [0, 1). */
  readonly averaging: number;
  /** Rows of each kind that shares and pictures are made of. */
  readonly samples: number;
  /** Errors in percent to draw beside one's own, by name. */
  readonly published: Readonly<Record<string, number>>;
  /** Draws the pictures; without one there are none. */
  readonly painter: Painter | undefined;
}

/** The application, ready to run. @throws InputError where labels or rows do not suffice */
export function badGanSsl(parts: BadGanSsl): Application {
  if (parts.test.labels === undefined || parts.test.classes !== parts.data.classes) {
    throw new InputError(
      `dataset "${parts.data.name}": ${parts.data.classes} classes to train with, but ${parts.test.classes} held out`,
    );
  }
  return { name: "bad-gan-ssl", run: (context) => runBadGanSsl(parts, context) };
}

/** Losses are reported this often in a training at least, and once an epoch. */
const REPORTS = 200;

async function* runBadGanSsl(parts: BadGanSsl, context: RunContext): AsyncGenerator<EventBody> {
  const { key, state } = context;
  const split = splitRows(parts.data, parts, key.fold("labels"));
  const ends: (() => void)[] = []; // what is kept in the state lives as long as the run
  try {
    const own = yield* contest(parts, { split, context, state, prefix: "" }, ends);
    if (parts.against === undefined) return;
    const rival = { ...parts, method: parts.against };
    const ring = { split, context, state: state.scope("against"), prefix: "against." };
    const theirs = yield* contest(rival, ring, ends);
    yield { type: "metrics", values: { gain: theirs.testErrors! - own.testErrors! } };
  } finally {
    for (const end of ends.reverse()) end();
  }
}

/** Where a method shows what it can do. */
interface Ring {
  readonly split: Split;
  readonly context: RunContext;
  /** Where its networks are kept. */
  readonly state: RunState;
  /** Of stages, files and metrics. */
  readonly prefix: string;
}

/**
 * A method learns and is judged, from the same first weights as any other.
 * @param ends takes what is to be called when the run ends
 * @returns its metrics, without the prefix
 */
async function* contest(
  parts: BadGanSsl,
  ring: Ring,
  ends: (() => void)[],
): AsyncGenerator<EventBody, Numbers> {
  const { data, setting, m } = parts;
  const { split, context, state } = ring;
  const { shape, range, classes } = data;
  const key = context.key.fold("bad-gan-ssl");
  const ports = { input: shape, output: [classes!], ...(range && { inputRange: range }) };
  const classifierOf = (name: string): Network => {
    const network = state.network(name, parts.classifier, ports, key.fold("classifier"));
    ends.push(() => network.dispose());
    return network;
  };
  const classifier = classifierOf("classifier");
  const averaged = classifierOf("averaged");
  const { features } = classifier;
  if (features === undefined) {
    throw new InputError(
      `network "${parts.classifier.name}" names no feature space: take one that does, such as ssl-mnist-classifier`,
    );
  }
  const learner = await parts.method.start({
    ...{ setting, classifier, features, shape, m, state, ...(range && { range }) },
    key: key.fold("method"),
  });
  ends.push(() => learner.dispose());
  const examiner = examinerOf({ ...parts, split, classifier, averaged, learner, key: key.fold("examined") });
  ends.push(() => examiner.dispose());
  const at = { ...ring, classifier, averaged, learner, examiner };
  yield* state.once("initialize", () => initialized(parts, at, key.fold("initialize")));
  const history = yield* state.once("train", (stage) => trained(parts, at, key.fold("train"), stage));
  return yield* state.once("judge", () => judged(parts, at, history, key.fold("pictures")));
}

/** What the stages share. */
interface Workplace extends Ring {
  readonly classifier: Network;
  readonly averaged: Network;
  readonly learner: SslLearner;
  readonly examiner: Examiner;
}

/** Data-dependent initialisation; tells what the run goes by. */
async function* initialized(
  parts: BadGanSsl,
  { classifier, averaged, learner, split, prefix, context }: Workplace,
  key: Key,
): AsyncGenerator<EventBody, undefined> {
  yield { type: "stage", stage: `${prefix}initialize` };
  const from = split[parts.initialize.from];
  const chosen = key.fold("rows").permutation(from.length).slice(0, parts.initialize.rows);
  tf.tidy(() =>
    classifier.initialize?.(parts.data.rows(chosen.map((i) => from[i]!)), key.fold("classifier")),
  );
  learner.initialize?.(key.fold("method"));
  copy(classifier.parameters, averaged.parameters);
  copy(classifier.state, averaged.state);
  const { setting, method, labeled, unlabeled, validation, m, epochs, iterations: each } = parts;
  const optimizers = learner.players.map(({ name, optimizer }) => [`${name}Optimizer`, originOf(optimizer)]);
  const told = {
    ...{ ...setting, data: originOf(parts.data) ?? parts.data.name },
    method: { use: method.name, ...learner.settings, ...Object.fromEntries(optimizers) },
    classifier: originOf(parts.classifier) ?? parts.classifier.name,
    classifierOptimizer: originOf(parts.optimizer) ?? parts.optimizer.name,
    ...{ labeled, validation, unlabeled, unlabeledRows: split.unlabeled.length, testRows: parts.test.size },
    ...{
      m,
      epochs,
      iterations: each,
      evaluateEvery: parts.evaluateEvery,
      initialize: parts.initialize,
      averaging: parts.averaging,
    },
  };
  const text = new TextEncoder().encode(`${JSON.stringify(told, null, 2)}\n`);
  yield await context.artifact(`${prefix}recipe.json`, "All numbers of the recipe", text);
}

/** Trains method and classifier, examining them now and then. @returns what was found */
async function* trained(
  parts: BadGanSsl,
  { classifier, averaged, learner, split, examiner, prefix, context }: Workplace,
  key: Key,
  state: RunState,
): AsyncGenerator<EventBody, readonly Evaluation[]> {
  const { epochs, iterations: perEpoch, evaluateEvery } = parts;
  const steps = epochs * perEpoch;
  const reportEvery = Math.min(perEpoch, Math.ceil(steps / REPORTS));
  const watch = watchOf(context.sentinels, state.scope("sentinels"));
  const run = iterations({ ...parts, learner, classifier, averaged, split, key, state });
  try {
    const history = state.cell<readonly Evaluation[]>("history", []);
    const done = state.cell<number>("iteration", 0);
    const stage = `${prefix}train`;
    yield { type: "stage", stage, steps };
    while (done.value < steps) {
      await state.settle();
      const step = done.value + 1;
      const epoch = Math.ceil(step / perEpoch); // the one under way, from 1
      run.run(step, (epoch - 1) / epochs);
      done.value = step;

      const isDue = step % perEpoch === 0 && ((step / perEpoch) % evaluateEvery === 0 || step === steps);
      if (step % reportEvery !== 0 && !isDue) continue;
      const { losses, broken } = await run.read();
      const { criticLoss } = losses;
      const all = [
        ...watch.finite(step, Object.fromEntries(broken.map((name) => [name, Number.NaN]))),
        ...(criticLoss === undefined ? [] : watch.runaway(step, criticLoss)),
      ];
      if (isDue) {
        copy(classifier.state, averaged.state);
        const found = await examiner.examine(step / perEpoch);
        history.value = [...history.value, found.evaluation];
        if (found.spread !== undefined) all.push(...watch.collapse(step, found.spread));
      }
      const values = { ...losses, ...shown(history.value) };
      yield { type: "progress", stage, step, steps, values };
      for (const alarm of all) yield { type: "sentinel", ...alarm };
      const fatal = all.find(({ action }) => action === "stop");
      if (fatal !== undefined) throw new RunError(fatal.message);
    }
    return history.value;
  } finally {
    run.dispose();
  }
}

/** Of the newest evaluation, what a progress line has room for. */
function shown(history: readonly Evaluation[]): Record<string, number> {
  const last = history.at(-1);
  if (last === undefined) return {};
  const { epoch: _, ...values } = last;
  return values;
}

/** Gives the results, and draws. */
async function* judged(
  parts: BadGanSsl,
  { classifier, learner, split, prefix, context }: Workplace,
  history: readonly Evaluation[],
  key: Key,
): AsyncGenerator<EventBody, Numbers> {
  yield { type: "stage", stage: `${prefix}judge` };
  const csv = Object.keys(history[0]!);
  const lines = [csv, ...history.map((row) => csv.map((name) => row[name as keyof Evaluation] ?? ""))];
  const text = new TextEncoder().encode(`${lines.map((line) => line.join(",")).join("\n")}\n`);
  yield await context.artifact(`${prefix}errors.csv`, "Errors at each evaluation", text);
  const results = resultsOf(history, parts.test.size);
  const named = Object.entries(results).map(([name, value]) => [`${prefix}${name}`, value]);
  yield { type: "metrics", values: Object.fromEntries(named) };
  if (parts.painter === undefined) return results;
  const drawn = await pictures(parts.painter, { ...parts, split, classifier, learner, history }, key);
  for (const { name, title, png } of drawn) {
    yield await context.artifact(`${prefix}${name}.png`, title, png);
  }
  return results;
}

/** Gives variables the values of others of the same names; values of their own, not the same ones in two places. */
function copy(from: Network["parameters"], to: Network["parameters"]): void {
  tf.tidy(() => {
    for (const [name, variable] of from) to.get(name)!.assign(tf.add(variable, 0));
  });
}

const count = z.int().positive();

/** How a scenario names it: `application: { use: bad-gan-ssl, recipe: mnist, method: dsgan }`. */
const badGanSslComponent = component(Applications, {
  name: "bad-gan-ssl",
  summary: "Semi-supervised learning: a classifier from a few labels, unlabelled data and complement samples",
  reference: "DSGAN, Secs. 4.1 and 5.1; Dai et al., NIPS 2017, arXiv:1705.09783",
  options: (refs) =>
    z.strictObject({
      recipe: z
        .enum(["mnist", "svhn", "cifar10"])
        .default("mnist")
        .describe("Whose networks, rates, labels and schedule apply where none are given."),
      preset: z
        .enum(["paper", "authors"])
        .default("authors")
        .describe("Where the paper and its authors' code differ: which to follow."),
      data: refs(Datasets)
        .optional()
        .describe(
          "Labelled data with a test split; by default the recipe's, in [0, 1] for mnist, in [-1, 1] for the others.",
        ),
      method: refs(SslMethods).prefault({ use: "dsgan" }).describe("How unlabelled data are learned from."),
      against: refs(SslMethods)
        .optional()
        .describe(
          "Another method to train too, on the same classifier, labels and budget, and compare with.",
        ),
      classifier: refs(Networks)
        .optional()
        .describe("Architecture of C, with a feature space; by default the recipe's."),
      classifierOptimizer: refs(Optimizers)
        .optional()
        .describe("Of the classifier; by default the recipe's."),
      labeled: count.optional().describe("Labelled rows, as many of each class; by default the recipe's."),
      unlabeled: z
        .enum(["rest", "all"])
        .optional()
        .describe(
          "Whether labelled rows are among the unlabelled too (all) or not (rest); by default the recipe's.",
        ),
      validation: z
        .int()
        .min(0)
        .default(1000)
        .describe("Training rows held back to choose an epoch by: no method sees them."),
      initialize: z
        .strictObject({
          from: z.enum(["labeled", "unlabeled"]).optional().describe("Which rows; by default the recipe's."),
          rows: count.default(500).describe("How many, if there are so many."),
        })
        .prefault({})
        .describe("Data-dependent initialisation of weight norm."),
      m: count.default(100).describe("Batch size."),
      epochs: count.optional().describe("By default the recipe's full schedule."),
      iterations: count.optional().describe("Iterations an epoch; by default the recipe's."),
      evaluateEvery: count.default(1).describe("Epochs between evaluations."),
      averaging: z
        .number()
        .min(0)
        .lt(1)
        .default(0.9999)
        .describe("Decay of the running means of the classifier's weights, which are judged too."),
      samples: count.default(1000).describe("Rows of each kind that shares and pictures are made of."),
    }),
  async create({ recipe, preset, initialize, ...options }, context) {
    const setting: SslSetting = { recipe, preset };
    const usual: Recipe = recipeOf(setting);
    const ref = options.data ?? refsOf(context.registry)(Datasets).parse(usual.data);
    const { data, test } = await splitsOf(await context.create(Datasets, ref));
    return badGanSsl({
      ...options,
      setting,
      data,
      test,
      method: await context.create(SslMethods, options.method),
      against: options.against && (await context.create(SslMethods, options.against)),
      classifier: await context.create(Networks, options.classifier ?? usual.classifier),
      optimizer: await context.create(Optimizers, options.classifierOptimizer ?? usual.classifierOptimizer),
      labeled: options.labeled ?? usual.labeled,
      unlabeled: options.unlabeled ?? usual.unlabeled,
      initialize: { from: initialize.from ?? usual.initialize, rows: initialize.rows },
      epochs: options.epochs ?? usual.epochs,
      iterations: options.iterations ?? usual.iterations,
      published: data.name === recipe ? usual.published : {},
      painter: await painterOf(context),
    });
  },
});

/** @throws InputError where the data has no rows of its own to train and to judge with */
async function splitsOf(data: Dataset): Promise<{ data: FiniteDataset; test: FiniteDataset }> {
  if (!isFiniteDataset(data) || data.heldOut === undefined) {
    throw new InputError(
      `dataset "${data.name}" has no test split: take a labelled one that has, such as mnist, idx, svhn or cifar10`,
    );
  }
  return { data, test: await data.heldOut() };
}

export default badGanSslComponent;
