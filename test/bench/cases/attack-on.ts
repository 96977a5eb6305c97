/**
 * An attack as a case: a whole batch from clean images to examples.
 *
 * @module
 */
import {
  type Attack,
  type Classifier,
  classifierOf,
  type Network,
  PLAIN,
  prepare,
  type Range,
  tf,
} from "../../../core/mod.ts";
import { crossEntropy, type Workload } from "../workload.ts";

/** What is attacked, and how. */
export interface Attacked {
  readonly attack: Attack;
  readonly network: Network;
  /** Clean images within the range, `[n, ...inputShape]`, and one-hot labels `[n, 10]`. */
  readonly x: tf.Tensor;
  readonly labels: tf.Tensor;
  readonly range: Range;
  /** The budget, in the attack's norm. */
  readonly epsilon: number;
}

/**
 * Runs an attack and answers one number that depends on every example: their cross-entropy, or the mean ℓ2 distance where
 * the attack minimises that.
 */
export function attackOn({ attack, network, x, labels, range, epsilon }: Attacked): Workload {
  const classifier: Classifier = classifierOf(
    { name: "classifier", inputShape: network.inputShape, classes: 10, range },
    PLAIN,
    network.inputShape,
    (at) => network.apply(at, { training: false }),
  );
  const prepared = prepare(attack, classifier);
  const { signal } = new AbortController();
  const nearest = attack.kind === "minimum-norm";
  return {
    networks: { classifier: network },
    data: { x, labels },
    numbers: () => ({}),
    step: ({ x: at, labels }) => ({ loss: crossEntropy(classifier.logits(at!), labels!) }),
    async whole({ x: clean, labels }, key) {
      const n = clean!.shape[0]!;
      const [y, budgets] = tf.tidy(() => [
        // such attacks leave alone what is wrong already
        tf.argMax(nearest ? classifier.logits(clean!) : labels!, 1),
        tf.fill([n], epsilon),
      ]) as [tf.Tensor1D, tf.Tensor1D];
      const found = await prepared.perturb({ x: clean!, y }, { epsilon: budgets, key, signal });
      const loss = tf.tidy(() =>
        nearest
          ? tf.mean(tf.sqrt(tf.sum(tf.square(tf.reshape(tf.sub(found.x, clean!), [n, -1])), 1)))
          : crossEntropy(classifier.logits(found.x), labels!),
      ) as tf.Scalar;
      tf.dispose([y, budgets, found.x]);
      return { loss };
    },
  };
}
