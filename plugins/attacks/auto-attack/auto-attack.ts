/**
 * AutoAttack: four attacks with nothing to tune, each on the images that those before it left standing.
 * F. Croce, M. Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks",
 * ICML 2020, Sec. 5.
 *
 * @module
 */
import {
  type Attack,
  Attacks,
  type BudgetAssault,
  type Classifier,
  component,
  type Norm,
  z,
} from "../../../core/mod.ts";
import { apgd } from "../apgd/apgd.ts";
import { fab } from "../fab/fab.ts";
import { ballOf } from "../parts/ball.ts";
import { byTurns } from "../parts/turns.ts";
import { square } from "../square/square.ts";

/** Options of {@link autoAttack}. */
export interface AutoAttackOptions {
  readonly norm: Norm;
  /** Steps of APGD and FAB, for each target. */
  readonly steps: number;
  /** Queries of Square. */
  readonly queries: number;
  /** Wrong classes that APGD and FAB aim at. */
  readonly targets: number;
}

/** Fewer classes than the targeted difference-of-logits ratio is defined for. */
const FEW = 4;

/** APGD-CE, APGD-T (on the difference-of-logits ratio), FAB-T and Square; the defaults are the standard version. */
export function autoAttack({ norm, steps, queries, targets }: AutoAttackOptions): Attack {
  const name = `auto-attack-${norm}`;
  return {
    name,
    norm,
    kind: "within-budget",
    access: "white-box",
    aims: true,
    against(classifier) {
      const loss = classifier.classes < FEW ? "margin" : "dlr";
      const within = [
        apgd({ norm, loss: "cross-entropy", targets: 0, steps, restarts: 1 }),
        apgd({ norm, loss, targets, steps, restarts: 1 }),
        fab({ norm, steps, targets }),
        square({ norm, queries, share: 0.8, restarts: 1 }),
      ].map((attack) => withinBudget(attack, classifier));
      return byTurns(
        name,
        classifier,
        ballOf(norm).length,
        within.map(({ perturb }) => perturb),
        () => within.forEach(({ dispose }) => void dispose()),
      );
    },
  };
}

/** An attack that seeks the least distance takes no notice of the budget; what lies beyond that fools nobody. */
function withinBudget(attack: Attack, classifier: Classifier): BudgetAssault {
  if (attack.kind === "within-budget") return attack.against(classifier);
  const { perturb, dispose } = attack.against(classifier);
  return { perturb: (batch, _epsilon, key, signal) => perturb(batch, key, signal), dispose };
}

/** How a scenario names it: `auto-attack`, or `{ use: auto-attack, norm: l2 }`. */
const autoAttackComponent = component(Attacks, {
  name: "auto-attack",
  summary: "APGD-CE, APGD-T, FAB-T and Square by turns: what an honest evaluation needs",
  reference: "Croce & Hein, ICML 2020, arXiv:2003.01690",
  options: () =>
    z.strictObject({
      norm: z.enum(["linf", "l2"]).default("linf").describe("Norm of the budget."),
      steps: z.int().positive().default(100).describe("Steps of APGD and FAB, for each target."),
      queries: z.int().min(2).default(5000).describe("Images put to the classifier by Square, at most."),
      targets: z.int().positive().default(9).describe("Likeliest wrong classes that APGD and FAB aim at."),
    }),
  create: autoAttack,
});

export default autoAttackComponent;
