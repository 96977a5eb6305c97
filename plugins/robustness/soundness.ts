/**
 * Signs that a classifier is not the one that was meant, or that its answers vary: the numbers of any attack mislead then.
 *
 * @module
 */
import { type Attack, accuracyWarnings, countOf, type Randomness } from "../../core/mod.ts";
import type { Evaluation } from "./evaluation.ts";

/** How the answers of a classifier vary, and what averages over that. */
export interface Randomised {
  /** Nothing where they don't. */
  readonly random: Randomness | undefined;
  /** Attacks with gradients that follow one draw of its noise. */
  readonly following: readonly string[];
}

/** Names of the attacks that go along gradients of one draw of a randomised classifier. */
export function followingOneDraw(
  attacks: readonly { readonly name: string; readonly attack: Attack }[],
): string[] {
  return attacks.flatMap(({ name, attack: { access = "white-box", samples = 1 } }) =>
    access === "white-box" && samples === 1 ? [name] : [],
  );
}

/** What is to be told of a classifier's answers without any attack. */
export function soundnessSigns(
  name: string,
  { labels, clean, classes }: Evaluation,
  randomised: Randomised,
): string[] {
  return [
    ...accuracyWarnings(name, "images", countOf(labels, clean, classes)),
    ...randomSigns(name, randomised),
  ];
}

/** Answers that vary: attacks that follow one draw of the noise are weaker than they could be. */
function randomSigns(name: string, { random, following }: Randomised): string[] {
  if (random === undefined) return [];
  const { change, keyed } = random;
  if (keyed && following.length === 0) return [];
  const flattering =
    following.length === 0
      ? ""
      : `${following.join(", ")} ${following.length === 1 ? "follows" : "follow"} one draw of its noise, ` +
        "which flatters it: set samples: 20 to average over draws (EOT), take auto-attack's version rand, or attack the model " +
        "without its noise. ";
  const repeats = keyed
    ? "Its noise is drawn from the seed"
    : "Its noise is not drawn from the seed, so that another run gives other numbers";
  return [
    `${name} is random: two passes over the same images differ, by up to ${Number(change.toPrecision(2))} in a logit. ` +
      `${flattering}${repeats}`,
  ];
}
