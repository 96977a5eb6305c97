/**
 * Keys: the only source of randomness. A {@link Key} is an immutable path folded from the scenario's seed; the
 * numbers it gives are a function of that path alone, so that no draw depends on the order of other draws.
 *
 * Paths are hashed with MurmurHash3 x86-128 (A. Appleby, 2011, public domain), numbers come from sfc32
 * (C. Doty-Humphrey, PractRand), normals from the ziggurat (ziggurat.ts): a training with noise in its layers draws
 * millions of them a step.
 *
 * @module
 */
import * as tf from "./tf.ts";
import { ziggurat } from "./ziggurat.ts";

const { layers: LAYERS, edges: EDGES, widths: WIDTHS } = ziggurat;

type State = readonly [number, number, number, number];

/** Random numbers that a traced key gave, and how to draw them again from another key. */
export interface Draw {
  /** The names folded onto the traced key. */
  readonly path: readonly (number | string)[];
  readonly shape: readonly number[];
  /** Draws from the key at the end of the path. */
  make(key: Key): tf.Tensor;
  /** The same as plain numbers, where that is all it is: fills the array. */
  readonly fill?: (key: Key, out: Float32Array) => void;
  /** Mean and standard deviation, where they are normal numbers. */
  readonly normal?: readonly [mean: number, deviation: number];
  /** Instead, words of the key, of which the backend makes the numbers: int32. */
  readonly words?: (key: Key) => Int32Array;
}

/** Random numbers of one distribution. */
export interface RandomNumbers {
  readonly shape: readonly number[];
  /** Bounds, where they are uniform numbers. */
  readonly uniform?: readonly [low: number, high: number];
  /** Mean and standard deviation, where they are normal numbers. */
  readonly normal?: readonly [mean: number, deviation: number];
}

/** A backend that makes random numbers where it computes. */
export interface DrawingBackend {
  /** Of how many words of a key it makes such numbers; 0 where they are to be drawn here and brought there. */
  wordsFor(numbers: RandomNumbers): number;
  /** The numbers: a function of the words, int32 `[n]`, and of nothing else. */
  draw(words: tf.Tensor, numbers: RandomNumbers): tf.Tensor;
}

function draws(backend: tf.KernelBackend): backend is tf.KernelBackend & DrawingBackend {
  return typeof (backend as Partial<DrawingBackend>).wordsFor === "function";
}

/** Is told of each tensor drawn from a traced key or from those folded from it. */
export type Tracer = (draw: Draw, drawn: tf.Tensor) => void;

interface Trace {
  readonly tracer: Tracer;
  readonly path: readonly (number | string)[];
}

/** An immutable name for a stream of random numbers. */
export class Key {
  readonly #state: State;
  readonly #trace: Trace | undefined;

  private constructor(state: State, trace?: Trace) {
    this.#state = state;
    this.#trace = trace;
  }

  /** The root key of a seed (any finite number or string). */
  static from(seed: number | string): Key {
    return new Key(absorb([0, 0, 0, 0], seed));
  }

