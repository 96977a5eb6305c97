/**
 * Classifiers to be attacked. Bounds and preprocessing are theirs: attacks and judge see images within the bounds,
 * and nobody else normalises.
 *
 * @module
 */
import { z } from "zod";
import type { Range } from "../model/dataset.ts";
import { type Contract, contract } from "../plugin/contract.ts";
import { InputError } from "../plugin/errors.ts";
import type { RunContext } from "../run/application.ts";
import type { ApplicationEvent } from "../run/event.ts";
import { sizeOf } from "../tensor/key.ts";
import * as tf from "../tensor/tf.ts";

/** A differentiable map from images to logits. */
export interface Classifier {
  readonly name: string;
  /** Shape of one image, without the batch axis. */
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Smallest and largest value of a pixel. */
  readonly bounds: Range;
  /** Logits `[n, classes]` of images `[n, ...inputShape]` within the bounds; a function of nothing else. */
  logits(x: tf.Tensor): tf.Tensor2D;
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
export const Classifiers: Contract<ClassifierSource> = contract("classifier");

/** What is done to images before a network sees them; options that sources have in common. */
export interface Preprocessing {
  /** Smallest and largest value of a pixel; the range of the data unless given. */
  readonly bounds?: Range | undefined;
  /** Subtracted from each pixel: one number, or one for each channel. */
  readonly mean: number | readonly number[];
  /** Each pixel is then divided by it, > 0. */
  readonly deviation: number | readonly number[];
  /** Whether the network wants `[n, channels, height, width]`. */
  readonly channelsFirst: boolean;
}

const perChannel = (number: z.ZodNumber): z.ZodUnion<[z.ZodNumber, z.ZodArray<z.ZodNumber>]> =>
  z.union([number, z.array(number).min(1)]);

/** The schema of {@link Preprocessing}, for a source's own options schema to take in. */
export function preprocessingShape(): {
  bounds: z.ZodOptional<z.ZodTuple<[z.ZodNumber, z.ZodNumber], null>>;
  mean: z.ZodDefault<z.ZodUnion<[z.ZodNumber, z.ZodArray<z.ZodNumber>]>>;
  deviation: z.ZodDefault<z.ZodUnion<[z.ZodNumber, z.ZodArray<z.ZodNumber>]>>;
  channelsFirst: z.ZodDefault<z.ZodBoolean>;
} {
  return {
    bounds: z
      .tuple([z.number(), z.number()])
      .optional()
      .describe(
        "Smallest and largest value of a pixel, before preprocessing; the range of the data unless given.",
      ),
    mean: perChannel(z.number())
      .default(0)
      .describe("Preprocessing: subtracted from each pixel; one number, or one for each channel."),
    deviation: perChannel(z.number().positive())
      .default(1)
      .describe("Preprocessing: divides each pixel after that; one number, or one for each channel."),
    channelsFirst: z
      .boolean()
      .default(false)
      .describe("Whether the network wants [channels, height, width] rather than [height, width, channels]."),
  };
}

/** No preprocessing, and the bounds of the data. */
export const PLAIN: Preprocessing = { mean: 0, deviation: 1, channelsFirst: false };

/**
 * A classifier out of a network's forward pass.
 * @param networkShape shape of one input of the network; images are reshaped into it
 * @param forward logits of inputs `[n, ...networkShape]`
 * @throws InputError where bounds are missing or empty, or an image doesn't fit the network
 */
export function classifierOf(
  place: ClassifierPlace,
  preprocessing: Preprocessing,
  networkShape: readonly number[],
  forward: (x: tf.Tensor) => tf.Tensor,
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
    logits: (x) =>
      tf.tidy(() => {
        const logits = forward(prepare(x));
        if (logits.rank !== 2 || logits.shape[0] !== x.shape[0] || logits.shape[1] !== classes) {
          throw new InputError(
            `classifier "${name}": its output for ${x.shape[0]} images is [${logits.shape}], not (n, classes) = ` +
              `[${x.shape[0]}, ${classes}]`,
          );
        }
        return logits as tf.Tensor2D;
      }),
    dispose,
  };
}

/**
 * From images `[n, ...inputShape]` to what a network is given: (x − mean) / deviation, in its layout and shape.
 * @throws InputError where an image has not as many values as the network takes, or means not as many as channels
 */
export function preprocessorOf(
  name: string,
  inputShape: readonly number[],
  { mean, deviation, channelsFirst }: Preprocessing,
  networkShape: readonly number[],
): (x: tf.Tensor) => tf.Tensor {
  if (sizeOf(networkShape) !== sizeOf(inputShape)) {
    throw new InputError(
      `classifier "${name}" takes [${networkShape}], but the data's images are [${inputShape}]`,
    );
  }
  const channels = inputShape.length === 3 ? inputShape[2]! : 1;
  const numbers = (what: string, given: number | readonly number[]): number | number[] => {
    if (typeof given === "number") return given;
    if (given.length === 1) return given[0]!;
    if (given.length === channels) return [...given];
    throw new InputError(
      `classifier "${name}": ${what} has ${given.length} numbers, but images [${inputShape}] have ${channels} channel(s)`,
    );
  };
  const [shift, scale] = [numbers("mean", mean), numbers("deviation", deviation)];
  const turn = channelsFirst && inputShape.length === 3;
  return (x) => {
    const centred = shift === 0 ? x : tf.sub(x, shift);
    const normal = scale === 1 ? centred : tf.div(centred, scale);
    const laid = turn ? tf.transpose(normal, [0, 3, 1, 2]) : normal;
    return tf.reshape(laid, [x.shape[0]!, ...networkShape]);
  };
}
