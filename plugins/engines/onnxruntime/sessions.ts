/**
 * Compiled programs, by structure, the least recently used forgotten first.
 *
 * @module
 */
import { Elem, encodeModel } from "./model.ts";
import { newTeller, onProcessor, type Teller } from "./placement.ts";
import { JOINED, largestWork, modelOf, PACKED, type Program, sameKey } from "./program.ts";
import type { Buffer, Feed, Runtime, Session } from "./runtime.ts";
import { allocate, type Data, isResident, type Resident, type Stored, sizeOf } from "./value.ts";
import { type Ends, nameOf } from "./vectors.ts";

/** A program that can be run with any values of the same shapes. */
export interface Compiled {
  /**
   * @param inputs in the program's order
   * @param outputs where to write those that come back, in the program's order; undefined for those that stay on the device
   * @returns all outputs, in the program's order
   */
  run(inputs: readonly Stored[], outputs: readonly (Data | undefined)[]): Stored[];
  dispose(): void;
}

/** How many threads a program gets. */
export type Threads = number | "auto";

/** Below this many multiplications in its largest product a program is faster on one thread. */
const WORTH_THREADS = 2e6;

function compile(
  runtime: Runtime,
  program: Program,
  { threads, ends, teller }: { threads: Threads; ends: Ends | undefined; teller: Teller },
): Compiled {
  const { dialect, device, maxThreads } = runtime;
  const { model, inputs, outputs } = modelOf(program, ends, dialect.outputs);
  const auto = largestWork(program) >= WORTH_THREADS ? maxThreads : 1;
  if (device !== undefined) teller.tell(program.nodes);
  const shapesIn = program.inputs.map(({ value, shape }) => ({ elem: value.elem, shape }));
  const shapesOut = program.outputs.map(({ elem, shape }) => ({ elem, shape }));
  const session: Session = runtime.compile(encodeModel(model), {
    threads: threads === "auto" ? auto : Math.min(threads, maxThreads),
    kept: outputs.flatMap((name, i) => (ends?.kept[i] ? [{ name, ...shapesOut[i]! }] : [])),
    onProcessor: device === undefined ? [] : onProcessor(model.nodes),
  });
  const vectorsIn = packedVectors(shapesIn, ends?.packed);
  const vectorOut = vectorOf(shapesOut, ends?.joined, Elem.float32);
  return {
    run(dataIn, dataOut) {
      const feeds: Record<string, Feed> = {};
      const fetches: Record<string, Buffer> = {};
      for (let i = 0; i < inputs.length; i++) {
        if (!ends?.packed[i]) feeds[inputs[i]!] = { ...shapesIn[i]!, data: dataIn[i]! };
      }
      for (const { name, vector } of vectorsIn) {
        vector.each((part, i) => void part.set(hostNumbers(dataIn[i]!)));
        feeds[name] = vector;
      }
      for (let i = 0; i < outputs.length; i++) {
        if (!ends?.kept[i] && !ends?.joined[i])
          fetches[outputs[i]!] = { ...shapesOut[i]!, data: dataOut[i]! };
      }
      if (vectorOut !== undefined) fetches[JOINED] = vectorOut;
      const kept = session.run(feeds, fetches);
      vectorOut?.each((part, i) => void (dataOut[i] as Float32Array).set(part));
      return outputs.map((name, i): Data | Resident => (ends?.kept[i] ? kept[name]! : dataOut[i]!));
    },
    dispose: () => session.dispose(),
  };
}

/** A vector of the numbers of some tensors, one after the other. */
export interface Vector extends Buffer {
  readonly data: Float32Array | Int32Array;
  /** @param i the tensor's place among all */
  each(use: (part: Float32Array | Int32Array, i: number) => void): void;
}

/** What of a tensor matters to a vector that it goes into. */
type Packable = Pick<Buffer, "elem" | "shape">;

/** A vector for those of the chosen tensors that are of a type; undefined where none is. */
export function vectorOf(
  tensors: readonly Packable[],
  chosen: readonly boolean[] | undefined,
  elem: Elem,
): Vector | undefined {
  const parts = new Map<number, Float32Array | Int32Array>();
  const isIn = (i: number): boolean => chosen?.[i] === true && tensors[i]!.elem === elem;
  const size = tensors.reduce((sum, { shape }, i) => sum + (isIn(i) ? sizeOf(shape) : 0), 0);
  if (size === 0) return undefined;
  const data = allocate(elem, size) as Float32Array | Int32Array;
  let at = 0;
  tensors.forEach(({ shape }, i) => {
    if (!isIn(i)) return;
    parts.set(i, data.subarray(at, at + sizeOf(shape)));
    at += sizeOf(shape);
  });
  return { elem, shape: [size], data, each: (use) => void parts.forEach(use) };
}

