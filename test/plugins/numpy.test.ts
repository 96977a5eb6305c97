/** Files of NumPy's, as it writes them on any platform; written by hand here, and by NumPy itself where it is. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { tf } from "../../core/mod.ts";
import { arrays } from "../../plugins/datasets/arrays/arrays.ts";

await tf.setBackend("cpu");
const folder = mkdtempSync(join(tmpdir(), "dsgan numpy #1 100% é?-"));
t.teardown(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);

/** The bytes of a file: a header as written, and values. */
function npy(header: string, body: Uint8Array, { version = 1, unaligned = false } = {}): Uint8Array {
  const text = new TextEncoder().encode(header);
  const head = (version === 1 ? 10 : 12) + text.length;
  const pad = unaligned ? (head % 16 === 0 ? 1 : 0) : (64 - (head % 64)) % 64;
  const bytes = new Uint8Array(head + pad + body.length).fill(0x20);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length + pad, true);
  else view.setUint32(8, text.length + pad, true);
  bytes.set(text, head - text.length);
  bytes.set(body, head + pad);
  return bytes;
}

const header = (descr: string, shape: string, fortran = "False"): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

/** Values in an order of bytes. */
function body(
  values: readonly number[],
  width: number,
  set: keyof DataView & `set${string}`,
  little: boolean,
) {
  const view = new DataView(new ArrayBuffer(values.length * width));
  const write = view[set] as unknown as (at: number, value: number | bigint, little: boolean) => void;
  values.forEach(
    (value, i) => void write.call(view, i * width, set.includes("Big") ? BigInt(value) : value, little),
  );
  return new Uint8Array(view.buffer);
}

const rows = async (name: string): Promise<unknown> => {
  const data = await arrays({ values: place(name) });
  return data.rows([...Array(data.size).keys()]).arraySync();
};

t.test("every type, byte order and version is read", async (t) => {
  const values = [1, 0, 3, 100, 5, 6];
  const wanted = [
    [1, 0, 3],
    [100, 5, 6],
  ];
  for (const [type, width, set] of [
    ["u1", 1, "setUint8"],
    ["i1", 1, "setInt8"],
    ["u2", 2, "setUint16"],
    ["i2", 2, "setInt16"],
    ["u4", 4, "setUint32"],
    ["i4", 4, "setInt32"],
    ["u8", 8, "setBigUint64"],
    ["i8", 8, "setBigInt64"],
    ["f4", 4, "setFloat32"],
    ["f8", 8, "setFloat64"],
  ] as const) {
    for (const order of width === 1 ? ["|"] : ["<", ">"]) {
      for (const version of [1, 2, 3]) {
        for (const unaligned of [false, true]) {
          const bytes = body(values, width, set, order !== ">");
          writeFileSync(place("x.npy"), npy(header(order + type, "(2, 3)"), bytes, { version, unaligned }));
          t.same(await rows("x.npy"), wanted, `${order}${type}, version ${version}`);
        }
      }
    }
  }
  const halves = Uint8Array.of(0x3c, 0x00, 0x38, 0x00, 0xc0, 0x00); // 1, 0.5, -2
  writeFileSync(place("x.npy"), npy(header(">f2", "(3,)"), halves));
  t.same(await rows("x.npy"), [[1], [0.5], [-2]]);
  writeFileSync(place("x.npy"), npy(header("|b1", "(2,)"), Uint8Array.of(1, 0)));
  t.same(await rows("x.npy"), [[1], [0]]);
  writeFileSync(place("x.npy"), npy(header("<f4", "(2L, 3L)"), body(values, 4, "setFloat32", true)));
  t.same(await rows("x.npy"), wanted, "as Python 2 wrote it");
  for (const written of [
    '{"shape": (2, 3), "fortran_order": False, "descr": "<f4"}',
    "{u'descr': u'<f4', u'fortran_order': False, u'shape': (2L, 3L), }",
  ]) {
    writeFileSync(place("x.npy"), npy(written, body(values, 4, "setFloat32", true)));
    t.same(await rows("x.npy"), wanted, written);
  }
  writeFileSync(
    place("x.npy"),
    npy(
      '{"descr": ">i2", "fortran_order": True, "shape": (2, 3)}',
      body([1, 100, 0, 5, 3, 6], 2, "setInt16", false),
    ),
  );
  t.same(await rows("x.npy"), wanted, "the order of axes in other quotes");
  const turned = [1, 100, 0, 5, 3, 6];
  writeFileSync(place("x.npy"), npy(header(">i2", "(2, 3)", "True"), body(turned, 2, "setInt16", false)));
  t.same(await rows("x.npy"), wanted, "the first axis running fastest");
  const cube = Array.from({ length: 24 }, (_, i) => i);
  const fortran = cube.map((_, i) => {
    const [a, b, c] = [i % 2, Math.floor(i / 2) % 3, Math.floor(i / 6)];
    return a * 12 + b * 4 + c;
  });
  writeFileSync(
    place("x.npy"),
    npy(header("<f8", "(2, 3, 4)", "True"), body(fortran, 8, "setFloat64", true)),
  );
  t.same(((await rows("x.npy")) as number[][][]).flat(2), cube);
});

