/**
 * Slopes averaged over the budget. Steps in what a classifier does to its inputs, such as a thermometer code, leave slopes
 * that are true of one level alone: attacks that follow them are soon stuck, where their mean over random points leads on.
 *
 * @module
 */
import { type Classifier, compileStep, type Key, predictionOf, tf } from "../../../core/mod.ts";
import { logOdds } from "../certainty.ts";
import { type Evaluation, fooledWithin } from "../evaluation.ts";
import { type Averaging, FEWEST } from "../masking.ts";
import { type Budget, lengthsOf, spread, steepest } from "./gradients.ts";
import { attackBatch, disposeBatch } from "./images.ts";
import type { NamedAttack, Stage } from "./stage.ts";

/** Random points that slopes are averaged over. */
const POINTS = 10;

/** Images looked at together. */
const TOGETHER = 16;

/** Images at most that the two are compared on. */
const MOST = 100;

/** Of the first images that attacks left, so many must be fooled before more is computed. */
const SIGN = 2;

/** Share of the images that attacks must leave at a budget: with fewer, there is little that could be hidden. */
const LEFT = 0.2;

/**
 * Compares one step along averaged slopes with all attacks that follow slopes, at the largest budget where these leave enough
 * images. A few images that they left come first, and where next to none of them is fooled, as on a
 * classifier that masks nothing, that is all that is computed.
 * @returns undefined where no attack in ℓ∞ or ℓ2 follows slopes for several steps, or they leave too little
 */
export async function averaging(
  stage: Stage,
  attacks: readonly NamedAttack[],
  evaluation: Evaluation,
  target: readonly number[] | null,
  budget: Budget | undefined,
): Promise<Averaging | undefined> {
  const rival = budget && rivalOf(attacks, evaluation, budget);
  if (rival === undefined) return undefined;
  const { parts, images, classifier, context } = stage;
  const { attacked } = evaluation;
  const together = Math.min(TOGETHER, parts.batch);
  const key = stage.key.fold("averaged");
  const slopes = new AveragedSlopes(classifier, rival, target !== null);
  /** Which of the images of these places are fooled. */
  const fooledAt = async (places: readonly number[]): Promise<boolean[]> => {
    const found: boolean[] = [];
    for (let start = 0; start < places.length; start += together) {
      context.signal.throwIfAborted();
      const own = places.slice(start, start + together);
      const indices = Array.from({ length: together }, (_, i) => own[i] ?? own[0]!);
      const batch = attackBatch(images, { start: 0, count: own.length, indices }, attacked, target);
      try {
        const { x, y, target: aim = y } = batch;
        found.push(...(await slopes.fooled(x, aim, key.fold(start))).slice(0, own.length));
      } finally {
        disposeBatch(batch);
      }
    }
    return found;
  };
  try {
    const left = rival.fooled.flatMap((good, i) => (good ? [] : [i]));
    const first = await fooledAt(left.slice(0, together));
    const about = { norm: rival.norm, epsilon: rival.epsilon, attacks: rival.attacks, points: POINTS };
    if (first.filter(Boolean).length < SIGN) {
      return { ...about, images: first.length, only: { averaged: first.filter(Boolean).length, attacks: 0 } };
    }
    const places = attacked.slice(0, MOST).map((_, i) => i);
    const flags = await fooledAt(places);
    const count = (averaged: boolean): number =>
      places.filter((i) => flags[i] === averaged && rival.fooled[i] === !averaged).length;
    return { ...about, images: places.length, only: { averaged: count(true), attacks: count(false) } };
  } finally {
    slopes.dispose();
  }
}

/** Norms in which one step moves all pixels: in ℓ1 it moves one, which fools next to nothing. */
type AveragedNorm = "linf" | "l2";

/** What all attacks that follow slopes leave at a budget. */
interface Rival {
  readonly norm: AveragedNorm;
  readonly epsilon: number;
  readonly attacks: readonly string[];
  /** A value for each image attacked. */
  readonly fooled: readonly boolean[];
}

