/**
 * The training of semi-supervised learning: in each iteration the players of the method, every so often, and the
 * classifier always, one update each, all of it one recorded step.
 *
 * @module
 */
import {
  compileStep,
  descend,
  type FiniteDataset,
  type Key,
  type Network,
  type Optimizer,
  type OptimizerRun,
  type RunState,
  type SslBatch,
  type SslLearner,
  type Step,
  tf,
} from "../../../core/mod.ts";
import type { Split } from "./split.ts";
import { streamOf } from "./stream.ts";

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
  /** Names of the losses that an iteration gives. */
  readonly losses: readonly string[];
  /**
   * Runs an iteration.
   * @param i its number, from 1
   * @param progress share of the training done, in [0, 1), for learning rates
   * @returns the losses of those who stepped, scalars that are now the caller's
   */
  run(i: number, progress: number): Readonly<Record<string, tf.Tensor>>;
  dispose(): void;
}

/** One who learns in an iteration: its optimiser's numbers go by names that begin with its own. */
interface Learner {
  readonly name: string;
  readonly variables: tf.Variable[];
  readonly running: OptimizerRun;
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
  for (const { name, running } of [...others, own]) state.keep(`${name} optimizer`, running.state);
  const means = variablesOf([averaged]);

  const learn = (who: Learner, inputs: Readonly<Record<string, tf.Tensor>>, at: Key): tf.Scalar => {
    who.prepare();
    const numbers = Object.keys(who.running.numbers(1, 0)).map((of) => [of, inputs[`${who.name} ${of}`]!]);
    const loss = descend(
      () => who.loss(inputs as SslBatch, at.fold(who.name)),
      who.variables,
      who.running,
      Object.fromEntries(numbers),
    );
    who.constrain?.();
    return loss;
  };
  const stepOf = (name: string, who: readonly Learner[]): Step<string, string> =>
    compileStep<string, string>(name, (inputs, at) => {
      const losses = Object.fromEntries(who.map((each) => [`${each.name}Loss`, learn(each, inputs, at)]));
      means.forEach((mean, i) => {
        const moved = tf.mul(inputs.move!, tf.sub(own.variables[i]!, mean));
        mean.assign(tf.add(mean, moved));
      });
      return losses;
    });
  const whole = stepOf("iteration", [...others, own]);
  const alone = stepOf("iteration of the classifier alone", [own]);

  const streams = {
    labeled: streamOf(split.labeled, m, key.fold("labeled")),
    unlabeled: streamOf(split.unlabeled, m, key.fold("unlabeled")),
    ...Object.fromEntries(
      Object.entries(draws).map(([name, from]) => [name, streamOf(split[from], m, key.fold("draw", name))]),
    ),
  };
  return {
    losses: [...others, own].map(({ name }) => `${name}Loss`),
    run(i, progress) {
      const all = i % every === 0;
      const who = all ? [...others, own] : [own];
      const batch: Record<string, tf.Tensor> = {};
      for (const [name, stream] of Object.entries(streams)) {
        if (!all && name in draws) continue;
        const rows = stream(i - 1);
        batch[name] = data.rows(rows); // [m, ...shape]
        if (name === "labeled") batch.labels = oneHot(rows, data);
      }
      const numbers: Record<string, number> = {
        // early on, the mean of all there has been; later, of the last few thousand
        move: 1 - Math.min(averaging, i / (10 + i)),
      };
      for (const each of who) {
        const count = each === own ? i : Math.floor(i / every);
        for (const [of, value] of Object.entries(each.running.numbers(count, progress))) {
          numbers[`${each.name} ${of}`] = value;
        }
      }
      const losses = (all ? whole : alone).run({ ...batch, ...numbers }, key.fold("iteration", i));
      tf.dispose(batch);
      return losses;
    },
    dispose() {
      whole.dispose();
      alone.dispose();
      for (const { running } of [...others, own]) running.dispose();
    },
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