t.test("what isn't real numbers is named", async (t) => {
  for (const [descr, says] of [
    ["<c8", /x\.npy: expected real numbers, found complex numbers \(dtype <c8\)/],
    ["|O", /found Python objects/],
    ["<U4", /found text/],
    ["|S4", /found text/],
    ["<M8[ns]", /found dates/],
    ["<f16", /found floats longer than 64 bits \(dtype <f16\)/],
  ] as const) {
    writeFileSync(place("x.npy"), npy(header(descr, "(1,)"), new Uint8Array(64)));
    await t.rejects(rows("x.npy"), { name: "InputError", message: says });
  }
  writeFileSync(
    place("x.npy"),
    npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", new Uint8Array(4)),
  );
  await t.rejects(rows("x.npy"), { message: /found structures/ });
});

t.test("labels are numbers, columns or one-hot rows, and may be a thousand", async (t) => {
  const labelled = (labels: readonly unknown[] | string, more = {}) =>
    arrays({ values: [0, 1, 2], labels: labels as number[], ...more });
  const big = await labelled([0, 1000, 300]);
  t.same([[...big.labels!], big.classes], [[0, 1000, 300], 1001]);
  t.same([...big.only([300]).labels!], [300]);
  t.equal((await labelled([0, 1, 2], { classes: 10 })).classes, 10);
  t.same([...(await labelled([[2], [0], [1]])).labels!], [2, 0, 1]);
  const hot = await labelled([
    [0, 1, 0, 0],
    [1, 0, 0, 0],
    [0, 1, 0, 0],
  ]);
  t.same([[...hot.labels!], hot.classes], [[1, 0, 1], 4]);
  writeFileSync(place("y.npy"), npy(header(">i8", "(3, 1)"), body([7, 256, 0], 8, "setBigInt64", false)));
  t.same([...(await labelled(place("y.npy"))).labels!], [7, 256, 0]);
  writeFileSync(
    place("y.npy"),
    npy(header("<f4", "(3, 2)"), body([0, 1, 1, 0, 0, 1], 4, "setFloat32", true)),
  );
  t.same([...(await labelled(place("y.npy"))).labels!], [1, 0, 1]);
  for (const [labels, says] of [
    [
      [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
      /label 0: expected a one-hot row, a single 1 among zeros, found 0, 0/,
    ],
    [
      [
        [0.5, 0.5],
        [1, 0],
        [0, 1],
      ],
      /label 0: expected a one-hot row/,
    ],
    [[0, -1, 1], /label 1: expected an integer from 0/],
    [[0, 1e9, 1], /label 1: expected an integer from 0/],
    [[[[0]], [[1]], [[0]]], /one-hot row, for each row, found shape \(3, 1, 1\)/],
  ] as const) {
    await t.rejects(labelled(labels), { name: "InputError", message: says });
  }
  await t.rejects(labelled([0, 1, 2], { classes: 2 }), { message: /2 classes, but a row has the label 2/ });
});

t.test("an archive of nothing says so", async (t) => {
  writeFileSync(place("none.npz"), Uint8Array.of(0x50, 0x4b, 5, 6, ...Array(18).fill(0)));
  await t.rejects(rows("none.npz"), { name: "InputError", message: /none\.npz holds no arrays\. Write it/ });
});

const python = process.env.DSGAN_PYTHON ?? "python3";
const hasNumpy = existsSync(python) && spawnSync(python, ["-c", "import numpy"]).status === 0;

t.test(
  "what NumPy writes is read, .npz too",
  { skip: !hasNumpy && "no NumPy: DSGAN_PYTHON names a Python" },
  async (t) => {
    const script = `
import numpy as np, sys
f = sys.argv[1]
x = np.arange(24).reshape(4, 3, 2)
np.save(f + '/big.npy', x.astype('>f4'))
np.save(f + '/half.npy', np.asfortranarray(x.astype('f2')))
np.savez(f + '/one.npz', x.astype('u1'))
np.savez_compressed(f + '/two.npz', x=x, y=np.array([3, 1, 0, 999]).reshape(4, 1))
`;
    const made = spawnSync(python, ["-c", script, folder]);
    t.equal(made.status, 0, String(made.stderr));
    const wanted = Array.from({ length: 24 }, (_, i) => i);
    for (const name of ["big.npy", "half.npy", "one.npz"]) {
      t.same(((await rows(name)) as number[][][]).flat(2), wanted, name);
    }
    const file = place("two.npz");
    const two = await arrays({ values: { file, array: "x" }, labels: { file, array: "y" } });
    t.same([...two.labels!], [3, 1, 0, 999]);
    t.same(two.shape, [3, 2]);
    await t.rejects(arrays({ values: file }), {
      message:
        /holds 2 arrays: say which, as in \{ file: …, array: x \} \(dsgan score: --array x\)\. It has: x, y/,
    });
    await t.rejects(arrays({ values: { file, array: "xx" } }), {
      message: /has no array "xx"; did you mean "x"/,
    });
  },
);
