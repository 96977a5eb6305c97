/**
 * The training of one classifier, stage 1 or stage 3: Eq. (9) on shuffled batches, each update one recorded step. With
 * attacked rows it is the min-max game of Eq. (6), as A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu play it
 * ("Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018, Sec. 2.1).
 *
 * @module
 */
import {
  type Attack,
  type Classifier,
  classifierOf,
  compileStep,
  conditionalEntropy,
  crossEntropy,
  descend,
  type EventBody,
  type FiniteDataset,
  type Key,
  type Network,
  type Optimizer,
  PLAIN,
  type Range,
  RunError,
  type RunState,
  type SentinelPolicy,
  streamOf,
  tf,
  watchOf,
} from "../../../core/mod.ts";
import { noisy } from "./noise.ts";

/** An attack within a given budget. */
export type BudgetAttack = Extract<Attack, { kind: "within-budget" }>;

/** How one classifier learns. */
export interface Lesson {
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
  /** Attacks the labelled rows within a budget, if given. */
  readonly adversary?: { readonly attack: BudgetAttack; readonly epsilon: number } | undefined;
  /** Ends of the values that rows with noise may have; absent: none. */
  readonly clip: Range | undefined;
  /** w of Eq. (9). */
  readonly w: number;
  /** Draws the rows whose entropy is lowered, within a step: from the key alone. */
  readonly unlabelled?: ((key: Key, n: number) => tf.Tensor) | undefined;
  /** Called before the first step. */
  readonly begin: () => void | Promise<void>;
  readonly key: Key;
  readonly sentinels: SentinelPolicy;
  readonly signal: AbortSignal;
}

/** Losses are read and reported this often in a training. */
const REPORTS = 50;

/** Trains a network in place; goes on where its state has been restored. @throws RunError after a fatal alarm */
export async function* classifying(lesson: Lesson, state: RunState): AsyncGenerator<EventBody, undefined> {
  const { title, network, data, optimizer, epochs, m, key, adversary } = lesson;
  const variables = [...network.parameters.values()];
  const running = optimizer.start(variables);
  const learn = learningStep(lesson, variables, running);
  const perEpoch = Math.ceil(data.size / m);
  const steps = epochs * perEpoch;
  const reportEvery = Math.ceil(steps / REPORTS);
  const all = Int32Array.from({ length: data.size }, (_, i) => i);
  const stream = streamOf(all, m, key.fold("order"));
  const assault = adversary?.attack.against(asClassifier(title, network, data));
  const watch = watchOf(lesson.sentinels, state.scope("sentinels"));
  try {
    state.keep("optimizer", running.state);
    const done = state.cell<number>("step", 0);
    yield { type: "stage", stage: title, steps };
    if (done.value === 0) await lesson.begin();
    while (done.value < steps) {
      await state.settle();
      const step = done.value + 1;
      const at = key.fold("step", step);
      const rows = stream(step - 1);
      const clean = data.rows(rows); // [m, ...]
      const y = tf.tensor1d(
        Int32Array.from(rows, (row) => data.labels![row]!),
        "int32",
      );
      let x = clean;
      if (assault !== undefined) {
        const epsilon: tf.Tensor1D = tf.fill([m], adversary!.epsilon);
        try {
          const found = await assault.perturb({ x: clean, y }, epsilon, at.fold("adversary"), lesson.signal);
          found.queries.dispose();
          x = found.x;
        } catch (error) {
          // stopped within a step: the steps before it are written down
          if (lesson.signal.aborted) await state.settle();
          throw error;
        } finally {
          epsilon.dispose();
        }
      }
      const numbers = running.numbers(step, (step - 1) / steps);
      const losses = learn.run({ x, y, ...numbers }, at);
      tf.dispose([clean, x, y]);
      done.value = step;
      if (step % reportEvery !== 0 && step !== steps) {
        tf.dispose(Object.values(losses));
        continue;
      }
      const values: Record<string, number> = {};
      for (const [name, loss] of Object.entries(losses)) values[name] = (await loss.data())[0]!;
      tf.dispose(Object.values(losses));
      const alarms = watch.finite(step, values);
      const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
      yield { type: "progress", stage: title, step, steps, values: Object.fromEntries(finite) };
      for (const alarm of alarms) yield { type: "sentinel", ...alarm };
      const fatal = alarms.find(({ action }) => action === "stop");
      if (fatal !== undefined) throw new RunError(`${title}: ${fatal.message}`);
    }
    return undefined;
  } finally {
    learn.dispose();
    assault?.dispose();
    running.dispose();
  }
}

/** One update: noise, unlabelled rows, Eq. (9), descent. */
function learningStep(
  { title, network, data, noise, clip, w, unlabelled, m }: Lesson,
  variables: tf.Variable[],
  running: ReturnType<Optimizer["start"]>,
) {
  return compileStep<string, "loss" | "crossEntropy" | "entropy">(title, ({ x, y, ...numbers }, key) => {
    network.prepare?.();
    const hot = tf.cast(tf.oneHot(y as tf.Tensor1D, data.classes!), "float32"); // [m, K]
    const labelled = noise > 0 ? noisy(x!, noise, clip, key.fold("noise")) : x!;
    // outside the gradient: generated rows are a constant to the classifier
    const others = w > 0 ? unlabelled?.(key.fold("unlabelled"), m) : undefined;
    let terms: { crossEntropy: tf.Scalar; entropy: tf.Scalar } | undefined;
    const loss = descend(
      () => {
        const mode = (of: string) => ({ training: true, key: key.fold(of) });
        const supervised = crossEntropy(network.apply(labelled, mode("labelled")), hot);
        const unsure = others
          ? conditionalEntropy(network.apply(others, mode("others")))
          : (tf.scalar(0) as tf.Scalar);
        terms = { crossEntropy: tf.keep(supervised), entropy: tf.keep(unsure) };
        return tf.add(supervised, tf.mul(w, unsure)) as tf.Scalar;
      },
      variables,
      running,
      numbers as Record<string, tf.Tensor>,
    );
    const told = { crossEntropy: terms!.crossEntropy.clone(), entropy: terms!.entropy.clone() };
    tf.dispose(Object.values(terms!));
    return { loss, ...told };
  });
}

/** A network as what attacks attack, without noise or dropout; it stays its owner's. */
export function asClassifier(
  name: string,
  network: Network,
  { shape, range, classes }: FiniteDataset,
): Classifier {
  const place = { name, inputShape: shape, classes: classes!, ...(range && { range }) };
  return classifierOf(place, PLAIN, network.inputShape, (x) => network.apply(x, { training: false }));
}
