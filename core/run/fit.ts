/**
 * Training of one network on a finite set of rows: rows and their classes in batches, one update a batch.
 *
 * @module
 */
import type { FiniteDataset, Labels } from "../model/dataset.ts";
import { crossEntropy } from "../model/losses.ts";
import type { Network } from "../model/network.ts";
import type { Optimizer } from "../model/optimizer.ts";
import { type Stream, streamOf } from "../model/stream.ts";
import { InputError } from "../plugin/errors.ts";
import type { Key } from "../tensor/key.ts";
import { compileStep } from "../tensor/step.ts";
import * as tf from "../tensor/tf.ts";
import type { Numbers } from "./event.ts";
import { type LearnerReading, type LossTerms, learnerOf, readLearners } from "./learner.ts";
import { type TrainingEvent, trainingLoop } from "./loop.ts";
import type { SentinelPolicy } from "./sentinel.ts";
import type { RunState } from "./state.ts";

/** What a loss is computed from. */
export interface FitBatch {
  /** `[m, ...data.shape]` */
  readonly x: tf.Tensor;
  /** Classes, one-hot, float32 `[m, K]`. */
  readonly y: tf.Tensor2D;
}

/** Everything that {@link fit} is a function of. */
export interface FitParts<B extends FitBatch = FitBatch> {
  /** Trained in place. Keeping its variables is the caller's ({@link RunState.network}). */
  readonly network: Network;
  /** Rows, with labels unless {@link loss} does without: then all count as being of one class. */
  readonly data: FiniteDataset;
  readonly optimizer: Optimizer;
  /** Passes over the rows, > 0; or {@link steps}. */
  readonly epochs?: number | undefined;
  /** Steps, > 0; or {@link epochs}. */
  readonly steps?: number | undefined;
  /** Rows a step, > 0. */
  readonly batch: number;
  /** Which rows each step takes; by default {@link streamOf} all of them: no batch is smaller than another. */
  readonly order?: Stream;
  /**
   * The loss of a batch, within a recorded step; the network's {@link crossEntropy} unless given. Terms that it returns
   * beside the loss are reported with it.
   */
  readonly loss?: (batch: B, key: Key) => tf.Scalar | LossTerms;
  /** Changes a batch within the recorded step, e.g. adds noise or further rows: a constant to the gradient. */
  readonly augment?: (batch: FitBatch, key: Key) => B;
  /**
   * Changes rows before the step, e.g. attacks them; must change nothing else. Takes classes `[m]`, int32.
   * @returns new rows `[m, ...data.shape]`, which are freed after the step
   */
  readonly perturb?: (x: tf.Tensor, labels: tf.Tensor1D, key: Key) => Promise<tf.Tensor>;
  /** Called once before the first step, e.g. for a data-dependent initialisation. */
  readonly begin?: () => void | Promise<void>;
  /** Looks at the network in between. */
  readonly examine?: Examination | undefined;
  /** Root of the training's randomness: of the order of rows, of noise, of dropout. */
  readonly key: Key;
  /** A part of the run's state with names of its own; `transientState()` for none. */
  readonly state: RunState;
  /** What to do about a loss that is not finite; the defaults of a scenario unless given. */
  readonly sentinels?: SentinelPolicy | undefined;
  /** Names the training in events and errors; "fit" unless given. */
  readonly stage?: string;
}

/** A look at a network in training, which must change nothing that the training reads. */
export interface Examination {
  /** Steps between two looks, > 0; the last step is always looked at. */
  readonly every: number;
  /** Numbers that are reported beside the losses. It cannot be interrupted: keep it short. */
  readonly look: (step: number) => Promise<Numbers>;
}

/** How often losses are read and reported in a training. */
const REPORTS = 50;

/**
 * Trains a network on rows, labelled where its loss asks for that. Where its state was restored it goes on from there, and ends bit for bit where it
 * would have ended. Losses stay on the engine and are read at each report; every one of them is checked all the same.
 *
 * @yields the stage, its progress with the losses, and alarms
 * @throws InputError if the rows have no labels and the loss needs them; RangeError unless either epochs or steps are given; RunError after an
 *   alarm that stops the run; the signal's reason if the run is to stop
 * @example A classifier of two moons
 * ```ts
 * import { fit, Key, tf, transientState } from "dsgan";
 * import { moons } from "dsgan/datasets";
 * import { mlp } from "dsgan/networks";
 * import { adam } from "dsgan/optimizers";
 *
 * const key = Key.from(0);
 * const data = moons({ size: 200, noise: 0.1 });
 * const state = transientState();
 * const ports = { input: data.shape, output: [data.classes!] };
 * const network = state.network("classifier", mlp({ hidden: [16] }), ports, key.fold("network"));
 * const optimizer = adam({ learningRate: 0.02 });
 * for await (const event of fit({ network, data, optimizer, epochs: 20, batch: 20, key, state: state.scope("fit") })) {
 *   if (event.type === "progress") console.log(event.step, event.values?.loss);
 * }
 * const x = data.rows([0, 1, 2]);
 * console.log(tf.argMax(network.apply(x, { training: false }), 1).dataSync(), data.labels!.slice(0, 3));
 * ```
 */
