/**
 * The games that critic and generator play: the package's `dsgan/objectives`.
 *
 * @module
 */
export { type EbganOptions, ebgan } from "./ebgan/ebgan.ts";
export { type LsganOptions, lsgan } from "./lsgan/lsgan.ts";
export { type OriginalOptions, original } from "./original/original.ts";
export { type WganOptions, wgan } from "./wgan/wgan.ts";
export { type WganGpOptions, wganGp } from "./wgan-gp/wgan-gp.ts";
