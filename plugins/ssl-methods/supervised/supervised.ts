/**
 * No semi-supervised learning at all: the labelled rows alone (Eq. 5). What every method is to be better than.
 *
 * @module
 */
import { type Component, component, crossEntropy, type SslMethod, z } from "../../../core/mod.ts";

/** Minimises `−E log P(y | x, y ≤ K)` over the labelled rows. */
export function supervised(): SslMethod {
  return {
    name: "supervised",
    start: async ({ classifier }) => ({
      settings: {},
      draws: {},
      players: [],
      every: 1,
      classifierLoss: ({ labeled, labels }, key) =>
        crossEntropy(classifier.apply(labeled, { training: true, key: key.fold("labeled") }), labels),
      dispose() {},
    }),
  };
}

/** How a scenario names it: `method: supervised`. */
export const supervisedComponent: Component<SslMethod> = component({
  name: "supervised",
  summary: "The labelled rows alone",
  reference: "DSGAN, Eq. (5)",
  options: () => z.strictObject({}),
  create: supervised,
});
