/**
 * Robustness for programs: attacking classifiers, judging the results, adversarial training. The package exports it as
 * `dsgan/robustness`.
 *
 * @module
 */
export { adversarialTraining } from "./adversarial-training/adversarial-training.ts";
export type { AdversarialTraining } from "./adversarial-training/options.ts";
export { READINGS, type Reading } from "./adversarial-training/reading.ts";
export { type TrainingSpec, trainClassifier } from "./adversarial-training/training.ts";
export { type CorruptionsOptions, corruptions } from "./corruptions/corruptions.ts";
export {
  type EvaluateRobustnessOptions,
  evaluateRobustness,
} from "./evaluate-robustness/evaluate-robustness.ts";
export { type BatchRows, batchesOf, type Images, imagesAt } from "./evaluate-robustness/images.ts";
export {
  type CurvePoint,
  cleanAccuracy,
  curveOf,
  distances,
  type Evaluation,
  medianDistance,
  type Share,
  shareOf,
  type Trial,
  worstCase,
} from "./evaluation.ts";
export { type Averaging, maskingSigns, type Probes, type Rounding, type ShortenedAttack } from "./masking.ts";
export {
  type Examined,
  type Finding,
  type FoundCurve,
  type RobustnessMeasure,
  RobustnessMeasures,
} from "./measure.ts";
export { type SmoothingOptions, smoothing } from "./smoothing/smoothing.ts";
export { type NamedEvaluation, type Transfer, transferSigns, transfersOf } from "./transfer.ts";
