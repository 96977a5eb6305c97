/**
 * Passes of a classifier in training: with noise and dropout. All batches of a purpose take one pass together, which is
 * faster than one each. Only where the classifier couples rows (batch norm) does each take a pass of its own, so that the
 * statistics of one do not enter another.
 *
 * @module
 */
import { type Key, type Network, tf } from "../../core/mod.ts";
import type { SslProblem } from "./method.ts";

/** Batches by name, `[n, ...]` each. */
export type Batches<N extends string = string> = Readonly<Record<N, tf.Tensor>>;

/** What a classifier gives in one pass: features `[n, ...features.shape]` and logits `[n, K]`. */
export interface Outputs {
  readonly features: tf.Tensor;
  readonly logits: tf.Tensor;
}

/**
 * Logits `[n, K]` of batches of rows `[n, ...shape]`.
 * @param key of the noise; two calls of an iteration need different ones
 */
export function noisyLogits<N extends string>(
  { classifier }: Pick<SslProblem, "classifier">,
  key: Key,
  batches: Batches<N>,
): Record<N, tf.Tensor> {
  return passed(classifier, batches, (x, name) =>
    classifier.apply(x, { training: true, key: key.fold(name) }),
  );
}

/** Features `[n, ...features.shape]` of batches of rows; the parameters are those of {@link noisyLogits}. */
export function noisyFeatures<N extends string>(
  { classifier, features }: Pick<SslProblem, "classifier" | "features">,
  key: Key,
  batches: Batches<N>,
): Record<N, tf.Tensor> {
  return passed(classifier, batches, (x, name) => features.of(x, { training: true, key: key.fold(name) }));
}

/** Features and logits of batches of rows; the parameters are those of {@link noisyLogits}. */
export function noisyOutputs<N extends string>(
  problem: Pick<SslProblem, "classifier" | "features">,
  key: Key,
  batches: Batches<N>,
): Record<N, Outputs> {
  const features = noisyFeatures(problem, key, batches);
  const logits = passed(problem.classifier, features, (f, name) =>
    problem.features.head(f, { training: true, key: key.fold(name) }),
  );
  return mapped(features, (f, name) => ({ features: f, logits: logits[name] }));
}

/**
 * Sends batches through a network together, or, where it couples rows, one by one.
 * @param pass through the network, of rows `[n, ...]`; the name is for a key of the pass's own
 * @returns what each batch becomes
 */
export function passed<N extends string>(
  { couplesRows = false }: Pick<Network, "couplesRows">,
  batches: Batches<N>,
  pass: (x: tf.Tensor, name: string) => tf.Tensor,
): Record<N, tf.Tensor> {
  const all = Object.values<tf.Tensor>(batches);
  if (couplesRows || all.length < 2) return mapped(batches, pass);
  const sizes = all.map(({ shape }) => shape[0]!);
  const parts = tf.split(pass(tf.concat(all), "together"), sizes);
  return mapped(batches, (_, __, i) => parts[i]!);
}

function mapped<N extends string, X, Y>(
  record: Readonly<Record<N, X>>,
  f: (x: X, name: N, i: number) => Y,
): Record<N, Y> {
  const entries = Object.entries<X>(record) as [N, X][];
  return Object.fromEntries(entries.map(([name, x], i) => [name, f(x, name, i)])) as Record<N, Y>;
}
