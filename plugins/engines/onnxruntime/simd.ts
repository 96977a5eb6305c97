/**
 * WebAssembly modules of one function, written as instructions: enough for a loop over vectors of four numbers.
 * https://webassembly.github.io/spec/core/binary/
 *
 * @module
 */

/** The bytes of one or more instructions. */
export type Code = readonly number[];

const unsigned = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)]);
const signed = (n: number): number[] =>
  n >= -64 && n < 64 ? [n & 127] : [(n & 127) | 128, ...signed(n >> 7)];
const list = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): number[] => [id, ...unsigned(content.length), ...content];
const name = (text: string): number[] => list([...text].map((c) => [c.charCodeAt(0)]));

/** Types of values. */
export const i32 = 0x7f;
export const f64 = 0x7c;
export const v128 = 0x7b;

export const get = (local: number): number[] => [0x20, ...unsigned(local)];
export const set = (local: number): number[] => [0x21, ...unsigned(local)];
export const integer = (n: number): number[] => [0x41, ...signed(n)];
export const double = (x: number): number[] => [0x44, ...new Uint8Array(Float64Array.of(x).buffer)];
/** A plain instruction by its number. */
export const op = (code: number, ...args: readonly Code[]): number[] => [...args.flat(), code];
/** A vector instruction by its number; `immediates` are what follows it. */
export const vector = (code: number, args: readonly Code[], immediates: Code = []): number[] => [
  ...args.flat(),
  0xfd,
  ...unsigned(code),
  ...immediates,
];
/** Where an instruction reads or writes, beyond the address it is given: aligned to 2 to the `align` bytes. */
export const at = (align: number, offset: number): number[] => [align, ...unsigned(offset)];

export const ADD = 0x6a;
export const MULTIPLY = 0x6c;
export const LESS = 0x49;

/** Repeats while the last value of the body is not 0. */
export const loop = (body: Code): number[] => [0x03, 0x40, ...body, 0x0d, 0x00, 0x0b];
/** Does something if the condition is 0. */
export const unless = (condition: Code, body: Code): number[] => [
  ...condition,
  0x45,
  0x04,
  0x40,
  ...body,
  0x0b,
];

/**
 * A module of a memory and a function `run`.
 * @param locals types of the function's locals after its parameters, by their number
 */
export function moduleOf(
  pages: number,
  parameters: Code,
  results: Code,
  locals: readonly (readonly [count: number, type: number])[],
  body: Code,
): Uint8Array<ArrayBuffer> {
  const code = [...list(locals.map(([count, type]) => [...unsigned(count), type])), ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      list([[0x60, ...unsigned(parameters.length), ...parameters, ...unsigned(results.length), ...results]]),
    ),
    ...section(3, list([[0]])),
    ...section(5, list([[0, ...unsigned(pages)]])),
    ...section(
      7,
      list([
        [...name("memory"), 2, 0],
        [...name("run"), 0, 0],
      ]),
    ),
    ...section(10, list([[...unsigned(code.length), ...code]])),
  ]);
}
