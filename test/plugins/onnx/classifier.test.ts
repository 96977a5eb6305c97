/** ONNX files as classifiers: where they come from, what they give, and what is said where they will not do. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import t, { type Test } from "tap";
import { Key, tf } from "../../../core/mod.ts";
import { answer, folder, open, written } from "./opening.ts";
import { numbers } from "./row.ts";
import { bytesOf, type FileSpec, floats, type Given, ints, type NodeSpec, onnxFile } from "./writer.ts";

await tf.setBackend("cpu");
const images = (n: number, shape = [4, 5, 3]): tf.Tensor => Key.from("images").uniform([n, ...shape]);

/** A small network of images [3, 4, 5]: convolution, relu, mean, dense. */
const network: readonly NodeSpec[] = [
  { op: "Conv", inputs: ["x", "w"], outputs: ["c"], attributes: { pads: [1, 1, 1, 1] } },
  { op: "Relu", inputs: ["c"], outputs: ["r"] },
  { op: "GlobalAveragePool", inputs: ["r"], outputs: ["g"] },
  { op: "Flatten", inputs: ["g"], outputs: ["f"] },
  { op: "Gemm", inputs: ["f", "v", "b"], attributes: { transB: 1 } },
];
const constants: Readonly<Record<string, Given>> = {
  w: floats([6, 3, 3, 3], numbers(162)),
  v: floats([3, 6], numbers(18, 2)),
  b: floats([3], numbers(3, 3)),
};
const spec: FileSpec = { nodes: network, constants, inputs: { x: ["n", 3, 4, 5] } };
const plainFile = onnxFile(spec);

/** What onnxruntime makes of images `[n, 4, 5, 3]`, turned to channels first. */
async function expected(file: Uint8Array, x: tf.Tensor): Promise<Float32Array> {
  const turned = tf.tidy(() => tf.transpose(x, [0, 3, 1, 2]));
  const session = await InferenceSession.create(file);
  const given = new Tensor("float32", (await turned.data()) as Float32Array, turned.shape);
  const { y } = await session.run({ x: given });
  return y!.data as Float32Array;
}

function near(t: Test, a: ArrayLike<number>, b: ArrayLike<number>, what: string, within = 1e-5): void {
  t.equal(a.length, b.length, `${what}: as many`);
  t.ok(
    Array.from(a).every((v, i) => Math.abs(v - b[i]!) < within),
    `${what}: ${Array.from(a).slice(0, 6)} near ${Array.from(b).slice(0, 6)}`,
  );
}

t.test("a file of PyTorch's layout takes images with channels last", async (t) => {
  const { classifier, events } = await open({ file: written("plain.onnx", plainFile) });
  const x = images(5);
  near(t, (await answer(classifier, x)).logits, await expected(plainFile, x), "logits");
  t.same(events, []);
  t.same(classifier.bounds, [0, 1]);
  const given = { mean: [0.1, 0.2, 0.3], deviation: [0.5, 0.6, 0.7] };
  const { classifier: normalised } = await open({ file: join(folder, "plain.onnx"), ...given });
  const prepared = tf.div(tf.sub(x, given.mean), given.deviation);
  near(t, (await answer(normalised, x)).logits, await expected(plainFile, prepared), "normalised");
});

t.test("a file of Keras' layout takes images as they are", async (t) => {
  const nodes: NodeSpec[] = [
    { op: "Transpose", inputs: ["x"], outputs: ["t"], attributes: { perm: [0, 3, 1, 2] } },
    ...network.map((node) => (node.op === "Conv" ? { ...node, inputs: ["t", "w"] } : node)),
  ];
  const file = written("last.onnx", onnxFile({ ...spec, nodes, inputs: { x: ["n", 4, 5, 3] } }));
  const x = images(2);
  const { classifier } = await open({ file });
  near(t, (await answer(classifier, x)).logits, await expected(plainFile, x), "logits");
  await t.rejects(open({ file, channelsFirst: true }), {
    name: "InputError",
    message:
      /last\.onnx: its input "x" takes images \[4, 5, 3\] with channels first, but the data's are \[4,5,3\]/,
  });
});

t.test("flat images are turned to channels first before, unless told otherwise", async (t) => {
  const nodes: NodeSpec[] = [{ op: "MatMul", inputs: ["x", "w"] }];
  const w = floats([60, 3], numbers(180));
  const file = written("flat.onnx", onnxFile({ nodes, constants: { w }, inputs: { x: ["n", 60] } }));
  const x = images(2);
  const weights = tf.tensor2d([...w.values], [60, 3]);
  const last = tf.matMul(tf.reshape(x, [2, 60]), weights);
  const first = tf.matMul(tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [2, 60]), weights);
  near(t, (await answer((await open({ file })).classifier, x)).logits, first.dataSync(), "first");
  const { classifier } = await open({ file, channelsFirst: false });
  near(t, (await answer(classifier, x)).logits, last.dataSync(), "last");
});

