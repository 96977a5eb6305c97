/**
 * No generated rows: the labelled rows alone (Eq. 5), or with the conditional entropy of unlabelled ones beside them, which
 * the authors' code adds to Eq. (4) on images. What every method is to be better than.
 *
 * @module
 */
import { component, conditionalEntropy, crossEntropy, tf, z } from "../../../core/mod.ts";
import { type SslMethod, SslMethods } from "../method.ts";

/** Options of {@link supervised}. */
export interface SupervisedOptions {
  /** Weight of the conditional entropy of unlabelled rows, ≥ 0; 0 leaves them out. */
  readonly entropyWeight: number;
}

/** Minimises `−E log P(y | x, y ≤ K)` over the labelled rows, and `entropyWeight·H(unlabeled)`. */
export function supervised({ entropyWeight }: SupervisedOptions): SslMethod {
  return {
    name: "supervised",
    start: async ({ classifier }) => ({
      settings: { entropyWeight },
      draws: {},
      players: [],
      every: 1,
      classifierLoss({ labeled, labels, unlabeled }, key) {
        const logits = (x: tf.Tensor, name: string): tf.Tensor =>
          classifier.apply(x, { training: true, key: key.fold(name) }); // [m, K]
        const told = crossEntropy(logits(labeled, "labeled"), labels);
        if (entropyWeight === 0) return told;
        const unsure = conditionalEntropy(logits(unlabeled, "unlabeled"));
        return tf.add(told, tf.mul(entropyWeight, unsure)) as tf.Scalar;
      },
      dispose() {},
    }),
  };
}

/** How a scenario names it: `method: supervised`. */
const supervisedComponent = component(SslMethods, {
  name: "supervised",
  summary: "The labelled rows alone",
  reference: "DSGAN, Eq. (5)",
  options: () =>
    z.strictObject({
      entropyWeight: z
        .number()
        .min(0)
        .default(0)
        .describe("Weight of the conditional entropy of unlabelled rows; 0 leaves them out."),
    }),
  create: supervised,
});

export default supervisedComponent;
