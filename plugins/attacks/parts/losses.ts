/**
 * What attacks climb, and how they know that they are there.
 *
 * @module
 */
import { type Classifier, InputError, predictionOf, tf } from "../../../core/mod.ts";

/** Classes `[n]` int32: the true ones, and those aimed at, if any. */
export interface Aim {
  readonly y: tf.Tensor;
  readonly target?: tf.Tensor | undefined;
}

/** Logits `[n, classes]` to one number a row, the larger the more adversarial. */
export type Loss = (logits: tf.Tensor2D, aim: Aim) => tf.Tensor1D;

/** Names of the losses. */
export const LOSSES = ["cross-entropy", "log-odds", "margin", "dlr", "entropy-aware"] as const;
export type LossName = (typeof LOSSES)[number];

/** More than any difference of logits. */
const FAR = 1e9;

/** Keeps quotients finite. */
const TINY = 1e-12;

const oneHot = (labels: tf.Tensor, logits: tf.Tensor): tf.Tensor2D =>
  tf.cast(tf.oneHot(tf.cast(labels, "int32") as tf.Tensor1D, logits.shape[1]!), "float32") as tf.Tensor2D;

/** The logit of each row's class. */
const logitOf = (logits: tf.Tensor, hot: tf.Tensor): tf.Tensor1D => tf.sum(tf.mul(logits, hot), 1);

/** The largest logit but that of each row's class. */
const largestBut = (logits: tf.Tensor, hot: tf.Tensor): tf.Tensor1D =>
  tf.max(tf.sub(logits, tf.mul(hot, FAR)), 1);

/** −log p(y), or log p(target). */
const crossEntropy: Loss = (logits, { y, target }) => {
  const total = tf.logSumExp(logits, 1);
  const wanted = logitOf(logits, oneHot(target ?? y, logits));
  return (target === undefined ? tf.sub(total, wanted) : tf.sub(wanted, total)) as tf.Tensor1D;
};

/** A logit beyond this counts as this: infinite ones have no differences. */
const MOST = 1e38;

/**
 * The log of the odds against y, `log Σ_{k≠y} e^{z_k} − z_y`, or of those for the target. The cross-entropy is its
 * softplus, so both have the same direction. But in float32 the cross-entropy's slope `softmax − onehot` loses the term of
 * the true class once that probability rounds to 1 (z_y 16.6 above the others), and its signs are those of the other
 * classes' terms alone. Here nothing is subtracted from 1: the slope is the softmax of the others, minus onehot.
 */
const logOdds: Loss = (given, { y, target }) => {
  const logits = tf.clipByValue(given, -MOST, MOST);
  const wanted = tf.cast(oneHot(target ?? y, logits), "bool");
  const others = tf.logSumExp(tf.where(wanted, -MOST, logits), 1);
  const own = tf.sum(tf.where(wanted, logits, 0), 1);
  return (target === undefined ? tf.sub(others, own) : tf.sub(own, others)) as tf.Tensor1D;
};

/**
 * The cross-entropy and the entropy of the prediction, `−log p(y) + H(p)`: against classifiers that were trained to be
 * sure of what lies around the data (DSGAN, Eq. 9), which leaves them unsure at their boundaries alone. Aimed at a class,
 * `log p(target)` takes the place of the first term.
 */
const entropyAware: Loss = (logits, aim) => {
  const logs = tf.sub(logits, tf.logSumExp(logits, 1, true)); // [n, classes]
  const entropy = tf.neg(tf.sum(tf.mul(tf.exp(logs), logs), 1));
  return tf.add(crossEntropy(logits, aim), entropy) as tf.Tensor1D;
};

/** How far the wanted logit is above the others; positive exactly where the classifier is fooled. */
export const margin: Loss = (logits, { y, target }) => {
  const hot = oneHot(target ?? y, logits);
  const [others, wanted] = [largestBut(logits, hot), logitOf(logits, hot)];
  return (target === undefined ? tf.sub(others, wanted) : tf.sub(wanted, others)) as tf.Tensor1D;
};

