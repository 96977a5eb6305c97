/**
 * Counts the images that an attack puts to a classifier, for each row of a batch.
 *
 * @module
 */
import type { Key } from "../tensor/key.ts";
import * as tf from "../tensor/tf.ts";
import type { Attack } from "./attack.ts";
import type { Classifier } from "./classifier.ts";

/** Images put to a classifier, each tensor once: a value and its slope are one query. */
export class Asked {
  /** Images so far. */
  images = 0;
  readonly #seen = new WeakMap<tf.Tensor, Set<Key | undefined>>();

  /**
   * Notes a batch of images. A variable counts each time, since its values change.
   * @param key what a randomised classifier was told to draw from: each key is another draw, and counts
   */
  note(x: tf.Tensor, key: Key | undefined): void {
    const keys = this.#seen.get(x) ?? new Set();
    if (keys.has(key)) return;
    if (!(x instanceof tf.Variable)) this.#seen.set(x, keys.add(key));
    this.images += x.shape[0]!;
  }
}

/** Queries of a batch and of smaller batches made of its rows. */
export class QueryCount {
  /** Images put to the classifier outside of steps. */
  readonly asked: Asked = new Asked();
  readonly size: number;
  #rows: tf.Tensor1D | undefined;
  readonly #parts: { readonly rows: readonly number[]; readonly count: QueryCount }[] = [];

  constructor(size: number) {
    this.size = size;
  }

  /** Queries of each row in steps so far, `[size]`. */
  get rows(): tf.Tensor1D {
    this.#rows ??= tf.tidy(() => tf.keep(tf.zeros([this.size])) as tf.Tensor1D);
    return this.#rows;
  }

  /** Takes over what a step has added up. */
  update(rows: tf.Tensor): void {
    this.#rows?.dispose();
    this.#rows = tf.keep(rows) as tf.Tensor1D;
  }

  /** The count of a smaller batch made of these rows, and perhaps of others that fill it up. */
  subset(rows: readonly number[], size: number): QueryCount {
    const count = new QueryCount(size);
    this.#parts.push({ rows, count });
    return count;
  }

  /** Queries of each row, those of smaller batches among them, `[size]`. */
  async total(): Promise<Float32Array> {
    const total = new Float32Array(this.size).fill(this.asked.images / this.size);
    const inSteps = await this.#rows?.data<"float32">();
    inSteps?.forEach((queries, row) => {
      total[row]! += queries;
    });
    for (const { rows, count } of this.#parts) {
      const queries = await count.total();
      rows.forEach((row, i) => {
        total[row]! += queries[i]!;
      });
    }
    return total;
  }

  dispose(): void {
    this.#rows?.dispose();
    for (const { count } of this.#parts) count.dispose();
  }
}

/**
 * The classifier as an attack sees it: notes what is put to it, and takes no gradient from an attack that says that it
 * uses none. It stays its owner's.
 * @param key what a randomised classifier draws from where it is asked without one
 * @param note called with images `[n, ...inputShape]` before they are put to it, and the key that it is asked with
 */
export function watched(
  classifier: Classifier,
  attack: Attack,
  key: Key,
  note: (x: tf.Tensor, key: Key | undefined) => void,
): Classifier {
  const { name, inputShape, classes, bounds } = classifier;
  const logits: Classifier["logits"] = (x, own = key) => classifier.logits(x, own);
  const answer = attack.access === "black-box" ? withoutGradient(logits, attack.name) : logits;
  return {
    name,
    inputShape,
    classes,
    bounds,
    logits(x, own) {
      note(x, own);
      return answer(x, own);
    },
    dispose() {},
  };
}

function withoutGradient(logits: Classifier["logits"], attack: string): Classifier["logits"] {
  const refuse = (): never => {
    throw new TypeError(
      `attack "${attack}" takes a gradient of the classifier, though it says that it is black-box`,
    );
  };
  return (images, key) =>
    tf.customGrad((x) => ({ value: logits(x as tf.Tensor, key), gradFunc: refuse }))(images) as tf.Tensor2D;
}