  /**
   * The key one or more names further down the path: `key.fold("critic", step)`.
   * Different paths give independent streams; the parent is unchanged.
   */
  fold(...names: readonly (number | string)[]): Key {
    const trace = this.#trace && { ...this.#trace, path: [...this.#trace.path, ...names] };
    return new Key(names.reduce<State>(absorb, this.#state), trace);
  }

  /** The same key, whose tensors the tracer hears of. */
  traced(tracer: Tracer): Key {
    return new Key(this.#state, { tracer, path: [] });
  }

  /**
   * What `make` draws from this key. In a step (`compileStep`) everything random that is more than {@link uniform} or
   * {@link normal} passes through here, batches of data included: a replayed step draws again by calling `make`.
   * @param make a function of the key alone
   */
  sample<X extends tf.Tensor>(make: (key: Key) => X): X {
    const drawn = make(new Key(this.#state));
    this.#trace?.tracer({ path: this.#trace.path, shape: drawn.shape, make }, drawn);
    return drawn;
  }

  #drawn(numbers: RandomNumbers, fill: (key: Key, out: Float32Array) => void): tf.Tensor {
    const backend = tf.backend();
    if (draws(backend)) {
      const words = backend.wordsFor(numbers);
      if (words > 0) return this.#drawnBy(backend, words, numbers);
    }
    const { shape, normal } = numbers;
    const make = (key: Key): tf.Tensor => {
      const numbers = new Float32Array(sizeOf(shape));
      fill(key, numbers);
      return tf.tensor(numbers, [...shape], "float32");
    };
    const drawn = make(this);
    this.#trace?.tracer({ path: this.#trace.path, shape, make, fill, ...(normal && { normal }) }, drawn);
    return drawn;
  }

  /** Numbers that a backend makes of words: what is drawn here, and traced, are these. */
  #drawnBy(backend: DrawingBackend, n: number, numbers: RandomNumbers): tf.Tensor {
    const words = (key: Key): Int32Array => {
      const next = key.bits();
      return Int32Array.from({ length: n }, next);
    };
    const make = (key: Key): tf.Tensor => tf.tensor1d(words(key), "int32");
    return tf.tidy(() => {
      const drawn = make(this);
      this.#trace?.tracer({ path: this.#trace.path, shape: [n], make, words }, drawn);
      return backend.draw(drawn, numbers);
    });
  }

  /** A fresh stream of uint32: calling it twice gives the same stream twice. */
  bits(): () => number {
    let [a, b, c, counter] = this.#warm() as unknown as [number, number, number, number];
    return () => {
      const word = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + word) | 0;
      return word >>> 0;
    };
  }

  /**
   * `n` uniform numbers in [low, high).
   * @param out where to put them, if not into a new array: filling one that has been used is several times as fast
   */
  uniformArray(n: number, low = 0, high = 1, out: Float32Array = new Float32Array(n)): Float32Array {
    const scale = (high - low) * 2 ** -24;
    let [a, b, c, counter] = this.#warm() as unknown as [number, number, number, number];
    for (let i = 0; i < n; i++) {
      const word = (a + b + counter) | 0; // bits(), written out
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + word) | 0;
      out[i] = low + (word >>> 8) * scale;
    }
    return out;
  }

  /**
   * `n` normal numbers of the given mean and standard deviation.
   * @param out where to put them, as in {@link uniformArray}
   */
  normalArray(n: number, mean = 0, deviation = 1, out: Float32Array = new Float32Array(n)): Float32Array {
    const { state, more } = this.normalStream();
    let [a, b, c, counter] = state as unknown as [number, number, number, number];
    for (let start = 0; start < n; start += BLOCK) {
      const end = Math.min(n, start + BLOCK);
      let outside = 0;
      for (let i = start; i < end; i++) {
        const word = (a + b + counter) | 0; // bits(), written out
        counter = (counter + 1) | 0;
        a = b ^ (b >>> 9);
        b = (c + (c << 3)) | 0;
        c = (((c << 21) | (c >>> 11)) + word) | 0;
        const layer = word & (LAYERS - 1);
        const x = ((word >> 9) + 0.5) * WIDTHS[layer]!;
        out[i] = mean + deviation * x;
        // noted rather than seen to: a loop without calls is twice as fast
        places[outside] = i;
        words[outside] = word;
        outside += Math.abs(x) < EDGES[layer + 1]! ? 0 : 1;
      }
      for (let j = 0; j < outside; j++) {
        out[places[j]!] = mean + deviation * ziggurat.outside(words[j]!, more);
      }
    }
    return out;
  }

  /**
   * Where {@link normalArray} begins, for those who draw the same numbers faster: the state `[a, b, c, counter]` of the
   * generator that gives each number a word, and further words for the one number in a hundred that needs them.
   */
  normalStream(): { readonly state: Int32Array; more(): number } {
    return { state: this.#warm(), more: this.fold("beyond the core").bits() };
  }

  /** The generator's state when it begins to give words: `[a, b, c, counter]`. */
  #warm(): Int32Array {
    let [a, b, c, counter]: [number, number, number, number] = [...this.#state];
    for (let i = 0; i < WARM_UP; i++) {
      const word = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + word) | 0;
    }
    return Int32Array.of(a, b, c, counter);
  }

  /** `n` integers drawn evenly, with replacement, from 0 to below − 1. */
  integers(n: number, below: number): Int32Array {
    const next = this.bits();
    const out = new Int32Array(n);
    for (let i = 0; i < n; i++) out[i] = Math.floor(next() * 2 ** -32 * below);
    return out;
  }

  /** The integers 0 to n − 1 in random order (Fisher–Yates). */
  permutation(n: number): Int32Array {
    const next = this.bits();
    const out = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(next() * 2 ** -32 * (i + 1));
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }

  /** A tensor of uniform numbers in [low, high). */
  uniform(shape: readonly number[], low = 0, high = 1): tf.Tensor {
    return this.#drawn(
      { shape, uniform: [low, high] },
      (key, out) => void key.uniformArray(out.length, low, high, out),
    );
  }

