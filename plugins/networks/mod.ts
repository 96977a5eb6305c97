/**
 * Networks, and the layers that they are composed of: the package's `dsgan/networks`.
 *
 * @module
 */
export { type ConvnetOptions, convnet } from "./convnet/convnet.ts";
export { featureCritic } from "./feature-critic/feature-critic.ts";
export { type ImageClassifierOptions, imageClassifier } from "./image-classifier/image-classifier.ts";
export { type ImageGeneratorOptions, imageGenerator } from "./image-generator/image-generator.ts";
export { type ImageTranslatorOptions, imageTranslator } from "./image-translator/image-translator.ts";
export * from "./layers/mod.ts";
export { type MlpOptions, mlp } from "./mlp/mlp.ts";
export {
  type NoveltyDecoderOptions,
  type NoveltyEncoderOptions,
  type NoveltyGeneratorOptions,
  noveltyDecoder,
  noveltyEncoder,
  noveltyGenerator,
} from "./novelty-vae/novelty-vae.ts";
export { filtersSchema, widthsSchema } from "./options.ts";
export {
  type SslImageClassifierOptions,
  sslImageClassifier,
} from "./ssl-image-classifier/ssl-image-classifier.ts";
export {
  type MnistClassifierOptions,
  type MnistGeneratorOptions,
  mnistClassifier,
  mnistGenerator,
} from "./ssl-mnist/ssl-mnist.ts";
export {
  type TripleGanDiscriminatorOptions,
  tripleGanDiscriminator,
} from "./triple-gan-discriminator/triple-gan-discriminator.ts";
