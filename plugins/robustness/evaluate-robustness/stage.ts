/**
 * What the stages of an evaluation have in common. A stage that was finished is not run again when the run is resumed;
 * one under way goes on from its last batch.
 *
 * @module
 */
import type { Attack, Classifier, Key, RunContext } from "../../../core/mod.ts";
import type { Images } from "./images.ts";
import type { EvaluateRobustness } from "./options.ts";

/** One classifier under evaluation. */
export interface Stage {
  readonly parts: EvaluateRobustness;
  readonly images: Images;
  /** Of the classifier. */
  readonly name: string;
  readonly classifier: Classifier;
  readonly key: Key;
  readonly context: RunContext;
}

/** An attack and what it is called in this evaluation. */
export interface NamedAttack {
  readonly name: string;
  readonly attack: Attack;
}

/** The attacks, each with a name of its own: `pgd-linf`, `pgd-linf-2`. */
export function withNames(attacks: readonly Attack[]): NamedAttack[] {
  return [...unique(attacks)].map(([name, attack]) => ({ name, attack }));
}

/** Things by their names, the second of a name as `name-2`. */
export function unique<T extends { readonly name: string }>(things: readonly T[]): ReadonlyMap<string, T> {
  const seen = new Map<string, number>();
  return new Map(
    things.map((thing) => {
      const times = (seen.get(thing.name) ?? 0) + 1;
      seen.set(thing.name, times);
      return [times === 1 ? thing.name : `${thing.name}-${times}`, thing];
    }),
  );
}
