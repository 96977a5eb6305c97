/**
 * What is done to images before a network sees them.
 *
 * @module
 */
import { z } from "zod";
import { InputError } from "../plugin/errors.ts";
import { sizeOf } from "../tensor/key.ts";
import * as tf from "../tensor/tf.ts";

const perChannel = (number: z.ZodNumber) => z.union([number, z.array(number).min(1)]);

/** Options that sources of classifiers have in common: for their `z.strictObject({ …, ...preprocessingOptions })`. */
export const preprocessingOptions = {
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

type Checked = z.output<z.ZodObject<typeof preprocessingOptions>>;

/** Checked {@link preprocessingOptions}. */
export type Preprocessing = { readonly [K in keyof Checked]: Readonly<Checked[K]> };

/** No preprocessing, and the bounds of the data. */
export const PLAIN: Preprocessing = { mean: 0, deviation: 1, channelsFirst: false };

/**
 * From images `[n, ...inputShape]` to what a network is given: (x − mean) / deviation, in its layout and shape.
 * @throws InputError where the network takes images of another size or layout, or means are not as many as channels
 */
export function preprocessorOf(
  name: string,
  inputShape: readonly number[],
  { mean, deviation, channelsFirst }: Preprocessing,
  networkShape: readonly number[],
): (x: tf.Tensor) => tf.Tensor {
  checkLayout(name, inputShape, channelsFirst, networkShape);
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
  const turn = turns(inputShape, channelsFirst);
  return (x) => {
    const centred = shift === 0 ? x : tf.sub(x, shift);
    const normal = scale === 1 ? centred : tf.div(centred, scale);
    const laid = turn ? tf.transpose(normal, [0, 3, 1, 2]) : normal;
    return tf.reshape(laid, [x.shape[0]!, ...networkShape]);
  };
}

const turns = (shape: readonly number[], channelsFirst: boolean): boolean =>
  channelsFirst && shape.length === 3;

/** The shape of an image `[height, width, channels]` in the layout that a network is given. */
export function laidOut(shape: readonly number[], channelsFirst: boolean): readonly number[] {
  const [height, width, channels] = shape;
  return turns(shape, channelsFirst) ? [channels!, height!, width!] : shape;
}

/**
 * Whether values lie in the same order in both shapes: they are equal but for axes of length 1, or one is a row, which
 * has no layout.
 */
function sameOrder(a: readonly number[], b: readonly number[]): boolean {
  const long = (shape: readonly number[]): number[] => shape.filter((length) => length !== 1);
  const [one, other] = [long(a), long(b)];
  return sizeOf(a) === sizeOf(b) && (one.length <= 1 || other.length <= 1 || one.join() === other.join());
}

/** @throws InputError saying which layout would do, if one does */
function checkLayout(
  name: string,
  inputShape: readonly number[],
  channelsFirst: boolean,
  networkShape: readonly number[],
): void {
  const laid = laidOut(inputShape, channelsFirst);
  if (sameOrder(laid, networkShape)) return;
  const other = sameOrder(laidOut(inputShape, !channelsFirst), networkShape);
  const advice = channelsFirst ? "take channelsFirst: true out" : "set channelsFirst: true";
  throw new InputError(
    `classifier "${name}" takes [${networkShape}], but the data's images are [${inputShape}]` +
      `${channelsFirst ? `, given as [${laid}]` : ""}${other ? `: ${advice}` : ""}`,
  );
}
