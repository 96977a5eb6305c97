/**
 * The balls in which attacks move: one set of functions for each norm.
 *
 * @module
 */
import { type Key, type Norm, tf } from "../../../core/mod.ts";
import { flat, spread } from "./rows.ts";

/** Below this a length counts as none. */
const TINY = 1e-12;

/** What attacks need to know of a norm. Shapes: x, δ, g are `[n, ...]`; lengths are `[n]`. */
export interface Ball {
  /** ‖δ‖ */
  length(delta: tf.Tensor): tf.Tensor1D;
  /** Of the dual norm: how fast a function of slope g can change along a step of length 1. */
  dual(g: tf.Tensor): tf.Tensor1D;
  /** The step of length 1 (or 0 where g is) along which a function of slope g rises fastest. */
  steepest(g: tf.Tensor): tf.Tensor;
  /** The nearest δ of length ε at most. */
  project(delta: tf.Tensor, epsilon: tf.Tensor): tf.Tensor;
  /** A point of the ball of radius 1, evenly drawn. */
  inside(shape: readonly number[], key: Key): tf.Tensor;
  /** A point on the sphere of radius 1. */
  surface(shape: readonly number[], key: Key): tf.Tensor;
}

const largest = (x: tf.Tensor): tf.Tensor1D => tf.max(tf.abs(flat(x)), 1);
const euclidean = (x: tf.Tensor): tf.Tensor1D => tf.sqrt(tf.sum(tf.square(flat(x)), 1));
const over = (x: tf.Tensor, lengths: tf.Tensor): tf.Tensor => tf.div(x, spread(tf.maximum(lengths, TINY), x));

/** g over its largest value: squares of the values of a very small slope would be 0 in float32. */
const scaled = (g: tf.Tensor): tf.Tensor => {
  const most = largest(g);
  return tf.div(g, spread(tf.add(most, tf.cast(tf.equal(most, 0), "float32")), g));
};

const linf: Ball = {
  length: largest,
  dual: (g) => tf.sum(tf.abs(flat(g)), 1),
  steepest: (g) => tf.sign(g),
  project(delta, epsilon) {
    const most = spread(epsilon, delta);
    return tf.maximum(tf.minimum(delta, most), tf.neg(most));
  },
  inside: (shape, key) => key.uniform(shape, -1, 1),
  surface: (shape, key) => {
    const x = key.uniform(shape, -1, 1);
    return over(x, largest(x));
  },
};

const l2: Ball = {
  length: euclidean,
  dual: euclidean,
  steepest(g) {
    const unit = scaled(g);
    return over(unit, euclidean(unit));
  },
  project(delta, epsilon) {
    const factor = tf.minimum(1, tf.div(epsilon, tf.maximum(euclidean(delta), TINY)));
    return tf.mul(delta, spread(factor, delta));
  },
  // d coordinates of a point on the sphere in d + 2 dimensions (Voelker et al., 2017)
  inside(shape, key) {
    const [n, ...rest] = shape;
    const size = rest.reduce((a, b) => a * b, 1);
    const x = key.normal([n!, size + 2]);
    return tf.reshape(tf.slice(over(x, euclidean(x)), [0, 0], [n!, size]), [...shape]);
  },
  surface(shape, key) {
    const x = key.normal(shape);
    return over(x, euclidean(x));
  },
};

/** The ball of a norm. */
export function ballOf(norm: Norm): Ball {
  return norm === "linf" ? linf : l2;
}

/** Within the classifier's bounds. */
export function clip(x: tf.Tensor, [low, high]: readonly [number, number]): tf.Tensor {
  return tf.clipByValue(x, low, high);
}