/**
 * The difference-of-logits ratio, which neither shifting nor scaling the logits changes. F. Croce, M. Hein, "Reliable
 * Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks", ICML 2020, Eqs. (6), (7).
 */
const differenceOfLogitsRatio: Loss = (logits, aim) => {
  const [first, , third, fourth] = ranks(logits, aim.target === undefined ? 3 : 4);
  const [z1, z3] = [logitOf(logits, first!), logitOf(logits, third!)];
  if (aim.target === undefined) {
    return tf.div(margin(logits, aim), tf.add(tf.sub(z1, z3), TINY)) as tf.Tensor1D;
  }
  const rise = tf.sub(logitOf(logits, oneHot(aim.target, logits)), logitOf(logits, oneHot(aim.y, logits)));
  const scale = tf.sub(z1, tf.mul(0.5, tf.add(z3, logitOf(logits, fourth!))));
  return tf.div(rise, tf.add(scale, TINY)) as tf.Tensor1D;
};

/** The classes of the largest, second largest, … logit, one-hot: constants to a gradient. */
function ranks(logits: tf.Tensor2D, count: number): tf.Tensor2D[] {
  const constant = tf.customGrad((x) => {
    const hots: tf.Tensor2D[] = [];
    for (let i = 0, left = x as tf.Tensor; i < count; i++) {
      hots.push(oneHot(tf.argMax(left, 1), logits));
      left = tf.sub(left, tf.mul(hots.at(-1)!, FAR));
    }
    return { value: tf.stack(hots), gradFunc: () => tf.zerosLike(x as tf.Tensor) };
  });
  return tf.unstack(constant(logits)) as tf.Tensor2D[];
}

const table: Readonly<Record<LossName, Loss>> = {
  "cross-entropy": crossEntropy,
  "log-odds": logOdds,
  margin,
  dlr: differenceOfLogitsRatio,
  "entropy-aware": entropyAware,
};

/**
 * A loss by its name.
 * @throws InputError where it needs more classes than there are
 */
export function lossOf(name: LossName, classifier: Classifier, targeted: boolean): Loss {
  const fewest = name === "dlr" ? (targeted ? 4 : 3) : 2;
  if (classifier.classes >= fewest) return table[name];
  const loss = `${targeted ? "targeted " : ""}${name} loss`;
  // with one class there is nothing that an image could be taken for instead
  const advice = classifier.classes < 2 ? ": no attack has a goal" : "; choose log-odds or margin";
  throw new InputError(
    `the ${loss} needs ${fewest} classes, but classifier "${classifier.name}" has ${classifier.classes}${advice}`,
  );
}

/** Whether each row's prediction is what the attack is after, bool `[n]`, as the judge decides it. */
export function fooled(logits: tf.Tensor2D, { y, target }: Aim): tf.Tensor1D {
  const prediction = predictionOf(logits);
  const same = tf.equal(prediction, tf.cast(target ?? y, "int32"));
  return (target === undefined ? tf.logicalNot(same) : same) as tf.Tensor1D;
}

/** The loss, its slope in the images, and the logits on the way. */
export interface Slope {
  readonly loss: tf.Tensor1D;
  readonly logits: tf.Tensor2D;
  /** `[n, ...]` */
  readonly gradient: tf.Tensor;
}

/** Takes the slope of the sum over rows, each of which depends on its own image alone. */
export function slopeOf(
  classifier: Classifier,
  x: tf.Tensor,
  loss: (logits: tf.Tensor2D) => tf.Tensor1D,
): Slope {
  let held: tf.Tensor[] = [];
  const gradient = tf.grad((image) => {
    const logits = classifier.logits(image);
    const each = loss(logits);
    held = [tf.keep(logits), tf.keep(each)]; // tfjs frees what a function under a gradient doesn't return
    return tf.sum(each);
  })(x);
  const [logits, each] = held.map((tensor) => tensor.clone()) as [tf.Tensor2D, tf.Tensor1D];
  tf.dispose(held);
  return { loss: each, logits, gradient };
}
