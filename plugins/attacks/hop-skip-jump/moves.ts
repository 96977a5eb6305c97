/**
 * The moves of HopSkipJump, each a step for a loop: find any example, go back to the boundary, feel its slope, leap.
 *
 * @module
 */
import { type AttackBatch, type StepTools, tf } from "../../../core/mod.ts";
import { type Ball, type BallNorm, ballOf, clip } from "../parts/ball.ts";
import { drawsOf, mostly } from "../parts/expectation.ts";
import { fooled } from "../parts/losses.ts";
import { choose, spread } from "../parts/rows.ts";

/** Farther than any image. */
const NOWHERE = 1e10;

/** Images on the wrong side of the boundary. */
interface Outside extends AttackBatch {
  /** `[n, ...]` */
  readonly point: tf.Tensor;
}

/** The moves in one norm: each is compiled once. */
export interface Moves {
  readonly look: (rows: AttackBatch, tools: StepTools) => Pick<Seeking, "found">;
  readonly seek: (rows: Seeking, tools: StepTools) => Pick<Seeking, "point" | "found"> & { done: tf.Tensor };
  readonly bisect: (rows: Bisecting, tools: StepTools) => Pick<Bisecting, "low" | "high" | "image">;
  readonly measure: (rows: Measuring) => Pick<Measuring, "best" | "length"> & { distance: tf.Tensor };
  readonly probe: (rows: Probing, tools: StepTools) => Votes;
  readonly aim: (rows: Votes & { readonly count: tf.Tensor }) => { direction: tf.Tensor };
  readonly leap: (rows: Leaping, tools: StepTools) => Pick<Leaping, "reach" | "image"> & { done: tf.Tensor };
}

interface Seeking extends Outside {
  /** 1 where `point` fools, `[n]` */
  readonly found: tf.Tensor;
}

interface Bisecting extends Outside {
  /** Shares of the way from the image to the point: the first fools nobody, the second does; `[n]` each. */
  readonly low: tf.Tensor;
  readonly high: tf.Tensor;
  /** The example at `high`, `[n, ...]` */
  readonly image: tf.Tensor;
}

interface Measuring extends Pick<Outside, "x" | "point"> {
  /** The nearest example so far, `[n, ...]`, and how far it is, `[n]` */
  readonly best: tf.Tensor;
  readonly length: tf.Tensor;
}

/** Sums over directions u, with φ = 1 where a step along u fools, else −1: of φ·u and u, `[n, ...]`, and of φ, `[n]`. */
interface Votes {
  readonly signed: tf.Tensor;
  readonly all: tf.Tensor;
  readonly votes: tf.Tensor;
}

interface Probing extends Outside, Votes {
  /** How far the point is from the image, `[n]` */
  readonly distance: tf.Tensor;
  /** Share of its distance that the point moves along u; 0 for the first slope, which has a length of its own. */
  readonly share: tf.Tensor;
}

interface Leaping extends Outside {
  readonly direction: tf.Tensor;
  /** Length of the next leap to try, `[n]` */
  readonly reach: tf.Tensor;
  /** Where a leap fooled, `[n, ...]`; the point until then. */
  readonly image: tf.Tensor;
}

/** Points so much of the way from the images: along a line (ℓ2), or each pixel no farther than the share allows (ℓ∞). */
function between(norm: BallNorm, ball: Ball, { x, point }: Pick<Outside, "x" | "point">, share: tf.Tensor) {
  const delta = tf.sub(point, x);
  const moved =
    norm === "l2" ? tf.mul(delta, spread(share, x)) : ball.project(delta, tf.mul(share, ball.length(delta)));
  return tf.add(x, moved);
}

/**
 * The moves in a norm.
 * @param samples draws of a randomised classifier that each decision is the majority of
 */
