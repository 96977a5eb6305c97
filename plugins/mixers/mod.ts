/**
 * Ways to mix generated rows with rows of `pd`: the package's `dsgan/mixers`.
 *
 * @module
 */
export { samplingTrick } from "./sampling-trick/sampling-trick.ts";
export { weighted } from "./weighted/weighted.ts";
