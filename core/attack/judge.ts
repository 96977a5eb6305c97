/**
 * The judge of attacks: one for all of them. It clips what an attack gives to the bounds, measures it in each norm, and
 * decides by the classifier's own prediction whether it succeeded within its budget. What an attack says of itself
 * counts for nothing. A classifier that gives no finite logits for an example gives no class for it: it is wrong there,
 * and not of the class that the attack aimed at.
 *
 * @module
 */

import { predictionOf } from "../model/prediction.ts";
import { Key } from "../tensor/key.ts";
import { compileStep } from "../tensor/step.ts";
import * as tf from "../tensor/tf.ts";
import { type AttackBatch, inEachNorm, NORMS, type Norm } from "./attack.ts";
import { withinBudget } from "./budget.ts";
import type { Classifier } from "./classifier.ts";
import { lengthIn } from "./distance.ts";
import type { Perturbed, PreparedAttack } from "./prepare.ts";
import { type BudgetSearch, budgetsOf, type SearchProgress } from "./search.ts";

/** What the judge found of a batch. The caller disposes it. */
export interface Verdict {
  /** What was judged: within the bounds, and the clean image where the attack gave no numbers; `[n, ...inputShape]`. */
  readonly x: tf.Tensor;
  /** 1 where the classifier was fooled within the budget, `[n]`. */
  readonly success: Uint8Array;
  /** Class that the classifier takes `x` for, `[n]`; `NO_CLASS` where it gave none. */
  readonly prediction: Int32Array;
  /** Distance of `x` from the clean image in each norm, `[n]`. */
  readonly distance: Readonly<Record<Norm, Float32Array>>;
  /** Images put to the classifier for it, `[n]`. */
  readonly queries: Float32Array;
  /** By the part of the attack, 1 for each image that it and those before it left unfooled, `[n]`; empty without parts. */
  readonly members: Readonly<Record<string, Uint8Array>>;
  /** Images for which the attack gave NaN or infinity. */
  readonly broken: number;
}

/** How an attack is run and judged. */
export interface JudgedRun {
  /** Budget in the attack's norm, one for all images or one each `[n]`; absent for attacks that minimise the distance. */
  readonly epsilon?: number | Float32Array | undefined;
  /** Steps, where fewer than the attack declares. */
  readonly steps?: number | undefined;
  readonly key: Key;
  readonly signal: AbortSignal;
}

/** How the least budget is looked for; try i, from 1, draws from `key.fold("try", i)`. */
export interface LeastRun {
  readonly search: BudgetSearch;
  readonly key: Key;
  readonly signal: AbortSignal;
}

/** Judges attacks on one classifier. */
export interface Judge {
  /**
   * Classes of images `[n, ...inputShape]`, `NO_CLASS` where the classifier gave none.
   * @param key what a randomised classifier draws from
   */
  predict(x: tf.Tensor, key?: Key): Promise<Int32Array>;
  /**
   * Runs an attack on a batch.
   * @throws what {@link PreparedAttack.perturb} throws
   */
  run(attack: PreparedAttack, batch: AttackBatch, options: JudgedRun): Promise<Verdict>;
  /** Looks for the least budget at which an attack succeeds, for each image; keeps the nearest example found. */
  least(
    attack: PreparedAttack,
    batch: AttackBatch,
    options: LeastRun,
  ): AsyncGenerator<SearchProgress, Verdict>;
  dispose(): void;
}

/** What a randomised classifier draws from where no key is given. */
const USUAL: Key = Key.from("judge");

