/**
 * APGD within ℓ1 budgets: projected onto budget and bounds at once, along the steepest of the pixels alone, from larger
 * budgets to the one that counts. F. Croce, M. Hein, "Mind the box: ℓ1-APGD for sparse adversarial attacks on image
 * classifiers", ICML 2021, Proposition 2.1, Algorithm 1 and Sec. 4.3.
 *
 * @module
 */
import { type AttackTools, type Key, type StepTools, tf } from "../../../core/mod.ts";
import { ballOf } from "../parts/ball.ts";
import { iterate } from "../parts/iterate.ts";
import { choose, flat, spread } from "../parts/rows.ts";
import type { Evaluate, Rows } from "./evaluate.ts";

/** Budgets of the phases, in those asked for, and the share of the steps that each but the last takes. */
const LARGER = [3, 2] as const;
const SHARE = 0.3;

/** Share of a phase's steps after which sparsity and step are looked at. */
const STRETCH = 0.04;

/** The steepest pixels that a step moves are this many times fewer than those of the best point so far. */
const SPARSER = 1.5;

/** A step is divided by this, down to the smallest, where the best point has not become sparser than by `LESS`. */
const SHORTER = 1.5;
const LEAST = 0.1;
const LESS = 0.95;

/** What changes from step to step. */
interface State {
  /** Where the climb is, and the point of the highest loss so far, `[n, ...]` */
  readonly point: tf.Tensor;
  readonly best: tf.Tensor;
  /** Of the loss, at each, `[n, ...]` */
  readonly slope: tf.Tensor;
  readonly bestSlope: tf.Tensor;
  /** `[n]`, like all below. */
  readonly bestLoss: tf.Tensor;
  /** Pixels that `best` changed when that was last looked at. */
  readonly support: tf.Tensor;
  /** Length of a step, in budgets. */
  readonly size: tf.Tensor;
}

/** Numbers of a step: scalars. */
interface Numbers {
  /** How many times the budget counts in this phase. */
  readonly times: tf.Tensor;
  /** 1 in the last phase: what fools before is beyond the budget. */
  readonly last: tf.Tensor;
}

/** One try: its first point, how a phase begins, and its step. Make it once, so that those are compiled once. */
export function climbingL1(evaluate: Evaluate) {
  const { project } = ballOf("l1");
  const within = ({ x, epsilon }: Rows, times: tf.Tensor, point: tf.Tensor, { classifier }: StepTools) =>
    tf.add(x, project(tf.sub(point, x), tf.mul(times, epsilon), { around: x, bounds: classifier.bounds }));

  const draw = ({ x }: Pick<Rows, "x">, { key }: StepTools) => ({ point: tf.add(x, key.normal(x.shape)) });

  const enter = (
    { times, last, point: from, ...rows }: Rows & Numbers & { point: tf.Tensor },
    tools: StepTools,
  ) => {
    const point = within(rows, times, from, tools);
    const { loss, slope, done } = evaluate(point, rows, tools);
    return {
      ...{ point, best: point, slope, bestSlope: slope, bestLoss: loss },
      support: changed(point, rows.x),
      size: tf.onesLike(loss),
      done: tf.mul(last, done),
    };
  };

  const step = (
    { times, last, due, ...s }: Rows & State & Numbers & { due: tf.Tensor },
    tools: StepTools,
  ) => {
    const { x, epsilon } = s;
    const length = tf.mul(tf.mul(s.size, times), epsilon); // [n]
    const way = tf.mul(sparseSign(s.slope, tf.div(s.support, SPARSER)), spread(length, x));
    const point = within(s, times, tf.add(s.point, way), tools);
    const { loss, slope, done } = evaluate(point, s, tools);

    const better = tf.greater(loss, s.bestLoss);
    const best = choose(better, point, s.best);
    const bestSlope = choose(better, slope, s.bestSlope);

    const support = changed(best, x);
    const sparser = tf.cast(tf.less(support, tf.mul(LESS, s.support)), "float32"); // [n]
    const size = tf.maximum(LEAST, tf.add(sparser, tf.mul(tf.sub(1, sparser), tf.div(s.size, SHORTER))));
    const looked = (then: tf.Tensor, otherwise: tf.Tensor): tf.Tensor =>
      tf.add(tf.mul(due, then), tf.mul(tf.sub(1, due), otherwise));
    const fooled = tf.mul(last, done);
    const back = tf.mul(tf.mul(due, sparser), tf.sub(1, fooled)); // what fools stays where it is
    return {
      point: choose(back, best, point),
      slope: choose(back, bestSlope, slope),
      best,
      bestSlope,
      bestLoss: tf.maximum(loss, s.bestLoss),
      support: looked(support, s.support),
      size: looked(size, s.size),
      done: fooled,
    };
  };

  return async (
    given: Rows,
    { steps, key }: { steps: number; key: Key },
    tools: AttackTools,
  ): Promise<tf.Tensor> => {
    let { point } = tools.run(draw, { x: given.x }, key.fold("start"));
    const early = Math.floor(SHARE * steps);
    const phases = [
      ...LARGER.map((times) => ({ times, steps: early })),
      { times: 1, steps: steps - 2 * early },
    ];
    for (const { times, steps } of phases.filter(({ steps }) => steps > 0)) {
      const numbers = { times, last: times === 1 ? 1 : 0 };
      const from = key.fold("phase", times);
      const { done, ...state } = tools.run(enter, { ...given, ...numbers, point }, from.fold("enter"));
      const stretch = Math.max(1, Math.floor(STRETCH * steps));
      const at = (i: number) => ({ ...numbers, due: (i + 1) % stretch === 0 ? 1 : 0 });
      const end = await iterate(tools, { step, given, state, done, steps, numbers: at, key: from });
      point = times === 1 ? end.point : end.best;
    }
    return point;
  };
}

/** Of each row, how many pixels differ, `[n]`. */
const changed = (point: tf.Tensor, x: tf.Tensor): tf.Tensor =>
  tf.sum(tf.cast(tf.notEqual(flat(point), flat(x)), "float32"), 1);

/** Signs of a slope's steepest pixels, as many as that, `[n]` and 1 at least; of length 1 in ℓ1. */
function sparseSign(slope: tf.Tensor, count: tf.Tensor): tf.Tensor {
  const steepness = tf.abs(flat(slope));
  const d = steepness.shape[1]!;
  const sorted = tf.topk(steepness, d).values; // from the steepest on
  const place = tf.clipByValue(tf.sub(tf.ceil(count), 1), 0, d - 1); // [n]
  const hot = tf.cast(tf.oneHot(tf.cast(place, "int32") as tf.Tensor1D, d), "float32");
  const least = tf.sum(tf.mul(sorted, hot), 1, true); // [n, 1]
  const signs = tf.mul(tf.sign(flat(slope)), tf.cast(tf.greaterEqual(steepness, least), "float32"));
  const length = tf.maximum(tf.sum(tf.abs(signs), 1, true), 1);
  return tf.reshape(tf.div(signs, length), slope.shape);
}
