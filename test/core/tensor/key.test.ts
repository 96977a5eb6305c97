import fc from "fast-check";
import t from "tap";
import { Key, tf } from "../../../core/mod.ts";

await tf.setBackend("cpu");
await tf.ready();
fc.configureGlobal({ seed: 11 });

const key = Key.from("random");
const words = (k: Key, n = 4): number[] => {
  const next = k.bits();
  return Array.from({ length: n }, next);
};
const mean = (xs: ArrayLike<number>, f = (x: number) => x): number => {
  let sum = 0;
  for (let i = 0; i < xs.length; i++) sum += f(xs[i]!);
  return sum / xs.length;
};

type Tap = { ok(value: unknown, message: string): boolean };
/** z is a standard normal if all is well: the keys are fixed, and one in 1.7 million would lie beyond 5. */
const plausible = (test: Tap, z: number, what: string): void => {
  test.ok(Math.abs(z) < 5, `${what}: ${z.toFixed(2)} standard errors off`);
};
/** Pearson's χ² of counts that should be equal, as standard errors: mean d, variance 2d for d degrees of freedom. */
const evenness = (counts: readonly number[]): number => {
  const expected = mean(counts);
  const chi2 = counts.reduce((sum, c) => sum + (c - expected) ** 2 / expected, 0);
  const d = counts.length - 1;
  return (chi2 - d) / Math.sqrt(2 * d);
};
const tally = (values: Iterable<number>, cells: number): number[] => {
  const counts = new Array<number>(cells).fill(0);
  for (const v of values) counts[v]!++;
  return counts;
};

const name = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const path = fc.array(name, { maxLength: 4 });
const same = (a: readonly (string | number)[], b: readonly (string | number)[]): boolean =>
  a.length === b.length && a.every((x, i) => Object.is(x, b[i]));

t.test("fold() gives the same numbers for the same path, however it is cut", async (t) => {
  fc.assert(
    fc.property(name, path, path, (seed, a, b) => {
      t.strictSame(
        words(Key.from(seed).fold(...a, ...b)),
        words(
          Key.from(seed)
            .fold(...a)
            .fold(...b),
        ),
      );
    }),
  );
});

t.test("fold() gives different numbers for different paths", async (t) => {
  fc.assert(
    fc.property(path, path, (a, b) => {
      fc.pre(!same(a, b));
      t.notSame(words(key.fold(...a)), words(key.fold(...b)));
    }),
  );
  const distinct = [
    [1],
    ["1"],
    [1, 1],
    ["1", "1"],
    ["11"],
    ["ab"],
    ["a", "b"],
    ["b", "a"],
    [""],
    [],
    [0],
    ["\0"],
    ["\0\0"],
    ["a".repeat(15)],
    ["a".repeat(16)],
    ["a".repeat(17)],
  ];
  const seen = new Set(distinct.map((p) => words(key.fold(...p)).join()));
  t.equal(seen.size, distinct.length, "type, order, length and padding all count");
  const bytes = new TextEncoder().encode("abcdefgh");
  const number = new DataView(bytes.buffer).getFloat64(0, true);
  t.notSame(words(key.fold(number)), words(key.fold("abcdefgh")), "even where the bytes are the same");
  t.notSame(words(Key.from(1)), words(Key.from("1")), "in the seed too");
});

t.test("fold() leaves the parent as it was", async (t) => {
  const before = words(key);
  key.fold("child").uniformArray(10);
  t.same(words(key), before);
});

t.test("bits() starts the same stream each time", async (t) => {
  const first = key.bits();
  const second = key.bits();
  first();
  first();
  t.same([second(), second()], words(key, 2));
  t.ok(
    words(key, 1000).every((w) => Number.isInteger(w) && w >= 0 && w < 2 ** 32),
    "they are uint32",
  );
});

t.test("bits() has every bit set half of the time", async (t) => {
  const n = 20000;
  const stream = words(key.fold("bits"), n);
  for (let bit = 0; bit < 32; bit++) {
    const ones = stream.filter((w) => (w >>> bit) & 1).length;
    plausible(t, (ones - n / 2) / Math.sqrt(n / 4), `bit ${bit}`);
  }
});

t.test("uniformArray() has the moments and the evenness of a uniform", async (t) => {
  const n = 200_000;
  const u = key.fold("uniform").uniformArray(n);
  plausible(t, (mean(u) - 1 / 2) / Math.sqrt(1 / 12 / n), "mean 1/2");
  // Var (u − ½)² = 1/80 − 1/144 = 1/180
  plausible(t, (mean(u, (x) => (x - 0.5) ** 2) - 1 / 12) / Math.sqrt(1 / 180 / n), "variance 1/12");
  plausible(
    t,
    evenness(
      tally(
        u.map((x) => Math.floor(x * 100)),
        100,
      ),
    ),
    "χ² of 100 cells",
  );
});

