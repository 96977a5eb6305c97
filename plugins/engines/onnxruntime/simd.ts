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

/** A plain instruction that reads from, or writes to, an address; `where` as given by {@link at}. */
export const read = (code: number, address: Code, where: Code): number[] => [...address, code, ...where];
export const write = (code: number, address: Code, value: Code, where: Code): number[] => [
  ...address,
  ...value,
  code,
  ...where,
];

export const LOAD = 0x28;
export const STORE = 0x36;
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
 * A module of a function `run`, on a memory `env.memory` of so many pages that it is given.
 * @param shared whether threads share the memory
 * @param locals types of the function's locals after its parameters, by their number
 */
export function moduleOf(
  pages: number,
  shared: boolean,
  parameters: Code,
  locals: readonly (readonly [count: number, type: number])[],
  body: Code,
): Uint8Array<ArrayBuffer> {
  const code = [...list(locals.map(([count, type]) => [...unsigned(count), type])), ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([[0x60, ...list(parameters.map((type) => [type])), 0]])),
    ...section(
      2,
      list([[...name("env"), ...name("memory"), 2, shared ? 3 : 1, ...unsigned(pages), ...unsigned(pages)]]),
    ),
    ...section(3, list([[0]])),
    ...section(7, list([[...name("run"), 0, 0]])),
    ...section(10, list([[...unsigned(code.length), ...code]])),
  ]);
}
