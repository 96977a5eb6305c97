/**
 * What the stages of an evaluation have in common. A stage that was finished is not run again when the run is resumed;
 * one under way goes on from its last batch.
 *
 * @module
 */
import type { Attack, Classifier, Key, Randomness, RunContext } from "../../../core/mod.ts";
import type { Evaluation } from "../evaluation.ts";
import type { Probes } from "../masking.ts";
import type { Images } from "./images.ts";
import type { EvaluateRobustness } from "./options.ts";

/** One classifier under evaluation. */
export interface Stage {
  readonly parts: EvaluateRobustness;
  readonly images: Images;
  /** Of the classifier. */
  readonly name: string;
  readonly classifier: Classifier;
  /** Other classifiers that its examples are judged on, by name. */
  readonly others: ReadonlyMap<string, Classifier>;
  readonly key: Key;
  readonly context: RunContext;
}

/** A classifier and how it fared under the attacks. */
export interface Evaluated {
  readonly name: string;
  readonly evaluation: Evaluation;
  readonly probes: Probes;
  /** How its answers to the same images vary, where they do. */
  readonly random: Randomness | undefined;
  /** Which classifier it was. */
  readonly fingerprint: Fingerprint;
}

/** What a classifier was, by SHA-256 in hexadecimal digits. */
export interface Fingerprint {
  /** Of the files that it was read from, by name: what others can check. Absent where there are none. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of its weights by their names; absent where it does not tell. */
  readonly weights?: string;
  /** Of its logits of the first images, in float32: they differ from engine to engine. */
  readonly logits: string;
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
