/**
 * What can be found wrong before anything is attacked: images, labels, budgets, a classifier's output.
 *
 * @module
 */
import { InputError } from "../plugin/errors.ts";
import { sizeOf } from "../tensor/key.ts";
import * as tf from "../tensor/tf.ts";
import type { Norm } from "./attack.ts";
import type { Classifier } from "./classifier.ts";

/** Share of the bounds' width by which rounding may carry an example over its budget. */
export const ROUNDING = 1e-5;

/** Largest distance that two images within the bounds can have. */
export function widest(
  norm: Norm,
  { bounds, inputShape }: Pick<Classifier, "bounds" | "inputShape">,
): number {
  const width = bounds[1] - bounds[0];
  return norm === "linf" ? width : width * Math.sqrt(sizeOf(inputShape));
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
  const slack = ROUNDING * (high - low);
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
 * Checks budgets: finite, not negative, and no larger than the bounds are wide.
 * @throws InputError naming the first at fault
 */
export function checkEpsilons(norm: Norm, epsilons: readonly number[], classifier: Classifier): void {
  const most = widest(norm, classifier);
  const bad = epsilons.find((epsilon) => !(epsilon >= 0 && epsilon <= most));
  if (bad === undefined) return;
  throw new InputError(
    `epsilon ${bad} (${norm}) must be at least 0 and at most ${Number(most.toPrecision(6))}, the largest ${norm} distance ` +
      `between images within the bounds [${classifier.bounds}] of classifier "${classifier.name}"`,
  );
}

/**
 * Asks a classifier about two images, so that one whose output is not (n, classes), or not a number, is found at once.
 * @throws InputError saying what it gave
 */
export async function checkClassifier(classifier: Classifier): Promise<void> {
  const { name, inputShape, bounds } = classifier;
  const logits = tf.tidy(() => classifier.logits(tf.fill([2, ...inputShape], (bounds[0] + bounds[1]) / 2)));
  const { shape } = logits;
  const values = await logits.data();
  logits.dispose();
  if (shape.length !== 2 || shape[0] !== 2 || shape[1] !== classifier.classes) {
    throw new InputError(
      `classifier "${name}": its output for 2 images is [${shape}], not (n, classes) = [2, ${classifier.classes}]`,
    );
  }
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new InputError(`classifier "${name}": its output for a grey image is ${bad}`);
}
