/**
 * Passes of a classifier in training: with noise and dropout, drawn from a key of each pass.
 *
 * @module
 */
import type { FeatureSpace, Key, Network, tf } from "../../core/mod.ts";

/** A pass of rows `[n, ...shape]`. Passes of different names draw different noise. */
export type Pass = (x: tf.Tensor, name: string) => tf.Tensor;

/**
 * Passes that give logits `[n, K]`.
 * @param key of the iteration; each pass folds its name into it
 */
export function noisyLogits(classifier: Network, key: Key): Pass {
  return (x, name) => classifier.apply(x, { training: true, key: key.fold(name) });
}

/**
 * Passes that give features `[n, ...features.shape]`.
 * @param key of the iteration; each pass folds its name into it
 */
export function noisyFeatures(features: FeatureSpace, key: Key): Pass {
  return (x, name) => features.of(x, { training: true, key: key.fold(name) });
}
