/**
 * The generator of device-noise.ts in plain integers: what a device is to make of a key.
 *
 * @module
 */
import type { Key } from "../../../core/mod.ts";

const G = 0x9e3779b1;

/** The words of places 0 to n − 1 of a key, int32. */
export function wordsOf(key: Key, n: number): Int32Array {
  const next = key.bits();
  const [k, a1, b1, a2, b2, a3, b3] = Array.from({ length: 7 }, next) as [number, ...number[]];
  const rounds = [
    [a1, b1],
    [a2, b2],
    [a3, b3],
  ].map(([a, b]) => [(4 * a! + 2) | 0, (2 * b! + 1) | 0] as const);
  const out = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    let x = (Math.imul(i, G) + k) | 0;
    rounds.forEach(([a, b], round) => {
      if (round > 0) x = (x + Math.trunc(x / 2 ** 16)) | 0;
      x = Math.imul(x, (Math.imul(x, a) + b) | 0);
    });
    out[i] = x;
  }
  return out;
}

/** n uniform numbers in [0, 1). */
export function uniformOf(key: Key, n: number): Float32Array {
  return Float32Array.from(wordsOf(key, n), (x) => Math.trunc(x / 256) * 2 ** -24 + 0.5);
}

/** n normal numbers: what is float32 there is rounded, functions are exact. */
export function normalOf(key: Key, n: number): Float64Array {
  const words = wordsOf(key, n + 512);
  return Float64Array.from({ length: n }, (_, i) => {
    const column = i % 512;
    const pair = i - column + (column % 256);
    const [first, second] = [words[pair]!, words[pair + 256]!];
    const share = Math.fround(Math.fround(Math.abs(first)) + 0.5) * 2 ** -31;
    const length = Math.sqrt(-2 * Math.log(share));
    const angle = second * Math.PI * 2 ** -31;
    return length * (column < 256 ? Math.cos(angle) : Math.sin(angle));
  });
}
