/**
 * Expectation over transformation: what attacks on randomised classifiers average over draws of their noise. A. Athalye,
 * L. Engstrom, A. Ilyas, K. Kwok, "Synthesizing Robust Adversarial Examples", ICML 2018, Sec. 2.1.
 *
 * @module
 */
import { type Classifier, type Key, tf } from "../../../core/mod.ts";
import { type Aim, fooled, type Loss, slopeOf } from "./losses.ts";

/** What an attack climbs at a point, and how. */
export interface Climbed {
  readonly loss: Loss;
  /** What the loss is about. */
  readonly toward: Aim;
  /** What counts as success. */
  readonly aim: Aim;
  /** Whether a draw is a success, bool `[n]`; where absent, whether its prediction is. */
  readonly succeeds?: (logits: tf.Tensor2D) => tf.Tensor;
  /** Draws to average over; with 1 the classifier draws as it does in the rest of the step. */
  readonly samples: number;
  /** Of the step; draw i is from `key.fold("draw", i)`. */
  readonly key: Key;
}

/** At a point, on average over draws. */
export interface Expected {
  /** `[n]` */
  readonly loss: tf.Tensor;
  /** Its slope, `[n, ...]` */
  readonly gradient: tf.Tensor;
  /** Whether more than half of the draws are fooled, bool `[n]` */
  readonly done: tf.Tensor;
}

/** The classifier as it answers in each of some draws; where there is but one, as it does in the rest of the step. */
export function drawsOf(classifier: Classifier, samples: number, key: Key): readonly Classifier[] {
  if (samples === 1) return [classifier];
  return Array.from({ length: samples }, (_, i) => {
    const own = key.fold("draw", i);
    return { ...classifier, logits: (images) => classifier.logits(images, own) };
  });
}

/** The mean of something over draws. */
export function meanOver(draws: readonly Classifier[], what: (draw: Classifier) => tf.Tensor): tf.Tensor {
  return mean(draws.map(what));
}

const mean = (all: readonly tf.Tensor[]): tf.Tensor =>
  all.length === 1
    ? all[0]!
    : tf.div(
        all.slice(1).reduce<tf.Tensor>((a, b) => tf.add(a, b), all[0]!),
        all.length,
      );

/** The classifier whose logits are the mean over draws. */
export function meanOf(draws: readonly Classifier[]): Classifier {
  return { ...draws[0]!, logits: (images) => meanOver(draws, ({ logits }) => logits(images)) as tf.Tensor2D };
}

/** Whether something holds for more than half of the draws, bool `[n]`. */
export function mostly(draws: readonly Classifier[], holds: (draw: Classifier) => tf.Tensor): tf.Tensor1D {
  return most(draws.map(holds));
}

const most = (votes: readonly tf.Tensor[]): tf.Tensor1D =>
  (votes.length === 1
    ? votes[0]!
    : tf.greater(mean(votes.map((vote) => tf.cast(vote, "float32"))), 0.5)) as tf.Tensor1D;

/** Averages loss, slope and decision over draws: a pass for each, one after the other. */
export function expectedSlope(
  classifier: Classifier,
  x: tf.Tensor,
  { loss, toward, aim, succeeds = (logits) => fooled(logits, aim), samples, key }: Climbed,
): Expected {
  const all = drawsOf(classifier, samples, key).map((draw) => {
    const { logits, loss: each, gradient } = slopeOf(draw, x, (z) => loss(z, toward));
    return { loss: each, gradient, done: succeeds(logits) };
  });
  return {
    loss: mean(all.map(({ loss }) => loss)),
    gradient: mean(all.map(({ gradient }) => gradient)),
    done: most(all.map(({ done }) => done)),
  };
}
