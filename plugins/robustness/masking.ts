/**
 * Signs that gradients are masked: that an evaluation flatters the classifier.
 *
 * @module
 */
import { fractionText, type Norm, type OutputKind } from "../../core/mod.ts";
import { type Evaluation, fooledWithin, shareOf, worstCase, Z } from "./evaluation.ts";

/** What was probed beside the trials, on the images that were attacked. */
export type Probes = {
  /**
   * Shares of the images whose gradient is zero throughout, of the cross-entropy and of the margin; `atEnds` those of the
   * latter whose outputs lie at the ends of the range of all images' outputs.
   */
  readonly zeroGradients?: {
    readonly crossEntropy: number;
    readonly margin: number;
    readonly atEnds?: number;
  };
  /** What float32 makes of the cross-entropy's gradient. */
  readonly rounding?: Rounding;
  /** What the classifier gives. */
  readonly outputs?: OutputKind;
  /** What sigmoids at the end would hide. */
  readonly squashing?: Squashing;
  /** What slopes averaged over the budget find. */
  readonly averaged?: Averaging;
  /** Attacks run with a part of their steps, on some of the same images, at the largest budget. */
  readonly shortened?: readonly ShortenedAttack[];
};

/**
 * One step of the largest budget along the gradient of the cross-entropy, and one along that of the log-odds
 * `log Σ_{k≠y} e^{z_k} − z_y`. Both gradients have the same direction; in float32 the first loses the term of the true
 * class where its probability rounds to 1.
 */
export type Rounding = {
  readonly norm: Norm;
  readonly epsilon: number;
  /** Share of the images attacked whose true class has a probability of exactly 1 in float32. */
  readonly saturated: number;
  /** Of all images the share that is still right after the step. */
  readonly accuracy: { readonly crossEntropy: number; readonly logOdds: number };
  /** Images that one of the two steps fools and the other does not. */
  readonly only: { readonly crossEntropy: number; readonly logOdds: number };
};

/**
 * One step along the gradient of the log-odds of the outputs, and one where `log(p / (1 − p))` of each output stands in its
 * place, in all budgets: images that the one fools in more of them, and that the other does. Both 0 where the outputs leave
 * [0, 1].
 */
export type Squashing = {
  readonly norm: Norm;
  readonly only: { readonly outputs: number; readonly odds: number };
};

