/**
 * The judge of attacks: one for all of them. It clips what an attack gives to the bounds, measures it in each norm, and
 * decides by the classifier's own prediction whether it succeeded within its budget. What an attack says of itself
 * counts for nothing.
 *
 * @module
 */

import { InputError } from "../plugin/errors.ts";
import { Key, sizeOf } from "../tensor/key.ts";
import { compileStep } from "../tensor/step.ts";
import * as tf from "../tensor/tf.ts";
import type { AttackBatch, BudgetAssault, MinimumAssault, Norm, Perturbed } from "./attack.ts";
import type { Classifier } from "./classifier.ts";

/** What the judge found of a batch. The caller disposes it. */
export interface Verdict {
  /** What was judged: within the bounds, and the clean image where the attack gave no numbers; `[n, ...inputShape]`. */
  readonly x: tf.Tensor;
  /** 1 where the classifier was fooled within the budget, `[n]`. */
  readonly success: Uint8Array;
  /** Class that the classifier takes `x` for, `[n]`. */
  readonly prediction: Int32Array;
  /** Distance of `x` from the clean image in each norm, `[n]`. */
  readonly distance: Readonly<Record<Norm, Float32Array>>;
  /** Images put to the classifier for it, `[n]`. */
  readonly queries: Float32Array;
  /** Images for which the attack gave NaN or infinity. */
  readonly broken: number;
}

/** How the least budget at which an attack succeeds is looked for. */
export interface Search {
  /** `bisection`: grow the budget by half until it does, then halve the bracket; `scan`: try budgets in rising order. */
  readonly by: "bisection" | "scan";
  /** Halvings of the bracket (and at most so many growths before), or budgets tried. */
  readonly steps: number;
  /** Budget to begin with, for `bisection`. */
  readonly start: number;
  /** Budget beyond which nothing is tried; a scan's budgets are spread evenly up to it. */
  readonly most: number;
}

/** How far a search has got. */
export interface SearchProgress {
  readonly done: number;
  readonly total: number;
}

/** Judges attacks on one classifier. */
export interface Judge {
  /** Classes of images `[n, ...inputShape]`. */
  predict(x: tf.Tensor): Promise<Int32Array>;
  /** Runs an attack within a budget, one for all images or one each. */
  within(
    assault: BudgetAssault,
    batch: AttackBatch,
    epsilon: number | Float32Array,
    norm: Norm,
    key: Key,
    signal: AbortSignal,
  ): Promise<Verdict>;
  /** Runs an attack that seeks the least distance. */
  minimum(assault: MinimumAssault, batch: AttackBatch, key: Key, signal: AbortSignal): Promise<Verdict>;
  /** Looks for the least budget at which an attack succeeds, for each image; keeps the nearest example found. */
  least(
    assault: BudgetAssault,
    batch: AttackBatch,
    search: Search,
    norm: Norm,
    key: Key,
    signal: AbortSignal,
  ): AsyncGenerator<SearchProgress, Verdict>;
  dispose(): void;
}

/** Share of the bounds' width by which rounding may carry an example over its budget. */
const ROUNDING = 1e-5;

/** A budget grows by this factor while it is too small. */
const GROWTH = 1.5;

/** The judge draws nothing. */
const NO_KEY: Key = Key.from("judge");

/** Largest distance that two images within the bounds can have. */
export function widest(
  norm: Norm,
  { bounds, inputShape }: Pick<Classifier, "bounds" | "inputShape">,
): number {
  const width = bounds[1] - bounds[0];
  return norm === "linf" ? width : width * Math.sqrt(sizeOf(inputShape));
}