function rivalOf(
  attacks: readonly NamedAttack[],
  evaluation: Evaluation,
  { norm, epsilons }: Budget,
): Rival | undefined {
  if (norm === "l1") return undefined;
  const following = attacks.filter(({ attack: { access = "white-box" } }) => access === "white-box");
  const names = new Set(following.map(({ name }) => name));
  const trials = evaluation.trials.filter((trial) => trial.norm === norm && names.has(trial.attack));
  // one step finds less than a mean of ten slopes on any classifier that is no straight line
  const goesOn = following.some(({ attack }) => attack.norm === norm && attack.steps !== 1);
  if (!goesOn) return undefined;
  const { attacked, bounds } = evaluation;
  for (const epsilon of [...new Set(epsilons)].sort((a, b) => b - a)) {
    const found = trials.map((trial) => fooledWithin(trial, norm, epsilon, bounds));
    const fooled = attacked.map((_, i) => found.some((flags) => flags[i]));
    const left = fooled.filter((good) => !good).length;
    const isEnough = left >= Math.max(FEWEST, LEFT * attacked.length);
    if (epsilon > 0 && isEnough) {
      return { norm, epsilon, attacks: [...new Set(trials.map(({ attack }) => attack))], fooled };
    }
  }
  return undefined;
}

/** One step of the whole budget along slopes averaged over random points of it. */
class AveragedSlopes {
  readonly #slope;
  readonly #step;

  /** @param aimed whether images are to be taken for a class: then the step leads there */
  constructor(classifier: Classifier, { norm, epsilon }: Rival, aimed: boolean) {
    const { bounds, classes } = classifier;
    const [low, high] = bounds;
    this.#slope = compileStep<"x" | "aim" | "sum", "sum">("averaged slopes", ({ x, aim, sum }, key) => {
      const hot = tf.cast(tf.oneHot(aim as tf.Tensor1D, classes), "bool");
      const at = tf.clipByValue(tf.add(x, noise(x, norm, epsilon, key.fold("point"))), low, high);
      const slope = tf.grad((image) => tf.sum(logOdds(classifier.logits(image, key), hot)))(at);
      return { sum: tf.add(sum, slope) };
    });
    this.#step = compileStep<"x" | "aim" | "sum", "fooled">("step along them", ({ x, aim, sum }, key) => {
      const way = tf.mul(aimed ? -epsilon : epsilon, steepest(sum, norm));
      const taken = predictionOf(classifier.logits(tf.clipByValue(tf.add(x, way), low, high), key));
      const isFooled = aimed ? tf.equal(taken, aim) : tf.notEqual(taken, aim);
      return { fooled: tf.cast(isFooled, "float32") };
    });
  }

  /** Whether each image of a batch is fooled. */
  async fooled(x: tf.Tensor, aim: tf.Tensor, key: Key): Promise<boolean[]> {
    let sum: tf.Tensor = tf.zerosLike(x);
    try {
      for (let i = 0; i < POINTS; i++) {
        const next = this.#slope.run({ x, aim, sum }, key.fold("slope", i)).sum;
        sum.dispose();
        sum = next;
      }
      const { fooled } = this.#step.run({ x, aim, sum }, key.fold("step"));
      const flags = await fooled.data();
      fooled.dispose();
      return Array.from(flags, (flag) => flag === 1);
    } finally {
      sum.dispose();
    }
  }

  dispose(): void {
    this.#slope.dispose();
    this.#step.dispose();
  }
}

/** A random change within the budget: of ℓ∞ anywhere in it, of ℓ2 on its edge, where nearly all of a ball is. */
function noise(x: tf.Tensor, norm: AveragedNorm, epsilon: number, key: Key): tf.Tensor {
  const shape = [...x.shape];
  if (norm === "linf") return key.uniform(shape, -epsilon, epsilon);
  const way = key.normal(shape, 0, 1);
  return tf.mul(epsilon, tf.div(way, spread(lengthsOf(way), way)));
}
