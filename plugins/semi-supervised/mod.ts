/**
 * Semi-supervised learning for programs and for authors of methods: the contract {@link SslMethods}, the parts that
 * methods share, the methods, and the application that trains and compares them. The package exports it as `dsgan/ssl`.
 *
 * @module
 */
export { type BadGanOptions, badGan, codeLength } from "./bad-gan/bad-gan.ts";
export { type BadGanSslParts, badGanSsl } from "./bad-gan-ssl/bad-gan-ssl.ts";
export { type CatganOptions, catgan, marginalEntropy } from "./catgan/catgan.ts";
export { type CtGanOptions, ctGan, inconsistency } from "./ct-gan/ct-gan.ts";
export { type DsganOptions, dsgan } from "./dsgan/dsgan.ts";
export * from "./eq4.ts";
export { type FeatureMatchingOptions, featureMatching } from "./feature-matching/feature-matching.ts";
export * from "./generator.ts";
export * from "./matching.ts";
export * from "./method.ts";
export * from "./passes.ts";
export * from "./rates.ts";
export * from "./recipe.ts";
export { type SupervisedOptions, supervised } from "./supervised/supervised.ts";
export type { Pairs } from "./triple-gan/conditional.ts";
export {
  type Classified,
  classified,
  classifiedPrice,
  disagreement,
  discriminatorLoss,
  imbalance,
  likeliest,
} from "./triple-gan/losses.ts";
export { type TripleGanOptions, tripleGan } from "./triple-gan/triple-gan.ts";
