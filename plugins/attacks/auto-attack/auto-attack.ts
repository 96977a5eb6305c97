/**
 * AutoAttack: attacks with nothing to tune, each on the images that those before it left unfooled.
 * F. Croce, M. Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks",
 * ICML 2020, Sec. 5; the versions are those of the authors' code.
 *
 * @module
 */
import { type Attack, Attacks, component, type Perturb, parseOptions, z } from "../../../core/mod.ts";
import { apgd } from "../apgd/apgd.ts";
import { fab } from "../fab/fab.ts";
import { cascade } from "../parts/cascade.ts";
import { anyNormOption } from "../parts/options.ts";
import { square } from "../square/square.ts";

const options = z.strictObject({
  norm: anyNormOption("budget"),
  version: z
    .enum(["standard", "plus", "rand"])
    .default("standard")
    .describe(
      "The authors' versions: `standard`; `plus`, which adds APGD-DLR and untargeted FAB, five tries each; `rand`, APGD-CE and " +
        "APGD-DLR averaged over draws, for randomised classifiers.",
    ),
  steps: z.int().positive().default(100).describe("Steps of APGD and FAB, for each target."),
  queries: z.int().min(2).default(5000).describe("Images put to the classifier by Square, at most."),
  targets: z
    .int()
    .positive()
    .optional()
    .describe(
      "Likeliest wrong classes that APGD and FAB aim at; by default 9, but for APGD in ℓ1's `standard`, where it is 5.",
    ),
  samples: z
    .int()
    .positive()
    .default(20)
    .describe("Draws that each gradient and decision is averaged over (EOT), in version `rand`."),
});

type Options = z.output<typeof options>;

/** Options of {@link autoAttack}. */
export type AutoAttackOptions = z.input<typeof options>;

/** Tries of APGD and FAB without a target, in version `plus`; those of APGD in ℓ1's `standard` as well. */
const TRIES = 5;

/** Classes aimed at: by the authors' code, and by its APGD in ℓ1's `standard`. */
const AIMED = 9;
const AIMED_IN_L1 = 5;

/** Queries over which the squares become small, however many there are: the authors' code does not adapt it to its 5000. */
const SCHEDULE = 10_000;

/** A loss that takes the place of the difference-of-logits ratio where that is not defined: with fewer classes. */
const dlr = (classes: number, fewest: number): "margin" | "dlr" => (classes < fewest ? "margin" : "dlr");

/** The members of each version, in the order of the authors' code; four classes stand for all beyond. */
const MEMBERS: Readonly<Record<Options["version"], (given: Options, classes: number) => readonly Attack[]>> =
  {
    standard: ({ norm, steps, targets, queries }, classes) => [
      apgd({ norm, steps, restarts: norm === "l1" ? TRIES : 1 }),
      apgd({
        ...{ norm, steps, loss: dlr(classes, 4) },
        targets: targets ?? (norm === "l1" ? AIMED_IN_L1 : AIMED),
      }),
      fab({ norm, steps, targets: targets ?? AIMED }),
      square({ norm, queries, schedule: SCHEDULE }),
    ],
    plus: ({ norm, steps, targets = AIMED, queries }, classes) => [
      apgd({ norm, steps, restarts: TRIES }),
      apgd({ norm, steps, restarts: TRIES, loss: dlr(classes, 3) }),
      fab({ norm, steps, restarts: TRIES }),
      square({ norm, queries, schedule: SCHEDULE }),
      apgd({ norm, steps, loss: dlr(classes, 4), targets }),
      fab({ norm, steps, targets }),
    ],
    rand: ({ norm, steps, samples }, classes) => [
      apgd({ norm, steps, samples }),
      apgd({ norm, steps, samples, loss: dlr(classes, 3) }),
    ],
  };

/** Classes from which on all losses are defined. */
const ENOUGH = 4;

/** The attacks of a version in turn; the defaults are the standard version. */
export function autoAttack(given: AutoAttackOptions = {}): Attack {
  const checked = parseOptions("auto-attack", options, given);
  const { norm, version, samples } = checked;
  const known = new Map<number, readonly Attack[]>(); // made once, so that their steps are compiled once
  const membersFor = ({ classes }: { readonly classes: number }): readonly Attack[] => {
    const few = Math.min(classes, ENOUGH);
    const members = known.get(few) ?? MEMBERS[version](checked, few);
    known.set(few, members);
    return members;
  };
  return {
    name: `auto-attack-${version === "standard" ? "" : `${version}-`}${norm}`,
    norm,
    kind: "within-budget",
    targeted: true,
    samples: version === "rand" ? samples : 1,
    check(classifier) {
      for (const attack of membersFor(classifier)) attack.check?.(classifier);
    },
    perturb(input, tools) {
      const members = membersFor(tools.classifier);
      const names = members.map(({ name }) => name);
      return cascade(norm, members.map(turnOf), names)(input, tools);
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
