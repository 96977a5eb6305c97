/**
 * Attacks by turns, each only on what those before it left standing: restarts, several target classes, AutoAttack.
 *
 * @module
 */
import { type BudgetAssault, type Classifier, compileStep, type Perturbed, tf } from "../../../core/mod.ts";
import { fooled } from "./loss.ts";
import { sizeFor } from "./march.ts";
import { rowsOf } from "./rows.ts";

/** One turn on the images that are left. */
export type Turn = BudgetAssault["perturb"];

/** Rounding may carry an example this share beyond its budget. */
const SLACK = 1e-5;

/**
 * Takes turns. Each sees only images whose prediction is still what it should not be.
 * @param name for messages
 * @param length of a perturbation, in the norm of the budget: what goes beyond it fools nobody
 */
export function byTurns(
  name: string,
  classifier: Classifier,
  length: (delta: tf.Tensor) => tf.Tensor,
  turns: readonly Turn[],
  dispose: () => void = () => {},
): BudgetAssault {
  const check = compileStep<string, "stands">(`${name}'s check`, ({ tried, x, y, epsilon, target }) => {
    const good = fooled(classifier.logits(tried!), { y: y!, target });
    const slack = SLACK * (classifier.bounds[1] - classifier.bounds[0]);
    const within = tf.lessEqual(length(tf.sub(tried!, x!)), tf.add(epsilon!, slack));
    return { stands: tf.cast(tf.logicalNot(tf.logicalAnd(good, within)), "int32") };
  });

  return {
    async perturb(batch, epsilon, key, signal) {
      const n = batch.x.shape[0]!;
      let result: Perturbed = { x: batch.x.clone(), queries: tf.zeros([n]) };
      let left = Array.from({ length: n }, (_, i) => i); // images at which the classifier still stands
      try {
        for (const [i, turn] of turns.entries()) {
          const rows = Array.from({ length: sizeFor(left.length, n) }, (_, row) => left[row] ?? left[0]!);
          const part = rowsOf({ ...batch, epsilon }, rows);
          try {
            const tried = await turn(part, part.epsilon, key.fold("turn", i), signal);
            const { stands } = check.run({ ...part, tried: tried.x }, key);
            const standing = await stands.data();
            const next = merged(result, tried, left);
            tf.dispose([tried, stands, result] as tf.TensorContainer);
            result = next;
            left = left.filter((_, row) => standing[row]);
          } finally {
            tf.dispose(part as tf.TensorContainer);
          }
          if (left.length === 0) break;
        }
        return result;
      } catch (error) {
        tf.dispose(result as unknown as tf.TensorContainer);
        throw error;
      }
    },
    dispose() {
      check.dispose();
      dispose();
    },
  };
}

/** The result after a turn on the given images; rows of the turn beyond them fill up its batch. */
function merged(before: Perturbed, tried: Perturbed, images: readonly number[]): Perturbed {
  return tf.tidy(() => {
    const n = before.x.shape[0]!;
    const from = Int32Array.from({ length: n }, (_, i) => i);
    images.forEach((image, row) => {
      from[image] = n + row;
    });
    const size = tried.x.shape[0]!;
    const spent = tf.gather(
      before.queries,
      tf.tensor1d(
        Array.from({ length: size }, (_, row) => images[row] ?? 0),
        "int32",
      ),
    );
    return rowsOf(
      {
        x: tf.concat([before.x, tried.x]),
        queries: tf.concat([before.queries, tf.add(spent, tried.queries)]) as tf.Tensor1D,
      },
      from,
    );
  });
}
