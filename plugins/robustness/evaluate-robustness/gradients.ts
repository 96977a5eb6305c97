/**
 * What the gradients on the clean images tell: where they are zero, and where float32 rounds them away.
 *
 * @module
 */
import {
  type AttackBatch,
  type Classifier,
  compileStep,
  type Key,
  type Norm,
  predictionOf,
  tf,
} from "../../../core/mod.ts";
import { isCertain, logOdds, otherLogits, ownLogit } from "../certainty.ts";

/** Of one image, each 0 or 1 unless it says otherwise. */
export interface Signs {
  /** The gradient is zero throughout: that of the cross-entropy, and that of the margin. */
  readonly zeroCrossEntropy: number;
  readonly zeroMargin: number;
  /** The probability of the true class is exactly 1 in float32. */
  readonly saturated: number;
  /** One step of the whole budget fools the classifier: up the cross-entropy, and up the log-odds. */
  readonly byCrossEntropy: number;
  readonly byLogOdds: number;
  /** Its own output, and the largest of the others. */
  readonly own: number;
  readonly other: number;
  /**
   * Budgets at which one step fools the classifier: up the log-odds of its outputs, and up those of the log-odds
   * `log(p / (1 − p))` of each. 0 for outputs that cannot be probabilities.
   */
  readonly budgetsByOutputs: number;
  readonly budgetsByOdds: number;
}

/** Norms in which one step of the whole budget along a slope says something: not in ℓ0. */
export type SteppedNorm = Exclude<Norm, "l0">;

/** The budget of that one step. */
export interface Budget {
  readonly norm: SteppedNorm;
  readonly epsilon: number;
  /** All budgets in this norm. */
  readonly epsilons: readonly number[];
}

/** Keeps quotients finite. */
const TINY = 1e-12;

/** Reads the signs of batches of one size. Call `dispose` at the end. */
export class GradientReader {
  readonly #step;

  /**
   * @param budget of one step; without one, no step fools
   * @param aimed whether all batches have targets: then steps lead to those, as the attacks do
   * @param inUnit whether each output lies in [0, 1], so that it may be a probability
   */
  constructor(classifier: Classifier, budget: Budget | undefined, aimed: boolean, inUnit = false) {
    const [low, high] = classifier.bounds;
    const hot = (labels: tf.Tensor): tf.Tensor =>
      tf.cast(tf.oneHot(labels as tf.Tensor1D, classifier.classes), "bool");
    this.#step = compileStep<"x" | "y" | "aim", keyof Signs>("gradients", ({ x, y, aim }, key) => {
      const logitsOf = (image: tf.Tensor): tf.Tensor => classifier.logits(image, key);
      const [truth, wanted] = [hot(y), hot(aim)];
      const slopeOf = (loss: (logits: tf.Tensor) => tf.Tensor): tf.Tensor =>
        tf.grad((image) => tf.sum(loss(logitsOf(image))))(x);
      const fools = (slope: tf.Tensor, epsilon = budget?.epsilon): tf.Tensor => {
        if (budget === undefined || epsilon === undefined) return tf.zerosLike(y);
        const way = tf.mul(aimed ? -epsilon : epsilon, steepest(slope, budget.norm));
        const taken = predictionOf(logitsOf(tf.clipByValue(tf.add(x, way), low, high)));
        return aimed ? tf.equal(taken, aim) : tf.notEqual(taken, aim);
      };
      const budgets = (slope: tf.Tensor): tf.Tensor =>
        tf.addN((budget?.epsilons ?? [0]).map((epsilon) => tf.cast(fools(slope, epsilon), "float32")));
      const z = logitsOf(x);
      const ofLogOdds = slopeOf((z) => logOdds(z, wanted));
      const ofTruth = slopeOf((z) => crossEntropy(z, truth));
      const signs: Record<keyof Signs, tf.Tensor> = {
        zeroCrossEntropy: isZero(ofTruth),
        zeroMargin: isZero(slopeOf((z) => margin(z, truth))),
        saturated: isCertain(z, truth),
        byCrossEntropy: fools(aimed ? slopeOf((z) => crossEntropy(z, wanted)) : ofTruth),
        byLogOdds: fools(ofLogOdds),
        own: ownLogit(z, truth),
        other: tf.max(otherLogits(z, truth), 1),
        budgetsByOutputs: inUnit ? budgets(ofLogOdds) : tf.zerosLike(y),
        budgetsByOdds: inUnit ? budgets(slopeOf((p) => logOdds(oddsOf(p), wanted))) : tf.zerosLike(y),
      };
      for (const name of NAMES) signs[name] = tf.cast(signs[name], "float32");
      return signs;
    });
  }

  /** The signs of the first `count` images of a batch. */
  async read({ x, y, target = y }: AttackBatch, count: number, key: Key): Promise<Signs[]> {
    const found = this.#step.run({ x, y, aim: target }, key);
    const values = await Promise.all(NAMES.map((name) => found[name].data()));
    tf.dispose(NAMES.map((name) => found[name]));
    return Array.from(
      { length: count },
      (_, i) => Object.fromEntries(NAMES.map((name, j) => [name, values[j]![i]!])) as unknown as Signs,
    );
  }

  dispose(): void {
    this.#step.dispose();
  }
}

