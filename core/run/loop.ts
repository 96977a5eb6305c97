/**
 * The loop that all trainings share: it counts steps, lets the run checkpoint and stop between them, reports now and
 * then, and ends the run where a sentinel says so.
 *
 * @module
 */
import { RunError } from "../plugin/errors.ts";
import type { Alarm, ApplicationEvent, EventBody, Numbers } from "./event.ts";
import { DEFAULT_SENTINELS, type SentinelPolicy, type Watch, watchOf } from "./sentinel.ts";
import type { RunState } from "./state.ts";

/** What a training yields, and a measure, which may warn of what it found. */
export type TrainingEvent = ApplicationEvent<"stage" | "progress" | "sentinel" | "warning">;

/** What a loop reports after a step. */
export interface LoopReport {
  /** Losses and other numbers of the step; NaN and infinities among them. */
  readonly values: Numbers;
  readonly alarms: readonly Alarm[];
}

/** What is measured while a training goes on. */
export interface Measuring {
  /** Steps between two measurements. After the last step none is made: what the training came to is measured then anyway. */
  readonly every: number;
  /**
   * Measures what the training has come to. Must change nothing that its steps depend on.
   * @yields alarms, and nothing else
   */
  measure(step: number): AsyncGenerator<EventBody<"sentinel">, Numbers>;
}

/** A training as {@link trainingLoop} runs it. */
export interface TrainingLoop {
  /** Names the training in events and errors. */
  readonly stage: string;
  /** Steps in all. */
  readonly steps: number;
  /** Reports every so many steps, or after the steps for which this returns true; always after the last. */
  readonly reportEvery: number | ((step: number) => boolean);
  /** Where the loop counts: a part of the run's state with names of its own. */
  readonly state: RunState;
  /** {@link DEFAULT_SENTINELS} unless given. */
  readonly sentinels?: SentinelPolicy | undefined;
  /** Called once before the first step. A resumed training does not call it again. */
  begin?(): void | Promise<void>;
  /**
   * Takes one step.
   * @param step from 1
   */
  step(step: number): void | Promise<void>;
  /** Reports measurements beside the losses: as progress of the step that they were made after. */
  readonly measuring?: Measuring | undefined;
  /** Reads what there is to report; asks the watch for alarms. */
  report(step: number, watch: Watch): LoopReport | Promise<LoopReport>;
}

/**
 * Runs a training, or the rest of it where its state was restored. What the steps change (parameters, the optimiser's
 * memory) is the caller's to keep in the state, before the loop starts.
 *
 * @yields the stage, then for each report its progress and its alarms
 * @throws RunError after an alarm that is to stop the run; the signal's reason where the run is to stop
 */
export async function* trainingLoop(loop: TrainingLoop): AsyncGenerator<TrainingEvent, undefined> {
  const { stage, steps, reportEvery, state } = loop;
  const watch = watchOf(loop.sentinels ?? DEFAULT_SENTINELS, state.scope("sentinels"));
  const done = state.cell<number>("step", 0);
  const isDue = typeof reportEvery === "number" ? (step: number) => step % reportEvery === 0 : reportEvery;
  yield { type: "stage", stage, steps };
  if (loop.begin !== undefined) {
    const begun = state.cell<boolean>("begun", false);
    if (!begun.value) await loop.begin();
    begun.value = true;
  }
  const measured = loop.measuring && state.cell<number>("measured", 0);
  while (done.value < steps) {
    await state.settle();
    if (measured !== undefined && isMeasured(loop.measuring!, done.value) && measured.value < done.value) {
      const values = yield* measuredValues(loop.measuring!, done.value, state);
      yield { type: "progress", stage, step: done.value, steps, values };
      measured.value = done.value;
    }
    const step = done.value + 1;
    await loop.step(step);
    done.value = step;
    if (!isDue(step) && step !== steps) continue;

    const { values, alarms } = await loop.report(step, watch);
    yield { type: "progress", stage, step, steps, values };
    for (const alarm of alarms) yield { type: "sentinel", ...alarm };
    const fatal = alarms.find(({ action }) => action === "stop");
    if (fatal !== undefined) throw new RunError(`${stage}: ${fatal.message}`);
  }
  return undefined;
}

function isMeasured({ every }: Measuring, step: number): boolean {
  return step > 0 && step % every === 0;
}

/** Measures. Where the run is stopped meanwhile, the steps before are written down first, and it is measured again. */
async function* measuredValues(
  { measure }: Measuring,
  step: number,
  state: RunState,
): AsyncGenerator<TrainingEvent, Numbers> {
  try {
    return yield* measure(step);
  } catch (error) {
    await state.settle(); // throws the signal's reason where the run is to stop
    throw error;
  }
}
