/**
 * Looks at classifiers while they are trained: what an attack on the cross-entropy leaves of the accuracy, what the same
 * attack leaves by a loss that does not round, and how sure the classifier is. In float32 the softmax of the true class is
 * 1 from a gap of log 2²⁴ = 16.6 between the logits on; the class then drops out of the gradient of the cross-entropy,
 * which points elsewhere.
 *
 * @module
 */
import {
  type Classifier,
  compileStep,
  type FiniteDataset,
  type Judge,
  judgeOf,
  type Key,
  type Numbers,
  type PreparedAttack,
  predictionOf,
  prepare,
  tf,
} from "../../../core/mod.ts";
import { isCertain, otherLogits, ownLogit } from "../certainty.ts";
import {
  attackBatch,
  batchesOf,
  disposeBatch,
  drawImages,
  type Images,
} from "../evaluate-robustness/images.ts";
import { withNames } from "../evaluate-robustness/stage.ts";
import type { WatchPlan } from "./options.ts";

/** A classifier after an epoch. Shares are of all images under watch. */
export type Watched = {
  /** 0: before the first step. */
  readonly epoch: number;
  /** Accuracy without attack. */
  readonly clean: number;
  /** Accuracy under the attack whose gradient float32 rounds, and under the other. */
  readonly rounded: number;
  readonly unrounded: number;
  /** Share of the images whose own class has a softmax of exactly 1 in float32. */
  readonly certain: number;
  /** Mean of the logit of the image's own class less the largest of the others. */
  readonly gap: number;
};

/** What all classifiers of a run are watched on. */
export interface Watch {
  readonly plan: WatchPlan;
  readonly images: Images;
  /** Images looked at together. */
  readonly batch: number;
  readonly key: Key;
}

/** Draws the images. */
export async function watchOf(plan: WatchPlan, data: FiniteDataset, batch: number, key: Key): Promise<Watch> {
  return { plan, batch, images: await drawImages(data, plan.images, key.fold("images")), key };
}

/** Watches one classifier. */
export interface Watcher {
  /** Looks at it as it is. Draws nothing that depends on the training, and changes nothing. */
  look(epoch: number): Promise<Watched>;
  dispose(): void;
}

/** A watcher of a classifier whose weights change between looks. */
export function watcherOf({ plan, images, batch, key }: Watch, classifier: Classifier): Watcher {
  const judge = judgeOf(classifier);
  const attacks = [plan.attack, plan.unrounded].map((attack) => prepare(attack, classifier));
  const surety = compileStep<"x" | "y", "certain" | "gap" | "right">("watch", ({ x, y }, at) => {
    const logits = classifier.logits(x, at);
    const own = tf.cast(tf.oneHot(y as tf.Tensor1D, classifier.classes), "bool");
    return {
      certain: tf.cast(isCertain(logits, own), "float32"),
      gap: tf.sub(ownLogit(logits, own), tf.max(otherLogits(logits, own), 1)),
      right: tf.cast(tf.equal(predictionOf(logits), tf.cast(y, "int32")), "float32"),
    };
  });
  return {
    async look(epoch) {
      const n = images.labels.length;
      const all = images.labels.map((_, i) => i);
      const sums = { clean: 0, rounded: 0, unrounded: 0, certain: 0, gap: 0 };
      for (const [i, rows] of [...batchesOf(n, batch)].entries()) {
        const given = attackBatch(images, rows, all, null);
        const seen = surety.run({ x: given.x, y: given.y }, key);
        const [right, certain, gap] = await Promise.all(
          [seen.right, seen.certain, seen.gap].map((values) => values.data()),
        );
        const run = { batch: given, epsilon: plan.epsilon, key: key.fold("batch", i) };
        const fooled = [await fooledBy(judge, attacks[0]!, run), await fooledBy(judge, attacks[1]!, run)];
        for (let row = 0; row < rows.count; row++) {
          sums.clean += right![row]!;
          sums.rounded += right![row]! * (1 - fooled[0]![row]!);
          sums.unrounded += right![row]! * (1 - fooled[1]![row]!);
          sums.certain += certain![row]!;
          sums.gap += gap![row]!;
        }
        tf.dispose([seen.right, seen.certain, seen.gap]);
        disposeBatch(given);
      }
      const { clean, rounded, unrounded, certain, gap } = sums;
      const means = { clean: clean / n, rounded: rounded / n, unrounded: unrounded / n };
      return { epoch, ...means, certain: certain / n, gap: gap / n };
    },
    dispose() {
      judge.dispose();
      for (const attack of attacks) attack.dispose();
      surety.dispose();
    },
  };
}

/** Which images of a batch are fooled. It runs to its end: a look that was cut short would be of no step. */
async function fooledBy(
  judge: Judge,
  attack: PreparedAttack,
  { batch, epsilon, key }: { batch: ReturnType<typeof attackBatch>; epsilon: number; key: Key },
): Promise<Uint8Array> {
  const { x, success } = await judge.run(attack, batch, { epsilon, key, signal: NEVER });
  x.dispose();
  return success;
}

const NEVER = new AbortController().signal;

/** Names of the two attacks in curves and tables. */
export function watchedNames({
  attack,
  unrounded,
}: WatchPlan): readonly [rounded: string, unrounded: string] {
  const [first, second] = withNames([attack, unrounded]);
  return [first!.name, second!.name];
}

/** What a look reports beside the losses: `clean`, the accuracy under each attack by its name, `certain`, `gap`. */
export function reported({ clean, rounded, unrounded, certain, gap }: Watched, plan: WatchPlan): Numbers {
  const [first, second] = watchedNames(plan);
  return { clean, [first]: rounded, [second]: unrounded, certain, gap };
}
