/**
 * Options that attacks have in common.
 *
 * @module
 */
import { z } from "../../../core/mod.ts";
import { LOSSES } from "./losses.ts";

/** The option `norm`. */
export const normOption = (what: "budget" | "distance", usual: "linf" | "l2" = "linf") =>
  z
    .enum(["linf", "l2"])
    .default(usual)
    .describe(`Norm of the ${what}: \`linf\`, the largest change of a pixel, or \`l2\`, Euclidean length.`);

/** The option `norm` of attacks that can do ℓ1 as well. */
export const anyNormOption = (what: "budget" | "distance") =>
  z
    .enum(["linf", "l2", "l1"])
    .default("linf")
    .describe(
      `Norm of the ${what}: \`linf\`, the largest change of a pixel; \`l2\`, Euclidean length; \`l1\`, the sum of all changes.`,
    );

/** The option `samples`. */
export const samplesOption = () =>
  z
    .int()
    .positive()
    .default(1)
    .describe(
      "Draws of a randomised classifier that each gradient and decision is averaged over (EOT); 20 in AutoAttack's `rand`.",
    );

/** The option `loss`. */
export const lossOption = () =>
  z
    .enum(LOSSES)
    .default("cross-entropy")
    .describe(
      "Loss to climb: `cross-entropy`; `log-odds`, which rises where the cross-entropy does but is not rounded away where " +
        "the classifier is sure; `margin`; `dlr`, the difference-of-logits ratio (from three classes on, towards a target " +
        "four); `entropy-aware`, cross-entropy and the prediction's entropy, against classifiers that were trained to be " +
        "sure (DSGAN, Eq. 9).",
    );
