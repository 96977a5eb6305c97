/**
 * Optimisers: the package's `dsgan/optimizers`. The core has what new ones are made of: `ratesShape`, `elementwise`.
 *
 * @module
 */
export { type AdamOptions, adam } from "./adam/adam.ts";
export { type RmspropOptions, rmsprop } from "./rmsprop/rmsprop.ts";
export { type SgdOptions, sgd } from "./sgd/sgd.ts";