/** The vectors for the inputs that are packed, and their names in the model. */
export function packedVectors(
  inputs: readonly Packable[],
  packed: readonly boolean[] | undefined,
): { readonly name: string; readonly vector: Vector }[] {
  return PACKED.flatMap(({ name, elem }) => {
    const vector = vectorOf(inputs, packed, elem);
    return vector === undefined ? [] : [{ name, vector }];
  });
}

function hostNumbers(stored: Stored): Float32Array | Int32Array {
  return (isResident(stored) ? stored.read() : stored) as Float32Array | Int32Array;
}

/** A bounded store of compiled programs. */
export interface Sessions {
  /** @param ends where its values come from and go; all of them here unless given */
  get(program: Program, ends?: Ends): Compiled;
  /** Forgets a program that its owner is done with, if it is large: another use compiles it anew. */
  release(program: Program): void;
  /** Programs compiled so far, forgotten ones included. */
  readonly compilations: number;
  readonly size: number;
  clear(): void;
}

interface Entry {
  readonly key: Int32Array;
  readonly compiled: Compiled;
  readonly nodes: number;
  /** Bytes of all that its nodes give: a session keeps the memory of its largest moment, which is less. */
  readonly bytes: number;
  /** The call in which it was used last. */
  used: number;
}

/**
 * Most programs kept, and most nodes in all of them: a session's memory grows with its nodes. Beyond so many bytes of what
 * they compute, programs go that no call has used for a while: those of batches of another size, of an attack that is done.
 */
export interface Limits {
  readonly programs: number;
  readonly nodes: number;
  readonly bytes?: number;
}

/** Bytes unless the limits say. */
const BYTES = 2 ** 31;

/** Programs that compute this many bytes are forgotten when they are released: they take longer to run than to compile. */
const LARGE = 2 ** 26;

/** Calls without a use after which a program may go for its bytes: longer than any loop of steps. */
const IDLE = 128;

/** A store without programs. */
export function newSessions(runtime: Runtime, threads: Threads, limits: Limits): Sessions {
  const entries = new Map<string, Entry>(); // in order of last use
  const teller = newTeller(runtime);
  let compilations = 0;
  let calls = 0;
  let [nodes, bytes] = [0, 0];
  const forget = (name: string, entry: Entry): void => {
    entry.compiled.dispose();
    entries.delete(name);
    nodes -= entry.nodes;
    bytes -= entry.bytes;
  };
  /** Whether the oldest program has to go. */
  const isTooMuch = (oldest: Entry): boolean =>
    entries.size > 1 &&
    (entries.size > limits.programs ||
      nodes > limits.nodes ||
      (bytes > (limits.bytes ?? BYTES) && calls - oldest.used > IDLE));
  return {
    get(program, ends) {
      calls++;
      for (let probe = 0; ; probe++) {
        const name = `${program.hash}.${probe}.${nameOf(ends)}`;
        const entry = entries.get(name);
        if (entry === undefined) {
          const compiled = compile(runtime, program, { threads, ends, teller });
          const entry = { compiled, key: program.key, nodes: program.nodes.length, bytes: bytesOf(program) };
          compilations++;
          nodes += entry.nodes;
          bytes += entry.bytes;
          entries.set(name, { ...entry, used: calls });
          for (const [oldest, old] of entries) {
            if (!isTooMuch(old)) break;
            forget(oldest, old);
          }
          return compiled;
        }
        if (!sameKey(entry.key, program.key)) continue;
        entry.used = calls;
        entries.delete(name);
        entries.set(name, entry);
        return entry.compiled;
      }
    },
    release(program) {
      for (const [name, entry] of entries) {
        const isIt = name.startsWith(`${program.hash}.`) && sameKey(entry.key, program.key);
        if (isIt && entry.bytes >= LARGE) forget(name, entry);
      }
    },
    get compilations() {
      return compilations;
    },
    get size() {
      return entries.size;
    },
    clear() {
      for (const [name, entry] of entries) forget(name, entry);
    },
  };
}

/** Bytes of all values that a program computes, four each or fewer. */
function bytesOf({ nodes }: Program): number {
  return nodes.reduce(
    (sum, { outputs }) => sum + outputs.reduce((of, { shape }) => of + 4 * sizeOf(shape), 0),
    0,
  );
}
