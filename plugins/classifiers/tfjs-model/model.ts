/**
 * A loaded model, whatever its kind: one input, and outputs of which one is the classifier's.
 *
 * @module
 */
import { type Key, tf } from "../../../core/mod.ts";

/** How a model's output came about, as far as its last operation tells. */
export type Ending = "linear" | "softmax" | "sigmoid" | "unknown";

/** One of the outputs. */
export interface Output {
  readonly name: string;
  /** With the batch axis; lengths that are open are null. Absent where the model does not say. */
  readonly shape: readonly (number | null)[] | undefined;
  readonly ending: Ending;
  /**
   * Its values for inputs of the model's type.
   * @param before a last softmax or sigmoid, where it ends in one
   */
  apply(x: tf.Tensor, before: boolean): tf.Tensor;
}

/** A layers model or a graph model, loaded. */
export interface Model {
  /** With the batch axis; absent where the model does not say. */
  readonly inputShape: readonly (number | null)[] | undefined;
  readonly inputType: tf.DataType;
  readonly outputs: readonly Output[];
  dispose(): void;
}

/** A forward pass; what is random in it is drawn from the key. */
export type Forward = (x: tf.Tensor, key?: Key) => tf.Tensor;

/** Rounds to whole numbers; the gradient passes as if it had not. */
const rounded = tf.customGrad((x) => ({
  value: tf.cast(tf.round(x as tf.Tensor), "int32"),
  gradFunc: (dy: tf.Tensor) => tf.cast(dy, "float32"),
}));

/** Images in the type that a model takes. */
export function typed(forward: Forward, type: tf.DataType): Forward {
  return type === "int32" ? (x, key) => forward(rounded(x), key) : forward;
}

/** A pass of a model that takes batches of one size alone: the last batch is filled up with zeros. */
export function inBatchesOf(size: number, forward: Forward): Forward {
  return (x, key) => {
    const [n, ...shape] = x.shape as [number, ...number[]];
    const batches = Math.ceil(n / size);
    const filled =
      batches * size === n ? x : tf.concat([x, tf.zeros([batches * size - n, ...shape], x.dtype)]);
    const passes = tf.split(filled, batches).map((batch, i) => forward(batch, key?.fold("batch", i)));
    const all = passes.length === 1 ? passes[0]! : tf.concat(passes);
    return all.shape[0] === n ? all : tf.slice(all, 0, n);
  };
}
