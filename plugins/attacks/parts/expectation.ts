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

/** Averages loss, slope and decision over draws: a pass for each, one after the other. */
export function expectedSlope(
  classifier: Classifier,
  x: tf.Tensor,
  { loss, toward, aim, samples, key }: Climbed,
): Expected {
  const once = (asked: Classifier) => {
    const { logits, ...slope } = slopeOf(asked, x, (z) => loss(z, toward));
    return { ...slope, done: fooled(logits, aim) as tf.Tensor };
  };
  if (samples === 1) return once(classifier);
  const drawing = (i: number): Classifier => ({
    ...classifier,
    logits: (images) => classifier.logits(images, key.fold("draw", i)),
  });
  const added = Array.from({ length: samples }, (_, i) => i).reduce<Expected | undefined>((sum, i) => {
    const { loss, gradient, done } = once(drawing(i));
    const votes = tf.cast(done, "float32");
    if (sum === undefined) return { loss, gradient, done: votes };
    return {
      loss: tf.add(sum.loss, loss),
      gradient: tf.add(sum.gradient, gradient),
      done: tf.add(sum.done, votes),
    };
  }, undefined)!;
  return {
    loss: tf.div(added.loss, samples),
    gradient: tf.div(added.gradient, samples),
    done: tf.greater(added.done, samples / 2),
  };
}
