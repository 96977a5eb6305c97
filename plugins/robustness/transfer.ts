/**
 * Transfer: examples that were found for one classifier, judged on another.
 *
 * @module
 */
import { fractionText, type Norm } from "../../core/mod.ts";
import { type Evaluation, type Share, shareOf } from "./evaluation.ts";
import { exceeds } from "./masking.ts";

/** A classifier by its name, and what attacks did to it. */
export interface NamedEvaluation {
  readonly name: string;
  readonly evaluation: Evaluation;
}

/** How the examples that an attack found for one classifier do on another. */
export interface Transfer {
  readonly attack: string;
  readonly norm: Norm;
  /** The budget; null where the attack looked for the least distance. */
  readonly epsilon: number | null;
  /** Whom the examples were found for. */
  readonly source: string;
  /** Whom they are judged on. */
  readonly target: string;
  /** Share of all images that the target gets right without an attack, and that the source's example does not fool it on. */
  readonly accuracy: Share;
  /** Of the images that both get right, those on which the source is fooled, and those on which the target is as well. */
  readonly fooled: number;
  readonly transferred: number;
}

/** The matrix: each classifier on the examples of each other, for each attack and budget. */
export function transfersOf(evaluated: readonly NamedEvaluation[]): Transfer[] {
  return pairs(evaluated).flatMap(({ source, target }) =>
    source.evaluation.trials.map(({ attack, norm, epsilon, success, transferred = {} }) => {
      const { labels } = target.evaluation;
      const own = onImages(source.evaluation, success);
      const here = onImages(source.evaluation, transferred[target.name] ?? []);
      const count = (holds: (image: number) => boolean): number =>
        right(target.evaluation).filter(holds).length;
      return {
        ...{ attack, norm, epsilon, source: source.name, target: target.name },
        accuracy: shareOf(
          count((image) => !here.has(image)),
          labels.length,
        ),
        fooled: count((image) => own.has(image)),
        transferred: count((image) => own.has(image) && here.has(image)),
      };
    }),
  );
}

/**
 * Signs that gradients are masked: examples found for another classifier fool this one more often than those that the same
 * attack, following its gradients, found for it (McNemar's test). Carlini et al., arXiv:1902.06705, Sec. 4.
 */
export function transferSigns(evaluated: readonly NamedEvaluation[]): string[] {
  return pairs(evaluated).flatMap(({ source, target }) =>
    source.evaluation.trials.flatMap(({ attack, epsilon, access, transferred = {} }) => {
      const same = target.evaluation.trials.find((own) => own.attack === attack && own.epsilon === epsilon);
      if (epsilon === null || access === "black-box" || same === undefined) return [];
      const own = onImages(target.evaluation, same.success);
      const others = onImages(source.evaluation, transferred[target.name] ?? []);
      const count = (holds: (image: number) => boolean): number =>
        target.evaluation.attacked.filter(holds).length;
      const only = count((image) => others.has(image) && !own.has(image));
      const missed = count((image) => own.has(image) && !others.has(image));
      if (!exceeds(only, missed)) return [];
      return [
        `${target.name}: examples of ${attack} at epsilon ${fractionText(epsilon)} found for ${source.name} fool ` +
          `${count((image) => others.has(image))} images, those found for it only ${count((image) => own.has(image))}: its ` +
          "gradients are masked, or attacks that follow them need another loss, more steps or restarts",
      ];
    }),
  );
}

const pairs = (all: readonly NamedEvaluation[]) =>
  all.flatMap((source) => all.flatMap((target) => (target === source ? [] : [{ source, target }])));

/** Images that a classifier gets right without an attack. */
const right = ({ labels, clean }: Evaluation): number[] =>
  labels.flatMap((label, image) => (label === clean[image] ? [image] : []));

/** Images whose example has a flag. */
const onImages = ({ attacked }: Evaluation, flags: readonly number[]): ReadonlySet<number> =>
  new Set(attacked.filter((_, i) => flags[i] === 1));
