/**
 * The balls in which attacks move: one set of functions for each norm.
 *
 * @module
 */
import { type Key, type Norm, tf } from "../../../core/mod.ts";
import { flat, spread } from "./rows.ts";

/** Below this a length counts as none. */
const TINY = 1e-12;

/** Bounds within which images `[n, ...]` are moved. */
export interface Within {
  readonly around: tf.Tensor;
  readonly bounds: readonly [number, number];
}

/** What attacks need to know of a norm. Shapes: x, δ, g are `[n, ...]`; lengths are `[n]`. */
export interface Ball {
  /** ‖δ‖ */
  length(delta: tf.Tensor): tf.Tensor1D;
  /** Of the dual norm: how fast a function of slope g can change along a step of length 1. */
  dual(g: tf.Tensor): tf.Tensor1D;
  /** The step of length 1 (or 0 where g is) along which a function of slope g rises fastest. */
  steepest(g: tf.Tensor): tf.Tensor;
  /**
   * The nearest δ of length ε at most. In ℓ1 clipping what was projected is not the nearest within the bounds: where
   * `within` is given, the nearest there.
   */
  project(delta: tf.Tensor, epsilon: tf.Tensor, within?: Within): tf.Tensor;
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

/** Halvings until the threshold of a projection is known to float precision. */
const HALVINGS = 32;

const l1: Ball = {
  length: (x) => tf.sum(tf.abs(flat(x)), 1),
  dual: largest,
  steepest(g) {
    const rows = flat(g);
    const hot = tf.oneHot(tf.argMax(tf.abs(rows), 1) as tf.Tensor1D, rows.shape[1]);
    return tf.reshape(tf.mul(tf.sign(rows), tf.cast(hot, "float32")), g.shape);
  },
  // each pixel loses the same length, as far as it has it: Croce & Hein, ICML 2021, Proposition 2.1, without sorting
  project(delta, epsilon, within) {
    const [sign, length] = [tf.sign(delta), tf.abs(delta)];
    const shortened = (by: tf.Tensor): tf.Tensor => {
      const left = tf.maximum(0, tf.sub(length, spread(by, delta)));
      return within === undefined ? left : tf.minimum(left, roomOf(sign, within));
    };
    const tooLong = (by: tf.Tensor): tf.Tensor => tf.greater(tf.sum(flat(shortened(by)), 1), epsilon);
    let least: tf.Tensor = tf.zerosLike(epsilon);
    let most: tf.Tensor = tf.where(tooLong(least), largest(delta), 0); // what keeps to the budget loses nothing
    for (let i = 0; i < HALVINGS; i++) {
      const middle = tf.mul(0.5, tf.add(least, most));
      const more = tooLong(middle);
      least = tf.where(more, middle, least);
      most = tf.where(more, most, middle);
    }
    return tf.mul(sign, shortened(most));
  },
  // the first d of d + 1 shares of 1, each with a sign by chance
  inside(shape, key) {
    const [n, ...rest] = shape;
    const size = rest.reduce((a, b) => a * b, 1);
    const waits = tf.neg(tf.log(tf.maximum(key.fold("waits").uniform([n!, size + 1]), TINY)));
    const shares = tf.slice(tf.div(waits, tf.sum(waits, 1, true)), [0, 0], [n!, size]);
    return tf.mul(tf.reshape(shares, [...shape]), chances(shape, key));
  },
  surface(shape, key) {
    const waits = tf.neg(tf.log(tf.maximum(key.fold("waits").uniform(shape), TINY)));
    return over(tf.mul(waits, chances(shape, key)), tf.sum(flat(waits), 1));
  },
};

/** 1 or −1 by chance. */
const chances = (shape: readonly number[], key: Key): tf.Tensor =>
  tf.sub(tf.mul(2, tf.cast(tf.greater(key.fold("signs").uniform(shape), 0.5), "float32")), 1);

/** How far each pixel may move along these signs. */
const roomOf = (sign: tf.Tensor, { around, bounds: [low, high] }: Within): tf.Tensor =>
  tf.where(tf.greater(sign, 0), tf.sub(high, around), tf.sub(around, low));

/** Norms that have a ball: in ℓ0 a step of any length changes as few pixels. */
export type BallNorm = Exclude<Norm, "l0">;

const BALLS: Readonly<Record<BallNorm, Ball>> = { linf, l2, l1 };

/** The ball of a norm. */
export function ballOf(norm: BallNorm): Ball {
  return BALLS[norm];
}

/** Within the classifier's bounds. */
export function clip(x: tf.Tensor, [low, high]: readonly [number, number]): tf.Tensor {
  return tf.clipByValue(x, low, high);
}
