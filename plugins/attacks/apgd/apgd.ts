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
  type Classifier,
  compileStep,
  component,
  type Norm,
  tf,
  z,
} from "../../../core/mod.ts";
import { ballOf, clip } from "../parts/ball.ts";
import { fooled, LOSSES, type LossName, lossOf, slopeOf } from "../parts/loss.ts";
import { march } from "../parts/march.ts";
import { choose, spread } from "../parts/rows.ts";
import { type Targets, targetsOf } from "../parts/targets.ts";
import { byTurns, type Turn } from "../parts/turns.ts";

/** Options of {@link apgd}. */
export interface ApgdOptions {
  readonly norm: Norm;
  readonly loss: LossName;
  /** Likeliest wrong classes aimed at one after the other; 0: none, the loss is that of the true class. 9 in APGD-T. */
  readonly targets: number;
  /** Gradient steps for each try, > 0; 100 in AutoAttack. */
  readonly steps: number;
  /** Tries from random points of the budget's surface, for each target. */
  readonly restarts: number;
}

/** α of Eq. (1) there: how much of a step is new. */
const FRESH = 0.75;

/** ρ of condition 1: a stretch is good whose loss rose in a larger share of its steps. */
const RISING = 0.75;

/** Length of the first steps, in budgets. */
const FIRST_STEP = 2;

