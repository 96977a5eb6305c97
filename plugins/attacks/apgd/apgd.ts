/**
 * Auto-PGD: gradient steps with momentum whose length is halved where progress is too slow, and nothing to tune.
 * F. Croce, M. Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks",
 * ICML 2020, Algorithm 1, Sec. 3, and Sec. 4.1 for its losses.
 *
 * @module
 */
import {
  type Attack,
  Attacks,
  component,
  type Perturb,
  parseOptions,
  type StepTools,
  tf,
  z,
} from "../../../core/mod.ts";
import { type BallNorm, ballOf, clip } from "../parts/ball.ts";
import { cascade } from "../parts/cascade.ts";
import { iterate } from "../parts/iterate.ts";
import { lossOf } from "../parts/losses.ts";
import { anyNormOption, lossOption, samplesOption } from "../parts/options.ts";
import { choose, spread } from "../parts/rows.ts";
import { wrongClass } from "../parts/targets.ts";
import { type Evaluate, evaluation, type Rows } from "./evaluate.ts";
import { climbingL1 } from "./l1.ts";

const options = z.strictObject({
  norm: anyNormOption("budget"),
  loss: lossOption(),
  targets: z
    .int()
    .min(0)
    .default(0)
    .describe("Likeliest wrong classes aimed at one after the other; 0 aims at none. 9 in APGD-T."),
  steps: z.int().positive().default(100).describe("Gradient steps for each try."),
  restarts: z
    .int()
    .positive()
    .default(1)
    .describe("Tries from random points of the budget's surface, for each target."),
  samples: samplesOption(),
});

/** Options of {@link apgd}. */
export type ApgdOptions = z.input<typeof options>;

/** α of Eq. (1) there: how much of a step is new. */
const FRESH = 0.75;

/** ρ of condition 1: a stretch is good whose loss rose in a larger share of its steps. */
const RISING = 0.75;

/** Length of the first steps, in budgets. */
const FIRST_STEP = 2;

/** Within a budget; needs no step size. */
export function apgd(given: ApgdOptions = {}): Attack {
  const { norm, loss, targets, steps, restarts, samples } = parseOptions("apgd", options, given);
  const evaluate = evaluation(loss, samples);
  const start = starting(norm, evaluate);
  const step = stepping(norm, evaluate);
  const climbL1 = climbingL1(evaluate);

  const climb =
    (rank: number): Perturb =>
    async ({ steps, key, ...rows }, tools) => {
      // Croce and Hein aim the loss at a class without asking that the image be taken for it
      const toward = rows.target ?? (targets === 0 ? undefined : wrongClass(rows, rank, tools));
      const given = { ...rows, toward };
      if (norm === "l1") return await climbL1(given, { steps, key }, tools);
      const { done, ...state } = tools.run(start, given, key.fold("start"));
      const ends = checkpoints(steps);
      const numbers = (i: number) => ({
        fresh: i === 0 ? 1 : FRESH,
        // 0 but where a stretch ends: then how many of its steps must have seen the loss rise
        due: RISING * (ends.get(i) ?? 0),
      });
      const end = await iterate(tools, { step, given, state, done, steps, numbers, key });
      return end.point;
    };

  return {
    name: `apgd-${loss === "cross-entropy" ? "ce" : loss}${targets > 0 ? "-targeted" : ""}-${norm}`,
    norm,
    kind: "within-budget",
    targeted: true,
    samples,
    steps,
    check: (classifier) => void lossOf(loss, classifier, targets > 0),
    perturb(input, tools) {
      const count = Math.max(1, Math.min(targets, tools.classifier.classes - 1));
      const turns = Array.from({ length: count }, (_, rank) => Array<Perturb>(restarts).fill(climb(rank)));
      return cascade(norm, turns.flat())(input, tools);
    },
  };
}

/** Last steps of the stretches, from 0, with the length of each: W of Sec. 3. */
function checkpoints(steps: number): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  let length = Math.max(1, Math.floor(0.22 * steps));
  const [shrinks, least] = [Math.max(1, Math.floor(0.03 * steps)), Math.max(1, Math.floor(0.06 * steps))];
  for (let end = length - 1; end < steps; end += length) {
    ends.set(end, length);
    length = Math.max(length - shrinks, least);
  }
  return ends;
}

