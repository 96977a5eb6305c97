/**
 * Samplers: distributions as functions of a key.
 *
 * @module
 */
import type { Key } from "../tensor/key.ts";
import type { Tensor } from "../tensor/tf.ts";

/** Draws `n` rows, `[n, ...shape]`. The same key gives the same rows. The caller disposes the result. */
export type Sampler<X extends Tensor = Tensor> = (key: Key, n: number) => X;
