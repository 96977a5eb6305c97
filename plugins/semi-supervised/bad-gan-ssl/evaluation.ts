/**
 * What is measured of a classifier and a generator on the way: errors, and the shares that the assumption of Eq. (7) speaks of.
 *
 * @module
 */

import type { Split } from "../../../core/mod.ts";
import { compileStep, type FiniteDataset, Key, type Network, type Numbers, tf } from "../../../core/mod.ts";
import type { SslLearner } from "../method.ts";

/** What was found after an epoch. Errors are numbers of rows; shares lie in [0, 1]. */
export type Evaluation = {
  /** From 1. */
  readonly epoch: number;
  /** Of the classifier as trained, on the test rows. */
  readonly testErrors: number;
  /** Of its averaged weights. */
  readonly averagedErrors: number;
  /** The same two on the validation rows; absent where there are none. */
  readonly validationErrors?: number;
  readonly averagedValidationErrors?: number;
  /** Of the classifier as trained, on its own labelled rows: what it has yet to learn of what it was told. */
  readonly labeledErrors: number;
  /** Share of unlabelled rows whose largest logit is above 0 (Eq. 7). */
  readonly unlabeledAbove: number;
  /** Share of generated rows whose largest logit is below 0 (Eq. 7); absent where nothing is generated. */
  readonly generatedBelow?: number;
};

/** What an examiner looks at. */
export interface Examined {
  readonly data: FiniteDataset;
  readonly test: FiniteDataset;
  readonly split: Split;
  readonly classifier: Network;
  readonly averaged: Network;
  readonly learner: SslLearner;
  /** Rows that shares are made of. */
  readonly samples: number;
  readonly key: Key;
}

/** Examines networks as they are. */
export interface Examiner {
  /** @returns what was found, and how far generated features spread beside those of unlabelled rows (1: as far) */
  examine(epoch: number): Promise<{ readonly evaluation: Evaluation; readonly spread: number | undefined }>;
  dispose(): void;
}

/** An examiner of networks that go on training between examinations. */
export function examinerOf(parts: Examined): Examiner {
  const { data, test, split, classifier, averaged, learner, samples, key } = parts;
  const counters = [counterOf(classifier), counterOf(averaged)] as const;
  const tested = Int32Array.from({ length: test.size }, (_, i) => i);
  const known = key.fold("unlabeled").permutation(split.unlabeled.length).slice(0, samples);
  const unlabeled = known.map((i) => split.unlabeled[i]!);
  return {
    async examine(epoch) {
      const [testErrors, averagedErrors] = [
        await counters[0].errors(test, tested),
        await counters[1].errors(test, tested),
      ];
      const real = await lookAt(classifier, unlabeled, (rows) => data.rows(rows));
      const { generate } = learner;
      const drawn = Int32Array.from({ length: samples }, (_, i) => i);
      const generated =
        generate &&
        (await lookAt(classifier, drawn, (rows) =>
          generate(key.fold("generated", epoch, rows[0]!), rows.length),
        ));
      const evaluation: Evaluation = {
        epoch,
        testErrors,
        averagedErrors,
        ...(split.validation.length > 0 && {
          validationErrors: await counters[0].errors(data, split.validation),
          averagedValidationErrors: await counters[1].errors(data, split.validation),
        }),
        labeledErrors: await counters[0].errors(data, split.labeled),
        unlabeledAbove: real.above,
        ...(generated && { generatedBelow: 1 - generated.above }),
      };
      const spread = generated && generated.deviation / real.deviation;
      return { evaluation, spread: Number.isFinite(spread) ? spread : undefined };
    },
    dispose() {
      for (const counter of counters) counter.dispose();
    },
  };
}

/** Rows at a time: images through convolutions take much memory. */
const BLOCK = 100;
/** Nothing is drawn. */
const UNUSED: Key = Key.from("evaluation");

/** Counts the errors of a network in use: no noise, no dropout. */
interface Counter {
  /** How many of the given rows are put into a wrong class. */
  errors(data: FiniteDataset, rows: Int32Array): Promise<number>;
  dispose(): void;
}

/** A counter for a network whose parameters may change between calls. */
function counterOf(network: Network): Counter {
  const classesOf = (x: tf.Tensor): tf.Tensor => tf.argMax(network.apply(x, { training: false }), 1); // [n]
  const step = compileStep<"x", "judged">("evaluation", ({ x }) => ({ judged: classesOf(x) }));
  return {
    async errors(data, rows) {
      let wrong = 0;
      for (const block of blocks(rows)) {
        const x = data.rows(block);
        const judged = block.length === BLOCK ? step.run({ x }, UNUSED).judged : tf.tidy(() => classesOf(x));
        const found = await judged.data();
        block.forEach((row, i) => {
          if (found[i] !== data.labels![row]) wrong++;
        });
        tf.dispose([x, judged]);
      }
      return wrong;
    },
    dispose: () => step.dispose(),
  };
}

/** Share of rows whose largest logit is above 0, and the deviation of features over rows, by a network in use. */
async function lookAt(
  network: Network,
  rows: Int32Array,
  draw: (rows: Int32Array) => tf.Tensor,
): Promise<{ readonly above: number; readonly deviation: number }> {
  let above = 0;
  let deviation = 0;
  for (const block of blocks(rows)) {
    const found = tf.tidy(() => {
      const features = network.features!.of(draw(block), { training: false });
      const largest = tf.max(network.features!.head(features, { training: false }), 1); // [n]
      const spread = tf.sqrt(tf.mean(tf.moments(features, 0).variance));
      return tf.stack([tf.sum(tf.cast(tf.greater(largest, 0), "float32")), spread]);
    });
    const [count, spread] = await found.data();
    found.dispose();
    above += count!;
    deviation += spread! * block.length;
  }
  return { above: above / rows.length, deviation: deviation / rows.length };
}

function blocks(rows: Int32Array): Int32Array[] {
  return Array.from({ length: Math.ceil(rows.length / BLOCK) }, (_, i) =>
    rows.subarray(i * BLOCK, (i + 1) * BLOCK),
  );
}

/**
 * The results of a training. `testErrors` and `averagedErrors` are those of the last epoch; `validatedErrors` those of the
 * epoch that is best on the validation rows (the latest of several), for the weights as trained; `bestOnTestErrors` is the
 * smallest number of all evaluations, chosen by the test rows themselves: no result, but what is often published as one.
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
    ...Object.fromEntries(Object.entries(errors).map(([of, n]) => [`${of}Errors`, n])),
    ...Object.fromEntries(Object.entries(errors).map(([of, n]) => [`${of}Percent`, (100 * n) / testRows])),
    ...(validated && { validatedEpoch: validated.epoch }),
    testRows,
    labeledErrors: last.labeledErrors,
    unlabeledAbove: last.unlabeledAbove,
    ...(last.generatedBelow !== undefined && { generatedBelow: last.generatedBelow }),
  };
}
