/**
 * Layers, for people who write networks.
 *
 * @module
 */
export {
  type Activation,
  activations,
  each,
  leakyRelu,
  relu,
  sigmoidInto,
  softplus,
  tanhInto,
} from "./activations.ts";
export { type AffineOptions, affine, biasOf, drawWeight, INITS, type Init } from "./affine.ts";
export { batchNorm } from "./batch-norm.ts";
export type { Layer, LayerPlan, Shape } from "./layer.ts";
export { conv2d, conv2dTranspose, dense, type LinearMap, type LinearPlan, type Window } from "./linear.ts";
export { type Layers, networkOf } from "./network.ts";
export { dropout, dropout2d, gaussianNoise } from "./noise.ts";
export { flatten, globalAveragePooling, imageShape, reshape } from "./shapes.ts";
export { type SpectralNorm, spectralNormOf } from "./spectral-norm.ts";
export { type WeightNormOptions, weightNorm } from "./weight-norm.ts";