t.test("a softmax or a sigmoid at the end is left out", async (t) => {
  const x = images(4);
  const { logits, slope } = await answer((await open({ file: written("a.onnx", plainFile) })).classifier, x);
  for (const op of ["Softmax", "Sigmoid"]) {
    const nodes: NodeSpec[] = [
      ...network.map((node) => (node.op === "Gemm" ? { ...node, outputs: ["z"] } : node)),
      { op, inputs: ["z"], outputs: ["p"] },
      { op: "Identity", inputs: ["p"] },
    ];
    const file = written(`${op}.onnx`, onnxFile({ ...spec, nodes }));
    const stripped = await answer((await open({ file })).classifier, x);
    near(t, stripped.logits, logits, op);
    near(t, stripped.slope, slope, `${op}'s slope`);
    const { classifier } = await open({ file, output: "logits" });
    near(t, (await answer(classifier, x)).logits, await expected(onnxFile({ ...spec, nodes }), x), "told so");
    near(t, (await answer((await open({ file, outputName: "z" })).classifier, x)).logits, logits, "by name");
  }
});

t.test("other probabilities are taken for what they are", async (t) => {
  const nodes: NodeSpec[] = [
    ...network.map((node) => (node.op === "Gemm" ? { ...node, outputs: ["z"] } : node)),
    { op: "Exp", inputs: ["z"], outputs: ["e"] },
    { op: "ReduceSum", inputs: ["e", "last"], outputs: ["s"] },
    { op: "Div", inputs: ["e", "s"] },
  ];
  const bytes = onnxFile({ ...spec, nodes, constants: { ...constants, last: ints(-1) } });
  const x = images(4);
  const { classifier } = await open({ file: written("shares.onnx", bytes) });
  const shares = await expected(bytes, x);
  near(t, (await answer(classifier, x)).logits, shares.map(Math.log), "logarithms");
});

t.test("sigmoids are taken for what they are where that is said", async (t) => {
  const nodes: NodeSpec[] = [
    ...network.map((node) => (node.op === "Gemm" ? { ...node, outputs: ["z"] } : node)),
    { op: "Sigmoid", inputs: ["z"], outputs: ["p"] },
    { op: "Mul", inputs: ["p", "most"] },
  ];
  const bytes = onnxFile({ ...spec, nodes, constants: { ...constants, most: floats([1], [0.9]) } });
  const x = images(4);
  const file = written("sigmoids.onnx", bytes);
  const shares = await expected(bytes, x);
  near(t, (await answer((await open({ file })).classifier, x)).logits, shares, "nothing tells");
  const { classifier } = await open({ file, output: "sigmoids" });
  const odds = shares.map((p) => Math.log(p / (1 - p)));
  near(t, (await answer(classifier, x)).logits, odds, "log-odds");
});

t.test("one number is how far the second of two classes is above the first", async (t) => {
  const small = { ...constants, v: floats([1, 6], numbers(6, 2)), b: floats([1], [0.1]) };
  const x = images(3);
  const score = await expected(onnxFile({ ...spec, constants: small }), x);
  const wanted = [...score].flatMap((z) => [0, z]);
  for (const end of [[], [{ op: "Sigmoid", inputs: ["z"] }]] as NodeSpec[][]) {
    const nodes = network.map((node) =>
      node.op === "Gemm" && end.length > 0 ? { ...node, outputs: ["z"] } : node,
    );
    const file = written("one.onnx", onnxFile({ ...spec, constants: small, nodes: [...nodes, ...end] }));
    const { classifier } = await open({ file }, { classes: 2 });
    near(t, (await answer(classifier, x)).logits, wanted, `${end.length} activations`);
  }
});

t.test("of several outputs one must be named", async (t) => {
  const file = written("two.onnx", onnxFile({ ...spec, outputs: ["f", "y"] }));
  await t.rejects(open({ file }), { name: "InputError", message: /two\.onnx: has 2 outputs: .*"f", "y"/ });
  const { classifier } = await open({ file, outputName: "y" });
  const x = images(2);
  near(t, (await answer(classifier, x)).logits, await expected(plainFile, x), "logits");
  await t.rejects(open({ file, outputName: "q" }), /nothing in the graph makes "q"/);
  await t.rejects(open({ file, outputName: "f" }), /its output for 3 images is \[3,6\]/);
});

