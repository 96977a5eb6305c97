/**
 * Evaluations of a classifier and a generator during training: errors, the shares of Eq. (7), the distances of Eq. (8).
 *
 * @module
 */
import {
  compileStep,
  type FiniteDataset,
  Key,
  type Network,
  NO_CLASS,
  type Numbers,
  predictionOf,
  type Split,
  sizeOf,
  tf,
} from "../../../core/mod.ts";
import type { SslLearner } from "../method.ts";
import { type Points, type SegmentDistances, segmentDistancesOf } from "./segments.ts";

/** An evaluation after an epoch. Errors are numbers of rows; shares lie in [0, 1]. */
export type Evaluation = {
  /** From 1. */
  readonly epoch: number;
  /** Of the classifier as trained, on the test rows. */
  readonly testErrors: number;
  /** Test rows among them to which the classifier gives no class: NaN or infinity. Absent where there are none. */
  readonly testNotFinite?: number;
  /** Of its averaged weights. */
  readonly averagedErrors: number;
  /** The same two on the validation rows; absent where there are none. */
  readonly validationErrors?: number;
  readonly averagedValidationErrors?: number;
  /** Of the classifier as trained, on its labelled rows. */
  readonly labeledErrors: number;
  /** Share of unlabelled rows whose largest logit is above 0 (Eq. 7). */
  readonly unlabeledAbove: number;
  /** Share of generated rows whose largest logit is below 0 (Eq. 7); absent where nothing is generated. */
  readonly generatedBelow?: number;
} & Partial<SegmentDistances>;

/** What an examiner evaluates. */
export interface Examined {
  readonly data: FiniteDataset;
  readonly test: FiniteDataset;
  readonly split: Split;
  readonly classifier: Network;
  readonly averaged: Network;
  readonly learner: SslLearner;
  /** Rows of each kind for the shares. */
  readonly samples: number;
  readonly key: Key;
}

/** Evaluates networks as they are at the moment. */
export interface Examiner {
  /** @returns the evaluation, and the spread of generated features over that of unlabelled rows' */
  examine(epoch: number): Promise<{ readonly evaluation: Evaluation; readonly spread: number | undefined }>;
  dispose(): void;
}

/** An examiner of networks that train between evaluations. */
export function examinerOf(parts: Examined): Examiner {
  const { data, test, split, classifier, averaged, learner, samples, key } = parts;
  const counter = counterOf(classifier);
  const averagedCounter = counterOf(averaged);
  const everyRow = ({ size }: { readonly size: number }): Int32Array =>
    Int32Array.from({ length: size }, (_, i) => i);
  const chosen = key.fold("unlabeled").permutation(split.unlabeled.length).slice(0, samples);
  const unlabeled = chosen.map((i) => split.unlabeled[i]!);
  return {
    async examine(epoch) {
      const tested = await counter.count(test, everyRow(test));
      const averagedErrors = (await averagedCounter.count(test, everyRow(test))).wrong;
      const stored = (rows: Int32Array): tf.Tensor => data.rows(rows);
      const real = await seenBy(classifier, unlabeled, stored);
      const { generate } = learner;
      const generated =
        generate &&
        (await seenBy(classifier, everyRow({ size: samples }), (rows) =>
          generate(key.fold("generated", epoch, rows[0]!), rows.length),
        ));
      const distances =
        generated &&
        segmentDistancesOf(
          {
            labeled: (await seenBy(classifier, split.labeled, stored)).features,
            unlabeled: real.features,
            generated: generated.features,
          },
          key.fold("shuffled"),
        );
      const evaluation: Evaluation = {
        epoch,
        testErrors: tested.wrong,
        ...(tested.silent > 0 && { testNotFinite: tested.silent }),
        averagedErrors,
        ...(split.validation.length > 0 && {
          validationErrors: (await counter.count(data, split.validation)).wrong,
          averagedValidationErrors: (await averagedCounter.count(data, split.validation)).wrong,
        }),
        labeledErrors: (await counter.count(data, split.labeled)).wrong,
        unlabeledAbove: real.above,
        ...(generated && { generatedBelow: 1 - generated.above }),
        ...distances,
      };
      const spread = generated && generated.deviation / real.deviation;
      return { evaluation, spread: Number.isFinite(spread) ? spread : undefined };
    },
    dispose() {
      counter.dispose();
      averagedCounter.dispose();
    },
  };
}

/** Rows at a time: images through convolutions take much memory. */
const BLOCK = 100;
/** An evaluation draws no noise. */
const UNUSED: Key = Key.from("evaluation");

