/**
 * Normal numbers of four keys at a time: bit for bit those of {@link Key.normalArray}, in a third of the time. Within one
 * stream each word waits for the one before it; four streams side by side fill a vector.
 *
 * @module
 */
import { type Draw, type Key, ziggurat } from "../../../core/mod.ts";
import * as w from "./simd.ts";

/** An array to be filled from a key. */
export interface Filling {
  readonly key: Key;
  readonly out: Float32Array;
}

const LANES = 4;
/** Numbers of each stream that are made before they are copied out. */
const BLOCK = 4096;

/** Where things are in memory: tables, state, what fell outside the ziggurat's cores, numbers of each stream. */
const WIDTHS = 0;
const LIMITS = WIDTHS + 8 * ziggurat.layers;
const STATE = LIMITS + 4 * ziggurat.layers;
const PLACES = STATE + 4 * 16;
const WORDS = PLACES + 4 * BLOCK;
const NUMBERS = WORDS + 16 * BLOCK;
const PAGES = Math.ceil((NUMBERS + 4 * LANES * BLOCK) / 65536);

const { get, set, integer, op, vector, at } = w;
const [n, mean, deviation] = [0, 1, 2]; // parameters
const [i, outside, layer] = [3, 4, 5];
const [a, b, c, counter, word, place, widths01, widths23, limits, result] = [
  6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];

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
      ? vector(0x5d, [width], at(3, WIDTHS))
      : vector(0x57, [width, get(widths)], [...at(3, WIDTHS), 1])),
    ...set(widths),
    ...(k === 0
      ? vector(0x5c, [limit], at(2, LIMITS))
      : vector(0x56, [limit, get(limits)], [...at(2, LIMITS), k])),
    ...set(limits),
  ];
});

/** `mean + deviation·(place + ½)·width` in doubles, of two of the four streams, rounded to floats. */
function numbers(places: w.Code, widths: number): number[] {
  const doubles = vector(0xfe, [places]);
  const half = vector(0x14, [w.double(0.5)]);
  const x = vector(0xf2, [vector(0xf0, [doubles, half]), get(widths)]);
  const scaled = vector(0xf2, [vector(0x14, [get(deviation)]), x]);
  return vector(0x5e, [vector(0xf0, [vector(0x14, [get(mean)]), scaled])]);
}

const shuffle = (x: w.Code, y: w.Code, from: readonly number[]): number[] =>
  vector(
    0x0d,
    [x, y],
    from.flatMap((k) => [4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3]),
  );
const upperHalf = shuffle(get(place), get(place), [2, 3, 2, 3]);

const body = [
  ...[a, b, c, counter].flatMap((local, k) => [
    ...vector(0x00, [integer(0)], at(4, STATE + 16 * k)),
    ...set(local),
  ]),
  ...w.loop([
    ...nextWords,
    ...lookUp,
    ...[...rightSigned(get(word), 9), ...set(place)],
    ...[
      ...shuffle(numbers(get(place), widths01), numbers(upperHalf, widths23), [0, 1, 4, 5]),
      ...set(result),
    ],
    ...[0, 1, 2, 3].flatMap((k) =>
      vector(0x5a, [times(get(i), 4), get(result)], [...at(2, NUMBERS + 4 * BLOCK * k), k]),
    ),
    // how far from 0, on either side, as whole numbers
    ...w.unless(vector(0xa3, [vector(0x39, [xor(get(place), rightSigned(get(place), 31)), get(limits)])]), [
      ...[...times(get(outside), 4), ...get(i), 0x36, ...at(2, PLACES)],
      ...vector(0x0b, [times(get(outside), 16), get(word)], at(4, WORDS)),
      ...[...op(w.ADD, get(outside), integer(1)), ...set(outside)],
    ]),
    ...[...op(w.ADD, get(i), integer(1)), ...set(i)],
    ...op(w.LESS, get(i), get(n)),
  ]),
  ...[a, b, c, counter].flatMap((local, k) => vector(0x0b, [integer(0), get(local)], at(4, STATE + 16 * k))),
  ...get(outside),
];

interface Instance {
  readonly memory: WebAssembly.Memory;
  run(n: number, mean: number, deviation: number): number;
}

let instance: Instance | undefined;

function started(): Instance {
  const types = [w.i32, w.f64, w.f64];
  const bytes = w.moduleOf(
    PAGES,
    types,
    [w.i32],
    [
      [3, w.i32],
      [10, w.v128],
    ],
    body,
  );
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const made = exports as unknown as Instance;
  new Float64Array(made.memory.buffer, WIDTHS, ziggurat.layers).set(
    ziggurat.widths.subarray(0, ziggurat.layers),
  );
  new Int32Array(made.memory.buffer, LIMITS, ziggurat.layers).set(ziggurat.limits);
  return made;
}

/** Fills four arrays of one length with normal numbers. */
function fillFour(fillings: readonly Filling[], mean: number, deviation: number): void {
  instance ??= started();
  const { buffer } = instance.memory;
  const streams = fillings.map(({ key }) => key.normalStream());
  const state = new Int32Array(buffer, STATE, 4 * LANES);
  streams.forEach((stream, k) => {
    stream.state.forEach((part, j) => void state.fill(part, LANES * j + k, LANES * j + k + 1));
  });
  const places = new Int32Array(buffer, PLACES, BLOCK);
  const words = new Int32Array(buffer, WORDS, LANES * BLOCK);
  const { length } = fillings[0]!.out;
  for (let start = 0; start < length; start += BLOCK) {
    const size = Math.min(BLOCK, length - start);
    const outside = instance.run(size, mean, deviation);
    fillings.forEach(({ out }, k) => {
      out.set(new Float32Array(buffer, NUMBERS + 4 * BLOCK * k, size), start);
      for (let j = 0; j < outside; j++) {
        const word = words[LANES * j + k]!;
        const place = word >> 9;
        if ((place ^ (place >> 31)) < ziggurat.limits[word & (ziggurat.layers - 1)]!) continue;
        out[start + places[j]!] = mean + deviation * ziggurat.outside(word, streams[k]!.more);
      }
    });
  }
}

/** Fills arrays with what their draws give; normal numbers of equal count and deviation four draws at a time. */
export function fillAll(fillings: readonly (Filling & { readonly draw: Draw })[]): void {
  const alike = Map.groupBy(fillings, ({ draw: { normal }, out }) => normal && `${out.length} ${normal}`);
  for (const [what, group] of alike) {
    const { normal } = group[0]!.draw;
    const fours = what === undefined || !normal ? 0 : group.length - (group.length % LANES);
    for (let i = 0; i < fours; i += LANES) fillFour(group.slice(i, i + LANES), normal![0], normal![1]);
    for (const { draw, key, out } of group.slice(fours)) draw.fill!(key, out);
  }
}
