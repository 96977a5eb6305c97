/**
 * The nearest point of a hyperplane that is within the bounds.
 *
 * @module
 */
import { tf } from "../../../core/mod.ts";
import type { BallNorm } from "./ball.ts";

/** Newton's steps: each settles which pixels stop at their bound; more than a few are rarely needed. */
const STEPS = 12;

/** Halvings until the steepness of the last pixel that moves in ℓ1 is known to float precision. */
const HALVINGS = 32;

/** Keeps quotients finite. */
const TINY = 1e-12;

/**
 * The shortest δ, in the norm, with `w·δ = c` and `low ≤ p + δ ≤ high`; where the bounds leave no such δ, the one that
 * comes nearest to it. As F. Croce, M. Hein, "Minimally distorted Adversarial Examples with a Fast Adaptive Boundary
 * Attack", ICML 2020, Sec. 2.2, without sorting: pixel i moves by `min(s·v_i, room_i)`, v_i being 1 in ℓ∞ and |w_i| in
 * ℓ2, and w·δ is a concave function of s, on which Newton's method from 0 climbs to c without passing it. In ℓ1 the
 * steepest pixels move, each to its bound, but for the last.
 * @param p points, `[n, d]`
 * @param w normals, `[n, d]`
 * @param c `[n]`
 */
export function toHyperplane(
  norm: BallNorm,
  p: tf.Tensor,
  w: tf.Tensor,
  c: tf.Tensor,
  [low, high]: readonly [number, number],
): tf.Tensor {
  const side = tf.sign(tf.add(tf.sign(c), 0.5)); // 1 where c ≥ 0, else −1
  const normal = tf.mul(w, tf.expandDims(side, 1)); // towards the hyperplane
  const [steepness, way] = [tf.abs(normal), tf.abs(c)];
  const direction = tf.sign(normal);
  const room = tf.maximum(0, tf.where(tf.greater(direction, 0), tf.sub(high, p), tf.sub(p, low)));
  if (norm === "l1") return tf.mul(direction, steepestFirst(steepness, room, way));
  const speed = norm === "linf" ? tf.abs(direction) : steepness; // v
  let s: tf.Tensor = tf.zerosLike(way); // [n]
  for (let i = 0; i < STEPS; i++) {
    const free = tf.mul(speed, tf.expandDims(s, 1)); // [n, d]
    const reached = tf.sum(tf.mul(steepness, tf.minimum(free, room)), 1);
    const slope = tf.sum(tf.mul(tf.mul(steepness, speed), tf.cast(tf.less(free, room), "float32")), 1);
    s = tf.add(s, tf.div(tf.maximum(0, tf.sub(way, reached)), tf.add(slope, TINY)));
  }
  return tf.mul(direction, tf.minimum(tf.mul(speed, tf.expandDims(s, 1)), room));
}

/** How far each pixel moves, `[n, d]`: to its bound from the steepest on, until what they gain together is `way`, `[n]`. */
function steepestFirst(steepness: tf.Tensor, room: tf.Tensor, way: tf.Tensor): tf.Tensor {
  const gains = tf.mul(steepness, room);
  const above = (least: tf.Tensor): tf.Tensor =>
    tf.cast(tf.greater(steepness, tf.expandDims(least, 1)), "float32");
  const gain = (chosen: tf.Tensor): tf.Tensor => tf.sum(tf.mul(gains, chosen), 1); // [n]
  // those steeper than `most` are not enough; those steeper than `least` are, or are all there are
  let most: tf.Tensor = tf.max(steepness, 1);
  let least: tf.Tensor = tf.neg(most);
  for (let i = 0; i < HALVINGS; i++) {
    const middle = tf.mul(0.5, tf.add(least, most));
    const enough = tf.greaterEqual(gain(above(middle)), way);
    least = tf.where(enough, middle, least);
    most = tf.where(enough, most, middle);
  }
  const whole = above(most);
  const last = tf.sub(above(least), whole); // equally steep: each takes the same share of its way
  const left = tf.maximum(0, tf.sub(way, gain(whole)));
  const share = tf.minimum(1, tf.div(left, tf.add(gain(last), TINY)));
  return tf.mul(room, tf.add(whole, tf.mul(last, tf.expandDims(share, 1))));
}
