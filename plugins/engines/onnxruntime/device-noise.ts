/**
 * Random numbers that a device makes itself: of a key's words and of each number's place, by operators that every provider
 * has for int32 and float32. That of WebGPU has no bitwise ones, shifts, or remainders, so the generator multiplies.
 *
 * The word of place i is x = i·G + k, mixed by three rounds of x ← x·(a·x + b) mod 2³², which is a permutation where a is even
 * and b odd (R. Rivest et al., "The RC6 Block Cipher", 1998, has a = 2, b = 1). Before the second and the third round
 * x ← x + x/2¹⁶ takes the high half to the low one, which products leave weak. k, a and b are the key's: other keys give
 * other permutations, not other stretches of one sequence.
 *
 * @module
 */
import type { RandomNumbers } from "../../../core/mod.ts";
import { Elem } from "./model.ts";
import type { Recorder } from "./recorder.ts";
import { sizeOf, type View } from "./value.ts";

const { int32, float32 } = Elem;

/** Words of a key that the numbers are made of: k, and a and b of each round. */
export const NOISE_WORDS = 7;

/**
 * Numbers from which a device makes them: about 25 small programs of its own, a tenth of a millisecond, where this process
 * takes two to draw them and bring them there.
 */
export const WORTH_MAKING = 2 ** 16;

/** 2³² over the golden ratio, and prime: words of neighbours lie far apart. */
const G = 0x9e3779b1;

/**
 * Random numbers of a shape.
 * @param words int32 `[NOISE_WORDS]`
 */
export function noise(g: Recorder, words: View, { shape, uniform, normal }: RandomNumbers): View {
  const n = sizeOf(shape);
  if (uniform !== undefined) {
    const grid = gridOf(n);
    return shaped(g, uniformOf(g, wordsAt(g, words, grid), uniform), shape);
  }
  const { rows, columns } = gridOf(Math.ceil(n / 2));
  return shaped(g, normalOf(g, wordsAt(g, words, { rows: 2 * rows, columns }), normal ?? [0, 1]), shape);
}

/** Places in rows and columns: a sum of one column and one row names them all. */
interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Columns where no number near the root divides the places: some are then made in vain. */
const COLUMNS = 256;

/** A grid for n places, with none to spare if a number near the root divides n. */
function gridOf(n: number): Grid {
  const root = Math.floor(Math.sqrt(n));
  for (const by of [4, 1]) {
    // shaders compute four numbers at a time
    for (let columns = root - (root % by); columns > root / 8; columns -= by) {
      if (n % columns === 0) return { rows: n / columns, columns };
    }
  }
  return { rows: Math.ceil(n / COLUMNS), columns: COLUMNS };
}

/** A word for each place, int32 `[rows, columns]`. */
function wordsAt(g: Recorder, words: View, { rows, columns }: Grid): View {
  const shape = [rows, columns];
  const op = (name: string, a: View, b: View): View => g.op(name, [a, b], int32, shape);
  const row = (name: string, values: readonly number[]): View =>
    g.named(`noise's ${name}`, int32, [values.length], () => Int32Array.from(values));
  // a becomes twice an odd number, b an odd one
  const scaled = g.op("Mul", [words, row("factors", [1, 4, 2, 4, 2, 4, 2])], int32, [NOISE_WORDS]);
  const fit = g.op("Add", [scaled, row("addends", [0, 2, 1, 2, 1, 2, 1])], int32, [NOISE_WORDS]);
  const each = Array.from({ length: NOISE_WORDS }, () => 1);
  const one = { elem: int32, shape: [1] };
  const [k, ...factors] = g.ops(
    "Split",
    [fit, g.ints(each)],
    each.map(() => one),
    { attributes: { axis: 0 } },
  ) as [View, ...View[]];
  const steps = (count: number, by: number, axes: readonly number[]): View =>
    g.named(`noise's ${count} steps of ${by}`, int32, axes, () =>
      Int32Array.from({ length: count }, (_, i) => Math.imul(i * by, G)),
    );
  const down = g.op("Add", [steps(rows, columns, [rows, 1]), k], int32, [rows, 1]);
  let x = op("Add", down, steps(columns, 1, [1, columns]));
  for (let round = 0; round < 3; round++) {
    if (round > 0) x = op("Add", x, op("Div", x, g.scalar(2 ** 16, int32)));
    const [a, b] = [factors[2 * round]!, factors[2 * round + 1]!];
    x = op("Mul", x, op("Add", op("Mul", x, a), b));
  }
  return x;
}