const NAMES = [
  ...(["zeroCrossEntropy", "zeroMargin", "saturated", "byCrossEntropy", "byLogOdds"] as const),
  ...(["own", "other", "budgetsByOutputs", "budgetsByOdds"] as const),
];

/** What goes into a sigmoid that gives `p`, as far as float32 tells. */
function oddsOf(p: tf.Tensor): tf.Tensor {
  const within = tf.clipByValue(p, LEAST, 1 - 2 ** -24);
  return tf.sub(tf.log(within), tf.log(tf.sub(1, within)));
}

/** Probabilities below this are taken for it: their logarithm must be a number. */
const LEAST = 1e-30;

const crossEntropy = (z: tf.Tensor, hot: tf.Tensor): tf.Tensor =>
  tf.sub(tf.logSumExp(z, 1), ownLogit(z, hot));
const margin = (z: tf.Tensor, hot: tf.Tensor): tf.Tensor =>
  tf.sub(tf.max(otherLogits(z, hot), 1), ownLogit(z, hot));

/** A number a row, as `x` is `[n, ...]`. */
export const spread = (numbers: tf.Tensor, x: tf.Tensor): tf.Tensor =>
  tf.reshape(numbers, [x.shape[0]!, ...x.shape.slice(1).map(() => 1)]);

const largest = (slope: tf.Tensor): tf.Tensor => tf.max(tf.abs(tf.reshape(slope, [slope.shape[0]!, -1])), 1);
const isZero = (slope: tf.Tensor): tf.Tensor => tf.equal(largest(slope), 0);

/** The step of length 1 along which a function of this slope rises fastest; none where that is zero. */
export function steepest(slope: tf.Tensor, norm: SteppedNorm): tf.Tensor {
  if (norm === "linf") return tf.sign(slope);
  if (norm === "l1") {
    const steepest = tf.equal(tf.abs(slope), spread(largest(slope), slope));
    return tf.mul(tf.sign(slope), tf.cast(steepest, "float32"));
  }
  const most = largest(slope);
  const scaled = tf.div(slope, spread(tf.add(most, tf.cast(tf.equal(most, 0), "float32")), slope)); // its squares are not 0
  return tf.div(scaled, spread(tf.maximum(lengthsOf(scaled), TINY), scaled));
}

/** The Euclidean length of each row, `[n]`. */
export const lengthsOf = (x: tf.Tensor): tf.Tensor =>
  tf.sqrt(tf.sum(tf.square(tf.reshape(x, [x.shape[0]!, -1])), 1));
