/**
 * Signs that a classifier is not the one that was meant, or that its answers vary: the numbers of any attack mislead then.
 *
 * @module
 */
import { accuracyWarnings, countOf, type Randomness } from "../../core/mod.ts";
import type { Evaluation } from "./evaluation.ts";

/** What is to be told of a classifier's answers without any attack. */
export function soundnessSigns(
  name: string,
  { labels, clean, classes }: Evaluation,
  random: Randomness | undefined,
): string[] {
  return [...accuracyWarnings(name, "images", countOf(labels, clean, classes)), ...randomSigns(name, random)];
}

/** Answers that vary: attacks that follow one draw of the noise are weaker than they could be. */
function randomSigns(name: string, random: Randomness | undefined): string[] {
  if (random === undefined) return [];
  const { change, keyed } = random;
  const repeats = keyed
    ? "Its noise is drawn from the seed"
    : "Its noise is not drawn from the seed, so that another run gives other numbers";
  return [
    `${name} is random: two passes over the same images differ, by up to ${Number(change.toPrecision(2))} in a logit. ` +
      "Attacks that follow one draw of its noise flatter it: average gradients over draws (EOT), or attack the model " +
      `without its noise. ${repeats}`,
  ];
}
