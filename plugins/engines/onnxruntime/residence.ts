/**
 * What a program that is not replayed leaves on a device.
 *
 * @module
 */
import { canReside } from "./device.ts";
import type { Program } from "./program.ts";
import { sizeOf } from "./value.ts";
import type { Ends } from "./vectors.ts";

/** Bytes from which what a program computes stays on the device until it is read. */
const WORTH_KEEPING = 2 ** 12;

/** Whether a tensor of this shape stays there until it is read. */
export function isLarge(shape: readonly number[]): boolean {
  return 4 * sizeOf(shape) >= WORTH_KEEPING;
}

/** Ends of a program that is not replayed: what is large stays on the device. */
export function recordedEnds({ inputs, outputs }: Program): Ends {
  return {
    packed: inputs.map(() => false),
    kept: outputs.map(({ elem, shape }) => canReside(elem) && isLarge(shape)),
    joined: outputs.map(() => false),
  };
}