/** What changes from step to step. */
interface State {
  /** Where the climb is, and where it was a step ago, `[n, ...]` */
  readonly point: tf.Tensor;
  readonly before: tf.Tensor;
  /** Of the loss, at `point`, `[n, ...]` */
  readonly slope: tf.Tensor;
  /** At `point`, `[n]` like all below but `best` and its slope. */
  readonly loss: tf.Tensor;
  /** The point of the highest loss so far. */
  readonly best: tf.Tensor;
  readonly bestSlope: tf.Tensor;
  readonly bestLoss: tf.Tensor;
  /** `bestLoss` at the end of the last stretch. */
  readonly checkedLoss: tf.Tensor;
  /** Whether the step was halved then. */
  readonly halved: tf.Tensor;
  /** Steps of this stretch in which the loss rose. */
  readonly rises: tf.Tensor;
  /** Length of a step. */
  readonly size: tf.Tensor;
}

/** What a step reads. */
interface Climb extends Rows, State {
  /** How much of a step is new: a scalar. */
  readonly fresh: tf.Tensor;
  /** More rises than this make a stretch good: a scalar, 0 where none ends. */
  readonly due: tf.Tensor;
}

/** A random point of the budget's surface. */
function starting(norm: BallNorm, evaluate: Evaluate) {
  const ball = ballOf(norm);
  return (rows: Rows, tools: StepTools): State & { done: tf.Tensor } => {
    const { classifier, key } = tools;
    const { x, epsilon } = rows;
    const point = clip(tf.add(x, tf.mul(ball.surface(x.shape, key), spread(epsilon, x))), classifier.bounds);
    const { loss, slope, done } = evaluate(point, rows, tools);
    return {
      point,
      before: point,
      slope,
      loss,
      best: point,
      bestSlope: slope,
      bestLoss: loss,
      checkedLoss: loss,
      halved: tf.onesLike(loss),
      rises: tf.zerosLike(loss),
      size: tf.mul(FIRST_STEP, epsilon),
      done,
    };
  };
}

/** Lines 7 to 17 of Algorithm 1. */
function stepping(norm: BallNorm, evaluate: Evaluate) {
  const ball = ballOf(norm);
  return ({ fresh, due, ...s }: Climb, tools: StepTools): State & { done: tf.Tensor } => {
    const { classifier } = tools;
    const { x, epsilon } = s;
    const within = (point: tf.Tensor): tf.Tensor =>
      clip(tf.add(x, ball.project(tf.sub(point, x), epsilon)), classifier.bounds);

    const ahead = within(tf.add(s.point, tf.mul(ball.steepest(s.slope), spread(s.size, s.point)))); // z of line 7
    const momentum = tf.mul(tf.sub(1, fresh), tf.sub(s.point, s.before));
    const point = within(tf.add(s.point, tf.add(tf.mul(fresh, tf.sub(ahead, s.point)), momentum))); // line 8
    const { loss, slope, done } = evaluate(point, s, tools);

    const better = tf.greater(loss, s.bestLoss);
    const best = choose(better, point, s.best);
    const bestSlope = choose(better, slope, s.bestSlope);
    const bestLoss = tf.maximum(loss, s.bestLoss);
    const rises = tf.add(s.rises, tf.cast(tf.greater(loss, s.loss), "float32"));

    // Conditions 1 and 2, where a stretch ends
    const ends = tf.cast(tf.greater(due, 0), "float32"); // scalar, 0 or 1
    const slow = tf.lessEqual(rises, due);
    const stuck = tf.logicalAnd(tf.equal(s.halved, 0), tf.lessEqual(bestLoss, s.checkedLoss));
    const halve = tf.mul(ends, tf.cast(tf.logicalOr(slow, stuck), "float32")); // [n]
    const back = tf.mul(halve, tf.sub(1, done)); // what fools stays where it is
    const atEnd = (then: tf.Tensor, otherwise: tf.Tensor): tf.Tensor =>
      tf.add(tf.mul(ends, then), tf.mul(tf.sub(1, ends), otherwise));
    return {
      point: choose(back, best, point),
      before: s.point,
      slope: choose(back, bestSlope, slope),
      loss,
      best,
      bestSlope,
      bestLoss,
      checkedLoss: atEnd(bestLoss, s.checkedLoss),
      halved: atEnd(halve, s.halved),
      rises: tf.mul(tf.sub(1, ends), rises),
      size: tf.mul(s.size, tf.sub(1, tf.mul(0.5, halve))),
      done,
    };
  };
}

/** How a scenario names it: `{ use: apgd, loss: dlr, targets: 9 }`. */
export default component(Attacks, {
  name: "apgd",
  summary: "Auto-PGD: PGD whose step sizes need no tuning (APGD-CE, APGD-DLR, APGD-T)",
  reference: "Croce & Hein, ICML 2020, arXiv:2003.01690",
  options,
  create: apgd,
});
