/**
 * Random numbers that a device makes itself: of a key's words and of each number's place, by operators that every provider
 * has for int32 and float32. That of WebGPU has no bitwise ones, shifts, or remainders, so the generator multiplies.
 *
 * The word of place i is x = i·G + k, mixed by three rounds of x ← x·(a·x + b) mod 2³², which is a permutation where a is even
 * and b odd (R. Rivest et al., "The RC6 Block Cipher", 1998, has a = 2, b = 1). Before the second and the third round
 * x ← x + x/2¹⁶ takes the high half to the low one, which products leave weak. k, a and b are the key's: other keys give
 * other permutations, not other stretches of one sequence.
 *
 * A draw is recorded as one node. A program makes those of a kind together, each row by the words of its draw: thirty nodes
 * for all of them, not for each.
 *
 * @module
 */
import type { RandomNumbers } from "../../../core/mod.ts";
import { type Attributes, Elem } from "./model.ts";
import type { Recorder } from "./recorder.ts";
import { type Node, sizeOf, type View } from "./value.ts";
import { type Builder, concatenate, split } from "./vectors.ts";

const { int32, float32 } = Elem;

/** Words of a key that the numbers are made of: k, and a and b of each round. */
export const NOISE_WORDS = 7;

/** Numbers from which a device makes them: about as long as its share of nodes takes this process to draw them. */
export const WORTH_MAKING = 2 ** 14;

/** Numbers that are made together, unless one draw is of more: beyond them it is memory that a device waits for, not nodes. */
const TOGETHER = 2 ** 22;

/** Places in a row: those of the lengths of pairs of normal numbers, then those of their angles. */
const COLUMNS = 512;

/** 2³² over the golden ratio, made odd: words of neighbours lie far apart. */
const G = 0x9e3779b1;

const DOMAIN = "dsgan";

/**
 * Records a draw.
 * @param words int32 `[NOISE_WORDS]`
 */
export function draw(g: Recorder, words: View, { shape, uniform, normal }: RandomNumbers): View {
  const [first, second] = (uniform ?? normal)!;
  const attributes = {
    law: uniform ? "uniform" : "normal",
    first: { float: first },
    second: { float: second },
  };
  return g.op("Draw", [words], float32, shape, { domain: DOMAIN, attributes });
}

/** A recorded draw. */
interface Draw {
  readonly node: Node;
  readonly law: "uniform" | "normal";
  /** Bounds, or mean and standard deviation. */
  readonly numbers: readonly [number, number];
  readonly rows: number;
}

function drawOf(node: Node): Draw | undefined {
  if (node.domain !== DOMAIN) return undefined;
  const { law, first, second } = node.attributes as {
    readonly law: Draw["law"];
    readonly first: { readonly float: number };
    readonly second: { readonly float: number };
  };
  const rows = Math.ceil(sizeOf(node.outputs[0]!.shape) / COLUMNS);
  return { node, law, numbers: [first.float, second.float], rows };
}

/** Draws that are made together, by the first node of each group. */
export function groupsOf(nodes: readonly Node[]): Map<Node, readonly Node[]> {
  const groups = new Map<Node, Node[]>();
  const open = new Map<string, { readonly group: Node[]; rows: number }>();
  for (const node of nodes) {
    const made = drawOf(node);
    if (made === undefined) continue;
    // bounds that rounding would reach are for one draw's numbers
    const kind = isBounded(made) ? `uniform ${made.numbers}` : made.law;
    const last = open.get(kind);
    if (last !== undefined && (last.rows + made.rows) * COLUMNS <= TOGETHER) {
      last.group.push(node);
      last.rows += made.rows;
    } else {
      const group = [node];
      groups.set(node, group);
      open.set(kind, { group, rows: made.rows });
    }
  }
  return groups;
}

/** What a group is made with: nodes by name. */
export interface DrawBuilder extends Builder {
  constant(name: string, elem: Elem, shape: readonly number[], make: () => Int32Array | Float32Array): string;
}

/**
 * Makes the numbers of a group.
 * @param words names of the words of each draw, `[NOISE_WORDS]`
 * @param outputs names for their numbers
 * @param most inputs or outputs that a node may have
 */