  /** A tensor of normal numbers. */
  normal(shape: readonly number[], mean = 0, deviation = 1): tf.Tensor {
    const fill = (key: Key, out: Float32Array): void =>
      void key.normalArray(out.length, mean, deviation, out);
    return this.#drawn({ shape, normal: [mean, deviation] }, fill);
  }
}

/** Rounds in which sfc32 mixes its seed. */
const WARM_UP = 12;

/** Numbers drawn before those outside their core are seen to; where these stand, and their words. */
const BLOCK = 1024;
const places: Int32Array = new Int32Array(BLOCK);
const words: Int32Array = new Int32Array(BLOCK);

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

const utf8 = new TextEncoder();

/** The bytes of a path element: a tag for its type, then its content, so that 1 and "1" differ. */
function bytesOf(name: number | string): Uint8Array {
  if (typeof name === "string") {
    const text = utf8.encode(name);
    const bytes = new Uint8Array(1 + text.length);
    bytes[0] = 0x73;
    bytes.set(text, 1);
    return bytes;
  }
  const bytes = new Uint8Array(9);
  bytes[0] = 0x6e;
  new DataView(bytes.buffer).setFloat64(1, name, true);
  return bytes;
}

/** MurmurHash3 x86-128 of one path element, its four lanes seeded with the state so far. */
function absorb(state: State, name: number | string): State {
  const bytes = bytesOf(name);
  const padded = new Uint8Array(Math.ceil(bytes.length / 16) * 16);
  padded.set(bytes);
  const words = new DataView(padded.buffer);
  let [h1, h2, h3, h4]: [number, number, number, number] = [...state];
  for (let i = 0; i < padded.length; i += 16) {
    h1 ^= scramble(words.getUint32(i, true), 0x239b961b, 15, 0xab0e9789);
    h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= scramble(words.getUint32(i + 4, true), 0xab0e9789, 16, 0x38b34ae5);
    h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= scramble(words.getUint32(i + 8, true), 0x38b34ae5, 17, 0xa1e38b93);
    h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= scramble(words.getUint32(i + 12, true), 0xa1e38b93, 18, 0x239b961b);
    h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  h1 ^= bytes.length;
  h2 ^= bytes.length;
  h3 ^= bytes.length;
  h4 ^= bytes.length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = avalanche(h1);
  h2 = avalanche(h2);
  h3 = avalanche(h3);
  h4 = avalanche(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  return [h1, (h2 + h1) | 0, (h3 + h1) | 0, (h4 + h1) | 0];
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

function scramble(word: number, first: number, by: number, second: number): number {
  return Math.imul(rotate(Math.imul(word, first), by), second);
}

function avalanche(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
