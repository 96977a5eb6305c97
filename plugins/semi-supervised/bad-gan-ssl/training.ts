/**
 * The second stage: iterations, with reports of the losses and, at the end of epochs, evaluations.
 *
 * @module
 */
import {
  type Alarm,
  type ApplicationEvent,
  copyVariables,
  type Key,
  type Numbers,
  type RunState,
  readLearners,
  trainingLoop,
} from "../../../core/mod.ts";
import type { Evaluation } from "./evaluation.ts";
import { iterationsOf } from "./iteration.ts";
import type { StageContext } from "./stage.ts";

/** Losses are reported this often in a training at least, and once an epoch. */
const REPORTS = 200;

/** Trains method and classifier. @returns the evaluations */
export async function* train(
  stage: StageContext,
  key: Key,
  state: RunState,
): AsyncGenerator<ApplicationEvent, readonly Evaluation[]> {
  const { parts, classifier, averaged, examiner, prefix, context } = stage;
  const { epochs, iterations: perEpoch, evaluateEvery } = parts;
  const steps = epochs * perEpoch;
  const reportEvery = Math.min(perEpoch, Math.ceil(steps / REPORTS));
  const isEvaluated = (step: number): boolean =>
    step % perEpoch === 0 && ((step / perEpoch) % evaluateEvery === 0 || step === steps);
  const iterations = iterationsOf(stage, key, state);
  try {
    const history = state.cell<readonly Evaluation[]>("history", []);
    yield* trainingLoop({
      ...{ stage: `${prefix}train`, steps, state, sentinels: context.sentinels },
      reportEvery: (step) => step % reportEvery === 0 || isEvaluated(step),
      step(step) {
        const epoch = Math.ceil(step / perEpoch); // the one under way, from 1
        iterations.run(step, (epoch - 1) / epochs);
      },
      async report(step, watch) {
        const losses: Record<string, number> = {};
        const broken: Record<string, number> = {};
        for (const { name, loss, isSound, weights } of await readLearners(iterations.learners)) {
          if (Number.isFinite(loss) || !isSound) losses[`${name}Loss`] = loss; // NaN also before its first step
          if (!isSound) broken[`${name}'s loss`] = Number.NaN;
          if (!Number.isFinite(weights)) broken[`sum of ${name}'s weights`] = weights;
        }
        const { criticLoss } = losses;
        const alarms: Alarm[] = [
          ...watch.finite(step, broken),
          ...(criticLoss === undefined ? [] : watch.runaway(step, criticLoss)),
        ];
        if (isEvaluated(step)) {
          copyVariables(classifier.state, averaged.state);
          const { evaluation, spread } = await examiner.examine(step / perEpoch);
          history.value = [...history.value, evaluation];
          if (spread !== undefined) alarms.push(...watch.collapse(step, spread));
        }
        return { values: { ...losses, ...shown(history.value) }, alarms };
      },
    });
    return history.value;
  } finally {
    iterations.dispose();
  }
}

/** What a progress line shows of the newest evaluation. */
function shown(history: readonly Evaluation[]): Numbers {
  const { epoch: _, ...values } = history.at(-1) ?? {};
  return values;
}
