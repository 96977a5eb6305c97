/**
 * The robustness of a classifier, from what attacks did to it: accuracy against ε with its uncertainty, the worst case
 * over attacks, distances, and signs that an evaluation flatters the classifier.
 *
 * @module
 */
import type { Norm } from "../../core/mod.ts";

/** One attack at one budget, or once at the least distance, on every image that was classified correctly. */
export interface Trial {
  readonly attack: string;
  readonly norm: Norm;
  readonly access: "white-box" | "black-box";
  /** The budget; null where the attack looked for the least distance. */
  readonly epsilon: number | null;
  /** 1 where the classifier was fooled (within the budget), a value for each image attacked, like all below. */
  readonly success: readonly number[];
  /** Class that the example is taken for. */
  readonly prediction: readonly number[];
  /** How far the example is from the image, in each norm, whether it fools or not. */
  readonly distance: Readonly<Record<Norm, readonly number[]>>;
  /** Images put to the classifier for it. */
  readonly queries: readonly number[];
}

/** All attacks on one classifier. Images that it gets wrong without any attack are counted, not attacked. */
export interface Evaluation {
  readonly classes: number;
  /** True class of each image. */
  readonly labels: readonly number[];
  /** Class that the classifier takes it for. */
  readonly clean: readonly number[];
  /** The images that were attacked: those that it gets right. */
  readonly attacked: readonly number[];
  readonly trials: readonly Trial[];
}