/** One step along slopes averaged over random points of the budget, beside the attacks that follow slopes. */
export type Averaging = {
  readonly norm: Norm;
  readonly epsilon: number;
  readonly attacks: readonly string[];
  /** Points averaged over. */
  readonly points: number;
  /** Images compared. */
  readonly images: number;
  /** Images that the averaged slopes alone fool, and that these attacks alone do. */
  readonly only: { readonly averaged: number; readonly attacks: number };
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
  const ofSlopes = [...outputSigns(probes), ...zeroGradientSigns(probes), ...roundingSigns(probes)];
  return [
    ...ofSlopes,
    // flat or rounded slopes explain as well why attacks leave images that other slopes fool
    ...(ofSlopes.length === 0 ? averagedSigns(probes) : []),
    ...blackBoxSigns(evaluation),
    ...chanceSigns(evaluation),
    ...stepSigns(evaluation, probes),
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/**
 * Probabilities taken for logits: a softmax of a softmax, whose slope is small wherever the first is sure. Outputs in [0, 1]
 * that are no shares of 1 may be logits: there it decides whether taking them for sigmoids fools more images.
 */
function outputSigns({ outputs, squashing }: Probes): string[] {
  if (outputs === "probabilities") {
    return [
      `its outputs are probabilities, and losses that expect logits are flat on them: attacks flatter it. ${WITH_LOGITS}`,
    ];
  }
  if (squashing === undefined || !exceeds(squashing.only.odds, squashing.only.outputs)) return [];
  const { norm, only } = squashing;
  return [
    "its outputs lie in [0, 1] and are no shares of 1, as sigmoids leave them, and losses that expect logits are flat on " +
      `them: attacks flatter it. One step (${norm}) up log(p / (1 − p)) of the outputs p fools ${only.odds} images at more ` +
      `of the budgets than one up the outputs, which does so on ${only.outputs}. ${BEFORE_SIGMOIDS}`,
  ];
}

/** What to do about a softmax in the model. Black-box attacks see no more of one that is saturated. */
const WITH_LOGITS =
  "Attack the logits before its softmax: export the model without it, or let output: auto of onnx or of a tfjs-model take it off";

/** The same of sigmoids. */
const BEFORE_SIGMOIDS =
  "Attack what goes into its sigmoids: export the model without them, or set output: sigmoids of onnx or of a tfjs-model";

function zeroGradientSigns({ zeroGradients, rounding, outputs = "logits" }: Probes): string[] {
  if (zeroGradients === undefined) return [];
  const { crossEntropy, margin, atEnds = 0 } = zeroGradients;
  if (margin > ZERO_GRADIENTS && (outputs === "probabilities" || outputs === "log-probabilities")) {
    return [
      `the gradient is zero on ${percent(margin)} of the images, where the softmax that the model ends in is saturated: ` +
        `neither attacks that follow it nor black-box attacks prove anything there. ${WITH_LOGITS}`,
    ];
  }
  if (margin > ZERO_GRADIENTS && atEnds > margin / 2) {
    return [
      `the gradient is zero on ${percent(margin)} of the images, on ${percent(atEnds)} because its outputs are saturated: they ` +
        "lie at the ends of their range, as a sigmoid or tanh leaves them. Neither attacks that follow the gradient nor " +
        "black-box attacks prove anything there. Attack what goes into that function: export the model without it, or name " +
        "that value (outputName of onnx)",
    ];
  }
  if (margin > ZERO_GRADIENTS) {
    return [
      `the gradient is zero on ${percent(margin)} of the images: it is masked, and attacks that follow it prove ` +
        "nothing there. Believe black-box attacks, or attack a differentiable copy",
    ];
  }
  // where rounding flatters the classifier, its sign tells of these too, and asks for the same
  if (crossEntropy > ZERO_GRADIENTS && !flatters(rounding)) {
    return [
      `the gradient of the cross-entropy is zero on ${percent(crossEntropy)} of the images, that of the margin is not: ` +
        `the softmax is saturated. ${OTHER_LOSSES}`,
    ];
  }
  return [];
}

const OTHER_LOSSES =
  "Attack with a loss of the logits that float32 does not round away: log-odds, margin or dlr";

/** Whether the step along the log-odds fools more than the one along the cross-entropy, by McNemar's test. */
function flatters(rounding: Rounding | undefined): rounding is Rounding {
  return rounding !== undefined && exceeds(rounding.only.logOdds, rounding.only.crossEntropy);
}

/** A gradient of the cross-entropy that is rounded so much that attacks along it fool fewer images. */
function roundingSigns({ rounding, zeroGradients }: Probes): string[] {
  if (!flatters(rounding)) return [];
  const { norm, epsilon, saturated, accuracy } = rounding;
  const zero = zeroGradients?.crossEntropy ?? 0;
  return [
    `float32 rounds the gradient of the cross-entropy: the probability of the true class is exactly 1 on ` +
      `${percent(saturated)} of the images${zero > 0 ? ` (and the gradient zero on ${percent(zero)})` : ""}. After one step ` +
      `of ${fractionText(epsilon)} (${norm}) up the cross-entropy ${percent(accuracy.crossEntropy)} are still right, up the log-odds ` +
      `${percent(accuracy.logOdds)}: attacks on the cross-entropy flatter this classifier. ${OTHER_LOSSES}`,
  ];
}

/** Slopes that are right on average alone: one step along their mean fools what many steps along them do not. */
function averagedSigns({ averaged }: Probes): string[] {
  if (averaged === undefined || !exceeds(averaged.only.averaged, averaged.only.attacks)) return [];
  const { norm, epsilon, attacks, points, images, only } = averaged;
  const many = attacks.length > 1;
  return [
    `one step of ${fractionText(epsilon)} (${norm}) along slopes averaged over ${points} random points of the budget fools ` +
      `${only.averaged} of ${images} images that ${attacks.join(", ")} ${many ? "do" : "does"} not, which ${many ? "fool" : "fools"} ` +
      `${only.attacks} that it does not: slopes are masked, as steps in the inputs do (levels, a thermometer code), or ` +
      `${many ? "these attacks need" : "this attack needs"} more or longer steps. Attack the model without the steps, or a copy with flatter ones`,
  ];
}

/** A black-box attack that fools more images than the best attack with gradients, by McNemar's test. */
function blackBoxSigns({ trials, bounds }: Evaluation): string[] {
  const signs = new Map<string, string>();
  for (const black of trials) {
    const { epsilon, norm } = black;
    if (black.access !== "black-box" || epsilon === null) continue;
    const white = trials
      .filter((trial) => trial.access === "white-box" && trial.norm === norm)
      .filter((trial) => trial.epsilon === null || trial.epsilon === epsilon)
      .map((trial) => ({ attack: trial.attack, fooled: fooledWithin(trial, norm, epsilon, bounds) }));
    if (white.length === 0) continue;
    const best = white.reduce((a, b) => (count(b.fooled) > count(a.fooled) ? b : a));
    const fooled = fooledWithin(black, norm, epsilon, bounds);
    const only = count(fooled.map((good, i) => good && !best.fooled[i]));
    const others = count(best.fooled.map((good, i) => good && !fooled[i]));
    if (!exceeds(only, others)) continue;
    signs.set(
      black.attack,
      `${black.attack}, which uses no gradients, fools ${count(fooled)} images at epsilon ${fractionText(epsilon)}, ${best.attack} ` +
        `only ${count(best.fooled)}: gradients are masked, or attacks that follow them need another loss, more steps ` +
        "or restarts",
    );
  }
  return [...signs.values()];
}

/** Fewer images on which two attacks differ say nothing. */
export const FEWEST = 6;

/** McNemar's test: whether an attack that alone fools `only` images is stronger than one that alone fools `others`. */
export function exceeds(only: number, others: number): boolean {
  return only + others >= FEWEST && only - others > Z * Math.sqrt(only + others);
}

const count = (flags: readonly boolean[]): number => flags.filter(Boolean).length;

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
      `at the largest ${norm} budget, ${fractionText(epsilon)}, ${percent(value)} are still right, more than by chance ` +
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
      `${attack} fools ${full} of ${images} images at epsilon ${fractionText(epsilon)} with all its steps, ${quarter} with a quarter of ` +
        "them: more steps do not help. It has found what there is, or the loss it climbs leads nowhere: see whether " +
        "another loss or a black-box attack finds more",
    ];
  });
}
