/**
 * The application `evaluate-robustness`: attacks classifiers, and draws accuracy against the size of the perturbation, a
 * panel an attack and a line a classifier, as Figs. 7, 9 and 10 of the DSGAN paper have it.
 *
 * @module
 */
import {
  type Application,
  type ApplicationEvent,
  Applications,
  affordableBatch,
  type Classifier,
  checkClassifier,
  checkEpsilons,
  checkGradients,
  checkImages,
  component,
  fileNameRule,
  InputError,
  isFileName,
  isFiniteDataset,
  outputKindOf,
  painterOf,
  parseOptions,
  type RunContext,
  randomnessOf,
  type tf,
} from "../../../core/mod.ts";
import { attackedImages, predictions } from "./clean.ts";
import { drawImages, firstOf, type Images } from "./images.ts";
import { checkMeasures, measuring } from "./measures.ts";
import { type EvaluateRobustness, type EvaluateRobustnessOptions, options, settings } from "./options.ts";
import { probing } from "./probes.ts";
import { fingerprintOf, recorded } from "./record.ts";
import { results } from "./results.ts";
import { type Evaluated, type NamedAttack, withNames } from "./stage.ts";
import { transfer } from "./transfer.ts";
import { runTrials } from "./trials.ts";

export type { EvaluateRobustness, EvaluateRobustnessOptions };

/** Longest name of an attack. */
const LONGEST = 100;

/**
 * The application, ready to run.
 * @throws InputError where an attack has no budgets or cannot aim, before anything is trained
 */
export function evaluateRobustness(given: EvaluateRobustnessOptions): Application {
  const { classifiers, data, attacks, measures = [], painter, ...rest } = given;
  if ((rest.classes ?? data.classes!) < 2) {
    throw new InputError(
      `evaluate-robustness: the images of "${data.name}" are all of one class, and there is no other to be taken for: set ` +
        "classes to how many the classifiers tell apart",
    );
  }
  const { classes = data.classes!, ...checked } = parseOptions("evaluate-robustness", settings, rest);
  const { epsilons, goal } = checked;
  if (attacks.length === 0 && measures.length === 0) {
    throw new InputError("evaluate-robustness: there is nothing to do: name attacks, measures, or both");
  }
  if (checked.transfer && attacks.length === 0) {
    throw new InputError("transfer: true judges the examples of attacks, but there are none: name one");
  }
  if (checked.transfer && Object.keys(classifiers).length < 2) {
    throw new InputError(
      "transfer: true judges the examples of one classifier on another, but there is one alone: name two at least",
    );
  }
  for (const { name, norm, targeted } of attacks) {
    if (!isFileName(name, LONGEST)) {
      throw new InputError(
        `attack ${JSON.stringify(name)}: its name becomes that of files, so its plugin must make it of ${fileNameRule(LONGEST)}`,
      );
    }
    if (epsilons[norm].length === 0) {
      throw new InputError(`attack "${name}" needs budgets: give epsilons: { ${norm}: [...] }`);
    }
    if (goal !== "untargeted" && !targeted) {
      throw new InputError(
        `attack "${name}" cannot aim at a given class: take it out, or set goal: untargeted`,
      );
    }
  }
  if (typeof goal === "number" && goal >= classes) {
    throw new InputError(`goal: class ${goal} is none of the ${classes} classes of "${data.name}"`);
  }
  checkMeasures(measures);
  const parts = { ...checked, classes, classifiers, data, attacks, measures, painter };
  return { name: "evaluate-robustness", run: (context) => runEvaluation(parts, context) };
}

async function* runEvaluation(
  parts: EvaluateRobustness,
  context: RunContext,
): AsyncGenerator<ApplicationEvent> {
  const opened: Classifier[] = []; // those of the run's own networks live as long as the run
  try {
    const { images, named, evaluated } = yield* attacked(parts, context, opened);
    yield* context.state.once("results", () => results(parts, images, named, evaluated, context));
    if (parts.transfer) {
      yield* context.state.once("transfer", () => transfer(evaluated, parts.painter, context));
    }
    const measured = yield* measuring(parts, images, opened, context);
    yield* context.state.once("record", () => recorded(parts, images, named, evaluated, measured, context));
  } finally {
    for (const classifier of opened) classifier.dispose();
  }
}

