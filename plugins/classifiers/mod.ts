/**
 * Sources of classifiers to attack: the package's `dsgan/classifiers`.
 *
 * @module
 */
export { type OnnxOptions, onnx } from "./onnx/onnx.ts";
export { networkClassifier } from "./parts/network.ts";
export { type FromRunOptions, fromRun } from "./run/run.ts";
export { type TfjsModelOptions, tfjsModel } from "./tfjs-model/tfjs-model.ts";
export { type TrainedOptions, trained } from "./trained/trained.ts";
export { type WeightsOptions, weights } from "./weights/weights.ts";
