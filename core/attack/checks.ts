/**
 * What can be found wrong before anything is attacked: images, labels, budgets, a classifier's output.
 *
 * @module
 */
import { InputError, messageOf } from "../plugin/errors.ts";
import { fractionText } from "../run/metric-name.ts";
import { type Key, sizeOf } from "../tensor/key.ts";
import * as tf from "../tensor/tf.ts";
import type { Norm } from "./attack.ts";
import { slackOf } from "./budget.ts";
import { type Classifier, wrongOutput } from "./classifier.ts";
import { channelsOf } from "./distance.ts";

/** Largest distance that two images within the bounds can have: in ℓ0 the number of pixels. */
export function widest(
  norm: Norm,
  { bounds, inputShape }: Pick<Classifier, "bounds" | "inputShape">,
): number {
  const width = bounds[1] - bounds[0];
  const size = sizeOf(inputShape);
  if (norm === "l0") return size / channelsOf(inputShape);
  return width * { linf: 1, l2: Math.sqrt(size), l1: size }[norm];
}

/**
 * Checks images and labels against a classifier, before any work.
 * @param x `[n, ...inputShape]` row by row
 * @throws InputError naming the first image at fault
 */
export function checkImages(
  { name, inputShape, classes, bounds: [low, high] }: Classifier,
  x: Float32Array,
  labels: ArrayLike<number>,
): void {
  const size = sizeOf(inputShape);
  if (x.length !== labels.length * size || labels.length === 0) {
    throw new InputError(
      `${x.length / size} images of [${inputShape}] were given with ${labels.length} labels: one each, at least one`,
    );
  }
  const { absolute: slack } = slackOf([low, high]);
  const bad = x.findIndex((value) => !(value >= low - slack && value <= high + slack));
  if (bad >= 0) {
    const [image, value] = [Math.floor(bad / size), x[bad]!];
    throw new InputError(
      Number.isFinite(value)
        ? `image ${image} has the value ${value}, outside of the bounds [${low}, ${high}] of classifier "${name}": ` +
            `give the bounds of the data before preprocessing`
        : `image ${image} has the value ${value}: every pixel must be a finite number`,
    );
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    throw new InputError(
      `image ${i} has the label ${label}, but classifier "${name}" has classes 0 to ${classes - 1}`,
    );
  }
}

/**
 * Checks budgets: finite, not negative, no larger than the bounds are wide, and whole numbers of pixels in ℓ0.
 * @throws InputError naming the first at fault
 */
export function checkEpsilons(norm: Norm, epsilons: readonly number[], classifier: Classifier): void {
  const most = widest(norm, classifier);
  const bad = epsilons.find((epsilon) => !(epsilon >= 0 && epsilon <= most));
  const split = norm === "l0" ? epsilons.find((epsilon) => !Number.isInteger(epsilon)) : undefined;
  if (bad === undefined && split !== undefined) {
    throw new InputError(`epsilon ${split} (l0) is a number of pixels: give whole numbers`);
  }
  if (bad === undefined) return;
  throw new InputError(
    `epsilon ${fractionText(bad)} (${norm}) must be at least 0 and at most ${Number(most.toPrecision(6))}, the largest ${norm} distance ` +
      `between images within the bounds [${classifier.bounds}] of classifier "${classifier.name}"`,
  );
}

/**
 * Asks a classifier about images, so that one whose output is not (n, classes), or never a number, is found at once.
 * @param images `[n, ...inputShape]` within the bounds, n ≥ 1
 * @throws InputError saying what it gave
 */
export async function checkClassifier(classifier: Classifier, images: tf.Tensor): Promise<void> {
  const { name, classes } = classifier;
  const n = images.shape[0]!;
  const logits = classifier.logits(images);
  const { shape } = logits;
  const values = await logits.data();
  logits.dispose();
  if (shape.length !== 2 || shape[0] !== n || shape[1] !== classes) {
    throw wrongOutput(classifier, n, shape);
  }
  const bad = Array.from({ length: n }, (_, i) =>
    values.subarray(i * classes, (i + 1) * classes).find((value) => !Number.isFinite(value)),
  );
  if (bad.every((value) => value !== undefined)) {
    throw new InputError(
      `classifier "${name}": its output has ${bad[0]} for each of the ${n} images that it was asked about: see whether ` +
        "its weights are finite, and whether mean, deviation and bounds are those that it was trained with",
    );
  }
}

