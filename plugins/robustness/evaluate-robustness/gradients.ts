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

/** Of one image, each 0 or 1. */
export interface Signs {
  /** The gradient is zero throughout: that of the cross-entropy, and that of the margin. */
  readonly zeroCrossEntropy: number;
  readonly zeroMargin: number;
  /** The probability of the true class is exactly 1 in float32. */
  readonly saturated: number;
  /** One step of the whole budget fools the classifier: up the cross-entropy, and up the log-odds. */
  readonly byCrossEntropy: number;
  readonly byLogOdds: number;
}

/** Norms in which one step of the whole budget along a slope says something: not in ℓ0. */
export type SteppedNorm = Exclude<Norm, "l0">;

/** The budget of that one step. */
export interface Budget {
  readonly norm: SteppedNorm;
  readonly epsilon: number;
}

/** Keeps quotients finite. */
const TINY = 1e-12;

/** Reads the signs of batches of one size. Call `dispose` at the end. */
export class GradientReader {
  readonly #step;

  /**
   * @param budget of one step; without one, no step fools
   * @param aimed whether all batches have targets: then steps lead to those, as the attacks do
   */
  constructor(classifier: Classifier, budget: Budget | undefined, aimed: boolean) {
    const [low, high] = classifier.bounds;
    const hot = (labels: tf.Tensor): tf.Tensor =>
      tf.cast(tf.oneHot(labels as tf.Tensor1D, classifier.classes), "bool");
    this.#step = compileStep<"x" | "y" | "aim", keyof Signs>("gradients", ({ x, y, aim }, key) => {
      const logitsOf = (image: tf.Tensor): tf.Tensor => classifier.logits(image, key);
      const [truth, wanted] = [hot(y), hot(aim)];
      const slopeOf = (loss: (logits: tf.Tensor) => tf.Tensor): tf.Tensor =>
        tf.grad((image) => tf.sum(loss(logitsOf(image))))(x);
      const fools = (slope: tf.Tensor): tf.Tensor => {
        if (budget === undefined) return tf.zerosLike(y);
        const { norm, epsilon } = budget;
        const way = tf.mul(aimed ? -epsilon : epsilon, steepest(slope, norm));
        const taken = predictionOf(logitsOf(tf.clipByValue(tf.add(x, way), low, high)));
        return aimed ? tf.equal(taken, aim) : tf.notEqual(taken, aim);
      };
      const ofTruth = slopeOf((z) => crossEntropy(z, truth));
      const signs: Record<keyof Signs, tf.Tensor> = {
        zeroCrossEntropy: isZero(ofTruth),
        zeroMargin: isZero(slopeOf((z) => margin(z, truth))),
        saturated: isCertain(logitsOf(x), truth),
        byCrossEntropy: fools(aimed ? slopeOf((z) => crossEntropy(z, wanted)) : ofTruth),
        byLogOdds: fools(slopeOf((z) => logOdds(z, wanted))),
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

const NAMES = ["zeroCrossEntropy", "zeroMargin", "saturated", "byCrossEntropy", "byLogOdds"] as const;

const crossEntropy = (z: tf.Tensor, hot: tf.Tensor): tf.Tensor =>
  tf.sub(tf.logSumExp(z, 1), ownLogit(z, hot));
const margin = (z: tf.Tensor, hot: tf.Tensor): tf.Tensor =>
  tf.sub(tf.max(otherLogits(z, hot), 1), ownLogit(z, hot));

/** A number a row, as `x` is `[n, ...]`. */
const spread = (numbers: tf.Tensor, x: tf.Tensor): tf.Tensor =>
  tf.reshape(numbers, [x.shape[0]!, ...x.shape.slice(1).map(() => 1)]);

const largest = (slope: tf.Tensor): tf.Tensor => tf.max(tf.abs(tf.reshape(slope, [slope.shape[0]!, -1])), 1);
const isZero = (slope: tf.Tensor): tf.Tensor => tf.equal(largest(slope), 0);

/** The step of length 1 along which a function of this slope rises fastest; none where that is zero. */
function steepest(slope: tf.Tensor, norm: SteppedNorm): tf.Tensor {
  if (norm === "linf") return tf.sign(slope);
  if (norm === "l1") {
    const steepest = tf.equal(tf.abs(slope), spread(largest(slope), slope));
    return tf.mul(tf.sign(slope), tf.cast(steepest, "float32"));
  }
  const most = largest(slope);
  const scaled = tf.div(slope, spread(tf.add(most, tf.cast(tf.equal(most, 0), "float32")), slope)); // its squares are not 0
  const lengths = tf.sqrt(tf.sum(tf.square(tf.reshape(scaled, [scaled.shape[0]!, -1])), 1));
  return tf.div(scaled, spread(tf.maximum(lengths, TINY), scaled));
}
