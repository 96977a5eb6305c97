/**
 * The training of semi-supervised learning: in each iteration the players of the method, every so often, and the
 * classifier always, one update each, all of it one recorded step.
 *
 * @module
 */

import type { Split } from "../../../core/mod.ts";
import {
  compileStep,
  descend,
  type FiniteDataset,
  type Key,
  type Network,
  type Numbers,
  type Optimizer,
  type OptimizerRun,
  type RunState,
  type Step,
  streamOf,
  tf,
} from "../../../core/mod.ts";
import type { SslBatch, SslLearner } from "../method.ts";

/** What an iteration works on. */
export interface IterationParts {
  readonly learner: SslLearner;
  readonly classifier: Network;
  /** Of the same plan: holds the running means of the classifier's parameters. */
  readonly averaged: Network;
  readonly optimizer: Optimizer;
  readonly data: FiniteDataset;
  readonly split: Split;
  readonly m: number;
  /** Decay of the running means, in [0, 1). */
  readonly averaging: number;
  readonly key: Key;
  /** Keeps the optimisers' memories. */
  readonly state: RunState;
}

/** Iterations, one at a time. */
export interface Iterations {
  /**
   * Runs an iteration.
   * @param i its number, from 1
   * @param progress share of the training done, in [0, 1), for learning rates
   */
  run(i: number, progress: number): void;
  /** Reads the newest loss of each who has stepped, and which of them have not been finite since the last reading. */
  read(): Promise<{ readonly losses: Numbers; readonly broken: readonly string[] }>;
  dispose(): void;
}

/** One who learns in an iteration: its optimiser's numbers go by names that begin with its own. */
interface Learner {
  readonly name: string;
  readonly variables: tf.Variable[];
  readonly running: OptimizerRun;
  /** Its newest loss, NaN before the first; and 0, or NaN where a loss was not finite. Kept: a run goes on with them. */
  readonly newest: tf.Variable;
  readonly soundness: tf.Variable;
  prepare(): void;
  loss(batch: SslBatch, key: Key): tf.Scalar;
  constrain?: (() => void) | undefined;
}

/** Puts the optimisers to work. */
export function iterations(parts: IterationParts): Iterations {
  const { learner, classifier, averaged, optimizer, data, split, m, averaging, key, state } = parts;
  const { players, every, draws } = learner;
  const variablesOf = (networks: readonly Network[]): tf.Variable[] =>
    networks.flatMap(({ parameters }) => [...parameters.values()]);
  const learning = (
    name: string,
    networks: readonly Network[],
    rule: Optimizer,
    loss: Learner["loss"],
    constrain?: () => void,
  ): Learner => {
    const variables = variablesOf(networks);
    return {
      name,
      variables,
      running: rule.start(variables),
      newest: scalar(Number.NaN),
      soundness: scalar(0),
      prepare: () => {
        for (const network of networks) network.prepare?.();
      },
      loss,
      constrain,
    };
  };
  const others = players.map(({ name, networks, optimizer: rule, loss, constrain }) =>
    learning(name, networks, rule, loss, constrain),
  );
  const own = learning("classifier", [classifier], optimizer, (batch, k) => learner.classifierLoss(batch, k));
  const everyone = [...others, own];
  for (const { name, running, newest, soundness } of everyone) {
    state.keep(`${name} optimizer`, running.state);
    state.keep(`${name} loss`, new Map(Object.entries({ newest, soundness })));
  }
  const means = variablesOf([averaged]);

  const learn = (who: Learner, inputs: Readonly<Record<string, tf.Tensor>>, at: Key): void => {
    who.prepare();
    const numbers = Object.keys(who.running.numbers(1, 0)).map((of) => [of, inputs[`${who.name} ${of}`]!]);
    const loss = descend(
      () => who.loss(inputs as SslBatch, at.fold(who.name)),
      who.variables,
      who.running,
      Object.fromEntries(numbers),
    );
    who.constrain?.();
    who.newest.assign(loss);
    who.soundness.assign(tf.add(who.soundness, tf.mul(loss, 0)));
  };
  const stepOf = (name: string, who: readonly Learner[]): Step<string, never> =>
    compileStep<string, never>(name, (inputs, at) => {
      for (const each of who) learn(each, inputs, at);
      means.forEach((mean, i) => {
        const moved = tf.mul(inputs.move!, tf.sub(own.variables[i]!, mean));
        mean.assign(tf.add(mean, moved));
      });
      return {};
    });
  const whole = stepOf("iteration", everyone);
  const alone = stepOf("iteration of the classifier alone", [own]);

  const streams = {
    labeled: streamOf(split.labeled, m, key.fold("labeled")),
    unlabeled: streamOf(split.unlabeled, m, key.fold("unlabeled")),
    ...Object.fromEntries(
      Object.entries(draws).map(([name, from]) => [name, streamOf(split[from], m, key.fold("draw", name))]),
    ),
  };
  return {
    run(i, progress) {
      const all = i % every === 0;
      const who = all ? everyone : [own];
      const batch: Record<string, tf.Tensor> = {};
      for (const [name, stream] of Object.entries(streams)) {
        if (!all && name in draws) continue;
        const rows = stream(i - 1);
        batch[name] = data.rows(rows); // [m, ...shape]
        if (name === "labeled") batch.labels = oneHot(rows, data);
      }
      const numbers: Record<string, number> = {
        // early on, a mean of about the last tenth; later, of the last few thousand
        move: 1 - Math.min(averaging, i / (10 + i)),
      };
      for (const each of who) {
        const count = each === own ? i : Math.floor(i / every);
        for (const [of, value] of Object.entries(each.running.numbers(count, progress))) {
          numbers[`${each.name} ${of}`] = value;
        }
      }
      (all ? whole : alone).run({ ...batch, ...numbers }, key.fold("iteration", i));
      tf.dispose(batch);
    },
    async read() {
      const read = tf.tidy(() =>
        tf.stack(everyone.flatMap(({ newest, soundness }) => [tf.add(newest, 0), tf.add(soundness, 0)])),
      );
      const values = await read.data();
      read.dispose();
      const losses: Record<string, number> = {};
      const broken: string[] = [];
      everyone.forEach(({ name, soundness }, i) => {
        const [loss, sound] = [values[2 * i]!, values[2 * i + 1]!];
        if (Number.isFinite(loss)) losses[`${name}Loss`] = loss;
        if (Number.isFinite(sound)) return;
        broken.push(`${name}'s loss`);
        tf.tidy(() => soundness.assign(tf.scalar(0)));
      });
      return { losses, broken };
    },
    dispose() {
      whole.dispose();
      alone.dispose();
      for (const { running, newest, soundness } of everyone) {
        running.dispose();
        tf.dispose([newest, soundness]);
      }
    },
  };
}

function scalar(value: number): tf.Variable {
  return tf.tidy(() => tf.variable(tf.scalar(value), false));
}

/** The labels of rows, `[n, K]`. */
function oneHot(rows: Int32Array, { labels, classes }: FiniteDataset): tf.Tensor {
  const values = new Float32Array(rows.length * classes!);
  rows.forEach((row, i) => {
    values[i * classes! + labels![row]!] = 1;
  });
  return tf.tensor(values, [rows.length, classes!]);
}
