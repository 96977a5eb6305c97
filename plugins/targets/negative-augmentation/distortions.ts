/**
 * Distortions of images `[n, height, width, channels]` that keep their statistics and spoil what they show.
 *
 * @module
 */
import { type Dataset, type Key, type Sampler, tf } from "../../../core/mod.ts";

/** Names of distortions. */
export const DISTORTIONS = ["jigsaw", "cut", "mix"] as const;

/** Name of a distortion. */
export type Distortion = (typeof DISTORTIONS)[number];

/** Sides of the square that is cut, as a share of the image's. */
const SIDES = [0.3, 0.5] as const;
/** Weight of the first of two images. */
const WEIGHTS = [0.3, 0.7] as const;

/** Draws distorted images, the distortion of each drawn evenly. */
export function distorted(data: Dataset, names: readonly Distortion[], tiles: number): Sampler {
  return (key, n) =>
    tf.tidy(() => {
      const drawn = key.fold("distortion").integers(n, names.length);
      const counts = names.map((_, i) => drawn.filter((name) => name === i).length);
      const parts = names.flatMap((name, i) => {
        const count = counts[i]!;
        if (count === 0) return [];
        const from = key.fold(name);
        const x = data.sample(from.fold("images"), count) as tf.Tensor4D;
        if (name === "jigsaw") return [jigsaw(x, tiles, from.fold("order"))];
        const other = data.sample(from.fold("others"), count) as tf.Tensor4D;
        return [name === "cut" ? cut(x, other, from.fold("squares")) : mix(x, other, from.fold("weights"))];
      });
      const seen = names.map((_, i) => counts.slice(0, i).reduce((a, b) => a + b, 0));
      const order = Array.from(drawn, (name) => seen[name]!++);
      return tf.gather(tf.concat(parts), tf.tensor1d(order, "int32")); // [n, ...]
    });
}

/** Tiles of each image `[n, height, width, channels]` in another order, never their own; they must divide its sides. */
export function jigsaw(x: tf.Tensor4D, tiles: number, key: Key): tf.Tensor {
  const [n, height, width, channels] = x.shape;
  const [h, w, count] = [height / tiles, width / tiles, tiles * tiles];
  const cells = tf.transpose(tf.reshape(x, [n, tiles, h, tiles, w * channels]), [0, 1, 3, 2, 4]);
  const order = new Int32Array(n * count);
  for (let i = 0; i < n; i++) {
    otherOrder(count, key.fold(i)).forEach((from, to) => {
      order[i * count + to] = i * count + from;
    });
  }
  const moved = tf.gather(tf.reshape(cells, [n * count, h, w * channels]), tf.tensor1d(order, "int32"));
  const rows = tf.transpose(tf.reshape(moved, [n, tiles, tiles, h, w * channels]), [0, 1, 3, 2, 4]);
  return tf.reshape(rows, [n, height, width, channels]);
}

function otherOrder(count: number, key: Key): Int32Array {
  for (let attempt = 0; ; attempt++) {
    const order = key.fold(attempt).permutation(count);
    if (order.some((from, to) => from !== to)) return order;
  }
}

/** A square of each image is that of another (CutMix). */
export function cut(x: tf.Tensor4D, other: tf.Tensor4D, key: Key): tf.Tensor {
  const [n, height, width] = x.shape;
  const numbers = key.uniformArray(3 * n);
  const mask = new Float32Array(n * height * width);
  for (let i = 0; i < n; i++) {
    const [size, down, right] = [numbers[3 * i]!, numbers[3 * i + 1]!, numbers[3 * i + 2]!];
    const share = SIDES[0] + size * (SIDES[1] - SIDES[0]);
    const [h, w] = [Math.round(share * height), Math.round(share * width)];
    const [top, left] = [Math.floor(down * (height - h + 1)), Math.floor(right * (width - w + 1))];
    for (let row = top; row < top + h; row++) {
      const from = (i * height + row) * width + left;
      mask.fill(1, from, from + w);
    }
  }
  const inside = tf.tensor4d(mask, [n, height, width, 1]);
  return tf.add(x, tf.mul(inside, tf.sub(other, x)));
}

/** The weighted mean of each image and another (Mixup). */
export function mix(x: tf.Tensor4D, other: tf.Tensor4D, key: Key): tf.Tensor {
  const weights = key.uniform([x.shape[0], 1, 1, 1], ...WEIGHTS);
  return tf.add(tf.mul(weights, x), tf.mul(tf.sub(1, weights), other));
}
