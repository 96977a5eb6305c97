/**
 * Predictions without any attack, and what follows from them: targets, and which images are attacked.
 *
 * @module
 */
import { type ApplicationEvent, compileStep, type Key, predictionOf, tf } from "../../../core/mod.ts";
import { batchesOf, type Images, imagesAt } from "./images.ts";
import type { EvaluateRobustness } from "./options.ts";
import type { Stage } from "./stage.ts";

/** Classes that the classifier takes the clean images for, and those that they are to be taken for. */
export type Clean = { readonly clean: number[]; readonly target: number[] | null };

/** Asks the classifier about the clean images. */
export async function* predictions(stage: Stage): AsyncGenerator<ApplicationEvent, Clean> {
  const { parts, images, name, classifier, key } = stage;
  const n = images.labels.length;
  const title = `${name}: clean`;
  yield { type: "stage", stage: title, steps: n };
  const look = compileStep<"x", "best" | "worst">(title, ({ x }, at) => {
    const logits = classifier.logits(x, at);
    return { best: predictionOf(logits), worst: tf.argMin(logits, 1) };
  });
  const [clean, worst]: [number[], number[]] = [[], []];
  for (const rows of batchesOf(n, parts.batch)) {
    const x = imagesAt(images, rows);
    const seen = look.run({ x }, key.fold("clean", rows.start));
    const [best, least] = [await seen.best.data(), await seen.worst.data()];
    tf.dispose([x, seen.best, seen.worst]);
    clean.push(...best.slice(0, rows.count));
    worst.push(...least.slice(0, rows.count));
    yield { type: "progress", stage: title, step: clean.length, steps: n };
  }
  look.dispose();
  const { goal } = parts;
  const target = goal === "untargeted" ? null : targetsOf(goal, images, worst, classifier.classes, key);
  return { clean, target };
}

/** The class that each image is to be taken for. */
function targetsOf(
  goal: EvaluateRobustness["goal"],
  { labels }: Images,
  worst: readonly number[],
  classes: number,
  key: Key,
): number[] {
  if (goal === "least-likely") return [...worst];
  if (typeof goal === "number") return labels.map(() => goal);
  const steps = key.fold("targets").integers(labels.length, classes - 1);
  return labels.map((label, i) => (label + 1 + steps[i]!) % classes);
}

/** Which images are attacked: those that are right and, where there is a target, not of that class. */
export function attackedImages({ labels }: Images, { clean, target }: Clean): number[] {
  const images = labels.map((_, i) => i);
  return images.filter((i) => clean[i] === labels[i] && (target === null || target[i] !== labels[i]));
}
