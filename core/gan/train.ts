/**
 * Algorithm 1: k steps of the critic, one of the generator.
 *
 * @module
 */

import type { Network } from "../model/network.ts";
import { descend, type Optimizer, type OptimizerRun } from "../model/optimizer.ts";
import type { Sampler } from "../model/sampler.ts";
import { RunError } from "../plugin/errors.ts";
import { magnitude } from "../run/learner.ts";
import { type LoopReport, type Measuring, type TrainingEvent, trainingLoop } from "../run/loop.ts";
import type { SentinelPolicy, Watch } from "../run/sentinel.ts";
import type { RunState } from "../run/state.ts";
import type { Key } from "../tensor/key.ts";
import { compileStep, type Step } from "../tensor/step.ts";
import * as tf from "../tensor/tf.ts";
import { generatedRows, type Mixer } from "./mixer.ts";
import type { GanObjective } from "./objective.ts";
import type { TargetDistributionSpec } from "./target.ts";

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
  /** Losses are read and reported once in so many steps; by default 200 times in the training. */
  readonly reportEvery?: number;
  /** Called once before the first step, e.g. for a data-dependent initialisation. */
  readonly begin?: () => void | Promise<void>;
  /** What to measure on the way. */
  readonly measuring?: Measuring | undefined;
  /** Root of the training's randomness. */
  readonly key: Key;
  /** A part of the run's state with names of its own: the training keeps its progress there; `transientState()` for none. */
  readonly state: RunState;
  /** What to do when the training goes wrong; the defaults of a scenario unless given. */
  readonly sentinels?: SentinelPolicy;
  /** Names the training in events and errors; "train" unless given. */
  readonly stage?: string;
}

/** How often losses are read and reported in a training, unless it says otherwise. */
const REPORTS = 200;

/**
 * Trains critic and generator in place, as in Algorithm 1. Where its state has been restored, goes on from there; the
 * networks' own variables are the caller's to keep ({@link RunState.network}).
 *
 * Losses are kept on the engine and read once in `reportEvery` steps, so that reading does not stall it; every one
 * of them is checked all the same.
 *
 * @yields the stage, then for every `reportEvery`-th step and the last its progress, with `criticLoss` (of the last
 *   critic step before it) and `generatorLoss`, and its alarms; for every `measuring.every`-th step its measurements
 * @throws RunError after an alarm that stops the run; the signal's reason if the run is to stop
 * @example A generator of what is in pdBar but not in pd
 * ```ts
 * import { Key, priorSampler, train, transientState } from "dsgan";
 * import { samplingTrick } from "dsgan/mixers";
 * import { mlp } from "dsgan/networks";
 * import { wganGp } from "dsgan/objectives";
 * import { adam } from "dsgan/optimizers";
 *
 * const key = Key.from(0);
 * const state = transientState();
 * const plan = mlp({ hidden: [16] });
 * const generator = state.network("generator", plan, { input: [2], output: [1] }, key.fold("generator"));
 * const critic = state.network("critic", plan, { input: [1], output: [1] }, key.fold("critic"));
 * for await (const event of train({
 *   target: {
 *     name: "outer half",
 *     alpha: 0.5,
 *     shape: [1],
 *     pd: (k, n) => k.uniform([n, 1], 0, 1),
 *     pdBar: (k, n) => k.uniform([n, 1], 0, 2), // the difference is U(1, 2)
 *   },
 *   objective: wganGp({ lambda: 0.1 }),
 *   mixer: samplingTrick(),
 *   ...{ generator, critic, latent: priorSampler("normal", [2]) },
 *   generatorOptimizer: adam({ learningRate: 1e-3 }),
 *   criticOptimizer: adam({ learningRate: 1e-3 }),
 *   ...{ k: 2, m: 32, steps: 100, key: key.fold("train"), state: state.scope("gan") },
 * })) {
 *   if (event.type === "progress") console.log(event.step, event.values);
 * }
 * ```
 */
