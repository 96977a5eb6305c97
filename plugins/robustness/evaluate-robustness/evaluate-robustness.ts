/**
 * The application `evaluate-robustness`: attacks classifiers, judges what comes of it, and draws accuracy against the
 * size of the perturbation, a panel an attack and a line a classifier, as Figs. 7, 9 and 10 of the DSGAN paper have it.
 *
 * @module
 */
import {
  type Application,
  Applications,
  type Attack,
  Attacks,
  type Classifier,
  type ClassifierSource,
  ClassifierSources,
  checkClassifier,
  checkEpsilons,
  checkImages,
  component,
  Datasets,
  type EventBody,
  type FiniteDataset,
  InputError,
  isFiniteDataset,
  type Norm,
  type Painter,
  painterOf,
  type RunContext,
  z,
} from "../../../core/mod.ts";
import { type Evaluated, results } from "./results.ts";
import { attackStages, type Images, type Named, predictions, probing } from "./stages.ts";

/** All that `evaluate-robustness` is made of. */
export interface EvaluateRobustness {
  readonly classifiers: Readonly<Record<string, ClassifierSource>>;
  readonly data: FiniteDataset;
  /** Number of classes, which a part of the data may not show. */
  readonly classes: number;
  /** Images taken from the data, drawn by the seed; all of them where it has no more. */
  readonly n: number;
  readonly attacks: readonly Attack[];
  /** Budgets in each norm. */
  readonly epsilons: Readonly<Record<Norm, readonly number[]>>;
  /** `fixed`: attacks within budgets run anew at each; `minimal`: they look for the least budget of each image. */
  readonly mode: "fixed" | "minimal";
  readonly search: { readonly by: "bisection" | "scan"; readonly steps: number };
  /** What examples are to be taken for: anything but the truth, or one class. */
  readonly goal: Goal;
  /** Images attacked together. */
  readonly batch: number;
  /** Images on a sheet; 0 draws none. */
  readonly show: number;
  /** Which examples are kept, as `.npy` and on sheets: those of every budget, of the largest, or none. */
  readonly keep: "all" | "largest" | "none";
  /** Whether to look for signs of masked gradients beside what the attacks show. */
  readonly probes: boolean;
  readonly painter: Painter | undefined;
}

/** Untargeted; or a target for each image: the class least likely to begin with, any wrong one, or one for all. */
export type Goal = "untargeted" | "least-likely" | "random" | number;

/**
 * The application, ready to run.
 * @throws InputError where an attack has no budgets or cannot aim, before anything is trained
 */
export function evaluateRobustness(parts: EvaluateRobustness): Application {
  const { attacks, epsilons, goal, data, classes } = parts;
  for (const { name, norm, targeted } of attacks) {
    if (epsilons[norm].length === 0) {
      throw new InputError(`attack "${name}" needs budgets: give epsilons: { ${norm}: [...] }`);
    }
    if (goal !== "untargeted" && !targeted) {
      throw new InputError(
        `attack "${name}" cannot be told which class to aim at: take it out, or goal: untargeted`,
      );
    }
  }
  if (typeof goal === "number" && goal >= classes) {
    throw new InputError(`goal: class ${goal} is none of the ${classes} classes of "${data.name}"`);
  }
  return { name: "evaluate-robustness", run: (context) => runEvaluation(parts, context) };
}

async function* runEvaluation(parts: EvaluateRobustness, context: RunContext): AsyncGenerator<EventBody> {
  const opened: Classifier[] = []; // those of the run's own networks live as long as the run
  try {
    const { images, named, evaluated } = yield* attacked(parts, context, opened);
    yield* context.state.once("results", () => results(parts, images, named, evaluated, context));
  } finally {
    for (const classifier of opened) classifier.dispose();
  }
}

/** What came of all attacks on all classifiers. */
export interface Attacked {
  readonly images: Images;
  readonly named: readonly Named[];
  readonly evaluated: readonly Evaluated[];
}

/**
 * Attacks each classifier with each attack. Which images are drawn is a function of the context's key, their number and
 * the data alone.
 * @param opened takes the classifiers, which the caller disposes when the run ends
 */
export async function* attacked(
  parts: EvaluateRobustness,
  context: RunContext,
  opened: Classifier[],
): AsyncGenerator<EventBody, Attacked> {
  const { state } = context;
  const key = context.key.fold("evaluate-robustness");
  const images = await drawn(parts, key.fold("images"));
  const { data, attacks, epsilons } = parts;
  const named = withNames(attacks);
  const evaluated: Evaluated[] = [];

  for (const [name, source] of Object.entries(parts.classifiers)) {
    const place = {
      name,
      inputShape: data.shape,
      classes: parts.classes,
      ...(data.range && { range: data.range }),
      check: (classifier: Classifier) => checked(classifier, images, named, epsilons),
    };
    const classifier = yield* source.open(place, context);
    opened.push(classifier);
    const own = key.fold("classifier", name);
    const stage = { parts, images, name, classifier, key: own, context };
    const { clean, target } = yield* state.once(`${name}: clean`, () => predictions(stage));
    const right = attackedOf(images, clean, target);
    const trials = yield* attackStages(stage, named, right, target);
    const evaluation = { classes: parts.classes, labels: [...images.labels], clean, attacked: right, trials };
    const probes = parts.probes
      ? yield* state.once(`${name}: probes`, () => probing(stage, named, evaluation, target))
      : {};
    evaluated.push({ name, evaluation, probes });
  }
  return { images, named, evaluated };
}

