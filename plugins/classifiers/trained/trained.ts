/**
 * A classifier trained on the spot, the plainest way: cross-entropy on shuffled batches. The run keeps it, so that other
 * runs can attack it again.
 *
 * @module
 */
import {
  type Built,
  type ClassifierSource,
  ClassifierSources,
  component,
  Datasets,
  fit,
  InputError,
  isFiniteDataset,
  Networks,
  Optimizers,
  passesOf,
  preprocessingOptions,
  preprocessorOf,
  type Refs,
  tf,
  z,
} from "../../../core/mod.ts";
import { networkClassifier } from "../parts/network.ts";

const options = (refs: Refs) =>
  z.strictObject({
    data: refs(Datasets).describe("Labelled rows to train on; not those to be attacked."),
    network: refs(Networks)
      .prefault({ use: "mlp", hidden: [256] })
      .describe("Architecture."),
    optimizer: refs(Optimizers)
      .prefault({ use: "adam", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, decayFrom: 0.5 })
      .describe("Trains it."),
    epochs: z.int().positive().default(5).describe("Passes over the rows."),
    batch: z.int().positive().default(128).describe("Rows a step."),
    ...preprocessingOptions,
  });

/** Options of {@link trained}, their components created. */
export type TrainedOptions = Built<typeof options>;

/** Trains a network and keeps it in the run under its name. @throws InputError where the data has no labelled rows */
export function trained(parts: TrainedOptions): ClassifierSource {
  const { data, network: plan, optimizer, epochs, batch } = parts;
  if (!isFiniteDataset(data) || data.labels === undefined) {
    throw new InputError(`classifier "trained": dataset "${data.name}" has no labelled rows to train on`);
  }
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
      const inputRange = parts.bounds ?? place.range;
      const network = context.state.network(
        name,
        plan,
        { input: place.inputShape, output: [place.classes], ...(inputRange && { inputRange }) },
        key.fold("network"),
      );
      try {
        const classifier = networkClassifier(network, place, parts);
        await place.check?.(classifier);
        const prepare = preprocessorOf(name, place.inputShape, parts, network.inputShape);
        yield* context.state.once(`train ${name}`, (state) => {
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
export default component(ClassifierSources, {
  name: "trained",
  summary: "A network trained on the spot with cross-entropy; the run keeps it under its name",
  options,
  create: async (given, context) => trained(await context.build(given)),
});
