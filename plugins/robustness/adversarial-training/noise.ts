/**
 * Data convolved with uniform noise: pdBar of Sec. 5.2, the second baseline's inputs, and the control's unlabelled rows.
 *
 * @module
 */
import { type Key, type Range, tf } from "../../../core/mod.ts";

/**
 * `x + u`, u drawn from U(−r, r) for each value.
 * @param clip ends at which values beyond them are set; absent: noise widens the range
 */
export function noisy(x: tf.Tensor, r: number, clip: Range | undefined, key: Key): tf.Tensor {
  const moved = tf.add(x, key.uniform(x.shape, -r, r));
  return clip === undefined ? moved : tf.clipByValue(moved, clip[0], clip[1]);
}

/** The values that data of a range have under noise. */
export function widened(range: Range | undefined, r: number, isClipped: boolean): Range | undefined {
  return range === undefined || isClipped ? range : [range[0] - r, range[1] + r];
}
