/**
 * The fast gradient sign method: one step of the whole budget.
 * I. Goodfellow, J. Shlens, C. Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015, Sec. 4.
 *
 * @module
 */
import { type Attack, Attacks, component, parseOptions, z } from "../../../core/mod.ts";
import { lossOption, normOption, samplesOption } from "../parts/options.ts";
import { nameOf, projected } from "../pgd/pgd.ts";

const options = z.strictObject({
  norm: normOption("budget"),
  loss: lossOption(),
  samples: samplesOption(),
});

/** Options of {@link fgsm}. */
export type FgsmOptions = z.input<typeof options>;

/** PGD of a single step as long as the budget, from the image itself; in ℓ2 it goes along the gradient itself. */
export function fgsm(given: FgsmOptions = {}): Attack {
  const whole = { steps: 1, relativeStep: 1, randomStart: false, restarts: 1, earlyStop: false };
  const { norm, loss, samples } = parseOptions("fgsm", options, given);
  return projected(nameOf("fgsm", { norm, loss }), { norm, loss, samples, ...whole });
}

/** How a scenario names it: `fgsm`, or `{ use: fgsm, norm: l2 }`. */
export default component(Attacks, {
  name: "fgsm",
  summary: "One step along the gradient's signs (or the gradient, in ℓ2)",
  reference: "Goodfellow et al., ICLR 2015, arXiv:1412.6572",
  options,
  create: fgsm,
});