t.test(
  "a graph for one image runs on whole batches where it can, and image by image where not",
  async (t) => {
    const x = images(5);
    const wanted = await expected(plainFile, x);
    const flat: readonly NodeSpec[] = network.map((node) =>
      node.op === "Flatten" ? { op: "Reshape", inputs: ["g", "s"], outputs: ["f"] } : node,
    );
    const summed: NodeSpec[] = [
      ...network.map((node) => (node.op === "Gemm" ? { ...node, outputs: ["z"] } : node)),
      { op: "ReduceSum", inputs: ["z"], outputs: ["s"], attributes: { keepdims: 0 } },
      { op: "Sub", inputs: ["z", "s"] },
    ];
    const cases: [string, FileSpec][] = [
      ["as it is", { ...spec, inputs: { x: [1, 3, 4, 5] } }],
      [
        "reshaped to one row",
        {
          ...spec,
          nodes: flat,
          constants: { ...constants, s: ints(1, 6) },
          inputs: { x: [1, 3, 4, 5] },
        },
      ],
      ["for pairs", { ...spec, inputs: { x: [2, 3, 4, 5] } }],
    ];
    for (const [name, given] of cases) {
      const { classifier } = await open({ file: written("fixed.onnx", onnxFile(given)) });
      near(t, (await answer(classifier, x)).logits, wanted, name);
    }
    // a sum over the batch: of one image it is that image's
    const { classifier } = await open({
      file: written("sum.onnx", onnxFile({ ...spec, nodes: summed, inputs: { x: [1, 3, 4, 5] } })),
    });
    const rows = Array.from({ length: 5 }, (_, i) => [...wanted.subarray(3 * i, 3 * i + 3)]);
    const less = rows.flatMap((row) => row.map((z) => z - row.reduce((a, b) => a + b, 0)));
    near(t, (await answer(classifier, x)).logits, less, "image by image");
  },
);

