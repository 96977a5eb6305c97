/** CIFAR-10 and SVHN: their file formats, loaders, and what they say of files that are not what they should be. */
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { deflateSync, gzipSync } from "node:zlib";
import t, { type Test } from "tap";
import { assemble, contextOf, Datasets, type FiniteDataset, InputError, Key, tf } from "../../core/mod.ts";
import { cifar10 } from "../../plugins/datasets/cifar10/cifar10.ts";
import { parseRecords, RECORD, toRecords } from "../../plugins/datasets/records.ts";
import { parseMat } from "../../plugins/datasets/svhn/mat.ts";
import { svhn } from "../../plugins/datasets/svhn/svhn.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { checkDataset } from "../conformance/dataset.ts";

await tf.setBackend("cpu");
await tf.ready();

/** n images whose byte at row r, column c and colour k is a function of all four, and their labels. */
const byteOf = (i: number, r: number, c: number, k: number): number =>
  (i * 31 + r * 7 + c * 3 + k * 101) % 256;
const labelOf = (i: number): number => (i * 3) % 10;

/** As CIFAR-10's binary version has them. */
function recordsOf(n: number): Buffer {
  const bytes = Buffer.alloc(n * RECORD);
  for (let i = 0; i < n; i++) {
    bytes[i * RECORD] = labelOf(i);
    for (let k = 0; k < 3; k++)
      for (let r = 0; r < 32; r++)
        for (let c = 0; c < 32; c++) bytes[i * RECORD + 1 + k * 1024 + r * 32 + c] = byteOf(i, r, c, k);
  }
  return bytes;
}

/** An element of a MAT-file, padded. */
function element(type: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
}
/** A name of up to four letters, in the short form that MATLAB gives such. */
function shortName(name: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(1, 0);
  bytes.writeUInt16LE(name.length, 2);
  bytes.write(name, 4);
  return bytes;
}
function matrix(name: string, dimensions: readonly number[], type: number, data: Uint8Array): Buffer {
  const flags = Buffer.alloc(8);
  const sizes = Buffer.from(Int32Array.from(dimensions).buffer);
  return element(
    14,
    Buffer.concat([element(6, flags), element(5, sizes), shortName(name), element(type, data)]),
  );
}
function matFile(matrices: readonly Buffer[], compressed: boolean): Buffer {
  const header = Buffer.alloc(128, " ");
  header.writeUInt16LE(0x0100, 124);
  header.write("IM", 126);
  const packed = (bytes: Buffer): Buffer => {
    const data = deflateSync(bytes);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(15, 0);
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data]); // not padded
  };
  return Buffer.concat([header, ...(compressed ? matrices.map(packed) : matrices)]);
}

/** As SVHN's files have them: labels as doubles, 10 for the digit 0. */
function svhnFile(n: number, compressed = true): Buffer {
  const x = new Uint8Array(32 * 32 * 3 * n);
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let k = 0; k < 3; k++)
      for (let c = 0; c < 32; c++) for (let r = 0; r < 32; r++) x[at++] = byteOf(i, r, c, k);
  const y = Buffer.from(Float64Array.from({ length: n }, (_, i) => labelOf(i) || 10).buffer);
  return matFile([matrix("X", [32, 32, 3, n], 2, x), matrix("y", [n, 1], 9, y)], compressed);
}

function mustBeOurs(t: Test, data: FiniteDataset, n: number, from = 0): void {
  t.equal(data.size, n);
  t.same(data.shape, [32, 32, 3]);
  t.equal(data.classes, 10);
  t.same(
    [...data.labels!],
    Array.from({ length: n }, (_, i) => labelOf(from + i)),
  );
  const rows = data.rows([n - 1]).arraySync() as number[][][][];
  for (const [r, c, k] of [
    [0, 0, 0],
    [5, 0, 0],
    [0, 9, 0],
    [31, 17, 2],
    [3, 4, 1],
  ] as const) {
    const expected = (2 * byteOf(from + n - 1, r, c, k)) / 255 - 1;
    t.ok(Math.abs(rows[0]![r]![c]![k]! - expected) < 1e-6, `row ${r}, column ${c}, colour ${k}`);
  }
}

const files = (t: Test, of: Record<string, Buffer>): URL => pathToFileURL(`${t.testdir(of)}/`);
const message = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => undefined,
    (e) => e,
  );
  return error instanceof InputError ? error.message : `no InputError: ${error}`;
};
const train = { split: "train", range: "symmetric", verify: false } as const;

t.test("cifar10() reads the five batches and the test batch, plain or gzipped", async (t) => {
  const one = recordsOf(15);
  const part = (i: number): Buffer => one.subarray(3 * i * RECORD, 3 * (i + 1) * RECORD);
  const folder = files(t, {
    "data_batch_1.bin": part(0),
    "data_batch_2.bin": gzipSync(part(1)),
    "data_batch_3.bin": part(2),
    "data_batch_4.bin": part(3),
    "data_batch_5.bin": part(4),
    "test_batch.bin": recordsOf(4),
  });
  const data = await cifar10({ ...train, folder: folder.href });
  mustBeOurs(t, data, 15);
  mustBeOurs(t, await data.heldOut!(), 4);
  await checkDataset(t, data);
  t.same([...(await cifar10({ ...train, folder: folder.href, labels: [6] })).labels!], [6, 6]);
  t.match(
    await message(cifar10({ ...train, folder: folder.href, verify: true })),
    /data_batch_1\.bin: data_batch_1\.bin: expected MD5 5dd7e06a14cb22eb9f671a540d1b7c25, found .*dsgan data get cifar10/,
  );
});

