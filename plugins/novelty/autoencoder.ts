/**
 * Variational autoencoders whose error of reconstruction is a score.
 * D. P. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
 *
 * @module
 */
import {
  component,
  type FitBatch,
  type Key,
  type LossTerms,
  type Network,
  type NetworkPlan,
  Networks,
  type Parts,
  parseParts,
  type Refs,
  tf,
  z,
} from "../../core/mod.ts";

/** The options of every network that begins with an encoder. */
export const encodingShape = (refs: Refs) => ({
  encoder: refs(Networks).describe(
    "From a row to mean and log-variance of its code: twice the code's width.",
  ),
  code: z.int().positive().describe("Width of the code."),
});

const options = (refs: Refs) =>
  z.strictObject({ ...encodingShape(refs), decoder: refs(Networks).describe("From a code to a row.") });

/** An autoencoder as a network that gives the mean squared error of its reconstruction, `[n, 1]`. */
export interface Autoencoder extends Network {
  /** `[n, ...input]` to `[n, 2·code]`: means, then log-variances. */
  readonly encoder: Network;
  /** `[n, code]` to `[n, ...input]` */
  readonly decoder: Network;
}

/** A code's distribution: means and standard deviations, `[n, code]` each. */
export interface Codes {
  readonly mean: tf.Tensor;
  readonly deviation: tf.Tensor;
  readonly logVariance: tf.Tensor;
}

/** What the encoder's output says. */
export function codesOf(encoded: tf.Tensor): Codes {
  const [mean, logVariance] = tf.split(encoded, 2, 1) as [tf.Tensor, tf.Tensor]; // [n, code] each
  return { mean, logVariance, deviation: tf.exp(tf.mul(0.5, logVariance)) };
}

/** A code drawn for each row, `[n, code]`. */
export function drawnCode({ mean, deviation }: Codes, key: Key): tf.Tensor {
  return tf.add(mean, tf.mul(deviation, key.normal(mean.shape)));
}

/** The mean squared error of each row, `[n, 1]`. */
export function rowErrors(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const squares = tf.reshape(tf.squaredDifference(a, b), [a.shape[0]!, -1]);
  return tf.mean(squares, 1, true);
}

/** Two networks of which the second takes what is made of the first's output. */
export function joined(
  parts: Readonly<Record<string, Network>>,
): Pick<Network, "parameters" | "state" | "couplesRows" | "prepare" | "dispose"> {
  const entries = Object.entries(parts);
  const named = (group: "parameters" | "state"): Map<string, tf.Variable> =>
    new Map(
      entries.flatMap(([name, net]) =>
        [...net[group]].map(([key, variable]) => [`${name}/${key}`, variable]),
      ),
    );
  const networks = Object.values(parts);
  return {
    parameters: named("parameters"),
    state: named("state"),
    ...(networks.some(({ couplesRows }) => couplesRows) && { couplesRows: true }),
    ...(networks.some(({ prepare }) => prepare) && {
      prepare: () => networks.forEach((network) => void network.prepare?.()),
    }),
    dispose: () => networks.forEach((network) => void network.dispose()),
  };
}

/**
 * The error of reconstruction: `mean (dec(mean of enc(x)) − x)²` of each row.
 * @throws InputError where an option is out of its range; from `build` where the parts do not fit
 */
export function reconstructionError(given: Parts<typeof options>): NetworkPlan<Autoencoder> {
  const { encoder, decoder, code } = parseParts("reconstruction-error", options, given);
  return {
    name: "reconstruction-error",
    build({ input, output, inputRange }, key) {
      const parts = {
        encoder: encoder.build(
          { input, output: [2 * code], ...(inputRange && { inputRange }) },
          key.fold("encoder"),
        ),
        decoder: decoder.build(
          { input: [code], output: input, ...(inputRange && { range: inputRange }) },
          key.fold("decoder"),
        ),
      };
      return { ...autoencoderOf(parts), outputShape: output };
    },
  };
}

/** An autoencoder of two networks. */
export function autoencoderOf(parts: Pick<Autoencoder, "encoder" | "decoder">): Autoencoder {
  const { encoder, decoder } = parts;
  return {
    ...joined({ ...parts }),
    ...parts,
    inputShape: encoder.inputShape,
    outputShape: [1],
    apply(x, mode) {
      const { mean } = codesOf(encoder.apply(x, mode));
      return rowErrors(decoder.apply(mean, mode), x);
    },
  };
}

/** A scenario names it within a scorer's network: `{ use: reconstruction-error, encoder: mlp, decoder: mlp, code: 8 }`. */
export const reconstructionErrorComponent = component(Networks, {
  name: "reconstruction-error",
  summary: "An autoencoder, its output the error of reconstruction: scores of abnormal rows",
  reference: "Kingma & Welling, ICLR 2014, arXiv:1312.6114",
  options,
  create: async (given, context) => reconstructionError(await context.build(given)),
});

/** The VAE's loss: `MSE(dec(f), x) + klWeight·KL`, the divergence from N(0, I) summed over the code. */
export function vaeLoss(
  { encoder, decoder }: Autoencoder,
  klWeight: number,
): (batch: FitBatch, key: Key) => LossTerms {
  return ({ x }, key) => {
    const codes = codesOf(encoder.apply(x, { training: true, key: key.fold("encoder") })); // [m, code]
    const f = drawnCode(codes, key.fold("code"));
    const rebuilt = decoder.apply(f, { training: true, key: key.fold("decoder") }); // [m, ...shape]
    const reconstruction = tf.mean(tf.squaredDifference(rebuilt, x)).asScalar();
    const { mean, logVariance } = codes;
    const terms = tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, 1));
    const divergence = tf.mul(0.5, tf.mean(tf.sum(terms, 1))).asScalar();
    const loss = tf.add(reconstruction, tf.mul(klWeight, divergence)).asScalar();
    return { loss, reconstruction, divergence };
  };
}