export function makeGroup(
  g: DrawBuilder,
  group: readonly Node[],
  { words, outputs, most }: { words: readonly string[]; outputs: readonly string[]; most: number },
): void {
  const draws = group.map((node) => drawOf(node)!);
  const rows = draws.reduce((sum, draw) => sum + draw.rows, 0);
  const say = maker(g, outputs[0]!);
  /** A number for each row, or one where they are all the same. */
  const column = (of: (draw: Draw) => number): string => {
    const values = draws.map(of);
    if (values.every((value) => value === values[0])) return scalar(g, float32, values[0]!);
    const each = Float32Array.from(draws.flatMap((draw, i) => Array<number>(draw.rows).fill(values[i]!)));
    return g.constant(`rows ${outputs[0]} ${values}`, float32, [rows, 1], () => each);
  };
  const bits = wordsOf(g, say, draws, { words, most, rows });
  const made = (draws[0]!.law === "uniform" ? uniformOf : normalOf)(g, say, bits, draws, column);
  const flat = say("Reshape", [made, g.ints([rows * COLUMNS])]);
  const pieces = draws.flatMap((draw, i) => {
    const size = sizeOf(draw.node.outputs[0]!.shape);
    const rest = draw.rows * COLUMNS - size;
    const piece = { name: `${outputs[i]} flat`, size };
    return rest === 0 ? [piece] : [piece, { name: `${outputs[i]} beyond`, size: rest }];
  });
  if (pieces.length > 1) split(g, flat, pieces, most);
  draws.forEach(({ node }, i) => {
    const inputs = [pieces.length > 1 ? `${outputs[i]} flat` : flat, g.ints(node.outputs[0]!.shape)];
    g.node("Reshape", {}, inputs, [outputs[i]!]);
  });
}

/** Appends a node, and names its output. */
type Say = (op: string, inputs: readonly string[], attributes?: Attributes) => string;

function maker(g: Builder, prefix: string): Say {
  let count = 0;
  return (op, inputs, attributes = {}) => {
    const name = `${prefix} ${op} ${count++}`;
    g.node(op, attributes, inputs, [name]);
    return name;
  };
}

function scalar(g: DrawBuilder, elem: typeof int32 | typeof float32, x: number): string {
  return g.constant(`${elem} ${x}`, elem, [1], () =>
    elem === int32 ? Int32Array.of(x) : Float32Array.of(x),
  );
}

/** A word for each place, int32 `[rows, COLUMNS]`. */
function wordsOf(
  g: DrawBuilder,
  say: Say,
  draws: readonly Draw[],
  { words, most, rows }: { words: readonly string[]; most: number; rows: number },
): string {
  const row = (name: string, values: readonly number[]): string =>
    g.constant(`draws' ${name}`, int32, [1, values.length], () => Int32Array.from(values));
  const all = `${words[0]} to ${words.length}`;
  if (words.length > 1) concatenate(g, words, all, most);
  const table = say("Reshape", [words.length > 1 ? all : words[0]!, g.ints([words.length, NOISE_WORDS])]);
  // a becomes twice an odd number, b an odd one
  const scaled = say("Mul", [table, row("factors", [1, 4, 2, 4, 2, 4, 2])]);
  const fit = say("Add", [scaled, row("addends", [0, 2, 1, 2, 1, 2, 1])]);
  const name = `${rows} rows of ${draws.map((draw) => draw.rows)}`;
  const drawOfRow = (): Int32Array =>
    Int32Array.from(draws.flatMap((draw, i) => Array<number>(draw.rows).fill(i)));
  const each =
    draws.length === 1
      ? fit
      : say("Gather", [fit, g.constant(`draws of ${name}`, int32, [rows], drawOfRow)], { axis: 0 });
  const columns = Array.from({ length: NOISE_WORDS }, (_, i) => `${each} ${i}`);
  g.node("Split", { axis: 1 }, [each, g.ints(columns.map(() => 1))], columns);
  const [k, ...factors] = columns as [string, ...string[]];
  const steps = (count: number, by: number): number[] =>
    Array.from({ length: count }, (_, i) => Math.imul(i * by, G));
  const places = (): Int32Array => Int32Array.from(draws.flatMap((draw) => steps(draw.rows, COLUMNS)));
  const down = say("Add", [g.constant(`places of ${name}`, int32, [rows, 1], places), k]);
  let x = say("Add", [down, row("places", steps(COLUMNS, 1))]);
  for (let round = 0; round < 3; round++) {
    if (round > 0) x = say("Add", [x, say("Div", [x, scalar(g, int32, 2 ** 16)])]);
    const [a, b] = [factors[2 * round]!, factors[2 * round + 1]!];
    x = say("Mul", [x, say("Add", [say("Mul", [x, a]), b])]);
  }
  return x;
}

