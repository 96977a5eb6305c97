/**
 * Attacks in turn, each on the images that those before it left unfooled: restarts, several target classes, AutoAttack.
 *
 * @module
 */
import {
  type AttackRows,
  inEachNorm,
  lengthIn,
  type Norm,
  type Perturb,
  type StepTools,
  slackOf,
  tf,
} from "../../../core/mod.ts";
import { sizeFor } from "./iterate.ts";
import { fooled } from "./losses.ts";
import { rowsOf } from "./rows.ts";

/**
 * Makes one attack within a budget of several. Each turn sees the images that are still unfooled, and draws from
 * `key.fold("turn", i)`. Looking for those is not counted as a query.
 * @param norm of the budget: what goes beyond it fools nobody
 * @param members names of the turns, for what each left unfooled to be told of; none unless given
 *
 * @example An attack with three tries
 * ```ts
 * import type { Attack } from "dsgan";
 * import { cascade, pgd } from "dsgan/attacks";
 *
 * const once = pgd({ steps: 10 });
 * export const thrice: Attack = { ...once, name: "thrice", perturb: cascade("linf", Array(3).fill(once.perturb)) };
 * ```
 */
export function cascade(norm: Norm, turns: readonly Perturb[], members: readonly string[] = []): Perturb {
  return async ({ steps, key, ...rows }, tools) => {
    const n = rows.x.shape[0]!;
    let result = tools.track(rows.x.clone());
    let left = Array.from({ length: n }, (_, i) => i); // unfooled images
    for (const [i, turn] of turns.entries()) {
      const size = sizeFor(left.length, n);
      const chosen = Array.from({ length: size }, (_, row) => left[row] ?? left[0]!);
      const part = rowsOf(rows, chosen);
      const held = Object.values(part).filter((tensor) => tensor !== undefined);
      held.forEach(tools.track);
      const input = { ...part, steps, key: key.fold("turn", i) };
      const tried = tools.track(await turn(input, tools.subset(left, size)));
      const { unfooled } = tools.peek(CHECKS[norm], { ...part, tried }, key);
      const flags = await unfooled.data();
      const next = tools.track(merged(result, tried, left));
      tf.dispose([...held, tried, unfooled, result]);
      result = next;
      left = left.filter((_, row) => flags[row]);
      if (left.length === 0) {
        for (const member of members.slice(i)) tools.left(member, []);
        break;
      }
      if (members[i] !== undefined) tools.left(members[i], left);
    }
    return result;
  };
}

/** Examples and the images that they are of. */
interface Tried extends AttackRows {
  readonly tried: tf.Tensor;
}

/** Finds the images that no example fools within its budget. */
function checking(norm: Norm) {
  return ({ x, y, target, epsilon, tried }: Tried, { classifier }: StepTools) => {
    const good = fooled(classifier.logits(tried), { y, target });
    const { share, absolute } = slackOf(classifier.bounds);
    const most = tf.add(tf.mul(1 + share, epsilon), absolute);
    const within = tf.lessEqual(lengthIn(norm, tf.sub(tried, x), classifier.bounds), most);
    return { unfooled: tf.cast(tf.logicalNot(tf.logicalAnd(good, within)), "int32") }; // [n]
  };
}

/** One for each norm: a step is compiled once. */
const CHECKS = inEachNorm(checking);

/** The examples after a turn on the given images; rows of the turn beyond them fill up its batch. */
function merged(before: tf.Tensor, tried: tf.Tensor, images: readonly number[]): tf.Tensor {
  const n = before.shape[0]!;
  const from = Int32Array.from({ length: n }, (_, i) => i);
  images.forEach((image, row) => {
    from[image] = n + row;
  });
  return tf.tidy(() => tf.gather(tf.concat([before, tried]), tf.tensor1d(from, "int32")));
}
