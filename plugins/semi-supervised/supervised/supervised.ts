/**
 * Nothing is generated: the labelled rows alone (Eq. 5), or with the conditional entropy of unlabelled rows, which the
 * authors' code adds to Eq. (4) on images. The baseline of every other method.
 *
 * @module
 */
import { component, conditionalEntropy, crossEntropy, parseOptions, tf, z } from "../../../core/mod.ts";
import { type SslMethod, SslMethods } from "../method.ts";
import { noisyLogits } from "../passes.ts";

const options = z.strictObject({
  entropyWeight: z
    .number()
    .min(0)
    .default(0)
    .describe("Weight of the conditional entropy of unlabelled rows; 0 leaves them out."),
});

/** Options of {@link supervised}. */
export type SupervisedOptions = z.input<typeof options>;

/** Minimises `−E log P(y | x, y ≤ K)` over the labelled rows, plus `entropyWeight·H(unlabeled)`. */
export function supervised(given: SupervisedOptions = {}): SslMethod {
  const { entropyWeight } = parseOptions("supervised", options, given);
  return {
    name: "supervised",
    start: async (problem) => ({
      settings: { entropyWeight },
      players: [],
      classifierLoss({ labeled, labels, unlabeled }, key) {
        if (entropyWeight === 0) return crossEntropy(noisyLogits(problem, key, { labeled }).labeled, labels);
        const logits = noisyLogits(problem, key, { labeled, unlabeled }); // [m, K] each
        const entropy = conditionalEntropy(logits.unlabeled);
        return tf.add(crossEntropy(logits.labeled, labels), tf.mul(entropyWeight, entropy)) as tf.Scalar;
      },
      dispose() {},
    }),
  };
}

/** How a scenario names it: `method: supervised`. */
export default component(SslMethods, {
  name: "supervised",
  summary: "The labelled rows alone",
  reference: "DSGAN, Eq. (5)",
  options,
  create: supervised,
});
