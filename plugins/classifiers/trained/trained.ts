/**
 * A classifier trained on the spot, the plainest way: cross-entropy on shuffled batches. The run keeps it, so that other
 * runs can attack it again.
 *
 * @module
 */
import {
  type ClassifierSource,
  Classifiers,
  component,
  Datasets,
  type FiniteDataset,
  fit,
  InputError,
  isFiniteDataset,
  type NetworkPlan,
  Networks,
  type Optimizer,
  Optimizers,
  type Preprocessing,
  passesOf,
  preprocessingShape,
  preprocessorOf,
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
        yield* context.state.once(`train ${name}`, (state) => {
          const { optimizer, epochs, batch } = options;
          const order = passesOf(data.size, batch, key.fold("order"), "filled");
          return fit({
            ...{ network, data, optimizer, epochs, batch, order, key, state, stage: `train ${name}` },
            sentinels: context.sentinels,
            begin: () =>
              tf.tidy(() => void network.initialize?.(prepare(data.rows(order(0))), key.fold("initialize"))),
            loss({ x, y }, at) {
              const z = network.apply(prepare(x), { training: true, key: at }); // [batch, K]
              const logP = tf.sub(z, tf.logSumExp(z, 1, true));
              // not crossEntropy: its gradient is rounded in another order
              return tf.neg(tf.mean(tf.sum(tf.mul(y, logP), 1))) as tf.Scalar;
            },
          });
        });
        return classifier;
      } catch (error) {
        network.dispose();
        throw error;
      }
    },
  };
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
