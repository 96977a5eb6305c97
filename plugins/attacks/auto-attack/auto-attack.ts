/**
 * AutoAttack: four attacks with nothing to tune, each on the images that those before it left unfooled.
 * F. Croce, M. Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks",
 * ICML 2020, Sec. 5.
 *
 * @module
 */
import { type Attack, Attacks, component, type Perturb, parseOptions, z } from "../../../core/mod.ts";
import { apgd } from "../apgd/apgd.ts";
import { fab } from "../fab/fab.ts";
import { cascade } from "../parts/cascade.ts";
import { normOption } from "../parts/options.ts";
import { square } from "../square/square.ts";

const options = z.strictObject({
  norm: normOption("budget"),
  steps: z.int().positive().default(100).describe("Steps of APGD and FAB, for each target."),
  queries: z.int().min(2).default(5000).describe("Images put to the classifier by Square, at most."),
  targets: z.int().positive().default(9).describe("Likeliest wrong classes that APGD and FAB aim at."),
});

/** Options of {@link autoAttack}. */
export type AutoAttackOptions = z.input<typeof options>;

/** Fewer classes than the targeted difference-of-logits ratio is defined for. */
const FEW = 4;

/** APGD-CE, APGD-T (on the difference-of-logits ratio), FAB-T and Square; the defaults are the standard version. */
export function autoAttack(given: AutoAttackOptions = {}): Attack {
  const { norm, steps, queries, targets } = parseOptions("auto-attack", options, given);
  const members = (loss: "margin" | "dlr"): readonly Attack[] => [
    apgd({ norm, steps }),
    apgd({ norm, steps, loss, targets }),
    fab({ norm, steps, targets }),
    square({ norm, queries }),
  ];
  const [forFew, forMany] = [members("margin"), members("dlr")];
  const membersFor = (classes: number) => (classes < FEW ? forFew : forMany);
  return {
    name: `auto-attack-${norm}`,
    norm,
    kind: "within-budget",
    targeted: true,
    check(classifier) {
      for (const attack of membersFor(classifier.classes)) attack.check?.(classifier);
    },
    perturb(input, tools) {
      const able = membersFor(tools.classifier.classes).filter(
        ({ targeted }) => targeted || input.target === undefined,
      );
      const names = able.map(({ name }) => name);
      return cascade(norm, able.map(turnOf), names)(input, tools);
    },
  };
}

/** An attack with all its steps. */
const turnOf =
  (attack: Attack): Perturb =>
  (input, tools) =>
    attack.perturb({ ...input, steps: attack.steps ?? 1 }, tools);

/** How a scenario names it: `auto-attack`, or `{ use: auto-attack, norm: l2 }`. */
export default component(Attacks, {
  name: "auto-attack",
  summary: "APGD-CE, APGD-T, FAB-T and Square in turn: what an honest evaluation needs",
  reference: "Croce & Hein, ICML 2020, arXiv:2003.01690",
  options,
  create: autoAttack,
});