/** Within a budget; needs no step size. */
export function apgd(options: ApgdOptions): Attack {
  const { norm, loss, targets, steps, restarts } = options;
  const name = `apgd-${loss === "cross-entropy" ? "ce" : loss}${targets > 0 ? "-targeted" : ""}-${norm}`;
  const ball = ballOf(norm);
  return {
    name,
    norm,
    kind: "within-budget",
    access: "white-box",
    aims: true,
    shortened: (share) => apgd({ ...options, steps: Math.max(1, Math.round(share * steps)) }),
    against(classifier) {
      lossOf(loss, classifier, targets > 0);
      const begin = beginning(name, classifier, options);
      const step = apgdStep(name, classifier, options);
      const ends = checkpoints(steps);
      const aims: Targets = targetsOf(name, classifier);
      const climb =
        (rank: number): Turn =>
        async ({ x, y, target }, epsilon, key, signal) => {
          // Croce and Hein aim the loss at a class without asking that the image be taken for it
          const toward = target?.clone() ?? (targets === 0 ? undefined : aims.ranked({ x, y }, rank));
          const given = { x, y, epsilon, ...(target && { target }), ...(toward && { toward }) };
          const state = begin.run(given, key.fold("start"));
          try {
            const end = await march({
              step,
              given,
              state: state as typeof state & { done: tf.Tensor },
              steps,
              numbers: (i) => ({
                fresh: i === 0 ? 1 : FRESH,
                // 0 but where a stretch ends: then how many of its steps must have seen the loss rise
                due: RISING * (ends.get(i) ?? 0),
              }),
              key,
              signal,
            });
            const { at, queries, ...rest } = end;
            tf.dispose(rest as tf.TensorContainer);
            return { x: at!, queries: queries as tf.Tensor1D };
          } finally {
            toward?.dispose();
          }
        };
      const count = Math.max(1, Math.min(targets, classifier.classes - 1));
      const turns = Array.from({ length: count }, (_, rank) =>
        Array<Turn>(restarts).fill(climb(rank)),
      ).flat();
      return byTurns(name, classifier, ball.length, turns, () => {
        begin.dispose();
        step.dispose();
        aims.dispose();
      });
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

/** Names of the state. */
const STATE = [
  "at", // where the climb is
  "before", // where it was a step ago
  "slope", // of the loss, at `at`
  "loss", // at `at`
  "best", // the point of the highest loss so far
  "bestSlope",
  "bestLoss",
  "checkedLoss", // bestLoss at the end of the last stretch
  "halved", // whether the step was halved then
  "rises", // steps of this stretch in which the loss rose
  "size", // of a step
  "done",
  "queries",
] as const;
type State = Readonly<Record<(typeof STATE)[number], tf.Tensor>>;

/** Loss, slope and success at a point. */
function evaluate(
  classifier: Classifier,
  options: ApgdOptions,
  at: tf.Tensor,
  given: Readonly<Record<string, tf.Tensor>>,
) {
  const { y, target, toward } = given;
  const climbed = lossOf(options.loss, classifier, toward !== undefined);
  const { loss, logits, gradient } = slopeOf(classifier, at, (logits) =>
    climbed(logits, { y: y!, target: toward }),
  );
  return { loss, slope: gradient, fooled: tf.cast(fooled(logits, { y: y!, target }), "float32") };
}

/** A random point of the budget's surface. */
function beginning(name: string, classifier: Classifier, options: ApgdOptions) {
  const ball = ballOf(options.norm);
  return compileStep<string, keyof State>(`${name}'s start`, (given, key) => {
    const { x, epsilon } = given;
    const at = clip(tf.add(x!, tf.mul(ball.surface(x!.shape, key), spread(epsilon!, x!))), classifier.bounds);
    const { loss, slope, fooled } = evaluate(classifier, options, at, given);
    return {
      at,
      before: at.clone(),
      slope,
      loss,
      best: at.clone(),
      bestSlope: slope.clone(),
      bestLoss: loss.clone(),
      checkedLoss: loss.clone(),
      halved: tf.onesLike(loss),
      rises: tf.zerosLike(loss),
      size: tf.mul(FIRST_STEP, epsilon!),
      done: fooled,
      queries: tf.onesLike(loss),
    };
  });
}

/** Lines 7 to 17 of Algorithm 1. */
function apgdStep(name: string, classifier: Classifier, options: ApgdOptions) {
  const ball = ballOf(options.norm);
  return compileStep<string, keyof State>(name, (inputs) => {
    const { x, epsilon, fresh, due, ...rest } = inputs;
    const s = rest as unknown as State;
    const within = (point: tf.Tensor): tf.Tensor =>
      clip(tf.add(x!, ball.project(tf.sub(point, x!), epsilon!)), classifier.bounds);

    const ahead = within(tf.add(s.at, tf.mul(ball.steepest(s.slope), spread(s.size, s.at)))); // z of line 7
    const momentum = tf.mul(tf.sub(1, fresh!), tf.sub(s.at, s.before));
    const at = within(tf.add(s.at, tf.add(tf.mul(fresh!, tf.sub(ahead, s.at)), momentum))); // line 8
    const { loss, slope, fooled } = evaluate(classifier, options, at, inputs);

    const better = tf.greater(loss, s.bestLoss);
    const best = choose(better, at, s.best);
    const bestSlope = choose(better, slope, s.bestSlope);
    const bestLoss = tf.maximum(loss, s.bestLoss);
    const rises = tf.add(s.rises, tf.cast(tf.greater(loss, s.loss), "float32"));

    // Conditions 1 and 2, where a stretch ends
    const ends = tf.cast(tf.greater(due!, 0), "float32"); // scalar, 0 or 1
    const slow = tf.lessEqual(rises, due!);
    const stuck = tf.logicalAnd(tf.equal(s.halved, 0), tf.lessEqual(bestLoss, s.checkedLoss));
    const halve = tf.mul(ends, tf.cast(tf.logicalOr(slow, stuck), "float32")); // [n]
    const back = tf.mul(halve, tf.sub(1, fooled)); // what fools stays where it is
    const atEnd = (then: tf.Tensor, otherwise: tf.Tensor): tf.Tensor =>
      tf.add(tf.mul(ends, then), tf.mul(tf.sub(1, ends), otherwise));

    const next: State = {
      at: choose(back, best, at),
      before: s.at,
      slope: choose(back, bestSlope, slope),
      loss,
      best,
      bestSlope,
      bestLoss,
      checkedLoss: atEnd(bestLoss, s.checkedLoss),
      halved: atEnd(halve, s.halved),
      rises: tf.mul(tf.sub(1, ends), rises),
      size: tf.mul(s.size, tf.sub(1, tf.mul(0.5, halve))),
      done: tf.maximum(s.done, fooled),
      queries: tf.add(s.queries, 1),
    };
    return Object.fromEntries(STATE.map((of) => [of, choose(s.done, s[of], next[of])])) as unknown as State;
  });
}

/** How a scenario names it: `{ use: apgd, loss: dlr, targets: 9 }`. */
const apgdComponent = component(Attacks, {
  name: "apgd",
  summary: "Auto-PGD: PGD whose step sizes need no tuning (APGD-CE, APGD-DLR, APGD-T)",
  reference: "Croce & Hein, ICML 2020, arXiv:2003.01690",
  options: () =>
    z.strictObject({
      norm: z.enum(["linf", "l2"]).default("linf").describe("Norm of the budget."),
      loss: z.enum(LOSSES).default("cross-entropy").describe("What is climbed."),
      targets: z
        .int()
        .min(0)
        .default(0)
        .describe("Likeliest wrong classes aimed at one after the other; 0 aims at none. 9 in APGD-T."),
      steps: z.int().positive().default(100).describe("Gradient steps for each try."),
      restarts: z.int().positive().default(1).describe("Tries from random points, for each target."),
    }),
  create: apgd,
});

export default apgdComponent;