/** A judge for a classifier. */
export function judgeOf(classifier: Classifier): Judge {
  const { bounds } = classifier;
  const [low, high] = bounds;
  const look = compileStep<"x", "prediction">("judge's look", ({ x }, key) => ({
    prediction: predictionOf(classifier.logits(x, key)),
  }));
  const measure = compileStep<string, "x" | "prediction" | Norm | "sound">(
    "judge's measure",
    ({ x, clean }, key) => {
      const n = x!.shape[0]!;
      // tf.isFinite is true of no NaN; each row is sound or not as a whole
      const sound = tf.all(tf.reshape(tf.isFinite(x!), [n, -1]), 1); // [n]
      const rows = tf.reshape(sound, [n, ...x!.shape.slice(1).map(() => 1)]);
      const judged = tf.clipByValue(tf.where(rows, x!, clean!), low, high);
      const change = tf.sub(judged, clean!);
      return {
        x: judged,
        prediction: predictionOf(classifier.logits(judged, key)),
        ...inEachNorm((norm) => lengthIn(norm, change, bounds)),
        sound: tf.cast(sound, "int32"),
      };
    },
  );

  const judged = async (
    { x, queries, members }: Perturbed,
    { x: clean, y, target }: AttackBatch,
    norm: Norm,
    { epsilon, key }: { readonly epsilon: Float32Array | undefined; readonly key: Key },
  ): Promise<Verdict> => {
    const seen = measure.run({ x, clean }, key);
    const [prediction, wanted, sound, ...lengths] = (await Promise.all(
      [seen.prediction, target ?? y, seen.sound, ...NORMS.map((norm) => seen[norm])].map((values) =>
        values.data(),
      ),
    )) as [Int32Array, Int32Array, Int32Array, ...Float32Array[]];
    tf.dispose([x, seen.prediction, seen.sound, ...NORMS.map((norm) => seen[norm])]);
    const distance = inEachNorm((norm) => Float32Array.from(lengths[NORMS.indexOf(norm)]!));
    const within = (i: number): boolean =>
      epsilon === undefined || withinBudget(distance[norm][i]!, epsilon[i]!, bounds);
    return {
      x: seen.x,
      success: Uint8Array.from(prediction, (label, i) =>
        (target === undefined) === (label !== wanted[i]) && within(i) ? 1 : 0,
      ),
      prediction: Int32Array.from(prediction),
      distance,
      queries,
      members: Object.fromEntries(
        [...members].map(([member, rows]) => [member, flagsOf(rows, prediction.length)]),
      ),
      broken: sound.reduce((sum, good) => sum + 1 - good, 0),
    };
  };

  const judge: Judge = {
    async predict(x, key = USUAL) {
      const { prediction } = look.run({ x }, key);
      const labels = Int32Array.from(await prediction.data());
      prediction.dispose();
      return labels;
    },
    async run(attack, batch, { epsilon, steps, key, signal }) {
      const n = batch.x.shape[0]!;
      const budgets = typeof epsilon === "number" ? new Float32Array(n).fill(epsilon) : epsilon;
      const tensor = budgets && tf.tensor1d(budgets);
      try {
        const perturbed = await attack.perturb(batch, { epsilon: tensor, steps, key, signal });
        const judging = { epsilon: budgets, key: key.fold("judge") };
        return await judged(perturbed, batch, attack.attack.norm, judging);
      } finally {
        tensor?.dispose();
      }
    },
    async *least(attack, batch, { search, key, signal }) {
      const n = batch.x.shape[0]!;
      const budgets = budgetsOf(search, n);
      let best: Verdict | undefined;
      for (let i = 1, turn = budgets.next(); !turn.done; i++) {
        const { epsilon, done, total } = turn.value;
        const tried = await judge.run(attack, batch, { epsilon, key: key.fold("try", i), signal });
        yield { done, total };
        turn = budgets.next(tried.success);
        best = best === undefined ? tried : nearer(best, tried, attack.attack.norm);
      }
      return best!;
    },
    dispose() {
      look.dispose();
      measure.dispose();
    },
  };
  return judge;
}

function flagsOf(rows: readonly number[], n: number): Uint8Array {
  const flags = new Uint8Array(n);
  for (const row of rows) flags[row] = 1;
  return flags;
}

/** Of each image the nearer success; queries add up. Disposes what it doesn't return. */
function nearer(a: Verdict, b: Verdict, norm: Norm): Verdict {
  const wins = a.success.map((good, i) =>
    b.success[i] && (!good || b.distance[norm][i]! < a.distance[norm][i]!) ? 1 : 0,
  );
  const pick = <T extends Float32Array | Int32Array | Uint8Array>(ours: T, theirs: T): T =>
    ours.map((value: number, i: number) => (wins[i] ? theirs[i]! : value)) as T;
  const x = tf.tidy(() => {
    const rows = tf.tensor(wins, [wins.length, ...a.x.shape.slice(1).map(() => 1)], "bool");
    return tf.where(rows, b.x, a.x);
  });
  tf.dispose([a.x, b.x]);
  return {
    x,
    success: pick(a.success, b.success),
    prediction: pick(a.prediction, b.prediction),
    distance: inEachNorm((norm) => pick(a.distance[norm], b.distance[norm])),
    queries: a.queries.map((q, i) => q + b.queries[i]!),
    members: {}, // each of its own budget
    broken: Math.max(a.broken, b.broken),
  };
}