/** Images to be attacked: rows drawn without replacement, in the order of the data. */
async function drawn({ data, n }: EvaluateRobustness, key: RunContext["key"]): Promise<Images> {
  const rows = key.permutation(data.size).slice(0, n).sort();
  const x = data.rows(rows);
  const values = Float32Array.from(await x.data());
  x.dispose();
  return {
    values,
    shape: data.shape,
    rows: [...rows],
    labels: Array.from(rows, (row) => data.labels![row]!),
  };
}

/** Everything that can be found wrong before any work. */
async function checked(
  classifier: Classifier,
  images: Images,
  attacks: readonly Named[],
  epsilons: EvaluateRobustness["epsilons"],
): Promise<void> {
  checkImages(classifier, images.values, images.labels);
  for (const { attack } of attacks) {
    checkEpsilons(attack.norm, epsilons[attack.norm], classifier);
    attack.check?.(classifier);
  }
  await checkClassifier(classifier);
}

/** Which images are attacked: those that are right and, where there is a target, not of that class. */
function attackedOf(
  { labels }: Images,
  clean: readonly number[],
  target: readonly number[] | null,
): number[] {
  const images = labels.map((_, i) => i);
  return images.filter((i) => clean[i] === labels[i] && (target === null || target[i] !== labels[i]));
}

/** The attacks with names of their own: `pgd-linf`, `pgd-linf-2`. */
function withNames(attacks: readonly Attack[]): Named[] {
  const seen = new Map<string, number>();
  return attacks.map((attack) => {
    const times = (seen.get(attack.name) ?? 0) + 1;
    seen.set(attack.name, times);
    return { name: times === 1 ? attack.name : `${attack.name}-${times}`, attack };
  });
}

const budgets = (norm: string): z.ZodDefault<z.ZodArray<z.ZodNumber>> =>
  z.array(z.number().min(0)).default([]).describe(`Budgets in ${norm}, in units of the data.`);

/** How a scenario names it: `application: { use: evaluate-robustness, data: mnist, … }`. */
const evaluateRobustnessComponent = component(Applications, {
  name: "evaluate-robustness",
  summary: "Attack classifiers; accuracy against the size of the perturbation",
  reference: "DSGAN, Sec. 5.2 and Figs. 7, 9, 10; Carlini et al., arXiv:1902.06705",
  options: (refs) =>
    z.strictObject({
      classifiers: z
        .record(z.string().regex(/^[\w.-]+$/, "letters, digits, dots and dashes"), refs(ClassifierSources))
        .refine((all) => Object.keys(all).length > 0, { error: "name at least one classifier" })
        .describe("What to attack, each by a name: a line in the pictures."),
      data: refs(Datasets).describe("Labelled images; those held back for testing where the data has some."),
      classes: z
        .int()
        .min(2)
        .optional()
        .describe("Number of classes, where the data lacks the last ones; one more than its largest label."),
      n: z.int().positive().default(1000).describe("Images taken from them, drawn by the seed."),
      attacks: z.array(refs(Attacks)).min(1).describe("A panel each in the pictures."),
      epsilons: z
        .strictObject({ linf: budgets("the largest change of a pixel"), l2: budgets("Euclidean length") })
        .describe("Budgets in the norm of each attack; bounds on the perturbation, not step sizes."),
      mode: z
        .enum(["fixed", "minimal"])
        .default("fixed")
        .describe(
          "Attacks within budgets run anew at each (fixed), or look for each image's least (minimal).",
        ),
      search: z
        .strictObject({
          by: z
            .enum(["bisection", "scan"])
            .default("bisection")
            .describe("Halve a bracket, or try budgets in rising order up to the largest."),
          steps: z.int().positive().default(20).describe("Halvings, or budgets tried."),
        })
        .prefault({})
        .describe("How the least budget is looked for, in mode minimal."),
      goal: z
        .union([z.enum(["untargeted", "least-likely", "random"]), z.int().min(0)])
        .default("untargeted")
        .describe(
          "What images are to be taken for: any wrong class, the least likely, a random one, or a class.",
        ),
      batch: z.int().positive().default(100).describe("Images attacked together."),
      show: z.int().min(0).default(8).describe("Images on each sheet of clean, adversarial and difference."),
      keep: z
        .enum(["all", "largest", "none"])
        .default("largest")
        .describe("Examples kept, as .npy and on sheets: of every budget, of the largest, none."),
      probes: z.boolean().default(true).describe("Looks for zero gradients and for steps that do not help."),
    }),
  create: async ({ classifiers, data: ref, attacks, ...rest }, context) => {
    const data = await context.create(Datasets, ref);
    if (!isFiniteDataset(data) || data.labels === undefined) {
      throw new InputError(`evaluate-robustness: dataset "${data.name}" has no labelled images`);
    }
    const sources = await Promise.all(
      Object.entries(classifiers).map(
        async ([name, of]) => [name, await context.create(ClassifierSources, of)] as const,
      ),
    );
    return evaluateRobustness({
      ...rest,
      data: (await data.heldOut?.()) ?? data,
      classes: rest.classes ?? data.classes!,
      classifiers: Object.fromEntries(sources),
      attacks: await Promise.all(attacks.map((of) => context.create(Attacks, of))),
      painter: await painterOf(context),
    });
  },
});

export default evaluateRobustnessComponent;