export function movesOf(norm: BallNorm, samples: number): Moves {
  const ball = ballOf(norm);
  const decide = (x: tf.Tensor, { y, target }: AttackBatch, { classifier, key }: StepTools): tf.Tensor1D =>
    mostly(drawsOf(classifier, samples, key.fold("decision")), ({ logits }) =>
      fooled(logits(x), { y, target }),
    );
  return {
    /** Which images fool as they are: what whoever evaluates the attack knows. */
    look(rows, tools) {
      return { found: tf.cast(decide(rows.x, rows, tools), "float32") };
    },

    /** Tries noise, and another image of the batch; the nearer of those that fool. */
    seek(rows, tools) {
      const { classifier, key } = tools;
      const { x, point } = rows;
      const n = x.shape[0]!;
      const noise = key.fold("noise").uniform(x.shape, ...classifier.bounds);
      const drawn = tf.floor(tf.mul(n, key.fold("row").uniform([n])));
      const other = tf.gather(x, tf.cast(tf.minimum(drawn, n - 1), "int32") as tf.Tensor1D);
      let [nearest, length]: [tf.Tensor, tf.Tensor] = [point, tf.fill([n], NOWHERE)];
      for (const tried of [noise, other]) {
        const away = tf.where(decide(tried, rows, tools), ball.length(tf.sub(tried, x)), NOWHERE);
        const nearer = tf.less(away, length);
        [nearest, length] = [choose(nearer, tried, nearest), tf.minimum(away, length)];
      }
      const found = tf.cast(tf.less(length, NOWHERE), "float32");
      return { point: nearest, found, done: found };
    },

    bisect(rows, tools) {
      const { low, high, image } = rows;
      const middle = tf.div(tf.add(low, high), 2);
      const tried = between(norm, ball, rows, middle);
      const good = decide(tried, rows, tools);
      return {
        low: choose(good, low, middle),
        high: choose(good, middle, high),
        image: choose(good, tried, image),
      };
    },

    measure({ x, point, best, length }) {
      const distance = ball.length(tf.sub(point, x));
      const nearer = tf.less(distance, length);
      return { distance, best: choose(nearer, point, best), length: choose(nearer, distance, length) };
    },

    /** One direction, as the bounds let it: Eq. (12) and the sums of Eq. (16). */
    probe(rows, tools) {
      const { classifier, key } = tools;
      const { point, distance, share, signed, all, votes } = rows;
      const [low, high] = classifier.bounds;
      const drawn = norm === "l2" ? key.normal(point.shape) : key.uniform(point.shape, -1, 1);
      const first = tf.mul(FIRST * (high - low), tf.cast(tf.equal(share, 0), "float32"));
      const step = spread(tf.add(tf.mul(share, distance), first), point); // δ
      const tried = clip(tf.add(point, tf.mul(step, ballOf("l2").steepest(drawn))), classifier.bounds);
      const along = tf.div(tf.sub(tried, point), tf.maximum(step, TINY));
      const vote = tf.sub(tf.mul(2, tf.cast(decide(tried, rows, tools), "float32")), 1);
      return {
        signed: tf.add(signed, tf.mul(spread(vote, along), along)),
        all: tf.add(all, along),
        votes: tf.add(votes, vote),
      };
    },

    /** The slope of Eq. (16), of length 1: votes count by how far they are from their mean, unless all agree. */
    aim({ signed, all, votes, count }) {
      const mean = tf.div(votes, count);
      const agreed = tf.greaterEqual(tf.abs(votes), tf.sub(count, 0.5));
      const shift = spread(choose(agreed, tf.zerosLike(mean), mean), all);
      return { direction: ball.steepest(tf.sub(signed, tf.mul(shift, all))) };
    },

    /** A leap, and half of its length for the next try. */
    leap(rows, tools) {
      const { classifier } = tools;
      const { point, direction, reach, image } = rows;
      const tried = clip(tf.add(point, tf.mul(spread(reach, point), direction)), classifier.bounds);
      const good = decide(tried, rows, tools);
      return {
        reach: tf.div(reach, 2),
        image: choose(good, tried, image),
        done: tf.cast(good, "float32"),
      };
    },
  };
}

/** δ of the first slope, as a share of the bounds' width. */
const FIRST = 0.1;

/** Keeps quotients finite. */
const TINY = 1e-12;
