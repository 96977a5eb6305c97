/**
 * A classifier trained on the spot, the plainest way: cross-entropy on shuffled batches. The run keeps it, so that other
 * runs can attack it again.
 *
 * @module
 */
import {
  type ClassifierSource,
  Classifiers,
  compileStep,
  component,
  Datasets,
  descend,
  type EventBody,
  type FiniteDataset,
  InputError,
  isFiniteDataset,
  type Key,
  type Network,
  type NetworkPlan,
  Networks,
  type Optimizer,
  Optimizers,
  type Preprocessing,
  preprocessingShape,
  preprocessorOf,
  RunError,
  type RunState,
  tf,
  z,
} from "../../../core/mod.ts";
import { networkClassifier } from "../parts/network.ts";

/** Options of {@link trained}. */
export interface TrainedOptions extends Preprocessing {
  readonly network: NetworkPlan;
  readonly data: FiniteDataset;
  readonly optimizer: Optimizer;
  /** Passes over the data, > 0. */
  readonly epochs: number;
  /** Rows a step. */
  readonly batch: number;
}

/** Losses are read and reported about so often in a training. */
const REPORTS = 40;

/** Trains a network and keeps it in the run under its name. */
export function trained(options: TrainedOptions): ClassifierSource {
  const { data, network: plan } = options;
  return {
    name: "trained",
    async *open(place, context) {
      const { name } = place;
      if (`${data.shape}` !== `${place.inputShape}` || data.classes !== place.classes) {
        const words = (shape: readonly number[], classes?: number): string =>
          `[${shape}] in ${classes} classes`;
        throw new InputError(
          `classifier "${name}": its data is ${words(data.shape, data.classes)}, that to be attacked is ` +
            words(place.inputShape, place.classes),
        );
      }
      const key = context.key.fold("train", name);
      const inputRange = options.bounds ?? place.range;
      const network = context.state.network(
        name,
        plan,
        { input: place.inputShape, output: [place.classes], ...(inputRange && { inputRange }) },
        key.fold("network"),
      );
      try {
        const classifier = networkClassifier(network, place, options);
        await place.check?.(classifier);
        const prepare = preprocessorOf(name, place.inputShape, options, network.inputShape);
        yield* context.state.once(`train ${name}`, (state) =>
          training(name, network, prepare, options, key, state),
        );
        return classifier;
      } catch (error) {
        network.dispose();
        throw error;
      }
    },
  };
}

/** Cross-entropy on shuffled batches. @throws RunError where the loss is no longer a number */
async function* training(
  name: string,
  network: Network,
  prepare: (x: tf.Tensor) => tf.Tensor,
  { data, optimizer, epochs, batch }: TrainedOptions,
  key: Key,
  state: RunState,
): AsyncGenerator<EventBody, undefined> {
  const variables = [...network.parameters.values()];
  const running = optimizer.start(variables);
  state.keep("optimizer", running.state);
  const done = state.cell<number>("step", 0);
  const perEpoch = Math.ceil(data.size / batch);
  const total = epochs * perEpoch;
  const often = Math.ceil(total / REPORTS);
  const stage = `train ${name}`;
  yield { type: "stage", stage, steps: total };

  const rowsAt = (step: number): Int32Array => {
    const [epoch, within] = [Math.floor((step - 1) / perEpoch), (step - 1) % perEpoch];
    const rows = key
      .fold("order", epoch)
      .permutation(data.size)
      .subarray(within * batch, (within + 1) * batch);
    // the last batch of an epoch is filled up, so that all have one size
    return Int32Array.from({ length: batch }, (_, i) => rows[i % rows.length]!);
  };
  const learn = compileStep<string, "loss">(stage, ({ x, labels, ...numbers }, stepKey) => {
    network.prepare?.();
    const y = tf.cast(tf.oneHot(labels as tf.Tensor1D, data.classes!), "float32");
    const loss = descend(
      () => {
        const z = network.apply(prepare(x!), { training: true, key: stepKey }); // [batch, classes]
        return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.sub(z, tf.logSumExp(z, 1, true))), 1))) as tf.Scalar;
      },
      variables,
      running,
      numbers as Record<string, tf.Tensor>,
    );
    return { loss };
  });
  try {
    if (done.value === 0) {
      tf.tidy(() => void network.initialize?.(prepare(data.rows(rowsAt(1))), key.fold("initialize")));
    }
    while (done.value < total) {
      await state.settle();
      const step = done.value + 1;
      const loss = tf.tidy(() => {
        const rows = rowsAt(step);
        const labels = tf.tensor1d(
          Int32Array.from(rows, (row) => data.labels![row]!),
          "int32",
        );
        const numbers = running.numbers(step, (step - 1) / total);
        return learn.run({ x: data.rows(rows), labels, ...numbers }, key.fold("step", step)).loss;
      });
      done.value = step;
      if (step % often !== 0 && step !== total) {
        loss.dispose();
        continue;
      }
      const value = (await loss.data())[0]!;
      loss.dispose();
      if (!Number.isFinite(value)) {
        throw new RunError(
          `the loss of classifier "${name}" is ${value} at step ${step}: lower its learning rate`,
        );
      }
      yield { type: "progress", stage, step, steps: total, values: { loss: value } };
    }
  } finally {
    learn.dispose();
    running.dispose();
  }
}

/** How a scenario names it: `{ use: trained, data: mnist, network: { use: mlp, hidden: [128] } }`. */
const trainedComponent = component(Classifiers, {
  name: "trained",
  summary: "A network trained on the spot with cross-entropy; the run keeps it under its name",
  options: (refs) =>
    z.strictObject({
      network: refs(Networks)
        .prefault({ use: "mlp", hidden: [256] })
        .describe("Architecture."),
      data: refs(Datasets).describe("Labelled rows to train on: not those to be attacked."),
      optimizer: refs(Optimizers)
        .prefault({ use: "adam", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, decayFrom: 0.5 })
        .describe("That trains it."),
      epochs: z.int().positive().default(5).describe("Passes over the rows."),
      batch: z.int().positive().default(128).describe("Rows a step."),
      ...preprocessingShape(),
    }),
  create: async ({ network, data: ref, optimizer, ...rest }, context) => {
    const data = await context.create(Datasets, ref);
    if (!isFiniteDataset(data) || data.labels === undefined) {
      throw new InputError(`classifier "trained": dataset "${data.name}" has no labelled rows to train on`);
    }
    return trained({
      ...rest,
      data,
      network: await context.create(Networks, network),
      optimizer: await context.create(Optimizers, optimizer),
    });
  },
});

export default trainedComponent;