export async function* train(training: Training): AsyncGenerator<TrainingEvent, undefined> {
  const { generator, critic, k, steps, key, state, sentinels, stage = "train" } = training;
  const reportEvery = training.reportEvery ?? Math.max(1, Math.floor(steps / REPORTS));
  const criticVariables = [...critic.parameters.values()];
  const generatorVariables = [...generator.parameters.values()];
  const criticRun = training.criticOptimizer.start(criticVariables);
  const generatorRun = training.generatorOptimizer.start(generatorVariables);
  const criticStep = criticStepOf(training, criticVariables, criticRun);
  const generatorStep = generatorStepOf(training, generatorVariables, generatorRun);
  let losses: tf.Tensor[] = []; // critic and generator by turns, one pair a step, since the last report

  try {
    state.keep("criticOptimizer", criticRun.state);
    state.keep("generatorOptimizer", generatorRun.state);
    yield* trainingLoop({
      ...{ stage, steps, reportEvery, state, sentinels },
      ...(training.begin && { begin: training.begin }),
      measuring: training.measuring,
      step(step) {
        const progress = (step - 1) / steps;
        const stepKey = key.fold("step", step);
        for (let j = 1; j <= k; j++) {
          const numbers = criticRun.numbers((step - 1) * k + j, progress);
          const { loss } = criticStep.run(numbers, stepKey.fold("critic", j));
          if (j === k) losses.push(loss);
          else tf.dispose(loss);
        }
        const numbers = generatorRun.numbers(step, progress);
        losses.push(generatorStep.run(numbers, stepKey.fold("generator")).loss);
      },
      async report(step, watch) {
        const since = losses;
        losses = [];
        return await reportOf(training, since, step, reportEvery, watch);
      },
    });
    return undefined;
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
      generatedRows(generator, m, (n) =>
        generator.apply(
          key.fold("z").sample((z) => latent(z, n)),
          mode,
        ),
      ),
      (n) => key.fold("pd").sample((pd) => rowsOf(target, "pd", target.pd(pd, n), n)),
    );
    const real = key.fold("pdBar").sample((pdBar) => rowsOf(target, "pdBar", target.pdBar(pdBar, m), m)); // [m, ...]
    const loss = descend(
      () => {
        const loss = objective.criticLoss((x) => critic.apply(x, mode), real, fake, key.fold("objective"));
        return scalarOf(objective, "criticLoss", loss);
      },
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
      () => {
        const loss = objective.generatorLoss((x) => critic.apply(x, mode), generator.apply(z, mode), z);
        return scalarOf(objective, "generatorLoss", loss);
      },
      variables,
      optimizer,
      numbers,
    );
    return { loss };
  });
}

/** A loss. @throws RunError where an objective, which may be plain JavaScript, gave something else than a scalar */
function scalarOf({ name }: GanObjective, what: string, loss: tf.Scalar): tf.Scalar {
  if (loss?.rank === 0) return loss;
  const seen = loss?.shape === undefined ? String(loss) : `a tensor of the shape [${loss.shape}]`;
  throw new RunError(`objective "${name}": its ${what} gave ${seen}, not a scalar`);
}

/** Rows of a density. @throws RunError where a target gave others than it was asked for */
function rowsOf<X extends tf.Tensor>(
  { name, shape }: TargetDistributionSpec,
  what: "pd" | "pdBar",
  rows: X,
  n: number,
): X {
  if (rows?.shape !== undefined && `${rows.shape}` === `${[n, ...shape]}`) return rows;
  const seen = rows?.shape === undefined ? String(rows) : `rows [${rows.shape}]`;
  throw new RunError(
    `target "${name}": ${what} gave ${seen}, not ${n} rows of its shape, [${[n, ...shape]}]`,
  );
}

/** Reads the losses since the last report, which are freed; the last pair is what is reported. */
async function reportOf(
  training: Training,
  losses: readonly tf.Tensor[],
  step: number,
  reportEvery: number,
  watch: Watch,
): Promise<LoopReport> {
  const { critic, generator, steps } = training;
  const stacked = tf.tidy(() =>
    tf.stack([
      ...losses,
      magnitude([...critic.parameters.values()]),
      magnitude([...generator.parameters.values()]),
    ]),
  );
  tf.dispose([...losses]);
  const values = await stacked.data();
  stacked.dispose();
  const [criticLoss, generatorLoss, criticWeights, generatorWeights] = values.slice(-4) as unknown as [
    number,
    number,
    number,
    number,
  ];

  const first = values.slice(0, -2).findIndex((value) => !Number.isFinite(value));
  const alarms =
    first >= 0
      ? watch.finite(step - losses.length / 2 + Math.floor(first / 2) + 1, {
          [first % 2 === 0 ? "critic's loss" : "generator's loss"]: values[first]!,
        })
      : watch.finite(step, {
          "sum of the critic's weights": criticWeights,
          "sum of the generator's weights": generatorWeights,
        });
  const isChecked = step >= steps / 10 && Math.floor(step / reportEvery) % REPORTS_A_CHECK === 0;
  const spread = isChecked ? await spreadOf(training, step) : undefined;
  return {
    values: { criticLoss, generatorLoss },
    alarms: [
      ...alarms,
      ...watch.runaway(step, criticLoss),
      ...(spread === undefined ? [] : watch.collapse(step, spread)),
    ],
  };
}

/** The generator's spread is looked at once in so many reports. */
const REPORTS_A_CHECK = 10;

/** Standard deviation of pg over that of pdBar; undefined where a batch has none. */
async function spreadOf(
  { target, generator, latent, m, key }: Training,
  step: number,
): Promise<number | undefined> {
  const spreadKey = key.fold("spread", step);
  const both = tf.tidy(() => {
    const pg = generator.apply(latent(spreadKey.fold("z"), m), { training: false });
    return tf.stack([deviation(pg), deviation(target.pdBar(spreadKey.fold("pdBar"), m))]);
  });
  const [ofPg, ofPdBar] = await both.data();
  both.dispose();
  const spread = ofPg! / ofPdBar!;
  return m > 1 && ofPdBar! > 0 && Number.isFinite(spread) ? spread : undefined;
}

/** Standard deviation over rows, its square averaged over what a row `[m, ...]` has. */
function deviation(x: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.mean(tf.moments(x, 0).variance));
}