/** How a classifier's answers to the same images vary. */
export interface Randomness {
  /** Largest difference of a logit between two passes. */
  readonly change: number;
  /** Whether what it draws comes from the key: then the same seed gives the same answers. */
  readonly keyed: boolean;
}

/**
 * Asks a classifier twice about the same images, as AutoAttack does, to find one that is randomised.
 * @param images `[n, ...inputShape]`
 * @returns nothing where the answers agree
 */
export async function randomnessOf(
  classifier: Classifier,
  images: tf.Tensor,
  key: Key,
): Promise<Randomness | undefined> {
  const [one, other] = [key.fold("pass", 0), key.fold("pass", 1)];
  const passes = [one, one, other].map((at) => classifier.logits(images, at));
  const [first, again, others] = (await Promise.all(passes.map((logits) => logits.data()))) as Float32Array[];
  tf.dispose(passes);
  const change = Math.max(farthest(first!, again!), farthest(first!, others!));
  return change === 0 ? undefined : { change, keyed: farthest(first!, again!) === 0 };
}

/** Largest difference; one that is no number counts as infinite unless both are the same. */
function farthest(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => {
    if (Object.is(value, b[i])) return most;
    const far = Math.abs(value - b[i]!);
    return Math.max(most, Number.isNaN(far) ? Number.POSITIVE_INFINITY : far);
  }, 0);
}

/**
 * What a classifier's outputs look like: `probabilities` are shares of 1, or their logarithms, as a softmax in the model
 * leaves them. Those `in-unit` are each in [0, 1], as a sigmoid of each leaves them; logits may lie there as well.
 */
export type OutputKind = "logits" | "probabilities" | "log-probabilities" | "in-unit";

/**
 * Tells what a classifier's outputs look like.
 * @param images `[n, ...inputShape]`
 */
export async function outputKindOf(classifier: Classifier, images: tf.Tensor): Promise<OutputKind> {
  const z = classifier.logits(images);
  const rows = (await z.array()) as number[][];
  z.dispose();
  const near1 = (values: readonly number[]): boolean =>
    Math.abs(values.reduce((a, b) => a + b, 0) - 1) < SUM_OF_SHARES;
  if (rows.every((row) => row.every((p) => p >= 0 && p <= 1))) {
    return rows.every(near1) ? "probabilities" : "in-unit";
  }
  return rows.every((row) => near1(row.map(Math.exp))) ? "log-probabilities" : "logits";
}

/** Shares of 1 may miss it by so much in float32. */
const SUM_OF_SHARES = 1e-3;

/**
 * Takes a gradient of the classifier, where attacks will: a model may be made of operations that have none.
 * @param images `[n, ...inputShape]`
 * @throws InputError naming what has no gradient
 */
export function checkGradients(classifier: Classifier, images: tf.Tensor): void {
  gradientOf(classifier, images);
}

/**
 * Images that an attack can work on together, where a gradient of each holds so much of what is computed on the way.
 * A function of the classifier alone, not of the machine: the same run takes the same batches everywhere.
 * @param image `[1, ...inputShape]`
 * @returns 1 at least
 */
export function affordableBatch(classifier: Classifier, image: tf.Tensor): number {
  const two = tf.concat([image, image]);
  const each = gradientOf(classifier, two) - gradientOf(classifier, image); // without what all images share
  two.dispose();
  return Math.max(1, Math.floor(MEMORY / Math.max(1, each)));
}

/** Bytes that a batch may hold for its gradient: a program keeps about as much, and several are at work in turn. */
const MEMORY = 2 ** 29;

/** Takes a gradient. @returns bytes held on the way */
function gradientOf(classifier: Classifier, images: tf.Tensor): number {
  const before = tf.memory().numBytes;
  let held = 0;
  try {
    tf.tidy(() => {
      tf.grad((x) => {
        const sum = tf.sum(classifier.logits(x));
        held = tf.memory().numBytes - before;
        return sum;
      })(images);
    });
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(
      `classifier "${classifier.name}" gives no gradients: ${messageOf(cause)}. Attack it with black-box attacks, such ` +
        "as square, alone",
      { cause },
    );
  }
  return held;
}
