/** Files of halves, and files that quantise by what they are given: opened, compared with ONNX Runtime, image by image. */
import t from "tap";
import { Key, tf } from "../../../core/mod.ts";
import { half, halfBits } from "../../../plugins/classifiers/onnx/elem.ts";
import { answer, open, written } from "./opening.ts";
import { numbers } from "./row.ts";
import { floats, type Given, type NodeSpec, onnxFile } from "./writer.ts";

await tf.setBackend("cpu");

t.test("each half has its bits, and other numbers those of the nearest", (t) => {
  const wrong = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => {
    const value = half(bits);
    return Number.isNaN(value) ? !Number.isNaN(half(halfBits(value))) : halfBits(value) !== bits;
  });
  t.same(wrong, [], "there and back");
  for (const [value, bits] of [
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -20, 0x3c01],
    [2 - 2 ** -12, 0x4000],
    [65519, 0x7bff],
    [65520, 0x7c00],
    [-1e9, 0xfc00],
    [2 ** -25, 0],
    [2 ** -25 * 1.01, 1],
    [2 ** -14 - 2 ** -26, 0x400],
  ] as const)
    t.equal(halfBits(value), bits, `${value}`);
  t.end();
});

/** Weights as halves. */
const halves = (shape: readonly number[], values: readonly number[]): Given => ({
  ...{ shape, values, elem: 10 },
  raw: new Uint8Array(Uint16Array.from(values, halfBits).buffer),
});

t.test("a file whose input is of halves is compared with ONNX Runtime, and not warned of", async (t) => {
  const w = halves([3, 60], numbers(180));
  const nodes: NodeSpec[] = [
    { op: "Flatten", inputs: ["x"], outputs: ["f"] },
    { op: "Gemm", inputs: ["f", "w"], outputs: ["z"], attributes: { transB: 1 } },
    { op: "Cast", inputs: ["z"], attributes: { to: 1 } },
  ];
  const bytes = onnxFile({ nodes, constants: { w }, inputs: { x: ["n", 3, 4, 5] }, inputElem: 10 });
  const { classifier, events } = await open({ file: written("half.onnx", bytes) });
  t.same(events, []);
  const x = Key.from("images").uniform([2, 4, 5, 3]);
  const { logits } = await answer(classifier, x);
  const weights = tf.tensor2d(
    numbers(180).map((v) => half(halfBits(v))),
    [3, 60],
  );
  const flat = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [2, 60]) as tf.Tensor2D;
  const wanted = tf.matMul(flat, weights, false, true).dataSync();
  t.ok(wanted.every((v, i) => Math.abs(v - logits[i]!) < 1e-5));
});

/** int8 or uint8 values */
const whole = (elem: 2 | 3, shape: readonly number[], values: readonly number[]): Given => ({
  ...{ elem, shape, values },
});

/** A convolution and a product as dynamic quantisation leaves them: each by the range of what it is given. */
const dynamic: readonly NodeSpec[] = [
  { op: "DynamicQuantizeLinear", inputs: ["x"], outputs: ["q", "s", "z"] },
  { op: "ConvInteger", inputs: ["q", "w", "z"], outputs: ["c"], attributes: { pads: [1, 1, 1, 1] } },
  { op: "Cast", inputs: ["c"], outputs: ["cf"], attributes: { to: 1 } },
  { op: "Mul", inputs: ["s", "ws"], outputs: ["scale"] },
  { op: "Mul", inputs: ["cf", "scale"], outputs: ["y1"] },
  { op: "GlobalAveragePool", inputs: ["y1"], outputs: ["g"] },
  { op: "Flatten", inputs: ["g"], outputs: ["f"] },
  { op: "DynamicQuantizeLinear", inputs: ["f"], outputs: ["q2", "s2", "z2"] },
  { op: "MatMulInteger", inputs: ["q2", "v", "z2", "vz"], outputs: ["m"] },
  { op: "Cast", inputs: ["m"], outputs: ["mf"], attributes: { to: 1 } },
  { op: "Mul", inputs: ["mf", "s2"] },
];
const bytes = (n: number, low: number, seed: number): number[] =>
  numbers(n, seed).map((v) => Math.floor(128 * v) + 128 + low);
const constants: Readonly<Record<string, Given>> = {
  w: whole(3, [6, 3, 3, 3], bytes(162, -128, 1)),
  ws: floats([], [0.01]),
  v: whole(2, [6, 3], bytes(18, 0, 2)),
  vz: whole(2, [3], [120, 128, 140]),
};

t.test("a file that quantises by what it is given", async (t) => {
  for (const n of ["n", 1] as const) {
    const file = written(
      "dynamic.onnx",
      onnxFile({ nodes: dynamic, constants, inputs: { x: [n, 3, 4, 5] } }),
    );
    const { classifier, events } = await open({ file });
    t.match(events, [{ type: "warning", message: /rounds values in flight: slopes pass straight through/ }]);
    t.equal(events.length, 1, "it was compared");
    const key = Key.from("images");
    const x = tf.concat([key.uniform([2, 4, 5, 3]), tf.mul(0.1, key.fold(1).uniform([1, 4, 5, 3]))]);
    const { logits, slope } = await answer(classifier, x);
    const alone = await Promise.all(
      tf.split(x, 3).map(async (image) => [...(await answer(classifier, image)).logits]),
    );
    t.same([...logits], alone.flat(), "an image is what it is alone, whatever lies beside it");
    t.ok(slope.every(Number.isFinite) && slope.some((v) => v !== 0), "it has slopes");
  }
});

t.test("operators on quantised numbers are refused with what to do", async (t) => {
  const nodes: NodeSpec[] = [
    { op: "QLinearConv", inputs: ["x", "s", "z", "w", "ws", "wz", "s", "z"], name: "odd" },
  ];
  const constants = Object.fromEntries(["s", "z", "w", "ws", "wz"].map((name) => [name, floats([], [1])]));
  const file = written("qoperator.onnx", onnxFile({ nodes, constants, inputs: { x: ["n", 3, 4, 5] } }));
  await t.rejects(open({ file }), { message: /QLinearConv \(node "odd"\).*QuantFormat\.QDQ/ });
});
