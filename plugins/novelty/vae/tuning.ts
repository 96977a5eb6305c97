/**
 * Stage 3: `MSE(dec(f), x) + weight·mean max(0, margin − MSE(dec(G(f)), x))`, f drawn for each row and constant in G(f).
 *
 * @module
 */
import { type FitBatch, type Key, type LossTerms, type Mode, type Network, tf } from "../../../core/mod.ts";
import { type Autoencoder, codesOf, drawnCode, rowErrors } from "../autoencoder.ts";
import type { VaeOptions } from "./options.ts";

/** A batch with generated codes, `[m, code]`, where there is a generator. */
export interface TuningBatch extends FitBatch {
  readonly generated: tf.Tensor | undefined;
}

/** Moves the codes of a batch: constants to the gradient. */
export function withGenerated(
  { encoder }: Autoencoder,
  generator: Network | undefined,
): (batch: FitBatch, key: Key) => TuningBatch {
  return (batch, key) => {
    if (generator === undefined) return { ...batch, generated: undefined };
    const f = drawnCode(codesOf(encoder.apply(batch.x, { training: false })), key.fold("moved"));
    return { ...batch, generated: generator.apply(f, { training: false }) };
  };
}

/**
 * A pass in training that leaves the running statistics as they were. Those that score are of the data alone: with half of
 * them from generated codes, data that the training rebuilds well are rebuilt badly in use.
 */
function unmoved(network: Network, x: tf.Tensor, mode: Mode): tf.Tensor {
  const before = [...network.state.values()].map((variable) => [variable, tf.clone(variable)] as const);
  const y = network.apply(x, mode);
  for (const [variable, value] of before) variable.assign(value);
  return y;
}

/** The loss of a batch. */
export function tuningLoss(
  { encoder, decoder }: Autoencoder,
  { weight, margin }: Pick<VaeOptions, "weight" | "margin">,
): (batch: TuningBatch, key: Key) => LossTerms {
  return ({ x, generated }, key) => {
    const mode = (name: string) => ({ training: true, key: key.fold(name) });
    const f = drawnCode(codesOf(encoder.apply(x, mode("encoder"))), key.fold("code")); // [m, code]
    const reconstruction = tf.mean(rowErrors(decoder.apply(f, mode("decoder")), x)).asScalar();
    if (generated === undefined) return { loss: reconstruction };
    const apart = rowErrors(unmoved(decoder, generated, mode("generated")), x); // [m, 1]
    const hinge = tf.mean(tf.relu(tf.sub(margin, apart))).asScalar();
    return { loss: tf.add(reconstruction, tf.mul(weight, hinge)).asScalar(), reconstruction, hinge };
  };
}