t.test("uniformArray() stays within [low, high) and fills it", async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 50 }), (low, width) => {
      const u = key.fold(low, width).uniformArray(2000, low, low + width);
      const [least, most] = [Math.min(...u), Math.max(...u)];
      t.ok(least >= low && most < low + width, `[${least}, ${most}] in [${low}, ${low + width})`);
      // (1 − 0.02)^2000 = 3e-18
      t.ok(least < low + 0.02 * width && most > low + 0.98 * width, "both ends are reached");
    }),
    { numRuns: 30 },
  );
});

t.test("normalArray() has the moments and tails of a normal", async (t) => {
  const n = 200_000;
  const x = key.fold("normal").normalArray(n);
  // Var x^k of a standard normal: 1, 3 − 1 = 2, 15, 105 − 9 = 96
  const moments = [
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
  ] as const;
  for (const [k, expected, variance] of moments) {
    plausible(t, (mean(x, (v) => v ** k) - expected) / Math.sqrt(variance / n), `moment ${k}`);
  }
  // P(|x| > t), from tables of the normal distribution
  for (const [bound, p] of [
    [1, 0.3173105],
    [2, 0.0455003],
    [3, 0.0026998],
    [4, 0.0000633],
  ] as const) {
    const share = mean(x, (v) => (Math.abs(v) > bound ? 1 : 0));
    plausible(t, (share - p) / Math.sqrt((p * (1 - p)) / n), `beyond ${bound}`);
  }
  // normals come in pairs: their members must be independent
  const pairs = mean(
    x.filter((_, i) => i % 2 === 0),
    (v) => v,
  );
  plausible(t, pairs / Math.sqrt(2 / n), "mean of the first of each pair");
  let product = 0;
  for (let i = 0; i < n; i += 2) product += x[i]! * x[i + 1]!;
  plausible(t, product / Math.sqrt(n / 2), "correlation within pairs");
});

t.test("normalArray() and normal() scale and shift", async (t) => {
  const standard = key.normalArray(7);
  const scaled = key.normalArray(7, 3, 0.5);
  for (const [i, v] of scaled.entries()) t.ok(Math.abs(v - (3 + standard[i]! / 2)) < 1e-6);
  const x = key.normal([2, 3], 3, 0.5);
  t.same(x.shape, [2, 3]);
  t.equal(x.dtype, "float32");
  t.same([...x.dataSync()], [...scaled.subarray(0, 6)], "the tensor holds the array's numbers");
  t.same([...key.uniform([5], -1, 1).dataSync()], [...key.uniformArray(5, -1, 1)]);
});

t.test("fold() gives streams independent of each other", async (t) => {
  const n = 20_000;
  const uniform = (k: Key): number => k.uniformArray(1)[0]!;
  // the first number of each of n siblings is uniform, and so is its pair with the next sibling's
  const first = Array.from({ length: n }, (_, i) => uniform(key.fold("step", i)));
  plausible(
    t,
    evenness(
      tally(
        first.map((u) => Math.floor(u * 100)),
        100,
      ),
    ),
    "siblings: χ² of 100 cells",
  );
  const pairs: number[] = [];
  for (let i = 0; i + 1 < n; i += 2) {
    pairs.push(Math.floor(first[i]! * 16) * 16 + Math.floor(first[i + 1]! * 16));
  }
  plausible(t, evenness(tally(pairs, 256)), "neighbours: χ² of 16 × 16 cells");
  // whole streams: parent and child, siblings, and keys of neighbouring seeds
  const streams = [
    [key, key.fold("child")],
    [key.fold("critic", 1), key.fold("critic", 2)],
    [key.fold("pd"), key.fold("pdBar")],
    [Key.from(0), Key.from(1)],
  ] as const;
  for (const [a, b] of streams) {
    const u = a.uniformArray(n, -1, 1);
    const v = b.uniformArray(n, -1, 1);
    let product = 0;
    for (let i = 0; i < n; i++) product += u[i]! * v[i]!;
    plausible(t, product / Math.sqrt(n / 9), "correlation of two streams"); // Var uv = 1/9
  }
});

t.test("integers() are in range and even", async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (below) => {
      t.ok(
        key
          .fold(below)
          .integers(50, below)
          .every((v) => v >= 0 && v < below),
      );
    }),
  );
  for (const below of [2, 10, 97]) {
    plausible(t, evenness(tally(key.fold(below).integers(100_000, below), below)), `χ² below ${below}`);
  }
});

t.test("permutation() is one, and each is as likely", async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), (n) => {
      const sorted = [...key.fold(n).permutation(n)].sort((a, b) => a - b);
      t.strictSame(
        sorted,
        Array.from({ length: n }, (_, i) => i),
      );
    }),
  );
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = key.fold("permutation", i).permutation(4).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  t.equal(counts.size, 24, "all 4! orders occur");
  plausible(t, evenness([...counts.values()]), "χ² of 24 orders");
});