/** A judge for a classifier. */
export function judgeOf(classifier: Classifier): Judge {
  const [low, high] = classifier.bounds;
  const look = compileStep<"x", "prediction">("judge's look", ({ x }) => ({
    prediction: tf.argMax(classifier.logits(x), 1),
  }));
  const measure = compileStep<string, "x" | "prediction" | "l2" | "linf" | "sound">(
    "judge's measure",
    ({ x, clean }) => {
      const n = x!.shape[0]!;
      // tf.isFinite is true of no NaN; each row is sound or not as a whole
      const sound = tf.all(tf.reshape(tf.isFinite(x!), [n, -1]), 1); // [n]
      const rows = tf.reshape(sound, [n, ...x!.shape.slice(1).map(() => 1)]);
      const judged = tf.clipByValue(tf.where(rows, x!, clean!), low, high);
      const change = tf.reshape(tf.sub(judged, clean!), [n, -1]); // [n, pixels]
      return {
        x: judged,
        prediction: tf.argMax(classifier.logits(judged), 1),
        l2: tf.sqrt(tf.sum(tf.square(change), 1)),
        linf: tf.max(tf.abs(change), 1),
        sound: tf.cast(sound, "int32"),
      };
    },
  );

  const judged = async (
    { x, queries }: Perturbed,
    { x: clean, y, target }: AttackBatch,
    budget?: { readonly epsilon: Float32Array; readonly norm: Norm },
  ): Promise<Verdict> => {
    const seen = measure.run({ x, clean }, NO_KEY);
    const [prediction, wanted, l2, linf, sound, asked] = (await Promise.all(
      [seen.prediction, target ?? y, seen.l2, seen.linf, seen.sound, queries].map((values) => values.data()),
    )) as [Int32Array, Int32Array, Float32Array, Float32Array, Int32Array, Float32Array];
    tf.dispose([x, queries, seen.prediction, seen.l2, seen.linf, seen.sound]);
    const tolerance = ROUNDING * (high - low);
    const distance = { l2, linf };
    const within = (i: number): boolean =>
      budget === undefined || distance[budget.norm][i]! <= budget.epsilon[i]! + tolerance;
    return {
      x: seen.x,
      success: Uint8Array.from(prediction, (label, i) =>
        (target === undefined) === (label !== wanted[i]) && within(i) ? 1 : 0,
      ),
      prediction: Int32Array.from(prediction),
      distance: { l2: Float32Array.from(l2), linf: Float32Array.from(linf) },
      queries: Float32Array.from(asked),
      broken: sound.reduce((sum, good) => sum + 1 - good, 0),
    };
  };

  const judge: Judge = {
    async predict(x) {
      const { prediction } = look.run({ x }, NO_KEY);
      const labels = Int32Array.from(await prediction.data());
      prediction.dispose();
      return labels;
    },
    async within(assault, batch, epsilon, norm, key, signal) {
      const n = batch.x.shape[0]!;
      const budgets = typeof epsilon === "number" ? new Float32Array(n).fill(epsilon) : epsilon;
      const tensor = tf.tensor1d(budgets);
      try {
        const perturbed = await assault.perturb(batch, tensor, key, signal);
        return await judged(perturbed, batch, { epsilon: budgets, norm });
      } finally {
        tensor.dispose();
      }
    },
    minimum: async (assault, batch, key, signal) =>
      await judged(await assault.perturb(batch, key, signal), batch),
    async *least(assault, batch, search, norm, key, signal) {
      const n = batch.x.shape[0]!;
      const budgets = search.by === "scan" ? scanning(n, search) : bisecting(n, search);
      let best: Verdict | undefined;
      for (let i = 1, turn = budgets.next(); !turn.done; i++) {
        const tried = await judge.within(
          assault,
          batch,
          turn.value.epsilon,
          norm,
          key.fold("try", i),
          signal,
        );
        yield { done: turn.value.done, total: turn.value.total };
        turn = budgets.next(tried.success);
        best = best === undefined ? tried : nearer(best, tried, norm);
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

/** Budgets to try next; is told which of them were enough. */
type Budgets = Generator<SearchProgress & { readonly epsilon: Float32Array }, void, Uint8Array>;

/** Each image's budget grows by half until it is enough, then its bracket is halved. */
function* bisecting(n: number, { steps, start, most }: Search): Budgets {
  const enough = new Float32Array(n).fill(Number.POSITIVE_INFINITY);
  const short = new Float32Array(n);
  const total = 2 * steps;
  const note = (epsilon: Float32Array, success: Uint8Array): void =>
    success.forEach((good, i) => {
      if (good) enough[i] = Math.min(enough[i]!, epsilon[i]!);
      else short[i] = Math.max(short[i]!, epsilon[i]!);
    });
  let epsilon = new Float32Array(n).fill(Math.min(start, most));
  for (let i = 1; i <= steps; i++) {
    note(epsilon, yield { epsilon, done: i, total });
    const growing = (j: number): boolean => enough[j] === Number.POSITIVE_INFINITY && epsilon[j]! < most;
    if (!epsilon.some((_, j) => growing(j))) break;
    epsilon = epsilon.map((e, j) => (growing(j) ? Math.min(GROWTH * e, most) : e));
  }
  for (let i = 1; i <= steps && enough.some(Number.isFinite); i++) {
    epsilon = enough.map((high, j) => (Number.isFinite(high) ? (high + short[j]!) / 2 : most));
    note(epsilon, yield { epsilon, done: steps + i, total });
  }
}

/** The same rising budgets for all images, until each has had enough. */
function* scanning(n: number, { steps, most }: Search): Budgets {
  const found = new Uint8Array(n);
  for (let i = 1; i <= steps && found.some((good) => good === 0); i++) {
    const epsilon = new Float32Array(n).fill((most * i) / steps);
    (yield { epsilon, done: i, total: steps }).forEach((good, j) => {
      found[j]! |= good;
    });
  }
}

/** Of each image the nearer success; queries add up. Disposes what it doesn't return. */
function nearer(a: Verdict, b: Verdict, norm: Norm): Verdict {
  const wins = a.success.map((good, i) =>
    b.success[i] && (!good || b.distance[norm][i]! < a.distance[norm][i]!) ? 1 : 0,
  );
  const pick = <T extends Float32Array | Int32Array | Uint8Array>(of: T, other: T): T =>
    of.map((value: number, i: number) => (wins[i] ? other[i]! : value)) as T;
  const x = tf.tidy(() => {
    const rows = tf.tensor(wins, [wins.length, ...a.x.shape.slice(1).map(() => 1)], "bool");
    return tf.where(rows, b.x, a.x);
  });
  tf.dispose([a.x, b.x]);
  return {
    x,
    success: pick(a.success, b.success),
    prediction: pick(a.prediction, b.prediction),
    distance: {
      l2: pick(a.distance.l2, b.distance.l2),
      linf: pick(a.distance.linf, b.distance.linf),
    },
    queries: a.queries.map((q, i) => q + b.queries[i]!),
    broken: Math.max(a.broken, b.broken),
  };
}

/**
 * Checks images and labels against a classifier, before any work.
 * @param x `[n, ...inputShape]` row by row
 * @throws InputError naming the first image at fault
 */
export function checkImages(
  { name, inputShape, classes, bounds: [low, high] }: Classifier,
  x: Float32Array,
  labels: ArrayLike<number>,
): void {
  const size = sizeOf(inputShape);
  if (x.length !== labels.length * size || labels.length === 0) {
    throw new InputError(
      `${x.length / size} images of [${inputShape}] were given with ${labels.length} labels: one each, at least one`,
    );
  }
  const slack = ROUNDING * (high - low);
  const bad = x.findIndex((value) => !(value >= low - slack && value <= high + slack));
  if (bad >= 0) {
    const [image, value] = [Math.floor(bad / size), x[bad]!];
    throw new InputError(
      Number.isFinite(value)
        ? `image ${image} has the value ${value}, outside of the bounds [${low}, ${high}] of classifier "${name}": ` +
            `give the bounds of the data before preprocessing`
        : `image ${image} has the value ${value}: every pixel must be a finite number`,
    );
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    throw new InputError(
      `image ${i} has the label ${label}, but classifier "${name}" has classes 0 to ${classes - 1}`,
    );
  }
}

/**
 * Checks budgets: finite, not negative, and no larger than the bounds are wide.
 * @throws InputError naming the first at fault
 */
export function checkEpsilons(norm: Norm, epsilons: readonly number[], classifier: Classifier): void {
  const most = widest(norm, classifier);
  const bad = epsilons.find((epsilon) => !(epsilon >= 0 && epsilon <= most));
  if (bad === undefined) return;
  throw new InputError(
    `epsilon ${bad} (${norm}) must be at least 0 and at most ${Number(most.toPrecision(6))}, the largest ${norm} distance ` +
      `between images within the bounds [${classifier.bounds}] of classifier "${classifier.name}"`,
  );
}

/**
 * Asks a classifier about two images, so that one whose output is not (n, classes), or not a number, is found at once.
 * @throws InputError saying what it gave
 */
export async function checkClassifier(classifier: Classifier): Promise<void> {
  const { name, inputShape, bounds } = classifier;
  const logits = tf.tidy(() => classifier.logits(tf.fill([2, ...inputShape], (bounds[0] + bounds[1]) / 2)));
  const { shape } = logits;
  const values = await logits.data();
  logits.dispose();
  if (shape.length !== 2 || shape[0] !== 2 || shape[1] !== classifier.classes) {
    throw new InputError(
      `classifier "${name}": its output for 2 images is [${shape}], not (n, classes) = [2, ${classifier.classes}]`,
    );
  }
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new InputError(`classifier "${name}": its output for a grey image is ${bad}`);
}