/** What uniform numbers are scaled by: v in [−2²³, 2²³) becomes v·width + middle, in float32. */
function scaleOf({ numbers: [low, high] }: Draw): { readonly width: number; readonly middle: number } {
  return { width: Math.fround((high - low) * 2 ** -24), middle: Math.fround((low + high) / 2) };
}

/** Which bounds rounding reaches. */
function reachedBy(draw: Draw): { readonly low: boolean; readonly high: boolean } {
  const { width, middle } = scaleOf(draw);
  const [low, high] = draw.numbers.map(Math.fround) as [number, number];
  const at = (v: number): number => Math.fround(Math.fround(v * width) + middle);
  if (low >= high) return { low: false, high: false };
  return { low: at(-(2 ** 23)) < low, high: at(2 ** 23 - 1) >= high };
}

function isBounded(draw: Draw): boolean {
  const { low, high } = reachedBy(draw);
  return draw.law === "uniform" && (low || high);
}

/** In [low, high), of the highest 24 bits of words. */
function uniformOf(
  g: DrawBuilder,
  say: Say,
  words: string,
  draws: readonly Draw[],
  column: (of: (draw: Draw) => number) => string,
): string {
  const bits = say("Cast", [say("Div", [words, scalar(g, int32, 2 ** 8)])], { to: float32 });
  let y = say("Mul", [bits, column((draw) => scaleOf(draw).width)]);
  if (draws.some((draw) => scaleOf(draw).middle !== 0)) {
    y = say("Add", [y, column((draw) => scaleOf(draw).middle)]);
  }
  const [low, high] = draws[0]!.numbers.map(Math.fround) as [number, number];
  const reached = reachedBy(draws[0]!);
  if (reached.high) y = say("Min", [y, scalar(g, float32, below(high))]);
  return reached.low ? say("Max", [y, scalar(g, float32, low)]) : y;
}

/** The largest float32 below one. */
function below(bound: number): number {
  if (bound === 0) return -(2 ** -149);
  const float = Float32Array.of(bound);
  const bits = new Int32Array(float.buffer);
  bits[0]! += bound > 0 ? -1 : 1;
  return float[0]!;
}

/**
 * Normal numbers of pairs of words.
 * G. Box and M. Muller, "A Note on the Generation of Random Normal Deviates", 1958. The length takes 31 bits of a word, so
 * that numbers reach 6.6 deviations.
 */
function normalOf(
  g: DrawBuilder,
  say: Say,
  words: string,
  draws: readonly Draw[],
  column: (of: (draw: Draw) => number) => string,
): string {
  const [first, second] = [`${words} lengths`, `${words} angles`];
  g.node("Split", { axis: 1 }, [words, g.ints([COLUMNS / 2, COLUMNS / 2])], [first, second]);
  const by = (x: number): string => scalar(g, float32, x);
  const float = (x: string): string => say("Cast", [x], { to: float32 });
  const positive = say("Add", [say("Abs", [float(first)]), by(0.5)]);
  const log = say("Log", [say("Mul", [positive, by(2 ** -31)])]); // of numbers in (0, 1]
  // a logarithm that is rounded up beyond 0 has no root
  const square = say("Abs", [say("Mul", [log, column(({ numbers: [, deviation] }) => -2 * deviation ** 2)])]);
  const length = say("Sqrt", [square]);
  const angle = say("Mul", [float(second), by(Math.PI * 2 ** -31)]);
  const sides = ["Cos", "Sin"].map((op) => say("Mul", [length, say(op, [angle])]));
  const both = say("Concat", sides, { axis: 1 });
  if (draws.every(({ numbers: [mean] }) => mean === 0)) return both;
  return say("Add", [both, column(({ numbers: [mean] }) => mean)]);
}
