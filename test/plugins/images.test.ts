/** Folders of images: what is in the files comes out, by classes and splits, and what will not do is named. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { encode } from "fast-png";
import jpeg from "jpeg-js";
import t from "tap";
import { tf } from "../../core/mod.ts";
import { images } from "../../plugins/datasets/images/images.ts";

await tf.setBackend("cpu");
const root = mkdtempSync(join(tmpdir(), "dsgan-images-"));
t.teardown(() => rmSync(root, { recursive: true }));

function put(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
}

type Depth = 1 | 2 | 4 | 8 | 16;
const png = (
  width: number,
  height: number,
  channels: number,
  values: number[],
  depth: Depth = 8,
): Uint8Array =>
  encode({
    ...{ width, height, channels, depth },
    data: depth === 16 ? Uint16Array.from(values) : Uint8Array.from(values),
  });
const colours = (...pixels: number[][]): Uint8Array => png(2, 1, 3, pixels.flat());

t.test("images() numbers classes by their folders' names and gives bytes as they are", async (t) => {
  put("pets/dog/b.png", colours([1, 2, 3], [4, 5, 6]));
  put("pets/cat/z.PNG", colours([255, 0, 128], [0, 0, 0]));
  put("pets/cat/a/y.png", colours([7, 7, 7], [9, 8, 9]));
  put("pets/cat/notes.txt", Uint8Array.of(1));
  const data = await images({ folder: join(root, "pets"), range: "unit" });
  t.same([data.size, data.shape, data.classes, [...data.labels!]], [3, [1, 2, 3], 2, [0, 0, 1]]);
  t.same(data.range, [0, 1]);
  const bytes = Array.from(data.rows([0, 1, 2]).dataSync(), (v) => Math.round(v * 255));
  t.same(bytes, [7, 7, 7, 9, 8, 9, 255, 0, 128, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
  const turned = await images({ folder: join(root, "pets"), classes: ["dog", "cat"] });
  t.same([...turned.labels!], [0, 1, 1]);
  t.equal((await images({ folder: join(root, "pets"), labels: [1] })).size, 1);
  t.equal(data.heldOut, undefined);
});

t.test("images() reads PNG files of every kind", async (t) => {
  const wanted = [0, 255];
  const kinds: [string, Uint8Array][] = [
    ["grey", png(2, 1, 1, wanted)],
    ["grey of 16 bits", png(2, 1, 1, [0, 65535], 16)],
    ["grey with transparency", png(2, 1, 2, [0, 9, 255, 3])],
    ["colours", colours([0, 0, 0], [255, 255, 255])],
    ["colours with transparency", png(2, 1, 4, [0, 0, 0, 1, 255, 255, 255, 2])],
  ];
  for (const [kind, bytes] of kinds) {
    put("kinds/a/1.png", bytes);
    const grey = await images({ folder: join(root, "kinds"), range: "unit", channels: 1 });
    t.same([...grey.rows([0]).dataSync()], [0, 1], kind);
    const three = await images({ folder: join(root, "kinds"), range: "unit", channels: 3 });
    t.same([...three.rows([0]).dataSync()], [0, 0, 0, 1, 1, 1], kind);
    const own = await images({ folder: join(root, "kinds") });
    t.same(own.shape, [1, 2, kind.startsWith("grey") ? 1 : 3]);
  }
});

t.test("images() reads grey PNG files of a bit and of palettes", async (t) => {
  // 10 × 1 pixels of 1 bit, and of a palette of 2 bits: written by hand, since the encoder writes neither
  const chunk = (type: string, body: Uint8Array): number[] => {
    const tagged = [...new TextEncoder().encode(type), ...body];
    let crc = ~0;
    for (const byte of tagged) {
      crc ^= byte;
      for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    const word = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
    return [...word(body.length), ...tagged, ...word(~crc >>> 0)];
  };
  const file = (depth: number, type: number, row: number[], palette: number[]): Uint8Array =>
    Uint8Array.from([
      ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
      ...chunk("IHDR", Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 1, depth, type, 0, 0, 0)),
      ...(palette.length > 0 ? chunk("PLTE", Uint8Array.from(palette)) : []),
      ...chunk("IDAT", deflateSync(Uint8Array.of(0, ...row))),
      ...chunk("IEND", new Uint8Array()),
    ]);
  const read = async (bytes: Uint8Array): Promise<number[]> => {
    put("bits/a/1.png", bytes);
    const data = await images({ folder: join(root, "bits"), range: "unit" });
    return Array.from(data.rows([0]).dataSync(), (v) => Math.round(255 * v));
  };
  t.same(await read(file(1, 0, [0b10110000], [])), [255, 0, 255, 255, 0]);
  t.same(await read(file(2, 0, [0b00011011, 0b11000000], [])), [0, 85, 170, 255, 255]);
  const indexed = await read(file(2, 3, [0b00011011, 0b01000000], [9, 8, 7, 1, 2, 3, 40, 50, 60, 0, 0, 255]));
  t.same(indexed, [9, 8, 7, 1, 2, 3, 40, 50, 60, 0, 0, 255, 1, 2, 3]);
});

t.test("images() reads JPEG files", async (t) => {
  const data = Uint8Array.from({ length: 16 * 16 * 4 }, (_, i) => [200, 100, 50, 255][i % 4]!);
  put("photos/a/1.jpg", new Uint8Array(jpeg.encode({ width: 16, height: 16, data }, 95).data));
  const photos = await images({ folder: join(root, "photos"), range: "unit" });
  t.same(photos.shape, [16, 16, 3]);
  const values = photos.rows([0]).dataSync();
  t.ok(values.every((v, i) => Math.abs(255 * v - [200, 100, 50][i % 3]!) < 4));
});

t.test("images() takes train and test, or val, for splits", async (t) => {
  put("split/train/a/1.png", colours([1, 1, 1], [1, 1, 1]));
  put("split/train/b/1.png", colours([2, 2, 2], [2, 2, 2]));
  put("split/val/b/1.png", colours([3, 3, 3], [3, 3, 3]));
  put("split/val/a/1.png", colours([4, 4, 4], [4, 4, 4]));
  const data = await images({ folder: join(root, "split") });
  const test = await data.heldOut!();
  t.same([data.size, [...test.labels!], test.classes], [2, [0, 1], 2]);
  t.same(
    [...(await images({ folder: join(root, "split"), split: "test", range: "unit" })).rows([1]).dataSync()],
    Array(6).fill(Math.fround(3 / 255)),
  );
});

t.test(
  "images() takes classes that train has not, where they are named: as of abnormal images",
  async (t) => {
    const folder = join(root, "bottles");
    put("bottles/train/good/1.png", colours([1, 1, 1], [1, 1, 1]));
    put("bottles/test/broken neck/1.png", colours([2, 2, 2], [2, 2, 2]));
    put("bottles/test/good/1.png", png(2, 1, 1, [3, 3]));
    await t.rejects(images({ folder }), {
      name: "InputError",
      message:
        /has no folder broken neck, .*classes: \[good, "broken neck"\], and otherwise classes: \[good\]/,
    });
    const data = await images({ folder, classes: ["good", "broken neck"] });
    t.same([[...data.labels!], data.classes], [[0], 2]);
    const test = await data.heldOut!();
    t.same([[...test.labels!], test.classes], [[0, 1], 2]);
    t.same(test.shape, [1, 2, 3], "with as many colours as the images of train");
    t.equal((await (await images({ folder, classes: ["good"] })).heldOut!()).size, 1);
    await t.rejects(images({ folder, classes: ["good", "cow"] }), {
      message: /cow.*: there is no such folder/,
    });
    put("bottles/test/good/2.png", png(1, 1, 1, [3]));
    const other = await images({ folder, classes: ["good"] });
    await t.rejects(other.heldOut!(), {
      message: /good\/2\.png: expected 2 × 1 pixels as in train, found 1 × 1/,
    });
  },
);

t.test("images() takes images without folders of classes, and gives them no labels", async (t) => {
  put("loose/b.png", colours([4, 4, 4], [5, 5, 5]));
  put("loose/a.png", colours([1, 1, 1], [2, 2, 2]));
  const data = await images({ folder: join(root, "loose"), range: "unit" });
  t.same([data.size, data.shape, data.labels], [2, [1, 2, 3], undefined]);
  t.same(
    Array.from(data.rows([0]).dataSync(), (v) => Math.round(v * 255)),
    [1, 1, 1, 2, 2, 2],
    "in alphabetical order",
  );
  await t.rejects(images({ folder: join(root, "loose"), labels: [1] }), { name: "InputError" });
});

t.test("images() names what will not do", async (t) => {
  put("odd/a/1.png", colours([1, 1, 1], [1, 1, 1]));
  put("odd/a/2.png", png(3, 1, 3, Array(9).fill(1)));
  put("broken/a/1.png", Uint8Array.of(0x89, 0x50, 1, 2, 3));
  put("other/a/1.png", Uint8Array.of(1, 2, 3));
  put("cut/a/1.jpg", Uint8Array.of(0xff, 0xd8, 0xff));
  put("none/a/1.txt", Uint8Array.of(1));
  mkdirSync(join(root, "empty"));
  for (const [folder, message] of [
    ["odd", /odd\/a\/2\.png: expected 2 × 1 pixels as in .*1\.png, found 3 × 1/],
    ["broken", /broken\/a\/1\.png: /],
    ["other", /other\/a\/1\.png: it is neither a PNG nor a JPEG file/],
    ["cut", /cut\/a\/1\.jpg: /],
    ["none", /none\/a\/: has no PNG or JPEG images|none\/a: has no PNG or JPEG images/],
    ["empty", /empty.*: has no PNG or JPEG images/],
    ["absent", /absent.*: there is no such folder/],
  ] as const) {
    await t.rejects(images({ folder: join(root, folder) }), { name: "InputError", message });
  }
  await t.rejects(
    images({ folder: join(root, "pets"), split: "test" }),
    /has no folder test or val; it has cat, dog/,
  );
  await t.rejects(images({ folder: join(root, "pets"), classes: ["cow"] }), /cow.*: there is no such folder/);
});
