/**
 * Algorithm 1: k steps of the critic, one of the generator.
 *
 * @module
 */
import { RunError } from "./errors.ts";
import type { Mixer } from "./mixer.ts";
import type { Network } from "./network.ts";
import type { GanObjective } from "./objective.ts";
import type { Optimizer, OptimizerRun } from "./optimizer.ts";
import type { Key } from "./random.ts";
import type { Sampler, TargetDistributionSpec } from "./target.ts";
import * as tf from "./tf.ts";

/** Everything that Algorithm 1 is a function of. */
export interface Training {
  readonly target: TargetDistributionSpec;
  readonly objective: GanObjective;
  readonly mixer: Mixer;
  readonly generator: Network;
  readonly critic: Network;
  /** The prior p_z: `[n, ...generator.inputShape]`. */
  readonly latent: Sampler;
  readonly generatorOptimizer: Optimizer;
  readonly criticOptimizer: Optimizer;
  /** Critic steps for each generator step. */
  readonly k: number;
  /** Batch size. */
  readonly m: number;
  /** Generator steps. */
  readonly steps: number;
  /** Losses are read and reported once in so many steps. */
  readonly reportEvery: number;
  readonly key: Key;
  readonly signal: AbortSignal;
}

/** Losses of one generator step and the last critic step before it. */
export interface StepReport {
  /** From 1. */
  readonly step: number;
  readonly criticLoss: number;
  readonly generatorLoss: number;
}

/**
 * Trains critic and generator in place, as in Algorithm 1.
 *
 * Losses are kept on the engine and read once in `reportEvery` steps, so that reading does not stall it; every one
 * of them is checked all the same.
 *
 * @yields the losses of every `reportEvery`-th step and of the last
 * @throws RunError at a loss that is not finite, with its step; the signal's reason when that is aborted
 */
export async function* train(training: Training): AsyncGenerator<StepReport> {
  const { generator, critic, objective, k, steps, reportEvery, key, signal } = training;
  const criticVariables = [...critic.parameters.values()];
  const generatorVariables = [...generator.parameters.values()];
  const criticRun = training.criticOptimizer.start(criticVariables);
  const generatorRun = training.generatorOptimizer.start(generatorVariables);
  let losses: tf.Scalar[] = []; // critic and generator by turns, one pair a step, since the last report

  try {
    for (let step = 1; step <= steps; step++) {
      signal.throwIfAborted();
      const progress = (step - 1) / steps;
      const stepKey = key.fold("step", step);

      for (let j = 1; j <= k; j++) {
        critic.prepare?.();
        const loss = tf.tidy(() => {
          const criticLoss = criticStepLoss(training, stepKey.fold("critic", j));
          return descend(criticLoss, criticVariables, criticRun, (step - 1) * k + j, progress);
        });
        objective.constrain?.(criticVariables);
        if (j === k) losses.push(loss);
        else tf.dispose(loss);
      }

      generator.prepare?.();
      losses.push(
        tf.tidy(() => {
          const generatorLoss = generatorStepLoss(training, stepKey.fold("generator"));
          return descend(generatorLoss, generatorVariables, generatorRun, step, progress);
        }),
      );

      if (step % reportEvery === 0 || step === steps) {
        yield await report(losses, step);
        losses = [];
      }
    }
  } finally {
    tf.dispose(losses);
    criticRun.dispose();
    generatorRun.dispose();
  }
}

/** Lines 03 to 06 of Algorithm 1: the critic's loss on fresh samples of pg, pd and pdBar. */
function criticStepLoss(training: Training, key: Key): () => tf.Scalar {
  const { target, mixer, objective, generator, critic, latent, m } = training;
  const mode = { training: true, key: key.fold("network") };
  const fake = mixer.mix(
    target.alpha,
    m,
    (n) => generator.apply(latent(key.fold("z"), n), mode), // outside the gradient: a constant to the critic
    (n) => target.pd(key.fold("pd"), n),
  );
  const real = target.pdBar(key.fold("pdBar"), m); // [m, ...]
  return () => objective.criticLoss((x) => critic.apply(x, mode), real, fake, key.fold("objective"));
}

/** Lines 08 and 09 of Algorithm 1: the generator's loss on a fresh batch. */
function generatorStepLoss(training: Training, key: Key): () => tf.Scalar {
  const { objective, generator, critic, latent, m } = training;
  const mode = { training: true, key: key.fold("network") };
  const z = latent(key.fold("z"), m); // [m, ...latent]
  return () => objective.generatorLoss((x) => critic.apply(x, mode), generator.apply(z, mode));
}

/** One step downhill; returns the loss before it. */
function descend(
  loss: () => tf.Scalar,
  variables: tf.Variable[],
  optimizer: OptimizerRun,
  step: number,
  progress: number,
): tf.Scalar {
  const { value, grads } = tf.variableGrads(loss, variables);
  optimizer.update(
    variables.map((v) => grads[v.name]!),
    step,
    progress,
  );
  return value;
}

/** Reads the losses since the last report; the last pair is what is reported. */
async function report(losses: readonly tf.Scalar[], step: number): Promise<StepReport> {
  const stacked = tf.tidy(() => tf.stack([...losses]));
  tf.dispose([...losses]);
  const values = await stacked.data();
  stacked.dispose();
  const bad = values.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) {
    const which = bad % 2 === 0 ? "critic" : "generator";
    const at = step - values.length / 2 + Math.floor(bad / 2) + 1;
    throw new RunError(
      `the ${which}'s loss is ${values[bad]} at step ${at}: training has diverged. ` +
        `Lower the learning rate, or choose an objective that bounds the critic (wgan-gp, or spectralNorm)`,
    );
  }
  return { step, criticLoss: values.at(-2)!, generatorLoss: values.at(-1)! };
}
