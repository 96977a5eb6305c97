/**
 * How a graph wants its images.
 *
 * @module
 */
import { type ClassifierPlace, InputError, sizeOf, type tf } from "../../../core/mod.ts";
import type { Port } from "./file.ts";
import { type Laid, laid } from "./value.ts";

/** How images get into a graph. */
export interface Entrance {
  /** Shape of an image as the graph's value is made of it. */
  readonly networkShape: readonly number[];
  /** Whether the values are turned to channels first before that. */
  readonly turned: boolean;
  /** The graph's input, of images `[n, ...networkShape]`. */
  enter(x: tf.Tensor): Laid;
}

type Sizes = readonly (number | string | undefined)[];

/** Whether a shape fits one in which some sizes are open. */
const fits = (shape: readonly number[], sizes: Sizes): boolean =>
  shape.length === sizes.length && sizes.every((size, i) => typeof size !== "number" || size === shape[i]);

const textOf = (sizes: Sizes): string => sizes.map((size) => size ?? "?").join(", ");

/**
 * How the data's images get into a graph: those of `[h, w, c]` as `[c, h, w]`, the usual order of ONNX, or as they are,
 * whichever its input's shape says.
 * @param channelsFirst says so where both would do; by default channels come first
 * @throws InputError where images don't fit
 */
export function entranceOf(
  { name, shape }: Port,
  { inputShape }: ClassifierPlace,
  channelsFirst: boolean | undefined,
  path: string,
): Entrance {
  const image = inputShape.length === 2 ? [...inputShape, 1] : inputShape;
  const sizes: Sizes =
    shape?.slice(1) ?? (image.length === 3 ? [undefined, undefined, undefined] : [undefined]);
  if (image.length === 3) {
    const [h, w, c] = image as [number, number, number];
    if (channelsFirst !== false && fits([c, h, w], sizes)) {
      return { networkShape: image, turned: false, enter: (x) => laid(x, true) };
    }
    if (channelsFirst !== true && fits(image, sizes)) {
      return { networkShape: image, turned: false, enter: (x) => laid(x) };
    }
  }
  const known = sizes.every((size) => typeof size === "number");
  const flat = sizes.length === 1 ? [sizeOf(image)] : (sizes as readonly number[]);
  const reshapes = sizes.length === 1 || image.length === 1 || image[2] === 1;
  if (reshapes && (known ? sizeOf(sizes as number[]) === sizeOf(image) : sizes.length === 1)) {
    return {
      networkShape: flat,
      turned: channelsFirst !== false && image.length === 3,
      enter: (x) => laid(x),
    };
  }
  const order = channelsFirst === undefined ? "" : ` with channels ${channelsFirst ? "first" : "last"}`;
  throw new InputError(
    `${path}: its input "${name}" takes images [${textOf(sizes)}]${order}, but the data's are [${inputShape}]`,
  );
}

/** Images that a graph takes at a time; undefined where it takes any number. */
export function batchOf({ shape }: Port): number | undefined {
  const n = shape?.[0];
  return typeof n === "number" && n > 0 ? n : undefined;
}