/** IEEE halves of numbers that have few digits. */
function halves(values: readonly number[]): Uint8Array {
  const bits = values.map((value) => {
    if (value === 0) return 0;
    const exponent = Math.floor(Math.log2(Math.abs(value)));
    return (
      (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((Math.abs(value) / 2 ** exponent - 1) * 1024)
    );
  });
  return new Uint8Array(Uint16Array.from(bits).buffer);
}

t.test("weights are read however they are stored", async (t) => {
  const values = [0.5, -1.25, 3, 0.0625, 0, -7];
  const upper = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;
  const whole = [5, -1, 3, 100, 0, -128];
  const cast = (elem: number): NodeSpec[] => [
    { op: "Cast", inputs: ["w"], outputs: ["f"], attributes: { to: 1 } },
    { op: "Gemm", inputs: ["x", elem === 1 ? "w" : "f"] },
  ];
  const shape = [2, 3];
  const stored: [string, Given, number[]][] = [
    ["bytes", { shape, values }, values],
    ["a packed list", { shape, values, field: 4 }, values],
    ["a list", { shape, values, field: 4, packed: false }, values],
    ["doubles", { shape, values, elem: 11 }, values],
    ["a list of doubles", { shape, values, elem: 11, field: 10 }, values],
    ["halves", { shape, values, elem: 10, raw: halves(values) }, values],
    [
      "a list of halves",
      { shape, values: [...new Uint16Array(halves(values).buffer)], elem: 10, field: 5 },
      values,
    ],
    [
      "bfloat16",
      { shape, values, elem: 16, raw: new Uint8Array(Uint16Array.from(values, upper).buffer) },
      values,
    ],
    ["int8", { shape, values: whole, elem: 3 }, whole],
    ["a list of int8", { shape, values: whole, elem: 3, field: 5 }, whole],
    ["int32", { shape, values: whole, elem: 6 }, whole],
    ["a list of int64", { shape, values: whole, elem: 7, field: 7 }, whole],
    ["a list of int64, one by one", { shape, values: whole, elem: 7, field: 7, packed: false }, whole],
  ];
  const x = images(2, [2]);
  for (const [name, w, wanted] of stored) {
    const file = written(
      "w.onnx",
      onnxFile({ nodes: cast(w.elem ?? 1), constants: { w }, inputs: { x: ["n", 2] } }),
    );
    const { classifier } = await open({ file }, { inputShape: [2] });
    near(
      t,
      (await answer(classifier, x)).logits,
      tf.matMul(x as tf.Tensor2D, tf.tensor2d(wanted, [2, 3])).dataSync(),
      name,
    );
  }
});

t.test("weights may lie beside the file, and nowhere else", async (t) => {
  const bytes = bytesOf(1, constants.w!.values);
  const beside = (location: string, more: Record<string, string> = {}): Uint8Array => {
    const external = { location, offset: "16", length: String(bytes.length), ...more };
    return onnxFile({ ...spec, constants: { ...constants, w: { ...constants.w!, external } } });
  };
  written("w.bin", Uint8Array.from([...new Uint8Array(16), ...bytes]));
  const { classifier } = await open({ file: written("beside.onnx", beside("w.bin")) });
  const x = images(2);
  near(t, (await answer(classifier, x)).logits, await expected(plainFile, x), "logits");
  for (const [file, message] of [
    [beside("../w.bin"), /wants its weights from "\.\.\/w\.bin", which isn't below/],
    [beside("none.bin"), /none\.bin: there is no such file/],
    [beside("w.bin", { offset: "20" }), /"w\.bin" has 664 bytes; those from 20 to 668 are wanted of it/],
    [beside("w.bin", { length: "8" }), /constant "w": \[6,3,3,3\] of float takes 648 bytes, 8 are there/],
  ] as const) {
    await t.rejects(open({ file: written("beside.onnx", file) }), { name: "InputError", message });
  }
  rmSync(join(folder, "w.bin"));
});

t.test("what will not do is told with the file, the node and what to do", async (t) => {
  const before = tf.memory().numTensors;
  const strange = network.map((node) =>
    node.op === "Relu" ? { ...node, op: "NonMaxSuppression", name: "boxes" } : node,
  );
  const other = network.map((node) => (node.op === "Relu" ? { ...node, domain: "com.acme" } : node));
  const dilated = network.map((node) =>
    node.op === "GlobalAveragePool"
      ? { ...node, op: "MaxPool", name: "pool", attributes: { kernel_shape: [2, 2], dilations: [2, 2] } }
      : node,
  );
  const cases: [FileSpec, RegExp][] = [
    [
      { ...spec, nodes: strange },
      /bad\.onnx: has operators that aren't supported: NonMaxSuppression \(node "boxes"\)\. Export/,
    ],
    [{ ...spec, nodes: other }, /aren't supported: com\.acme\.Relu \(node "r"\)/],
    [{ ...spec, nodes: dilated }, /bad\.onnx: node "pool" \(MaxPool\) has dilations 2,2/],
    [{ ...spec, opset: 8 }, /uses version 8 of ONNX's operators; 9 to 23 are supported/],
    [{ ...spec, opset: 99 }, /uses version 99/],
    [
      { ...spec, inputs: { x: ["n", 3, 4, 5], z: ["n"] } },
      /a classifier has one input, this graph has 2 \("x", "z"\)/,
    ],
    [{ ...spec, inputElem: 2 }, /its input "x" takes whole numbers/],
    [
      { ...spec, inputs: { x: ["n", 3, 8, 8] } },
      /its input "x" takes images \[3, 8, 8\], but the data's are \[4,5,3\]/,
    ],
    [
      { ...spec, constants: { ...constants, v: floats([3, 5], numbers(15)) } },
      /ONNX Runtime refuses|node "y" \(Gemm\)/,
    ],
  ];
  for (const [given, message] of cases) {
    await t.rejects(open({ file: written("bad.onnx", onnxFile(given)) }), { name: "InputError", message });
  }
  await t.rejects(open({ file: join(folder, "none.onnx") }), /none\.onnx: there is no such file/);
  await t.rejects(
    open({ file: written("ok.onnx", plainFile) }, { classes: 10 }),
    /\[3,3\], not \(n, classes\) = \[3, 10\]/,
  );
  t.equal(tf.memory().numTensors, before, "what failed left nothing behind");
});

t.test("a file that is cut short or damaged is an InputError that names it", async (t) => {
  const key = Key.from("damage");
  const before = tf.memory().numTensors;
  let refused = 0;
  for (let i = 0; i < 120; i++) {
    const at = Math.floor(key.fold(i).uniformArray(1)[0]! * plainFile.length);
    const damaged =
      i % 2 === 0
        ? plainFile.slice(0, at)
        : plainFile.map((byte, j) => (j === at ? byte ^ (1 << (i % 8)) : byte));
    try {
      (await open({ file: written("damaged.onnx", damaged) })).classifier.dispose();
    } catch (error) {
      refused++;
      const { name, message } = error as Error;
      t.equal(name, "InputError", `${i}: ${message}`);
      t.match(message, /damaged\.onnx|classifier "mine"/);
    }
  }
  t.ok(refused > 60, `${refused} refused`);
  t.equal(tf.memory().numTensors, before, "nothing is left behind");
});