/** What all attacks did to all classifiers. */
export interface Attacked {
  readonly images: Images;
  readonly named: readonly NamedAttack[];
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
): AsyncGenerator<ApplicationEvent, Attacked> {
  const { state } = context;
  const { data, attacks, epsilons, classes } = parts;
  const key = context.key.fold("evaluate-robustness");
  const images = await drawImages(data, parts.n, key.fold("images"));
  const named = withNames(attacks);
  const all = new Map<string, Classifier>();
  for (const [name, source] of Object.entries(parts.classifiers)) {
    const place = {
      name,
      inputShape: data.shape,
      classes,
      ...(data.range && { range: data.range }),
      check: async (classifier: Classifier) => {
        await checked(classifier, images, named, epsilons);
        for (const measure of parts.measures) measure.check?.(classifier);
      },
    };
    const classifier = yield* source.open(place, context);
    opened.push(classifier);
    all.set(name, classifier);
  }

  const evaluated: Evaluated[] = [];
  for (const [name, classifier] of all) {
    const batch = await firstOf(images, 1, async (x) => affordable(classifier, named, x, parts.batch));
    const others = parts.transfer
      ? new Map([...all].filter(([other]) => other !== name))
      : new Map<string, Classifier>();
    const stage = {
      ...{ parts: { ...parts, batch }, images, name, classifier, others, context },
      key: key.fold("classifier", name),
    };
    const seen = yield* state.once(`${name}: clean`, () => predictions(stage));
    const { clean, target } = seen;
    const right = attackedImages(images, seen);
    const trials = yield* runTrials(stage, named, right, target);
    const { bounds } = classifier;
    const evaluation = { classes, bounds, labels: [...images.labels], clean, attacked: right, trials };
    const random = await firstOf(images, LOOKED_AT, (x) => randomnessOf(classifier, x, stage.key));
    const fingerprint = await fingerprintOf(classifier, images);
    const outputs = await firstOf(images, LOOKED_AT, (x) => outputKindOf(classifier, x));
    const probes =
      parts.probes && named.length > 0
        ? yield* state.once(`${name}: probes`, () => probing(stage, named, evaluation, target, outputs))
        : {};
    evaluated.push({ name, evaluation, probes: { ...probes, outputs }, random, fingerprint });
  }
  return { images, named, evaluated };
}

/** Everything that can be found wrong before any work. */
async function checked(
  classifier: Classifier,
  images: Images,
  attacks: readonly NamedAttack[],
  epsilons: EvaluateRobustness["epsilons"],
): Promise<void> {
  checkImages(classifier, images.values, images.labels);
  for (const { attack } of attacks) {
    checkEpsilons(attack.norm, epsilons[attack.norm], classifier);
    attack.check?.(classifier);
  }
  await firstOf(images, LOOKED_AT, (x) => checkClassifier(classifier, x));
  if (takesGradients(attacks)) await firstOf(images, 1, async (x) => checkGradients(classifier, x));
}

const takesGradients = (attacks: readonly NamedAttack[]): boolean =>
  attacks.some(({ attack: { access = "white-box" } }) => access === "white-box");

/** Images attacked together: as many as asked for, or fewer where their gradients would take too much memory. */
function affordable(
  classifier: Classifier,
  attacks: readonly NamedAttack[],
  image: tf.Tensor,
  most: number,
): number {
  return takesGradients(attacks) ? Math.min(most, affordableBatch(classifier, image)) : most;
}

/** Images of which a classifier is asked before any work. */
const LOOKED_AT = 32;

/** How a scenario names it: `application: { use: evaluate-robustness, data: mnist, … }`. */
export default component(Applications, {
  name: "evaluate-robustness",
  summary: "Attack classifiers; accuracy against the size of the perturbation",
  reference: "DSGAN, Sec. 5.2 and Figs. 7, 9, 10; Carlini et al., arXiv:1902.06705",
  options,
  create: async (given, context) => {
    const { classifiers, data, attacks, measures } = await context.build(given);
    if (!isFiniteDataset(data) || data.labels === undefined) {
      throw new InputError(`evaluate-robustness: dataset "${data.name}" has no labelled images`);
    }
    return evaluateRobustness({
      ...given,
      data: (await data.heldOut?.()) ?? data,
      classes: given.classes ?? data.classes!,
      classifiers,
      attacks,
      measures,
      painter: await painterOf(context),
    });
  },
});
