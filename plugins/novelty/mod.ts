/**
 * Novelty detection for programs and for authors of scorers: the contract {@link Scorers}, the parts that scorers share,
 * the scorers, and the application that judges them. The package exports it as `dsgan/novelty`.
 *
 * @module
 */
export {
  type Autoencoder,
  autoencoderOf,
  type Codes,
  codesOf,
  drawnCode,
  reconstructionError,
  rowErrors,
  vaeLoss,
} from "./autoencoder.ts";
export { boundary } from "./boundary/boundary.ts";
export { type CodedClassifier, codedClassifier } from "./boundary/coded.ts";
export type { BoundaryOptions } from "./boundary/options.ts";
export { codeSampler, type KeptCodes, keptCodes } from "./codes.ts";
export { auroc, averagePrecision, pValues, rocCurve, thresholdOf } from "./evaluation.ts";
export { scoresOf } from "./fitting.ts";
export { noveltyDetection } from "./novelty-detection/novelty-detection.ts";
export type { NoveltyDetection } from "./novelty-detection/options.ts";
export { HELD_OUT_SCORES, scoresPicture } from "./novelty-detection/results.ts";
export * from "./scorer.ts";
export type { VaeOptions } from "./vae/options.ts";
export { vae } from "./vae/vae.ts";
