/**
 * What a data id of tfjs stands for, and elements as tfjs gives them.
 *
 * @module
 */
import type { tf } from "../../../core/mod.ts";
import type { Data, Value } from "./value.ts";

/** What a data id stands for. */
export interface Entry {
  readonly dtype: tf.DataType;
  refCount: number;
  value: Value | undefined;
  /** Encoded strings. */
  readonly strings?: Uint8Array[];
  /** The parts of complex numbers. */
  readonly parts?: Parts;
}

/** The parts of complex numbers. */
export interface Parts {
  readonly real: tf.TensorInfo;
  readonly imag: tf.TensorInfo;
}

/** Copies values into an array of our own: the caller may change his before they are used. */
export function fill(to: Data, values: tf.backend_util.BackendValues): void {
  const numbers = (values instanceof ArrayBuffer ? new Float32Array(values) : values) as ArrayLike<number>;
  if (to instanceof Uint8Array) for (let i = 0; i < to.length; i++) to[i] = numbers[i] ? 1 : 0;
  else (to as Float32Array).set(numbers);
}

/** Real and imaginary parts of complex numbers, which tfjs gives by turns. */
export function apart(both: Float32Array): readonly [real: Float32Array, imag: Float32Array] {
  const half = (offset: number): Float32Array =>
    Float32Array.from({ length: both.length / 2 }, (_, i) => both[2 * i + offset]!);
  return [half(0), half(1)];
}
