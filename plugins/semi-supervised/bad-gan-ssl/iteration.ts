/**
 * One iteration of semi-supervised training: in every so-many-th the players of the method update their networks, and
 * in each the classifier does. All of it is one recorded step.
 *
 * @module
 */
import {
  compileStep,
  type FiniteDataset,
  type Key,
  type Learner,
  learnerOf,
  type RunState,
  type Step,
  streamOf,
  tf,
} from "../../../core/mod.ts";
import type { SslBatch } from "../method.ts";
import type { StageContext } from "./stage.ts";

/** Name of the averages' step among the inputs; like an optimiser's numbers, it has a space, which a method's names lack. */
const MOVE = "averages move";

/** Iterations, one at a time. */
export interface Iterations {
  /** Those of the players, and the classifier's last. */
  readonly learners: readonly Learner[];
  /**
   * Runs an iteration.
   * @param i its number, from 1
   * @param progress share of the training done, in [0, 1), for learning rates and weights
   */
  run(i: number, progress: number): void;
  dispose(): void;
}

/** Networks that learn, and what they minimise. */
interface Trained {
  readonly learner: Learner;
  loss(batch: SslBatch, key: Key): tf.Scalar;
}

/** Prepares the iterations. @param state keeps the optimisers' memories */
export function iterationsOf(stage: StageContext, key: Key, state: RunState): Iterations {
  const { learner: method, parts } = stage;
  const { players, every = 1 } = method;
  const all = players.map(
    (player): Trained => ({
      learner: learnerOf({ ...player, constrain: player.constrain?.bind(player), state }),
      loss: (batch, k) => player.loss(batch, k),
    }),
  );
  const classifier: Trained = {
    learner: learnerOf({
      ...{ name: "classifier", networks: [stage.classifier], optimizer: parts.classifierOptimizer, state },
    }),
    loss: (batch, k) => method.classifierLoss(batch, k),
  };
  all.push(classifier);
  const means = [...stage.averaged.parameters.values()];

  const stepOf = (name: string, trained: readonly Trained[]): Step<string, never> =>
    compileStep<string, never>(name, (inputs, stepKey) => {
      for (const { learner, loss } of trained) {
        learner.learn(() => loss(inputs as SslBatch, stepKey.fold(learner.name)), inputs);
      }
      means.forEach((mean, i) => {
        const moved = tf.mul(inputs[MOVE]!, tf.sub(classifier.learner.variables[i]!, mean));
        mean.assign(tf.add(mean, moved));
      });
      return {};
    });
  const whole = stepOf("iteration", all);
  const alone = stepOf("iteration of the classifier alone", [classifier]);
  const batchOf = batchesOf(stage, key);
  return {
    learners: all.map(({ learner }) => learner),
    run(i, progress) {
      const isWhole = i % every === 0;
      const batch = batchOf(i, isWhole);
      const numbers: Record<string, number> = {
        ...method.numbers?.(progress),
        // early on, a mean of about the last tenth; later, of the last few thousand
        [MOVE]: 1 - Math.min(parts.averaging, i / (10 + i)),
      };
      for (const { learner } of isWhole ? all : [classifier]) {
        const count = learner === classifier.learner ? i : Math.floor(i / every);
        Object.assign(numbers, learner.numbers(count, progress));
      }
      (isWhole ? whole : alone).run({ ...batch, ...numbers }, key.fold("iteration", i));
      tf.dispose(batch);
    },
    dispose() {
      whole.dispose();
      alone.dispose();
      for (const { learner } of all) learner.dispose();
    },
  };
}

/** Batches of an iteration by number, from 1; those that the players draw are left out where they do not step. */
function batchesOf(
  { split, parts: { data, m }, learner: { draws = {} } }: StageContext,
  key: Key,
): (i: number, playersStep: boolean) => Record<string, tf.Tensor> {
  const streams = {
    labeled: streamOf(split.labeled, m, key.fold("labeled")),
    unlabeled: streamOf(split.unlabeled, m, key.fold("unlabeled")),
    ...Object.fromEntries(
      Object.entries(draws).map(([name, from]) => [name, streamOf(split[from], m, key.fold("draw", name))]),
    ),
  };
  return (i, playersStep) => {
    const batch: Record<string, tf.Tensor> = {};
    for (const [name, stream] of Object.entries(streams)) {
      if (!playersStep && name in draws) continue;
      const rows = stream(i - 1);
      batch[name] = data.rows(rows); // [m, ...shape]
      if (name === "labeled") batch.labels = oneHot(rows, data);
    }
    return batch;
  };
}

/** The labels of rows, `[n, K]`. */
function oneHot(rows: Int32Array, { labels, classes }: FiniteDataset): tf.Tensor {
  const values = new Float32Array(rows.length * classes!);
  rows.forEach((row, i) => {
    values[i * classes! + labels![row]!] = 1;
  });
  return tf.tensor(values, [rows.length, classes!]);
}
