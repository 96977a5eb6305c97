/**
 * Normal numbers of four streams at a time, in WebAssembly: bit for bit those of `Key.normalArray`, in a third of the time.
 * Within one stream each word waits for the one before it; four streams side by side fill a vector.
 *
 * @module
 */
import { ziggurat } from "../../../core/mod.ts";
import { CHUNK, PAGES, PART, TABLES } from "./noise-tasks.ts";
import * as w from "./simd.ts";

const LIMITS = TABLES + 8 * ziggurat.layers;

const { get, set, integer, op, vector, at } = w;
const task = 0; // the parameter
const [here, end, nextPlace, nextWord, layer] = [1, 2, 3, 4, 5];
const [a, b, c, counter, word, place, widths01, widths23, limits, result] = [
  6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];
const [means01, means23, deviations01, deviations23] = [16, 17, 18, 19];

const plus = (x: w.Code, y: w.Code): number[] => vector(0xae, [x, y]);
const and = (x: w.Code, y: w.Code): number[] => vector(0x4e, [x, y]);
const or = (x: w.Code, y: w.Code): number[] => vector(0x50, [x, y]);
const xor = (x: w.Code, y: w.Code): number[] => vector(0x51, [x, y]);
const left = (x: w.Code, by: number): number[] => vector(0xab, [x, integer(by)]);
const right = (x: w.Code, by: number): number[] => vector(0xad, [x, integer(by)]); // zeros come in
const rightSigned = (x: w.Code, by: number): number[] => vector(0xac, [x, integer(by)]);
const splat = (x: number): number[] => vector(0x11, [integer(x)]);
const lane = (x: w.Code, k: number): number[] => vector(0x1b, [x], [k]);
const times = (address: w.Code, bytes: number): number[] => op(w.MULTIPLY, address, integer(bytes));

/** One word of each stream: sfc32, as in `Key.bits`. */
const nextWords = [
  ...[...plus(plus(get(a), get(b)), get(counter)), ...set(word)],
  ...[...plus(get(counter), splat(1)), ...set(counter)],
  ...[...xor(get(b), right(get(b), 9)), ...set(a)],
  ...[...plus(get(c), left(get(c), 3)), ...set(b)],
  ...[...plus(or(left(get(c), 21), right(get(c), 11)), get(word)), ...set(c)],
];

/** The layer of each word: its width, and the first place outside of its core. */
const lookUp = [0, 1, 2, 3].flatMap((k) => {
  const widths = k < 2 ? widths01 : widths23;
  const [width, limit] = [times(get(layer), 8), times(get(layer), 4)];
  return [
    ...[...lane(and(get(word), splat(ziggurat.layers - 1)), k), ...set(layer)],
    ...(k % 2 === 0
      ? vector(0x5d, [width], at(3, TABLES))
      : vector(0x57, [width, get(widths)], [...at(3, TABLES), 1])),
    ...set(widths),
    ...(k === 0
      ? vector(0x5c, [limit], at(2, LIMITS))
      : vector(0x56, [limit, get(limits)], [...at(2, LIMITS), k])),
    ...set(limits),
  ];
});

/** `mean + deviation·(place + ½)·width` in doubles, of two of the four streams, rounded to floats. */
function numbers(places: w.Code, widths: number, means: number, deviations: number): number[] {
  const doubles = vector(0xfe, [places]);
  const half = vector(0x14, [w.double(0.5)]);
  const x = vector(0xf2, [vector(0xf0, [doubles, half]), get(widths)]);
  return vector(0x5e, [vector(0xf0, [get(means), vector(0xf2, [get(deviations), x])])]);
}

const shuffle = (x: w.Code, y: w.Code, from: readonly number[]): number[] =>
  vector(
    0x0d,
    [x, y],
    from.flatMap((k) => [4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3]),
  );
const upperHalf = shuffle(get(place), get(place), [2, 3, 2, 3]);

const advance = (pointer: number, bytes: number): number[] => [
  ...op(w.ADD, get(pointer), integer(bytes)),
  ...set(pointer),
];

/** Reads a vector that is kept in the task. */
const kept = (local: number, part: number): number[] => [
  ...vector(0x00, [get(task)], at(4, part)),
  ...set(local),
];

const generator = [a, b, c, counter];
const body = [
  ...[...w.read(w.LOAD, get(task), at(2, PART.from)), ...set(here)],
  ...[...w.read(w.LOAD, get(task), at(2, PART.to)), ...set(end)],
  ...kept(means01, PART.means),
  ...kept(means23, PART.means + 16),
  ...kept(deviations01, PART.deviations),
  ...kept(deviations23, PART.deviations + 16),
  ...[...get(task), ...set(nextPlace), ...get(task), ...set(nextWord)],
  ...generator.flatMap((local, k) => kept(local, PART.state + 16 * k)),
  ...w.loop([
    ...nextWords,
    ...lookUp,
    ...[...rightSigned(get(word), 9), ...set(place)],
    ...[
      ...shuffle(
        numbers(get(place), widths01, means01, deviations01),
        numbers(upperHalf, widths23, means23, deviations23),
        [0, 1, 4, 5],
      ),
      ...set(result),
    ],
    ...[0, 1, 2, 3].flatMap((k) => vector(0x5a, [get(here), get(result)], [...at(2, 4 * CHUNK * k), k])),
    // how far from 0, on either side, as whole numbers
    ...w.unless(vector(0xa3, [vector(0x39, [xor(get(place), rightSigned(get(place), 31)), get(limits)])]), [
      ...w.write(w.STORE, get(nextPlace), get(here), at(2, PART.places)),
      ...vector(0x0b, [get(nextWord), get(word)], at(4, PART.words)),
      ...advance(nextPlace, 4),
      ...advance(nextWord, 16),
    ]),
    ...advance(here, 4),
    ...op(w.LESS, get(here), get(end)),
  ]),
  ...generator.flatMap((local, k) => vector(0x0b, [get(task), get(local)], at(4, PART.state + 16 * k))),
  ...w.write(w.STORE, get(task), get(nextPlace), at(2, PART.listed)),
];

/** The module that makes the numbers of a task. */
export function normalsModule(shared: boolean): Uint8Array<ArrayBuffer> {
  const locals = [
    [5, w.i32],
    [14, w.v128],
  ] as const;
  return w.moduleOf(PAGES, shared, [w.i32], locals, body);
}

/** Writes the tables that the module reads. */
export function writeTables(memory: ArrayBufferLike): void {
  new Float64Array(memory, TABLES, ziggurat.layers).set(ziggurat.widths.subarray(0, ziggurat.layers));
  new Int32Array(memory, LIMITS, ziggurat.layers).set(ziggurat.limits);
}