t.test("cifar10() says which file is missing or damaged, and how to get it", async (t) => {
  const missing = files(t, {});
  t.match(
    await message(cifar10({ ...train, folder: missing.href })),
    /data_batch_1\.bin: there is no such file.*data get cifar10/,
  );
  const cut = files(t, { "test_batch.bin": recordsOf(2).subarray(1) });
  t.match(
    await message(cifar10({ ...train, folder: cut.href, split: "test" })),
    /expected whole records of 3073 bytes, found 6145/,
  );
  const label = recordsOf(2);
  label[RECORD] = 10;
  const wrong = files(t, { "test_batch.bin": label });
  t.match(
    await message(cifar10({ ...train, folder: wrong.href, split: "test" })),
    /labels 0 to 9, found 10 in record 1/,
  );
});

t.test("toRecords() is the inverse of parseRecords()", async (t) => {
  const bytes = recordsOf(5);
  t.same(Buffer.from(toRecords(parseRecords(bytes, 10))), bytes);
});

t.test("svhn() reads .mat files, compressed or not", async (t) => {
  for (const compressed of [true, false]) {
    const folder = files(t, {
      "train_32x32.mat": svhnFile(12, compressed),
      "test_32x32.mat": svhnFile(5, compressed),
    });
    const data = await svhn({ ...train, folder: folder.href });
    mustBeOurs(t, data, 12);
    mustBeOurs(t, await data.heldOut!(), 5);
    t.match(
      await message(svhn({ ...train, folder: folder.href, verify: true })),
      /expected MD5 e26dedcc434d2e4c54c9b2d4a06d8373/,
    );
  }
});

t.test("svhn() reads a file of records, cut into train and test", async (t) => {
  for (const bytes of [recordsOf(10), gzipSync(recordsOf(10))]) {
    const file = new URL("part.bin", files(t, { "part.bin": bytes }));
    const data = await svhn({ ...train, records: { file: file.href, cut: 7 } });
    mustBeOurs(t, data, 7);
    mustBeOurs(t, await data.heldOut!(), 3, 7);
    t.match(
      await message(svhn({ ...train, records: { file: file.href, cut: 10 } })),
      /more than 10 records, the cut, found 10/,
    );
  }
  const context = contextOf(await assemble(builtinPlugins), files(t, { "part.bin": recordsOf(4) }));
  const options = {
    use: "svhn",
    split: "train",
    range: "unit",
    verify: true,
    records: { file: "part.bin", cut: 3 },
  };
  const unit = (await context.create(Datasets, options)) as FiniteDataset;
  t.same([unit.size, unit.range], [3, [0, 1]], "as a scenario names it");
  t.match(
    await message(context.create(Datasets, { ...options, folder: "." })),
    /folder or records, not both/,
  );
});

t.test("parseMat() reads every numeric type, and says what it cannot read", async (t) => {
  const bytes = (array: { buffer: ArrayBufferLike }): Uint8Array =>
    new Uint8Array(array.buffer as ArrayBuffer);
  const cases: [number, Uint8Array, number[]][] = [
    [1, bytes(Int8Array.of(-3, 4)), [-3, 4]],
    [2, Uint8Array.of(250, 4), [250, 4]],
    [3, bytes(Int16Array.of(-300, 4)), [-300, 4]],
    [4, bytes(Uint16Array.of(60000, 4)), [60000, 4]],
    [5, bytes(Int32Array.of(-70000, 4)), [-70000, 4]],
    [6, bytes(Uint32Array.of(4e9, 4)), [4e9, 4]],
    [7, bytes(Float32Array.of(0.5, 4)), [0.5, 4]],
    [9, bytes(Float64Array.of(0.1, 4)), [0.1, 4]],
  ];
  for (const [type, data, values] of cases) {
    const found = parseMat(matFile([matrix("a", [2, 1], type, data)], false)).get("a")!;
    t.same([...Array.from(found.values)], values, `type ${type}`);
  }
  const whole = svhnFile(1, false);
  t.throws(() => parseMat(whole.subarray(0, whole.length - 40)), { message: /cut short/ });
  t.throws(() => parseMat(Buffer.alloc(200)), { message: /level 5, found another header/ });
  t.throws(() => parseMat(matFile([matrix("a", [3, 1], 2, Uint8Array.of(1, 2))], false)), {
    message: /expected 3 values in "a"/,
  });
  t.throws(() => parseMat(matFile([matrix("a", [1, 1], 12, new Uint8Array(8))], false)), {
    message: /elements of type 12/,
  });
});

const part = new URL("../../../shared/data/svhn_7000.bin.gz", import.meta.url);
const absent = existsSync(part) ? false : "the part of SVHN is not on this machine";
t.test("svhn() reads the part that is at hand", { skip: absent }, async (t) => {
  const data = await svhn({ ...train, records: { file: part.href, cut: 5498 } });
  const test = await data.heldOut!();
  t.same([data.size, test.size], [5498, 1502]);
  const counts = new Array<number>(10).fill(0);
  for (const label of [...data.labels!, ...test.labels!]) counts[label]!++;
  t.same(counts, [481, 1363, 1104, 781, 702, 636, 543, 516, 436, 438]);
  const x = data.sample(Key.from(0), 100);
  const spread = tf.moments(x).variance.dataSync()[0]!;
  t.ok(spread > 0.05 && spread < 0.5, `images, not noise: ${spread}`);
});