/** A share and where it lies with 95 % confidence. */
export interface Share {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Accuracy under attack. */
export interface CurvePoint extends Share {
  readonly epsilon: number;
}

/** The 97.5 % point of the normal distribution. */
const Z = 1.959963984540054;

/**
 * A binomial share with Wilson's 95 % interval. E. B. Wilson, "Probable inference, the law of succession, and
 * statistical inference", JASA 22(158), 1927; the choice of L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science
 * 16(2), 2001.
 * @param count successes, of `n` > 0
 */
export function shareOf(count: number, n: number): Share {
  const value = count / n;
  const scale = 1 + Z ** 2 / n;
  const centre = (value + Z ** 2 / (2 * n)) / scale;
  const half = (Z / scale) * Math.sqrt((value * (1 - value)) / n + Z ** 2 / (4 * n ** 2));
  // exact at the ends, where rounding would leave a trace
  return { value, low: count === 0 ? 0 : centre - half, high: count === n ? 1 : centre + half };
}

/** Accuracy without any attack. */
export function cleanAccuracy({ labels, clean }: Evaluation): Share {
  return shareOf(labels.filter((label, i) => label === clean[i]).length, labels.length);
}

/**
 * For each image that was attacked, how far the nearest example is that any of the trials found, in a norm; infinity
 * where none found any. An example of an attack in another norm counts as well: it is measured, not believed.
 */
export function distances({ attacked }: Evaluation, trials: readonly Trial[], norm: Norm): Float64Array {
  const nearest = new Float64Array(attacked.length).fill(Number.POSITIVE_INFINITY);
  for (const { success, distance } of trials) {
    success.forEach((good, i) => {
      if (good) nearest[i] = Math.min(nearest[i]!, distance[norm][i]!);
    });
  }
  return nearest;
}

/** Rounding may carry an example so far beyond its budget, as a share of that. */
const ROUNDING = 1e-4;

/** Accuracy where every image is attacked by the worst of the trials: what is right and not fooled within ε. */
export function worstCase(
  evaluation: Evaluation,
  trials: readonly Trial[],
  norm: Norm,
  epsilons: readonly number[],
): CurvePoint[] {
  const nearest = distances(evaluation, trials, norm);
  const wrong = evaluation.labels.length - rightCount(evaluation);
  return epsilons.map((epsilon) => {
    const fooled = nearest.reduce((sum, d) => sum + (d <= epsilon * (1 + ROUNDING) ? 1 : 0), 0);
    return { epsilon, ...shareOf(evaluation.labels.length - wrong - fooled, evaluation.labels.length) };
  });
}

/**
 * Accuracy under one attack: at the budgets where it ran, what it achieved there and no more; where it sought the least
 * distance, at the given ones. At 0 it is the clean accuracy.
 */
export function curveOf(evaluation: Evaluation, attack: string, epsilons: readonly number[]): CurvePoint[] {
  const trials = evaluation.trials.filter((trial) => trial.attack === attack);
  const [first] = trials;
  if (first === undefined) return [];
  if (first.epsilon === null) return worstCase(evaluation, trials, first.norm, epsilons);
  const [n, right] = [evaluation.labels.length, rightCount(evaluation)];
  const points = trials.map(({ epsilon, success }) => ({
    epsilon: epsilon!,
    ...shareOf(right - success.reduce((a, b) => a + b, 0), n),
  }));
  const start = points.some(({ epsilon }) => epsilon === 0) ? [] : [{ epsilon: 0, ...shareOf(right, n) }];
  return [...start, ...points].sort((a, b) => a.epsilon - b.epsilon);
}

function rightCount({ labels, clean }: Evaluation): number {
  return labels.filter((label, i) => label === clean[i]).length;
}

/** The middle distance over images that were attacked; infinity where more than half of them were not fooled. */
export function medianDistance(evaluation: Evaluation, attack: string): number {
  const trials = evaluation.trials.filter((trial) => trial.attack === attack);
  if (trials[0] === undefined || evaluation.attacked.length === 0) return Number.NaN;
  const sorted = distances(evaluation, trials, trials[0].norm).sort();
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** What was probed beside the trials. */
export type Probes = {
  /** Shares of the images whose gradient is zero throughout, of the cross-entropy and of the margin. */
  readonly zeroGradients?: { readonly crossEntropy: number; readonly margin: number };
  /** Attacks run with a part of their steps, on some of the same images, at the largest budget. */
  readonly shortened?: readonly ShortenedAttack[];
};

/** An attack run with a quarter of its steps. */
export type ShortenedAttack = {
  readonly attack: string;
  readonly epsilon: number;
  /** Images attacked. */
  readonly images: number;
  /** Images fooled with all steps, and with a quarter of them. */
  readonly full: number;
  readonly quarter: number;
};

/** A larger share of zero gradients than this is no accident. */
const ZERO_GRADIENTS = 0.01;

/**
 * Signs that gradients are masked, and that the classifier is weaker than the attacks make it look. After A. Athalye,
 * N. Carlini, D. Wagner, "Obfuscated Gradients Give a False Sense of Security", ICML 2018, Sec. 3.1, and N. Carlini et
 * al., "On Evaluating Adversarial Robustness", arXiv:1902.06705, Sec. 4.
 * @returns warnings, each with what was seen and what to do; none where there is no sign
 */
export function maskingSigns(evaluation: Evaluation, probes: Probes = {}): string[] {
  return [
    ...zeroGradientSigns(probes),
    ...blackBoxSigns(evaluation),
    ...chanceSigns(evaluation),
    ...stepSigns(evaluation, probes),
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function zeroGradientSigns({ zeroGradients }: Probes): string[] {
  if (zeroGradients === undefined) return [];
  const { crossEntropy, margin } = zeroGradients;
  if (margin > ZERO_GRADIENTS) {
    return [
      `the gradient is zero on ${percent(margin)} of the images: it is masked, and attacks that follow it prove ` +
        "nothing there. Believe black-box attacks, or attack a differentiable copy",
    ];
  }
  if (crossEntropy > ZERO_GRADIENTS) {
    return [
      `the gradient of the cross-entropy is zero on ${percent(crossEntropy)} of the images, that of the margin is not: ` +
        "the softmax is saturated. Attack with a loss of the logits that does not saturate, such as their margin",
    ];
  }
  return [];
}

/** A black-box attack that fools more images than the best attack with gradients, by McNemar's test. */
function blackBoxSigns({ trials }: Evaluation): string[] {
  const signs = new Map<string, string>();
  for (const black of trials) {
    const { epsilon, norm } = black;
    if (black.access !== "black-box" || epsilon === null) continue;
    const white = trials
      .filter((trial) => trial.access === "white-box" && trial.norm === norm)
      .filter((trial) => trial.epsilon === null || trial.epsilon === epsilon)
      .map((trial) => ({ attack: trial.attack, fooled: fooledWithin(trial, norm, epsilon) }));
    if (white.length === 0) continue;
    const best = white.reduce((a, b) => (count(b.fooled) > count(a.fooled) ? b : a));
    const fooled = fooledWithin(black, norm, epsilon);
    const only = count(fooled.map((good, i) => good && !best.fooled[i]));
    const others = count(best.fooled.map((good, i) => good && !fooled[i]));
    if (only - others <= Z * Math.sqrt(only + others) || only + others < FEWEST) continue;
    signs.set(
      black.attack,
      `${black.attack}, which uses no gradients, fools ${count(fooled)} images at epsilon ${epsilon}, ${best.attack} ` +
        `only ${count(best.fooled)}: gradients are masked, or attacks that follow them need another loss, more steps ` +
        "or restarts",
    );
  }
  return [...signs.values()];
}

/** Fewer images on which two attacks differ say nothing. */
const FEWEST = 6;

const count = (flags: readonly boolean[]): number => flags.filter(Boolean).length;

function fooledWithin({ success, distance }: Trial, norm: Norm, epsilon: number): boolean[] {
  return success.map((good, i) => good === 1 && distance[norm][i]! <= epsilon * (1 + ROUNDING));
}

/** Norms in which a trial ran at a budget, or sought the least distance. */
const normsOf = ({ trials }: Evaluation): Norm[] => [...new Set(trials.map(({ norm }) => norm))];

/** The largest budget at which an attack of a norm ran. */
function largestBudget({ trials }: Evaluation, norm: Norm): number | undefined {
  const budgets = trials.flatMap((trial) =>
    trial.norm === norm && trial.epsilon !== null ? [trial.epsilon] : [],
  );
  return budgets.length === 0 ? undefined : Math.max(...budgets);
}

/** Accuracy at the largest budget, under all attacks together, that is above what guessing gives. */
function chanceSigns(evaluation: Evaluation): string[] {
  const chance = 1 / evaluation.classes;
  return normsOf(evaluation).flatMap((norm) => {
    const epsilon = largestBudget(evaluation, norm);
    if (epsilon === undefined || epsilon === 0) return [];
    const { value, low } = worstCase(evaluation, evaluation.trials, norm, [epsilon])[0]!;
    if (low <= chance) return [];
    return [
      `at the largest ${norm} budget, ${epsilon}, ${percent(value)} are still right, more than by chance ` +
        `(${percent(chance)}): add larger budgets until nothing is. Where accuracy stays high, attacks fail to find ` +
        "what is there",
    ];
  });
}

/** More steps that gain nothing while much is left to gain. */
function stepSigns({ attacked, classes }: Evaluation, { shortened = [] }: Probes): string[] {
  return shortened.flatMap(({ attack, epsilon, images, full, quarter }) => {
    const left = shareOf(images - full, images);
    if (attacked.length === 0 || full > quarter || left.low <= 1 / classes) return [];
    return [
      `${attack} fools ${full} of ${images} images at epsilon ${epsilon} with all its steps, ${quarter} with a quarter of ` +
        "them: more steps do not help. It has found what there is, or the loss it climbs leads nowhere: see whether " +
        "another loss or a black-box attack finds more",
    ];
  });
}
