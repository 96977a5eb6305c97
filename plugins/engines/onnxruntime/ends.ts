/**
 * The ends of a program on a device. Each tensor that is brought there costs about as much as ten small nodes, and
 * each one that is brought back waits for all that is under way. So what comes from here goes in as two vectors, of floats and
 * of integers, that the program cuts up, numbers that are read come out as one, and the rest stays there.
 *
 * @module
 */
import { canReside } from "./device.ts";
import { Elem } from "./model.ts";
import type { Recording } from "./recording.ts";
import { isLarge } from "./residence.ts";
import { sizeOf } from "./value.ts";
import type { Ends } from "./vectors.ts";

/** Bytes up to which a tensor is worth packing: beyond them a second copy of it costs more than another upload. */
const WORTH_PACKING = 2 ** 22;

/** Whether a tensor may go into a vector with others of its type. */
function mayPack(elem: Elem, shape: readonly number[]): boolean {
  const size = sizeOf(shape);
  return canReside(elem) && size > 0 && 4 * size <= WORTH_PACKING;
}

/**
 * Ends of a step that is replayed: what it draws and is told goes in as a vector of each type, what it assigns or what is large stays,
 * and numbers that it returns come back as one vector.
 * @param isFresh whether an input of the step is another tensor from here at each call
 */
export function replayedEnds(recording: Recording, isFresh: (input: string) => boolean): Ends {
  const { program, assigned, returned } = recording;
  const packed = packedOf(recording, isFresh);
  const uses = (of: typeof assigned | typeof returned, i: number): number =>
    of.filter(({ result }) => "output" in result && result.output === i).length;
  const kept = program.outputs.map(({ elem, shape }, i) => {
    const [byVariables, byCaller] = [uses(assigned, i), uses(returned, i)];
    if (!canReside(elem) || byVariables + byCaller !== 1) return false; // two owners: each gets its own, here
    return byVariables === 1 || isLarge(shape);
  });
  const joined = program.outputs.map(
    ({ elem, shape }, i) => !kept[i] && elem === Elem.float32 && mayPack(elem, shape),
  );
  const elems = program.inputs.map(({ value }) => value.elem);
  const [floats, integers] = [Elem.float32, Elem.int32].map((elem) =>
    unlessAlone(packed.map((is, i) => is && elems[i] === elem)),
  );
  return { packed: packed.map((_, i) => floats![i]! || integers![i]!), kept, joined: unlessAlone(joined) };
}

/**
 * Ends of a step that its device repeats: the same, but that whatever does not come back as one vector has a place there, and
 * so has what is both assigned and returned.
 * @param isFresh whether an input of the step is another tensor from here at each call
 */
export function fixedEnds(recording: Recording, isFresh: (input: string) => boolean): Ends {
  const { program, assigned } = recording;
  const isAssigned = (i: number): boolean =>
    assigned.some(({ result }) => "output" in result && result.output === i);
  const joined = program.outputs.map(
    ({ elem, shape }, i) => elem === Elem.float32 && !isLarge(shape) && !isAssigned(i),
  );
  return { packed: packedOf(recording, isFresh), kept: joined.map((is) => !is), joined };
}

/** Which inputs go in as a vector of their type: what a step draws and is told. */
function packedOf(
  { program, sources, computed }: Recording,
  isFresh: (input: string) => boolean,
): readonly boolean[] {
  return program.inputs.map(({ value, shape }, i) => {
    const source = sources[i]!;
    const comesFromHere =
      (source.from === "draw" && !computed[source.index]) ||
      (source.from === "input" && isFresh(source.name));
    return comesFromHere && mayPack(value.elem, shape);
  });
}

/** None of them where there is but one. */
function unlessAlone(chosen: readonly boolean[]): readonly boolean[] {
  return chosen.filter(Boolean).length > 1 ? chosen : chosen.map(() => false);
}