export async function* fit<B extends FitBatch = FitBatch>(
  parts: FitParts<B>,
): AsyncGenerator<TrainingEvent, undefined> {
  const { network, data, optimizer, batch, key, state, examine, stage = "fit" } = parts;
  const { labels, classes } = labelsOf(parts);
  const steps = stepsOf(parts);
  const reportEvery = Math.ceil(steps / REPORTS);
  const isExamined = (step: number): boolean =>
    examine !== undefined && (step % examine.every === 0 || step === steps);
  const order = parts.order ?? streamOf(allRows(data), batch, key.fold("order"));
  const lossOf =
    parts.loss ?? (({ x, y }, k: Key) => crossEntropy(network.apply(x, { training: true, key: k }), y));
  const learner = learnerOf({ name: "network", networks: [network], optimizer, state });
  const learn = compileStep<string, string>(stage, ({ x, labels, ...numbers }, stepKey) => {
    const y = oneHot(labels as tf.Tensor1D, classes); // [m, K]
    const given: FitBatch = { x: x!, y };
    const augmented = parts.augment === undefined ? (given as B) : parts.augment(given, stepKey);
    return learner.learn(() => lossOf(augmented, stepKey), numbers);
  });
  let newest: Readonly<Record<string, tf.Tensor>> = {}; // of the last step: the loss and its terms
  try {
    yield* trainingLoop({
      ...{ stage, steps, state, sentinels: parts.sentinels },
      ...(parts.begin && { begin: parts.begin }),
      reportEvery: (step) => step % reportEvery === 0 || isExamined(step),
      async step(step) {
        tf.dispose(newest);
        newest = {};
        const stepKey = key.fold("step", step);
        const rows = order(step - 1);
        const clean = data.rows(rows);
        const y = tf.tensor1d(
          Int32Array.from(rows, (row) => labels[row]!),
          "int32",
        );
        let x = clean;
        try {
          if (parts.perturb !== undefined) x = await perturbed(parts.perturb, clean, y, stepKey, state);
          const numbers = learner.numbers(step, (step - 1) / steps);
          newest = learn.run({ x, labels: y, ...numbers }, stepKey);
        } finally {
          tf.dispose([clean, x, y]);
        }
      },
      async report(step, watch) {
        const values: Record<string, number> = {};
        for (const [name, value] of Object.entries(newest)) values[name] = (await value.data())[0]!;
        const [{ isSound, weights }] = (await readLearners([learner])) as [LearnerReading];
        const areFinite = Object.values(values).every(Number.isFinite);
        const checked = {
          ...values,
          ...(!isSound && areFinite && { loss: Number.NaN }), // at a step before this one
          ...(isSound && areFinite && { "sum of the weights": weights }),
        };
        const seen = isExamined(step) ? await examine!.look(step) : {};
        return { values: { ...values, ...seen }, alarms: watch.finite(step, checked) };
      },
    });
    return undefined;
  } finally {
    tf.dispose(newest);
    learn.dispose();
    learner.dispose();
  }
}

/** Labels, all of one class where a loss of the caller's does without. @throws InputError where there are none */
function labelsOf<B extends FitBatch>({
  data,
  loss,
  stage = "fit",
}: FitParts<B>): {
  readonly labels: Labels;
  readonly classes: number;
} {
  const { name, size, labels, classes } = data;
  if (labels !== undefined && classes !== undefined) return { labels, classes };
  if (loss !== undefined) return { labels: new Uint8Array(size), classes: 1 };
  throw new InputError(`${stage}: dataset "${name}" has no labels to train on`);
}

/** tfjs has none for a single class. */
function oneHot(labels: tf.Tensor1D, classes: number): tf.Tensor2D {
  if (classes === 1) return tf.ones([labels.size, 1]);
  return tf.cast(tf.oneHot(labels, classes), "float32") as tf.Tensor2D;
}

/** Calls `perturb`. Where the run is stopped meanwhile, the steps before this one are written down first. */
async function perturbed(
  perturb: NonNullable<FitParts["perturb"]>,
  x: tf.Tensor,
  labels: tf.Tensor1D,
  key: Key,
  state: RunState,
): Promise<tf.Tensor> {
  try {
    return await perturb(x, labels, key);
  } catch (error) {
    await state.settle(); // throws the signal's reason where the run is to stop
    throw error;
  }
}

/** @throws RangeError unless either epochs or steps are given */
function stepsOf({
  epochs,
  steps,
  batch,
  data,
}: Pick<FitParts, "epochs" | "steps" | "batch" | "data">): number {
  if ((epochs === undefined) === (steps === undefined)) {
    throw new RangeError(`fit() takes either epochs or steps: ${epochs} and ${steps} were given`);
  }
  return steps ?? epochs! * Math.ceil(data.size / batch);
}

function allRows({ size }: FiniteDataset): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => i);
}
