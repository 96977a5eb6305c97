/**
 * What networks are composed of.
 *
 * @module
 */
import type { Key, Mode, tf } from "../../../core/mod.ts";

/** A shape without the batch axis; images are `[height, width, channels]`. */
export type Shape = readonly number[];

/** One step from a batch `[n, ...]` to a batch `[n, ...output]`. */
export interface Layer {
  readonly output: Shape;
  /** What an optimiser changes, by name. */
  readonly parameters?: Readonly<Record<string, tf.Variable>>;
  /** What changes without a gradient, by name. */
  readonly state?: Readonly<Record<string, tf.Variable>>;
  /** Axes of parameters and state that count the values of the input, by name; those left out count others. */
  readonly inputAxes?: Readonly<Record<string, number>>;
  /** Whether a value of the output is made of several of the input. Absent: of the one at its place, if any. */
  readonly mixes?: boolean;
  /** As in a Network: whether rows of a batch depend on each other in training. */
  readonly couplesRows?: boolean;
  apply(x: tf.Tensor, mode: Mode): tf.Tensor;
  /** As in a Network: updates `state` outside any gradient. */
  prepare?(): void;
  /** Sets parameters and state by what `x` makes of them, then applies itself to it. */
  initialize?(x: tf.Tensor, mode: Mode): tf.Tensor;
}

/** A layer whose input is still open. @throws InputError where it cannot take an input of that shape */
export type LayerPlan = (input: Shape, key: Key) => Layer;
