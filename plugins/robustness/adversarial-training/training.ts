/**
 * The training of one classifier, stage 1 or stage 3: Eq. (9) on shuffled batches, each update one recorded step. With
 * attacked rows it is the min-max game of Eq. (6), as A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu play it
 * ("Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018, Sec. 2.1).
 *
 * @module
 */
import {
  type ApplicationEvent,
  type Attack,
  type Classifier,
  classifierOf,
  conditionalEntropy,
  crossEntropy,
  type FiniteDataset,
  type FitBatch,
  fit,
  type Key,
  type Network,
  type Numbers,
  type Optimizer,
  PLAIN,
  prepare,
  type Range,
  type RunState,
  type SentinelPolicy,
  tf,
} from "../../../core/mod.ts";
import { noisy } from "./noise.ts";
import { reported, type Watch, type Watched, watcherOf } from "./watch.ts";

/** How one classifier is trained. */
export interface TrainingSpec {
  /** Of the stage, in events. */
  readonly title: string;
  readonly network: Network;
  readonly data: FiniteDataset;
  readonly optimizer: Optimizer;
  readonly epochs: number;
  /** Batch size, of labelled and of unlabelled rows each. */
  readonly m: number;
  /** Adds U(−noise, noise) to the labelled rows; 0 for none. */
  readonly noise: number;
  /** Attacks the labelled rows within a budget, if given: `kind` is `within-budget`. */
  readonly adversary?: { readonly attack: Attack; readonly epsilon: number } | undefined;
  /** Ends of the values that rows with noise may have; absent: none. */
  readonly clip: Range | undefined;
  /** w of Eq. (9). */
  readonly w: number;
  /** Draws the rows whose entropy is lowered, within a step: from the key alone. */
  readonly unlabelled?: ((key: Key, n: number) => tf.Tensor) | undefined;
  /** Called before the first step. */
  readonly begin: () => void | Promise<void>;
  /** Looks at the network while it is trained, if given; the weights are the same with it and without. */
  readonly watch?: Watch | undefined;
  readonly key: Key;
  readonly sentinels: SentinelPolicy;
  readonly signal: AbortSignal;
}

/** Rows to learn from, and those whose entropy is lowered. */
interface Batch extends FitBatch {
  readonly others: tf.Tensor | undefined;
}

/**
 * Trains a network in place; goes on where its state has been restored.
 * @returns what was seen of it, the first before any step and the last after all; nothing where it was not watched
 * @throws RunError after a fatal alarm
 */
export async function* trainClassifier(
  spec: TrainingSpec,
  state: RunState,
): AsyncGenerator<ApplicationEvent, readonly Watched[]> {
  const { title, network, data, optimizer, epochs, m, noise, clip, w, unlabelled, adversary } = spec;
  const classifier = asClassifier(title, network, data);
  const prepared = adversary && prepare(adversary.attack, classifier);
  const watched = spec.watch && { ...spec.watch, ...watcherOf(spec.watch, classifier) };
  const seen = watched && state.cell<readonly Watched[]>("watched", []);
  const perEpoch = Math.ceil(data.size / m);
  const look = async (epoch: number): Promise<Numbers> => {
    const now = await watched!.look(epoch);
    seen!.value = [...seen!.value, now];
    return reported(now, watched!.plan);
  };
  const perturb = async (x: tf.Tensor, y: tf.Tensor1D, key: Key): Promise<tf.Tensor> => {
    const epsilon: tf.Tensor1D = tf.fill([y.size], adversary!.epsilon);
    try {
      const run = { epsilon, key: key.fold("adversary"), signal: spec.signal };
      return (await prepared!.perturb({ x, y }, run)).x;
    } finally {
      epsilon.dispose();
    }
  };
  try {
    yield* fit<Batch>({
      ...{ stage: title, network, data, optimizer, epochs, batch: m, key: spec.key, state },
      sentinels: spec.sentinels,
      async begin() {
        await spec.begin();
        if (watched !== undefined) await look(0);
      },
      examine: watched && { every: perEpoch * watched.plan.every, look: (step) => look(step / perEpoch) },
      ...(prepared && { perturb }),
      augment: ({ x, y }, key) => ({
        x: noise > 0 ? noisy(x, noise, clip, key.fold("noise")) : x,
        y,
        others: w > 0 ? unlabelled?.(key.fold("unlabelled"), m) : undefined,
      }),
      loss({ x, y, others }, key) {
        const logits = (rows: tf.Tensor, name: string): tf.Tensor =>
          network.apply(rows, { training: true, key: key.fold(name) }); // [m, K]
        const supervised = crossEntropy(logits(x, "labelled"), y);
        const entropy = others ? conditionalEntropy(logits(others, "others")) : (tf.scalar(0) as tf.Scalar);
        const loss = tf.add(supervised, tf.mul(w, entropy)) as tf.Scalar;
        return { loss, crossEntropy: supervised, entropy };
      },
    });
    return seen?.value ?? [];
  } finally {
    prepared?.dispose();
    watched?.dispose();
  }
}

/** A network as what attacks attack, without noise or dropout; its owner disposes it. */
export function asClassifier(
  name: string,
  network: Network,
  { shape, range, classes }: FiniteDataset,
): Classifier {
  const place = { name, inputShape: shape, classes: classes!, ...(range && { range }) };
  return classifierOf(place, PLAIN, network.inputShape, (x) => network.apply(x, { training: false }));
}
