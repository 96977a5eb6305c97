/**
 * Learners: networks, and the optimiser that changes their parameters. A training has one or several.
 *
 * @module
 */
import type { Network } from "../model/network.ts";
import { descend, type Optimizer } from "../model/optimizer.ts";
import * as tf from "../tensor/tf.ts";
import type { RunState } from "./state.ts";

/** A loss and the terms that it is made of, all scalars. */
export type LossTerms = { readonly loss: tf.Scalar } & Readonly<Record<string, tf.Scalar>>;

/** What a learner is made of. */
export interface LearnerParts {
  /** Among the learners of a training. */
  readonly name: string;
  readonly networks: readonly Network[];
  readonly optimizer: Optimizer;
  /** Called after each update, e.g. to clip weights. */
  readonly constrain?: (() => void) | undefined;
  /** Keeps the optimiser's memory and the newest loss; the parameters are the caller's to keep. */
  readonly state: RunState;
}

/** Networks that learn. */
export interface Learner {
  readonly name: string;
  /** The parameters of its networks. */
  readonly variables: tf.Variable[];
  /**
   * What its optimiser takes for an update, by names that begin with the learner's: inputs of the step.
   * @param count of its updates, 1 for the first
   * @param progress share of the training done, in [0, 1), for learning-rate schedules
   */
  numbers(count: number, progress: number): Readonly<Record<string, number>>;
  /**
   * Makes one update, within a step: prepares the networks, goes downhill, constrains them.
   * @param inputs of the step, the {@link numbers} among them
   * @returns the loss before the update, and its terms
   */
  learn(loss: () => tf.Scalar | LossTerms, inputs: Readonly<Record<string, tf.Tensor>>): LossTerms;
  /** The newest loss, NaN before the first, and 0, or NaN where a loss since the last reading was not finite. */
  readonly losses: { readonly newest: tf.Variable; readonly soundness: tf.Variable };
  /** Frees the optimiser's memory; the networks stay the caller's. */
  dispose(): void;
}

/** Puts an optimiser to work on networks. */
export function learnerOf({ name, networks, optimizer, constrain, state }: LearnerParts): Learner {
  const variables = networks.flatMap(({ parameters }) => [...parameters.values()]);
  const running = optimizer.start(variables);
  const [newest, soundness] = [scalar(Number.NaN), scalar(0)];
  const dispose = (): void => {
    running.dispose();
    tf.dispose([newest, soundness]);
  };
  try {
    state.keep(`${name} optimizer`, running.state);
    state.keep(`${name} loss`, new Map(Object.entries({ newest, soundness })));
  } catch (error) {
    dispose();
    throw error;
  }
  const prefixed = (number: string): string => `${name} ${number}`;
  const numberNames = Object.keys(running.numbers(1, 0));
  return {
    name,
    variables,
    losses: { newest, soundness },
    numbers: (count, progress) =>
      Object.fromEntries(
        Object.entries(running.numbers(count, progress)).map(([number, value]) => [prefixed(number), value]),
      ),
    learn(loss, inputs) {
      for (const network of networks) network.prepare?.();
      const kept: Record<string, tf.Scalar> = {};
      const value = descend(
        () => {
          const made = loss();
          if (made instanceof tf.Tensor) return made;
          for (const [term, x] of Object.entries(made)) {
            if (x !== made.loss) kept[term] = tf.keep(x); // else freed when the gradient is done
          }
          return made.loss;
        },
        variables,
        running,
        Object.fromEntries(numberNames.map((number) => [number, inputs[prefixed(number)]!])),
      );
      constrain?.();
      newest.assign(value);
      soundness.assign(tf.add(soundness, tf.mul(value, 0)));
      const terms = Object.entries(kept).map(([term, x]) => [term, x.clone()] as const);
      tf.dispose(kept);
      return { loss: value, ...Object.fromEntries(terms) };
    },
    dispose,
  };
}

/** What {@link readLearners} has of one learner. */
export interface LearnerReading {
  readonly name: string;
  /** The newest loss, NaN before the first update. */
  readonly loss: number;
  /** Whether every loss since the last reading was finite. */
  readonly isSound: boolean;
  /** The sum of the sizes of all parameters: not finite if one of them is not. */
  readonly weights: number;
}

/** Numbers that {@link readLearners} reads of one learner. */
const READ = 3;

/** Reads the state of learners, all at once, so that the engine stalls once. */
export async function readLearners(learners: readonly Learner[]): Promise<LearnerReading[]> {
  const read = tf.tidy(() =>
    tf.stack(
      learners.flatMap(({ losses: { newest, soundness }, variables }) => [
        tf.add(newest, 0),
        tf.add(soundness, 0),
        magnitude(variables),
      ]),
    ),
  );
  const values = await read.data();
  read.dispose();
  return learners.map(({ name, losses }, i) => {
    const [loss, soundness, weights] = values.slice(READ * i, READ * (i + 1)) as unknown as [
      number,
      number,
      number,
    ];
    const isSound = Number.isFinite(soundness);
    if (!isSound) tf.tidy(() => losses.soundness.assign(tf.scalar(0)));
    return { name, loss, isSound, weights };
  });
}

/** The sum of the sizes of all values: not finite if one of them is not. */
export function magnitude(variables: readonly tf.Variable[]): tf.Scalar {
  return tf.addN([tf.scalar(0), ...variables.map((x) => tf.sum(tf.abs(x)))]) as tf.Scalar;
}

function scalar(value: number): tf.Variable {
  return tf.tidy(() => tf.variable(tf.scalar(value), false));
}
