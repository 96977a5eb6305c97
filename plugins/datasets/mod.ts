/**
 * Datasets, and what new ones are made of: the package's `dsgan/datasets`. Rows that a program has in memory need none
 * of these: see the core's `fromArrays`.
 *
 * @module
 */
export { type ArraysOptions, arrays } from "./arrays/arrays.ts";
export { cacheFolder, fetched, md5, mustBe } from "./cache.ts";
export { type Cifar10Options, cifar10 } from "./cifar10/cifar10.ts";
export { type CsvOptions, csv } from "./csv/csv.ts";
export { type IdxOptions, idx } from "./idx/idx.ts";
export { type ImagesOptions, images } from "./images/images.ts";
export { type MnistOptions, mnist } from "./mnist/mnist.ts";
export { type MoonsOptions, moons } from "./moons/moons.ts";
export { type ImageOptions, imageShape, placeOf, type Split, scalingOf } from "./options.ts";
export { type ParquetOptions, parquet } from "./parquet/parquet.ts";
export { type LabeledImages, parseRecords, readImages, toRecords } from "./records.ts";
export { curveGeometry, type Point } from "./shapes/curve.ts";
export { type Gaussians1dOptions, gaussians1d } from "./shapes/gaussians-1d.ts";
export { centres } from "./shapes/line.ts";
export { type NormalOptions, normal } from "./shapes/normal.ts";
export { type RingOptions, ring } from "./shapes/ring.ts";
export { type SwissRollOptions, swissRoll } from "./shapes/swiss-roll.ts";
export { type UniformOptions, uniform } from "./shapes/uniform.ts";
export { type SvhnOptions, svhn } from "./svhn/svhn.ts";