/** Counts the errors of a network without training's noise and dropout. */
interface Counter {
  /** How many of the given rows it assigns a wrong class, or none. */
  count(data: FiniteDataset, rows: Int32Array): Promise<{ readonly wrong: number; readonly silent: number }>;
  dispose(): void;
}

/** A counter for a network whose parameters may change between calls. */
function counterOf(network: Network): Counter {
  const classesOf = (x: tf.Tensor): tf.Tensor => predictionOf(network.apply(x, { training: false })); // [n]
  const step = compileStep<"x", "classes">("evaluation", ({ x }) => ({ classes: classesOf(x) }));
  return {
    async count(data, rows) {
      let [wrong, silent] = [0, 0];
      for (const block of blocks(rows)) {
        // the last block is filled up, so that the engine compiles for one size
        const x = data.rows(Int32Array.from({ length: BLOCK }, (_, i) => block[i] ?? block[0]!));
        const { classes } = step.run({ x }, UNUSED);
        const found = await classes.data();
        block.forEach((row, i) => {
          if (found[i] !== data.labels![row]) wrong++;
          if (found[i] === NO_CLASS) silent++;
        });
        tf.dispose([x, classes]);
      }
      return { wrong, silent };
    },
    dispose: () => step.dispose(),
  };
}

/** What a classifier makes of rows, without noise. */
interface Seen {
  /** Share of the rows whose largest logit is above 0. */
  readonly above: number;
  /** Standard deviation of features over rows, its square averaged over the features. */
  readonly deviation: number;
  readonly features: Points;
}

/** Shows rows to a classifier. */
async function seenBy(
  network: Network,
  rows: Int32Array,
  draw: (rows: Int32Array) => tf.Tensor,
): Promise<Seen> {
  const { shape, of, head } = network.features!;
  const width = sizeOf(shape);
  const values = new Float32Array(rows.length * width);
  let above = 0;
  let deviation = 0;
  let filled = 0;
  for (const block of blocks(rows)) {
    const [features, found] = tf.tidy(() => {
      const features = of(draw(block), { training: false }); // [n, ...shape]
      const largest = tf.max(head(features, { training: false }), 1); // [n]
      const spread = tf.sqrt(tf.mean(tf.moments(features, 0).variance));
      return [features, tf.stack([tf.sum(tf.cast(tf.greater(largest, 0), "float32")), spread])] as const;
    });
    values.set(await features.data(), filled);
    const [count, spread] = await found.data();
    tf.dispose([features, found]);
    filled += block.length * width;
    above += count!;
    deviation += spread! * block.length;
  }
  return { above: above / rows.length, deviation: deviation / rows.length, features: { values, width } };
}

function blocks(rows: Int32Array): Int32Array[] {
  return Array.from({ length: Math.ceil(rows.length / BLOCK) }, (_, i) =>
    rows.subarray(i * BLOCK, (i + 1) * BLOCK),
  );
}

/**
 * The metrics of a training. `testErrors` and `averagedErrors` are those of the last epoch; `validatedErrors` are the test
 * errors of the epoch with the fewest validation errors (the latest of several); `bestOnTestErrors` is the smallest number
 * of all evaluations, selected on the test rows themselves: not a result, though often published as one.
 */
export function resultsOf(history: readonly Evaluation[], testRows: number): Numbers {
  const last = history.at(-1)!;
  const validated = history.reduce<Evaluation | undefined>(
    (best, now) =>
      now.validationErrors !== undefined && now.validationErrors <= (best?.validationErrors ?? Infinity)
        ? now
        : best,
    undefined,
  );
  const errors = {
    test: last.testErrors,
    averaged: last.averagedErrors,
    ...(validated && { validated: validated.testErrors }),
    bestOnTest: Math.min(...history.map(({ testErrors }) => testErrors)),
  };
  return {
    ...Object.fromEntries(Object.entries(errors).map(([name, n]) => [`${name}Errors`, n])),
    ...Object.fromEntries(
      Object.entries(errors).map(([name, n]) => [`${name}Percent`, (100 * n) / testRows]),
    ),
    ...(validated && { validatedEpoch: validated.epoch }),
    testRows,
    ...(last.testNotFinite !== undefined && { testNotFinite: last.testNotFinite }),
    labeledErrors: last.labeledErrors,
    unlabeledAbove: last.unlabeledAbove,
    ...(last.generatedBelow !== undefined && { generatedBelow: last.generatedBelow }),
    ...(last.generatedToSegments !== undefined && {
      generatedToSegments: last.generatedToSegments,
      unlabeledToSegments: last.unlabeledToSegments!,
      shuffledToSegments: last.shuffledToSegments!,
    }),
  };
}
