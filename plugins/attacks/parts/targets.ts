/**
 * Which wrong classes to aim at: the likeliest ones of the clean image.
 *
 * @module
 */
import { type Classifier, compileStep, InputError, Key, tf } from "../../../core/mod.ts";

/** Ranks the wrong classes of images. */
export interface Targets {
  /** The wrong class that is the likeliest but `rank` others, int32 `[n]`. */
  ranked(batch: { readonly x: tf.Tensor; readonly y: tf.Tensor }, rank: number): tf.Tensor1D;
  dispose(): void;
}

/** Puts the true class behind all others. */
const FAR = 1e9;

/** Ranks by the classifier's logits; `name` is for messages. */
export function targetsOf(name: string, classifier: Classifier): Targets {
  const none = Key.from("targets");
  const rank = compileStep<"x" | "y", "wrong">(`${name}'s targets`, ({ x, y }) => {
    const own = tf.oneHot(y as tf.Tensor1D, classifier.classes);
    const logits = tf.sub(classifier.logits(x), tf.mul(own, FAR));
    return { wrong: tf.topk(logits, classifier.classes - 1).indices };
  });
  return {
    ranked: ({ x, y }, of) =>
      tf.tidy(() => {
        const { wrong } = rank.run({ x, y }, none);
        return tf.reshape(tf.slice(wrong, [0, of], [-1, 1]), [-1]) as tf.Tensor1D;
      }),
    dispose: () => rank.dispose(),
  };
}

/** For attacks that go to the nearest boundary, whichever it is. @throws InputError where there is a target */
export function requireNoTarget(name: string, target: tf.Tensor | undefined): void {
  if (target !== undefined) throw new InputError(`${name} cannot be told which class to aim at`);
}