/** In [low, high), of the highest 24 bits of words. */
function uniformOf(g: Recorder, words: View, [low, high]: readonly [number, number]): View {
  const op = (name: string, x: View, by: number): View =>
    g.op(name, [x, g.scalar(by, float32)], float32, x.shape);
  const bits = g.op("Div", [words, g.scalar(2 ** 8, int32)], int32, words.shape); // −2²³ to 2²³ − 1
  const [width, middle] = [Math.fround((high - low) * 2 ** -24), Math.fround((low + high) / 2)];
  const scaled = op("Mul", g.cast(bits, float32), width);
  let y = middle === 0 ? scaled : op("Add", scaled, middle);
  // rounding may reach a bound
  const at = (v: number): number => Math.fround(Math.fround(v * width) + middle);
  const [least, bound] = [Math.fround(low), Math.fround(high)];
  if (least < bound && at(2 ** 23 - 1) >= bound) y = op("Min", y, below(bound));
  if (least < bound && at(-(2 ** 23)) < least) y = op("Max", y, least);
  return y;
}

/** The largest float32 below one. */
function below(bound: number): number {
  const float = Float32Array.of(bound);
  const bits = new Int32Array(float.buffer);
  if (bound === 0) return -(2 ** -149);
  bits[0]! += bound > 0 ? -1 : 1;
  return float[0]!;
}

/**
 * Normal numbers of pairs of words, one in each half of the rows.
 * G. Box and M. Muller, "A Note on the Generation of Random Normal Deviates", 1958. The length takes 31 bits of a word, so
 * that numbers reach 6.6 deviations.
 */
function normalOf(g: Recorder, words: View, [mean, deviation]: readonly [number, number]): View {
  const [rows, columns] = words.shape as [number, number];
  const half = [rows / 2, columns];
  const [first, second] = g.ops(
    "Split",
    [words, g.ints([rows / 2, rows / 2])],
    [
      { elem: int32, shape: half },
      { elem: int32, shape: half },
    ],
    { attributes: { axis: 0 } },
  ) as [View, View];
  const of = (name: string, ...inputs: readonly View[]): View => g.op(name, inputs, float32, half);
  const by = (x: number): View => g.scalar(x, float32);
  const positive = of("Add", of("Abs", g.cast(first, float32)), by(0.5));
  const log = of("Log", of("Mul", positive, by(2 ** -31))); // of numbers in (0, 1]
  // a logarithm that is rounded up beyond 0 has no root
  const length = of("Sqrt", of("Abs", of("Mul", log, by(-2 * deviation ** 2))));
  const angle = of("Mul", g.cast(second, float32), by(Math.PI * 2 ** -31));
  const sides = ["Cos", "Sin"].map((name) => of("Mul", length, of(name, angle)));
  const both = g.op("Concat", sides, float32, words.shape, { attributes: { axis: 0 } });
  return mean === 0 ? both : g.op("Add", [both, by(mean)], float32, words.shape);
}

/** The first of some numbers, in a shape. */
function shaped(g: Recorder, numbers: View, shape: readonly number[]): View {
  const [n, made] = [sizeOf(shape), sizeOf(numbers.shape)];
  if (n === made) return g.reshape(numbers, shape);
  const first = g.op("Slice", [g.reshape(numbers, [made]), g.ints([0]), g.ints([n]), g.ints([0])], float32, [
    n,
  ]);
  return g.reshape(first, shape);
}
