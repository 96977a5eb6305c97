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
import type { Sampler } from "./sampler.ts";
import { compileStep, type Step } from "./step.ts";
import type { TargetDistributionSpec } from "./target.ts";
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
  const { generator, critic, k, steps, reportEvery, key, signal } = training;
  const criticVariables = [...critic.parameters.values()];
  const generatorVariables = [...generator.parameters.values()];
  const criticRun = training.criticOptimizer.start(criticVariables);
  const generatorRun = training.generatorOptimizer.start(generatorVariables);
  const criticStep = criticStepOf(training, criticVariables, criticRun);
  const generatorStep = generatorStepOf(training, generatorVariables, generatorRun);
  let losses: tf.Tensor[] = []; // critic and generator by turns, one pair a step, since the last report

  try {
    for (let step = 1; step <= steps; step++) {
      signal.throwIfAborted();
      const progress = (step - 1) / steps;
      const stepKey = key.fold("step", step);

      for (let j = 1; j <= k; j++) {
        const numbers = criticRun.numbers((step - 1) * k + j, progress);
        const { loss } = criticStep.run(numbers, stepKey.fold("critic", j));
        if (j === k) losses.push(loss);
        else tf.dispose(loss);
      }

      losses.push(generatorStep.run(generatorRun.numbers(step, progress), stepKey.fold("generator")).loss);

      if (step % reportEvery === 0 || step === steps) {
        yield await report(losses, step);
        losses = [];
      }
    }
  } finally {
    tf.dispose(losses);
    criticStep.dispose();
    generatorStep.dispose();
    criticRun.dispose();
    generatorRun.dispose();
  }
}

/** Lines 03 to 06 of Algorithm 1: the critic learns from fresh samples of pg, pd and pdBar. */
function criticStepOf(
  training: Training,
  variables: tf.Variable[],
  optimizer: OptimizerRun,
): Step<string, "loss"> {
  const { target, mixer, objective, generator, critic, latent, m } = training;
  return compileStep("critic step", (numbers, key) => {
    critic.prepare?.();
    const mode = { training: true, key: key.fold("network") };
    const fake = mixer.mix(
      target.alpha,
      m,
      // outside the gradient: a constant to the critic
      (n) =>
        generator.apply(
          key.fold("z").sample((z) => latent(z, n)),
          mode,
        ),
      (n) => key.fold("pd").sample((pd) => target.pd(pd, n)),
    );
    const real = key.fold("pdBar").sample((pdBar) => target.pdBar(pdBar, m)); // [m, ...]
    const loss = descend(
      () => objective.criticLoss((x) => critic.apply(x, mode), real, fake, key.fold("objective")),
      variables,
      optimizer,
      numbers,
    );
    objective.constrain?.(variables);
    return { loss };
  });
}

/** Lines 08 and 09 of Algorithm 1: the generator learns from the critic's opinion of a fresh batch. */
function generatorStepOf(
  training: Training,
  variables: tf.Variable[],
  optimizer: OptimizerRun,
): Step<string, "loss"> {
  const { objective, generator, critic, latent, m } = training;
  return compileStep("generator step", (numbers, key) => {
    generator.prepare?.();
    const mode = { training: true, key: key.fold("network") };
    const z = key.fold("z").sample((k) => latent(k, m)); // [m, ...latent]
    const loss = descend(
      () => objective.generatorLoss((x) => critic.apply(x, mode), generator.apply(z, mode)),
      variables,
      optimizer,
      numbers,
    );
    return { loss };
  });
}

/**
 * One update downhill.
 * @param numbers those of `optimizer.numbers` for this update
 * @returns the loss before it
 */
export function descend(
  loss: () => tf.Scalar,
  variables: tf.Variable[],
  optimizer: OptimizerRun,
  numbers: Readonly<Record<string, tf.Tensor>>,
): tf.Scalar {
  const { value, grads } = tf.variableGrads(loss, variables);
  optimizer.update(
    variables.map((v) => grads[v.name]!),
    numbers,
  );
  return value;
}

/** Reads the losses since the last report; the last pair is what is reported. */
async function report(losses: readonly tf.Tensor[], step: number): Promise<StepReport> {
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
