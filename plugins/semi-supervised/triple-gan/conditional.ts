/**
 * A generator of rows of a class asked for, G(z, y).
 *
 * @module
 */
import { identify, type Key, type NetworkPlan, Networks, type Ref, tf } from "../../../core/mod.ts";
import type { GeneratorPart } from "../generator.ts";
import type { SslProblem } from "../method.ts";
import { created } from "../recipe.ts";

/** Rows `[n, ...shape]` and labels, one-hot or probabilities, `[n, K]`. */
export interface Pairs {
  readonly x: tf.Tensor;
  readonly y: tf.Tensor;
}

/** A conditional generator at work. Its network takes z with the one-hot label behind it, `[n, latent + K]`. */
export interface ConditionalGenerator extends Omit<GeneratorPart, "rows"> {
  /** Draws `n` rows in training, with the labels that they were made for: as many of each class, up to chance. */
  pairs(n: number, key: Key): Pairs;
}

/** Rows of z that the generator is initialised with. */
const INITIAL = 500;

/** Builds the conditional generator of a problem; the run keeps it as `generator`. */
export async function conditionalGenerator(
  { generator, latent }: { readonly generator: NetworkPlan | Ref<NetworkPlan>; readonly latent: number },
  { shape, range, state, key, context, classifier }: SslProblem,
): Promise<ConditionalGenerator> {
  const classes = classifier.outputShape[0]!;
  const plan = await created(context, Networks, generator);
  const ports = { input: [latent + classes], output: shape, ...(range && { range }) };
  const network = state.network("generator", plan, ports, key.fold("generator"));
  const inputOf = (n: number, y: tf.Tensor, key: Key): tf.Tensor =>
    tf.concat([key.fold("z").uniform([n, latent]), y], 1);
  return {
    network,
    plan: identify(plan),
    pairs(n, key) {
      const y = evenLabels(n, classes, key.fold("y"));
      const x = network.apply(inputOf(n, y, key), { training: true, key: key.fold("generator noise") });
      return { x, y };
    },
    generate: (key, n) =>
      tf.tidy(() => {
        const y = oneHotOf(key.fold("y").uniform([n], 0, classes), classes);
        return network.apply(inputOf(n, y, key), { training: false });
      }),
    initialize(key) {
      tf.tidy(() => {
        const y = evenLabels(INITIAL, classes, key.fold("y"));
        network.initialize?.(inputOf(INITIAL, y, key), key.fold("generator noise"));
      });
    },
  };
}

/**
 * Draws n labels, one-hot `[n, K]`, each class with probability 1/K: one from each n-th part of [0, K), so that K classes
 * in a multiple of K rows are equally many, as in the authors' code.
 */
export function evenLabels(n: number, classes: number, key: Key): tf.Tensor {
  const place = tf.add(tf.range(0, n), key.uniform([n])); // [n], in [i, i + 1)
  return oneHotOf(tf.mul(place, classes / n), classes);
}

/** One-hot `[n, K]` of numbers `[n]` in [0, K), rounded down. */
function oneHotOf(places: tf.Tensor, classes: number): tf.Tensor {
  const y = tf.minimum(tf.floor(places), classes - 1); // float32 may round up to K
  return tf.cast(tf.oneHot(tf.cast(y, "int32"), classes), "float32");
}
