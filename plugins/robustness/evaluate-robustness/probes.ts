/**
 * Probes for masked gradients: gradients on the clean images, and attacks with a quarter of their steps.
 *
 * @module
 */
import {
  type ApplicationEvent,
  type AttackBatch,
  type Classifier,
  compileStep,
  judgeOf,
  type Key,
  prepare,
  tf,
} from "../../../core/mod.ts";
import type { Evaluation } from "../evaluation.ts";
import type { Probes, ShortenedAttack } from "../masking.ts";
import { attackBatch, batchesOf, disposeBatch } from "./images.ts";
import type { NamedAttack, Stage } from "./stage.ts";

/** Looks at one batch of the images that were attacked. */
export async function* probing(
  stage: Stage,
  attacks: readonly NamedAttack[],
  { attacked, trials }: Evaluation,
  target: readonly number[] | null,
): AsyncGenerator<ApplicationEvent, Probes> {
  const { parts, images, name, classifier, key, context } = stage;
  const title = `${name}: probes`;
  const looked = attacked.slice(0, parts.batch);
  if (looked.length === 0) return {};
  const shortenable = attacks.flatMap(({ name, attack }) => {
    if (attack.kind !== "within-budget" || attack.steps === undefined || attack.steps === 1) return [];
    const within = trials.filter(
      (trial) => trial.attack === name && trial.epsilon !== null && trial.epsilon > 0,
    );
    if (within.length === 0) return [];
    const last = within.reduce((a, b) => (b.epsilon! > a.epsilon! ? b : a));
    return [{ name, attack, steps: Math.max(1, Math.round(attack.steps / 4)), last, epsilon: last.epsilon! }];
  });
  const steps = 1 + shortenable.length;
  yield { type: "stage", stage: title, steps };
  const [rows] = [...batchesOf(looked.length, parts.batch)];
  const batch = attackBatch(images, rows!, looked, target);
  const judge = judgeOf(classifier);
  try {
    const zeroGradients = await zeroShares(classifier, batch, looked.length, key);
    yield { type: "progress", stage: title, step: 1, steps };
    const shortened: ShortenedAttack[] = [];
    for (const [i, { name, attack, steps: few, last, epsilon }] of shortenable.entries()) {
      const prepared = prepare(attack, classifier);
      try {
        const run = { epsilon, steps: few, key: key.fold("probe", name), signal: context.signal };
        const verdict = await judge.run(prepared, batch, run);
        verdict.x.dispose();
        const count = (flags: ArrayLike<number>): number => looked.reduce((sum, _, j) => sum + flags[j]!, 0);
        const [full, quarter] = [count(last.success), count(verdict.success)];
        shortened.push({ attack: name, epsilon, images: looked.length, full, quarter });
      } finally {
        prepared.dispose();
      }
      yield { type: "progress", stage: title, step: i + 2, steps };
    }
    return { zeroGradients, shortened };
  } finally {
    judge.dispose();
    disposeBatch(batch);
  }
}

/** Puts the true class behind all others. */
const FAR = 1e9;

/** Shares of the images whose gradient is zero throughout. */
async function zeroShares(
  classifier: Classifier,
  { x, y }: AttackBatch,
  n: number,
  key: Key,
): Promise<{ crossEntropy: number; margin: number }> {
  const probe = compileStep<"x" | "y", "crossEntropy" | "margin">("gradients", (inputs) => {
    const truth = tf.cast(tf.oneHot(inputs.y as tf.Tensor1D, classifier.classes), "float32");
    const zero = (loss: (logits: tf.Tensor) => tf.Tensor): tf.Tensor => {
      const slope = tf.grad((image) => tf.sum(loss(classifier.logits(image))))(inputs.x);
      return tf.cast(tf.equal(tf.max(tf.abs(tf.reshape(slope, [slope.shape[0]!, -1])), 1), 0), "float32");
    };
    return {
      crossEntropy: zero((z) => tf.sub(tf.logSumExp(z, 1), tf.sum(tf.mul(z, truth), 1))),
      margin: zero((z) => tf.sub(tf.max(tf.sub(z, tf.mul(truth, FAR)), 1), tf.sum(tf.mul(z, truth), 1))),
    };
  });
  const zeros = probe.run({ x, y }, key);
  const share = async (flags: tf.Tensor): Promise<number> =>
    Array.from(await flags.data())
      .slice(0, n)
      .reduce((a, b) => a + b, 0) / n;
  const shares = { crossEntropy: await share(zeros.crossEntropy), margin: await share(zeros.margin) };
  tf.dispose([zeros.crossEntropy, zeros.margin]);
  probe.dispose();
  return shares;
}
