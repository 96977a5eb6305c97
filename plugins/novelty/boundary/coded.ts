/**
 * A classifier of codes as a network of rows.
 *
 * @module
 */
import {
  component,
  type Network,
  type NetworkPlan,
  Networks,
  type Parts,
  parseParts,
  type Refs,
  z,
} from "../../../core/mod.ts";
import { codesOf, encodingShape, joined } from "../autoencoder.ts";

const options = (refs: Refs) =>
  z.strictObject({
    ...encodingShape(refs),
    classifier: refs(Networks).describe("From the mean code to the output."),
  });

/** `classifier(mean of enc(x))`. */
export interface CodedClassifier extends Network {
  /** `[n, ...input]` to `[n, 2·code]` */
  readonly encoder: Network;
  /** `[n, code]` to `[n, ...output]` */
  readonly classifier: Network;
}

/**
 * A classifier behind an encoder, from rows to what the classifier gives for the means of their codes.
 * @throws InputError where an option is out of its range; from `build` where the parts do not fit
 */
export function codedClassifier(given: Parts<typeof options>): NetworkPlan<CodedClassifier> {
  const { encoder, classifier, code } = parseParts("coded-classifier", options, given);
  return {
    name: "coded-classifier",
    build({ input, output, range, inputRange }, key) {
      const parts = {
        encoder: encoder.build(
          { input, output: [2 * code], ...(inputRange && { inputRange }) },
          key.fold("encoder"),
        ),
        classifier: classifier.build(
          { input: [code], output, ...(range && { range }) },
          key.fold("classifier"),
        ),
      };
      return {
        ...joined(parts),
        ...parts,
        inputShape: input,
        outputShape: output,
        apply: (x, mode) => parts.classifier.apply(codesOf(parts.encoder.apply(x, mode)).mean, mode),
      };
    },
  };
}

export const codedClassifierComponent = component(Networks, {
  name: "coded-classifier",
  summary: "A classifier of codes behind their encoder",
  options,
  create: async (given, context) => codedClassifier(await context.build(given)),
});
