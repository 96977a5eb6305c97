/**
 * The fast gradient sign method: one step of the whole budget.
 * I. Goodfellow, J. Shlens, C. Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015, Sec. 4.
 *
 * @module
 */
import { type Attack, Attacks, component, type Norm, z } from "../../../core/mod.ts";
import { LOSSES, type LossName } from "../parts/loss.ts";
import { pgd } from "../pgd/pgd.ts";

/** Options of {@link fgsm}. */
export interface FgsmOptions {
  /** ℓ∞ as in the paper, or ℓ2: a step along the gradient itself. */
  readonly norm: Norm;
  readonly loss: LossName;
}

/** PGD of a single step as long as the budget, from the image itself. */
export function fgsm({ norm, loss }: FgsmOptions): Attack {
  const { shortened: _, ...attack } = pgd(
    { norm, loss, steps: 1, relativeStep: 1, randomStart: false, restarts: 1, earlyStop: false },
    `fgsm-${norm}`,
  );
  return attack as Attack;
}

/** How a scenario names it: `fgsm`, or `{ use: fgsm, norm: l2 }`. */
const fgsmComponent = component(Attacks, {
  name: "fgsm",
  summary: "One step along the gradient's signs (or the gradient, in ℓ2)",
  reference: "Goodfellow et al., ICLR 2015, arXiv:1412.6572",
  options: () =>
    z.strictObject({
      norm: z.enum(["linf", "l2"]).default("linf").describe("Norm of the budget."),
      loss: z.enum(LOSSES).default("cross-entropy").describe("What is climbed."),
    }),
  create: fgsm,
});

export default fgsmComponent;
