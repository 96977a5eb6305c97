/**
 * The core of dsgan: contracts, plugins, keys, Algorithm 1, scenarios and runs.
 *
 * @module
 */
import "./plugin/copies.ts";

export { z } from "zod";
export * from "./attack/attack.ts";
export { budgetOption, type Slack, slackOf, withinBudget } from "./attack/budget.ts";
export {
  affordableBatch,
  checkClassifier,
  checkEpsilons,
  checkGradients,
  checkImages,
  type OutputKind,
  outputKindOf,
  type Randomness,
  randomnessOf,
  widest,
} from "./attack/checks.ts";
export * from "./attack/classifier.ts";
export { channelsOf, lengthIn } from "./attack/distance.ts";
export * from "./attack/judge.ts";
export * from "./attack/prepare.ts";
export {
  laidOut,
  PLAIN,
  type Preprocessing,
  preprocessingOptions,
  preprocessorOf,
} from "./attack/preprocessing.ts";
export type { BudgetSearch, SearchProgress } from "./attack/search.ts";
export * from "./gan/game.ts";
export * from "./gan/measure.ts";
export * from "./gan/mixer.ts";
export * from "./gan/objective.ts";
export * from "./gan/options.ts";
export * from "./gan/target.ts";
export * from "./gan/train.ts";
export * from "./jobs/attempt.ts";
export * from "./jobs/check.ts";
export * from "./jobs/job.ts";
export * from "./jobs/jobs.ts";
export { keepsJobs, queueAt } from "./jobs/location.ts";
export * from "./model/columns.ts";
export * from "./model/dataset.ts";
export * from "./model/losses.ts";
export * from "./model/network.ts";
export * from "./model/optimizer.ts";
export * from "./model/prediction.ts";
export * from "./model/rates.ts";
export * from "./model/sampler.ts";
export * from "./model/split.ts";
export * from "./model/stream.ts";
export * from "./plugin/assemble.ts";

export * from "./plugin/component.ts";
export * from "./plugin/context.ts";
export * from "./plugin/contract.ts";
export * from "./plugin/errors.ts";
export * from "./plugin/load.ts";
export * from "./plugin/names.ts";
export { parseOptions, parseParts } from "./plugin/options.ts";
export { path } from "./plugin/path.ts";
export * from "./plugin/place.ts";
export * from "./plugin/plugin.ts";
export { refsOf, writtenRefsOf } from "./plugin/refs.ts";
export { withoutSecrets } from "./plugin/secrets.ts";
export * from "./plugin/suggest.ts";
export * from "./run/application.ts";
export * from "./run/application-event.ts";
export * from "./run/checkpoint.ts";
export * from "./run/download.ts";
export * from "./run/engine.ts";
export * from "./run/event.ts";
export * from "./run/expectation.ts";
export * from "./run/fit.ts";
export * from "./run/identify.ts";
export { parseKept } from "./run/kept.ts";
export * from "./run/learner.ts";
export * from "./run/lease.ts";
export { schemeOf, storeAt } from "./run/location.ts";
export * from "./run/loop.ts";
export * from "./run/metric-name.ts";
export * from "./run/onnx.ts";
export * from "./run/painter.ts";
export * from "./run/pause.ts";
export * from "./run/sentinel.ts";
export * from "./run/state.ts";
export * from "./run/store.ts";
export { recordEnd, recordFailure } from "./runner/conclusion.ts";
export { copyRun } from "./runner/copy.ts";
export * from "./runner/earlier-run.ts";
export * from "./runner/reopen.ts";
export * from "./runner/run.ts";
export * from "./runner/trained-run.ts";
export { type AllowList, NotAllowed } from "./scenario/allow.ts";
export { checkComponents } from "./scenario/components.ts";
export { decodeText } from "./scenario/encoding.ts";
export { expanded, type Reach, type SourceText } from "./scenario/expand.ts";
export { loadScenario, type ScenarioOrigin } from "./scenario/load.ts";
export type { Override } from "./scenario/override.ts";
export { partsOf } from "./scenario/path.ts";
export {
  type CheckpointPolicy,
  type JsonSchemaOptions,
  type LoadedScenario,
  type PluginRecord,
  type Scenario,
  scenarioJsonSchema,
} from "./scenario/scenario.ts";
export { type Origins, readSource, type Source } from "./scenario/source.ts";
export * from "./sweep/controller.ts";
export * from "./sweep/expectations.ts";
export { runIdOf, trialId } from "./sweep/ids.ts";
export * from "./sweep/jobs.ts";
export * from "./sweep/load.ts";
export * from "./sweep/search.ts";
export {
  allows,
  type Choices,
  type Condition,
  canonical,
  combinations,
  type Domain,
  drawn,
  type Interval,
  isExcluded,
  rounded,
  type Settings,
  type Space,
  sizeOfDomain,
  sizeOfSpace,
  valuesOf,
} from "./sweep/space.ts";
export { type SeedsExpectation, type Sweep, type SweepLimits, sweepJsonSchema } from "./sweep/sweep.ts";
export { type TrialTerms, trialsOf } from "./sweep/trials.ts";
export * from "./tensor/key.ts";
export { type RowTable, rowNumbers, rowsOf, type TableBackend } from "./tensor/rows.ts";
export * from "./tensor/safetensors.ts";
export * from "./tensor/step.ts";
export * as tf from "./tensor/tf.ts";
export { ziggurat } from "./tensor/ziggurat.ts";
