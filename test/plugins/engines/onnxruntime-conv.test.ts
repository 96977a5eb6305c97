/** Convolutions of sizes that the engine has forms of its own for, against tfjs's cpu kernels. */
import t from "tap";
import { Key, tf } from "../../../core/mod.ts";
import type { OnnxBackend } from "../../../plugins/engines/onnxruntime/backend.ts";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";
import { modelOf, programOf } from "../../../plugins/engines/onnxruntime/program.ts";
import { sizeOf } from "../../../plugins/engines/onnxruntime/value.ts";

await onnxruntime().start();
const backend = (): OnnxBackend => tf.backend() as OnnxBackend;
const key = Key.from("convolutions");
const tensor = (name: string, shape: number[]): tf.Tensor => key.fold(name).normal(shape);

interface Case {
  readonly image: [number, number, number, number];
  readonly filter: [number, number, number, number];
  readonly stride: number | [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
  readonly dilation?: number;
}

const cases: readonly Case[] = [
  { image: [2, 8, 8, 32], filter: [3, 3, 32, 16], stride: 1, pad: "same" },
  { image: [2, 8, 8, 16], filter: [3, 3, 16, 32], stride: 2, pad: 1 },
  { image: [2, 8, 8, 16], filter: [5, 5, 16, 16], stride: 2, pad: 2 },
  { image: [4, 8, 6, 3], filter: [3, 3, 3, 16], stride: 1, pad: 1 },
  { image: [4, 8, 6, 16], filter: [3, 3, 16, 3], stride: 1, pad: 1 },
  { image: [4, 8, 6, 3], filter: [3, 3, 3, 16], stride: 2, pad: 1 },
  { image: [4, 9, 7, 16], filter: [3, 3, 16, 16], stride: 2, pad: "same" },
  { image: [4, 9, 7, 16], filter: [3, 3, 16, 16], stride: 1, pad: "valid", dilation: 2 },
  { image: [16, 5, 7, 16], filter: [3, 3, 16, 16], stride: 1, pad: "valid" },
  { image: [2, 8, 8, 16], filter: [1, 1, 16, 16], stride: 1, pad: 0 },
  { image: [2, 8, 8, 16], filter: [1, 1, 16, 16], stride: 2, pad: 0 },
  { image: [2, 8, 8, 32], filter: [3, 2, 32, 16], stride: 2, pad: "same" },
  { image: [2, 8, 8, 16], filter: [4, 4, 16, 16], stride: 2, pad: 1 },
  { image: [1, 9, 9, 16], filter: [3, 3, 16, 16], stride: 3, pad: 0 },
  { image: [2, 8, 8, 16], filter: [3, 3, 16, 20], stride: 1, pad: 1 },
  { image: [2, 8, 8, 20], filter: [3, 3, 20, 16], stride: 1, pad: 1 },
  // of these tfjs reckons the width as the height
  { image: [2, 8, 9, 16], filter: [5, 3, 16, 16], stride: 1, pad: 0 },
  { image: [2, 8, 9, 3], filter: [5, 3, 3, 6], stride: 1, pad: 1 },
  { image: [2, 8, 9, 3], filter: [3, 5, 3, 6], stride: 2, pad: 1 },
  { image: [2, 8, 9, 16], filter: [5, 2, 16, 16], stride: 2, pad: 0 },
  { image: [2, 8, 9, 16], filter: [3, 3, 16, 16], stride: [2, 1], pad: 1 },
  { image: [2, 8, 9, 3], filter: [3, 3, 3, 6], stride: [1, 2], pad: 1 },
  { image: [2, 8, 9, 16], filter: [4, 2, 16, 16], stride: 1, pad: 1, dilation: 2 },
  {
    ...{ image: [2, 8, 9, 16], filter: [5, 3, 16, 16], stride: 1 },
    pad: [
      [0, 0],
      [2, 1],
      [0, 1],
      [0, 0],
    ],
  },
  { image: [4, 8, 8, 1], filter: [5, 5, 1, 16], stride: 2, pad: 2 },
  { image: [2, 9, 9, 3], filter: [4, 4, 3, 32], stride: 2, pad: "same" },
  { image: [2, 8, 8, 16], filter: [3, 3, 16, 16], stride: 2, pad: "valid" },
  { image: [4, 10, 10, 16], filter: [2, 2, 16, 16], stride: 3, pad: "valid" },
  { image: [4, 4, 4, 16], filter: [5, 5, 16, 16], stride: 1, pad: "same" },
  { image: [4, 2, 2, 16], filter: [3, 3, 16, 16], stride: 2, pad: 3 },
];

/** A convolution, what may follow one, its gradients, and the gradient of its gradient's length. */
function everything({ image, filter, stride, pad, dilation = 1 }: Case): tf.Tensor[] {
  const [x, w, bias] = [tensor("x", image), tensor("w", filter), tensor("b", [filter[3]])];
  const net = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => {
    const y = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad, "NHWC", dilation);
    const active = tf.leakyRelu(tf.add(y, bias));
    return tf.mul(active, tf.mean(active, [1, 2], true));
  };
  const y = net(x, w);
  const forward = [
    y,
    tf.sum(y, [0, 2]),
    tf.max(y, 3),
    tf.sum(y, [0, 1, 2]),
    tf.mul(tf.reshape(y, [image[0], -1]), 2),
    tf.add(tf.transpose(y, [3, 0, 1, 2]), 1),
  ];
  if (dilation > 1) return forward; // tfjs has no gradient of these
  const loss = (x: tf.Tensor, w: tf.Tensor): tf.Scalar => tf.sum(tf.square(net(x, w))) as tf.Scalar;
  const slope = (w: tf.Tensor): tf.Tensor =>
    tf.sum(tf.square(tf.grad((x: tf.Tensor) => tf.sum(net(x, w)))(x)));
  return [...forward, ...tf.grads(loss)([x, w]), tf.grad(slope)(w)];
}

