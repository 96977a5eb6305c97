/**
 * Classifiers to be attacked. Bounds and preprocessing are theirs: attacks and judge see images within the bounds,
 * and nobody else normalises.
 *
 * @module
 */
import type { Range } from "../model/dataset.ts";
import { type Contract, contract } from "../plugin/contract.ts";
import { InputError } from "../plugin/errors.ts";
import type { RunContext } from "../run/application.ts";
import type { ApplicationEvent } from "../run/event.ts";
import type { Key } from "../tensor/key.ts";
import * as tf from "../tensor/tf.ts";
import { type Preprocessing, preprocessorOf } from "./preprocessing.ts";

/** A differentiable map from images to logits. */
export interface Classifier {
  readonly name: string;
  /** Shape of one image, without the batch axis. */
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Smallest and largest value of a pixel. */
  readonly bounds: Range;
  /**
   * Logits `[n, classes]` of images `[n, ...inputShape]` within the bounds; a function of nothing else, but for what a
   * randomised model draws from the key. Without one it draws the same each time.
   */
  logits(x: tf.Tensor, key?: Key): tf.Tensor2D;
  /** SHA-256 of what it has learnt, in hexadecimal digits, where it can tell. */
  fingerprint?(): Promise<string>;
  /** The files that it was read from: SHA-256 by name, where there are any. */
  readonly files?: Readonly<Record<string, string>>;
  /** Frees what it holds. */
  dispose(): void;
}

/** What is asked of a classifier. */
export interface ClassifierPlace {
  /** What it is called: in messages, and as a network of the run. */
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Of the data, where it has one. */
  readonly range?: Range;
  /** Called once a classifier stands, before it is trained. @throws InputError where it will not do */
  readonly check?: (classifier: Classifier) => Promise<void>;
}

/** Where a classifier comes from: a file, another run, a training. */
export interface ClassifierSource {
  readonly name: string;
  /**
   * Yields what happens (a training's progress) and returns the classifier.
   * @throws InputError where there is none that fits the place
   */
  open(place: ClassifierPlace, context: RunContext): AsyncGenerator<ApplicationEvent, Classifier>;
}

/** The contract under which sources of classifiers are registered. */
export const ClassifierSources: Contract<ClassifierSource> = contract("classifier");

/**
 * A classifier out of a network's forward pass.
 * @param networkShape shape of one input of the network; images are reshaped into it
 * @param forward logits of inputs `[n, ...networkShape]`; a randomised network draws from the key
 * @throws InputError where bounds are missing or empty, or an image doesn't fit the network
 */
export function classifierOf(
  place: ClassifierPlace,
  preprocessing: Preprocessing,
  networkShape: readonly number[],
  forward: (x: tf.Tensor, key?: Key) => tf.Tensor,
  dispose: () => void = () => {},
): Classifier {
  const { name, inputShape, classes, range } = place;
  const bounds = preprocessing.bounds ?? range;
  if (bounds === undefined) {
    throw new InputError(`classifier "${name}": the data has no range; give bounds: [lowest, highest]`);
  }
  if (!(bounds[0] < bounds[1])) {
    throw new InputError(
      `classifier "${name}": bounds [${bounds}] hold nothing: the first must be below the second`,
    );
  }
  const prepare = preprocessorOf(name, inputShape, preprocessing, networkShape);
  return {
    name,
    inputShape,
    classes,
    bounds,
    logits: (x, key) =>
      tf.tidy(() => {
        const logits = forward(prepare(x), key);
        if (logits.rank !== 2 || logits.shape[0] !== x.shape[0] || logits.shape[1] !== classes) {
          throw wrongOutput(place, x.shape[0]!, logits.shape);
        }
        return logits as tf.Tensor2D;
      }),
    dispose,
  };
}

/** What to say where a classifier's output for `n` images has the wrong shape. */
export function wrongOutput(
  { name, classes }: Pick<ClassifierPlace, "name" | "classes">,
  n: number,
  shape: readonly number[],
): InputError {
  const [rows, columns = 0] = shape;
  const more =
    shape.length === 2 && rows === n && columns > classes
      ? `: it tells ${columns} classes apart, and the data have ${classes}. Where the data lack the last of them, set classes: ` +
        `${columns}; where they lack others, number theirs as the classifier does`
      : "";
  return new InputError(
    `classifier "${name}": its output for ${n} images is [${shape}], not (n, classes) = [${n}, ${classes}]${more}`,
  );
}
