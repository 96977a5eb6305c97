/**
 * Target distributions, and what new ones are made of: the package's `dsgan/targets`.
 *
 * @module
 */
export { commonRange, sharedShape } from "./common.ts";
export { type ConvolutionOptions, convolution } from "./convolution/convolution.ts";
export { type DatasetDifferenceOptions, datasetDifference } from "./dataset-difference/dataset-difference.ts";
export { type LabelDifferenceOptions, labelDifference } from "./label-difference/label-difference.ts";
export { type LinearCombinationOptions, linearCombination } from "./linear-combination/linear-combination.ts";
export { type MixtureOptions, mixture } from "./mixture/mixture.ts";
export {
  type NegativeAugmentationOptions,
  negativeAugmentation,
} from "./negative-augmentation/negative-augmentation.ts";
export { alphaSchema } from "./options.ts";