async function on(
  engine: string,
  f: () => tf.Tensor[],
): Promise<{ shape: number[]; values: Float32Array }[]> {
  await tf.setBackend(engine);
  const out = tf.tidy(f);
  const values = out.map((x) => ({ shape: x.shape, values: x.dataSync().slice() as Float32Array }));
  tf.dispose(out);
  return values;
}

for (const given of cases) {
  t.test(`${JSON.stringify(given)} agrees with cpu, gradients and second gradients included`, async (t) => {
    const ours = await on("onnxruntime", () => everything(given));
    const cpu = await on("cpu", () => everything(given));
    cpu.forEach(({ shape, values }, i) => {
      t.same(ours[i]!.shape, shape);
      const scale = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const off = values.reduce((most, x, j) => Math.max(most, Math.abs(x - ours[i]!.values[j]!)), 0);
      t.ok(off < 1e-5 * scale, `output ${i} is off by ${off} of ${scale}`);
    });
  });
}

t.test("one channel each, and pooling, of windows and strides that aren't square", async (t) => {
  const square = (f: (x: tf.Tensor4D) => tf.Tensor) => (): tf.Tensor[] => {
    const x = tensor("x", [2, 8, 9, 4]) as tf.Tensor4D;
    return [f(x), tf.grad((x: tf.Tensor) => tf.sum(tf.square(f(x as tf.Tensor4D))))(x)];
  };
  for (const [window, strides, pad] of [
    [[5, 3], 1, 0],
    [[5, 3], 1, 1],
    [[3, 5], 1, 1],
    [[3, 3], [2, 1], 1],
  ] as [[number, number], number | [number, number], number][]) {
    const w = (): tf.Tensor4D => tensor("w", [...window, 4, 2]) as tf.Tensor4D;
    const depthwise = (x: tf.Tensor4D, w: tf.Tensor4D): tf.Tensor => tf.depthwiseConv2d(x, w, strides, pad);
    const slopes = (): tf.Tensor[] => {
      const x = tensor("x", [2, 8, 9, 4]) as tf.Tensor4D;
      return [tf.grad((w: tf.Tensor) => tf.sum(tf.square(depthwise(x, w as tf.Tensor4D))))(w())];
    };
    for (const [name, f] of Object.entries({
      depthwise: square((x) => depthwise(x, w())),
      "depthwise filter": slopes,
      "max pool": square((x) => tf.maxPool(x, window, strides, pad)),
      "mean pool": square((x) => tf.avgPool(x, window, strides, pad)),
    })) {
      const [ours, cpu] = [await on("onnxruntime", f), await on("cpu", f)];
      cpu.forEach(({ shape, values }, i) => {
        t.same(ours[i]!.shape, shape);
        const scale = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        const off = values.reduce((most, x, j) => Math.max(most, Math.abs(x - ours[i]!.values[j]!)), 0);
        t.ok(
          off < 1e-5 * scale,
          `${name} ${window}, ${strides}, ${pad}: output ${i} is off by ${off} of ${scale}`,
        );
      });
    }
  }
});

t.test("blocks of channels go from one convolution to the next as they are", async (t) => {
  await tf.setBackend("onnxruntime");
  if (backend().runtime.dialect.block === undefined) return t.pass("this processor has no such convolutions");
  backend().flush();
  tf.tidy(() => {
    const [x, w] = [tensor("x", [2, 8, 8, 32]), tensor("w", [3, 3, 32, 32])];
    const conv = (x: tf.Tensor): tf.Tensor => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same");
    const y = conv(tf.relu(tf.add(conv(tf.relu(conv(x))), tensor("b", [32]))));
    const { pending, interned } = backend().recorder;
    const { value } = backend().view(y);
    const { nodes } = programOf(pending, (other) => other === value, interned);
    const images = nodes.filter(
      ({ op, outputs: [out] }) => op === "Transpose" && sizeOf(out!.shape) === y.size,
    );
    t.equal(images.length, 2, "in at first, and out at last");
  });
});

t.test("a LeakyReLU becomes part of the convolution that nobody else reads", async (t) => {
  await tf.setBackend("onnxruntime");
  if (backend().runtime.dialect.block === undefined) return t.pass("this processor has no such convolutions");
  const [x, w] = [tensor("x", [2, 8, 8, 32]), tensor("w", [3, 3, 32, 32])];
  const conv = (x: tf.Tensor): tf.Tensor => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same");
  const leaky = (x: tf.Tensor): tf.Tensor => tf.leakyRelu(x, 0.1);
  const loss = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(leaky(tf.add(conv(x), tensor("b", [32])))));
  const both = (x: tf.Tensor): tf.Tensor => {
    const y = conv(x);
    return tf.add(leaky(y), y);
  };
  const cases: [string, (x: tf.Tensor) => tf.Tensor, number][] = [
    ["where its gradient reads its slope", (x) => tf.grad(loss)(x), 0],
    ["where it is all that is wanted", (x) => leaky(conv(x)), 0],
    ["where the convolution is read too", both, 1],
  ];
  for (const [what, f, apart] of cases) {
    backend().flush();
    tf.tidy(() => {
      const { value } = backend().view(f(x));
      const { pending, interned } = backend().recorder;
      const { model } = modelOf(programOf(pending, (other) => other === value, interned));
      t.equal(model.nodes.filter(({ op }) => op === "LeakyRelu").length, apart, what);
      t.equal(model.nodes.filter(({ attributes }) => "activation" in attributes).length, 1 - apart, what);
    });
  }
  tf.dispose([x, w]);
});
