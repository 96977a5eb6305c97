/** Convolutions, poolings, normalisations, resizing and quantisation in their variants. */
import { graph, image, type Row, row, weights } from "./row.ts";
import { type Attribute, floats, type Given, ints } from "./writer.ts";

const w33 = weights([6, 4, 3, 3]);
const bias6 = weights([6], 2);

const convolutions: Row[] = [
  row("Conv", image, {}, { w: w33, b: bias6 }),
  row("Conv", image, { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }, { w: w33 }),
  row("Conv", image, { pads: [0, 1, 2, 0], strides: [2, 1] }, { w: w33, b: bias6 }),
  row("Conv", image, { strides: [2, 2], pads: [1, 1, 1, 1] }, { w: w33 }),
  row("Conv", image, { strides: [3, 2] }, { w: w33 }),
  row("Conv", image, { dilations: [2, 1], pads: [1, 1, 1, 1] }, { w: w33 }),
  row("Conv", image, { dilations: [2, 2], strides: [2, 2], pads: [2, 2, 2, 2] }, { w: w33 }),
  row("Conv", image, { group: 2, pads: [1, 1, 1, 1] }, { w: weights([6, 2, 3, 3]), b: bias6 }),
  row("Conv", image, { group: 4, pads: [1, 1, 1, 1] }, { w: weights([4, 1, 3, 3]) }),
  row("Conv", image, { group: 4, strides: [2, 2], pads: [1, 1, 1, 1] }, { w: weights([8, 1, 3, 3]) }),
  row("Conv", image, { group: 4, dilations: [2, 2], pads: [2, 2, 2, 2] }, { w: weights([4, 1, 3, 3]) }),
  row("Conv", image, { auto_pad: "SAME_UPPER", strides: [2, 2] }, { w: weights([6, 4, 4, 3]) }),
  row("Conv", image, { auto_pad: "SAME_LOWER", strides: [2, 2] }, { w: weights([6, 4, 4, 3]) }),
  row("Conv", image, { auto_pad: "VALID" }, { w: w33 }),
  row("Conv", image, {}, { w: weights([5, 4, 1, 1]) }),
  row("Conv", [2, 3, 9], { strides: [2], pads: [1, 2] }, { w: weights([4, 3, 3]), b: weights([4], 2) }),
  row("ConvTranspose", image, {}, { w: weights([4, 5, 3, 3]), b: weights([5], 2) }),
  row(
    "ConvTranspose",
    image,
    { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
    { w: weights([4, 5, 3, 3]) },
  ),
  row("ConvTranspose", image, { strides: [2, 1], pads: [0, 1, 1, 0] }, { w: weights([4, 5, 3, 2]) }),
  row("ConvTranspose", image, { strides: [2, 2], dilations: [2, 2] }, { w: weights([4, 5, 3, 3]) }),
  row("ConvTranspose", image, { group: 2, strides: [2, 2] }, { w: weights([4, 3, 2, 2]) }),
  row("ConvTranspose", image, { strides: [2, 2], output_shape: [14, 12] }, { w: weights([4, 5, 3, 3]) }),
  row("ConvTranspose", image, { strides: [2, 2], auto_pad: "SAME_UPPER" }, { w: weights([4, 5, 3, 3]) }),
  row("ConvTranspose", [2, 3, 5], { strides: [2] }, { w: weights([3, 4, 3]) }),
  graph(
    "Conv with a computed filter",
    image,
    [
      { op: "Abs", inputs: ["x"], outputs: ["a"] },
      { op: "ReduceMean", inputs: ["a"], outputs: ["m"], attributes: { keepdims: 1, axes: [0, 1, 2, 3] } },
      { op: "Mul", inputs: ["w", "m"], outputs: ["v"] },
      { op: "Conv", inputs: ["x", "v"], attributes: { kernel_shape: [3, 3] } },
    ],
    { constants: { w: w33 } },
  ),
];

const pooled = (op: string, attributes: Readonly<Record<string, Attribute>>, opset = 17, x = image): Row =>
  row(op, x, attributes, {}, { opset });

const pools: Row[] = [
  ...["MaxPool", "AveragePool"].flatMap((op) => [
    pooled(op, { kernel_shape: [2, 2] }),
    pooled(op, { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
    pooled(op, { kernel_shape: [3, 2], strides: [2, 2], pads: [0, 1, 1, 0] }),
    pooled(op, { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
    pooled(op, { kernel_shape: [2, 2], strides: [3, 3], ceil_mode: 1, pads: [1, 1, 1, 1] }),
    pooled(op, { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" }),
    pooled(op, { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_LOWER" }),
    pooled(op, { kernel_shape: [3], strides: [2] }, 17, [2, 3, 8]),
  ]),
  pooled("AveragePool", { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  pooled(
    "AveragePool",
    { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 0, 1, 1], count_include_pad: 1, ceil_mode: 1 },
    19,
  ),
  ...[11, 17].map((opset) =>
    pooled(
      "AveragePool",
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1, ceil_mode: 1 },
      opset,
      [2, 3, 8, 6],
    ),
  ),
  pooled("GlobalAveragePool", {}),
  pooled("GlobalMaxPool", {}),
  pooled("GlobalAveragePool", {}, 17, [2, 3, 5]),
];

const stats = {
  scale: weights([4]),
  shift: weights([4], 2),
  mean: weights([4], 3),
  variance: floats([4], [0.5, 1, 2, 0.7]),
};
const affine = { scale: weights([4]), shift: weights([4], 2) };
const norms: Row[] = [
  row("BatchNormalization", image, { epsilon: 0.01 }, stats),
  row("BatchNormalization", [3, 4], {}, stats, { opset: 9 }),
  row("BatchNormalization", [3, 4, 5], {}, stats),
  row("InstanceNormalization", image, {}, affine),
  row("InstanceNormalization", [2, 4, 5], { epsilon: 0.1 }, affine),
  row("LayerNormalization", [2, 3, 4], {}, affine),
  row("LayerNormalization", [2, 3, 4], { axis: 1, epsilon: 0.01 }, { scale: weights([3, 4]) }),
  row("GroupNormalization", image, { num_groups: 2 }, affine, { opset: 21 }),
  row(
    "GroupNormalization",
    image,
    { num_groups: 2 },
    { scale: weights([2]), shift: weights([2], 2) },
    { opset: 18 },
  ),
  row("LRN", [2, 6, 3, 3], { size: 3, alpha: 0.5, beta: 0.6, bias: 1.5 }),
  row("LRN", [2, 6, 3, 3], { size: 5, alpha: 0.5 }),
  row("LpNormalization", [2, 3, 4], { axis: 1 }),
  row("LpNormalization", [2, 3, 4], { p: 1 }),
];

const none = floats([0], []);
const scales = (h: number, w: number): Given => floats([4], [1, 1, h, w]);
const sizes = (h: number, w: number): Given => ints(2, 4, h, w);
const resizes: Row[] = [
  row("Upsample", image, { mode: "nearest" }, { s: scales(2, 2) }, { opset: 9 }),
  row("Upsample", image, { mode: "linear" }, { s: scales(2, 1.5) }, { opset: 9 }),
  row("Resize", image, { mode: "nearest" }, { s: scales(2, 2) }, { opset: 10 }),
  ...["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"].flatMap(
    (coordinate_transformation_mode) =>
      [{ mode: "linear" }, { mode: "nearest", nearest_mode: "floor" }, { mode: "cubic" }].flatMap((mode) => [
        row(
          "Resize",
          image,
          { coordinate_transformation_mode, ...mode },
          { r: none, s: scales(2, 1.5) },
          { opset: 13 },
        ),
        row(
          "Resize",
          image,
          { coordinate_transformation_mode, ...mode },
          { r: none, s: none, z: sizes(4, 9) },
          { opset: 13 },
        ),
      ]),
  ),
  ...["round_prefer_floor", "round_prefer_ceil", "ceil"].map((nearest_mode) =>
    row("Resize", image, { nearest_mode }, { _r: none, _s: none, z: sizes(10, 4) }, { opset: 13 }),
  ),
  row(
    "Resize",
    image,
    { mode: "cubic", cubic_coeff_a: -0.5, exclude_outside: 1 },
    { _r: none, s: scales(2, 2) },
    { opset: 13 },
  ),
  row(
    "Resize",
    image,
    { mode: "linear", axes: [2, 3] },
    { _r: none, s: floats([2], [2, 0.5]) },
    { opset: 18 },
  ),
];

/** int8 and uint8 values */
const bytes = (elem: 2 | 3, shape: readonly number[], values: readonly number[]): Given => ({
  elem,
  shape,
  values,
});
const quantised: Row[] = [
  graph(
    "DequantizeLinear of weights, for each channel",
    [3, 4],
    [
      { op: "DequantizeLinear", inputs: ["w", "s", "z"], outputs: ["v"], attributes: { axis: 0 } },
      { op: "Gemm", inputs: ["x", "v"], attributes: { transB: 1 } },
    ],
    {
      constants: {
        w: bytes(3, [2, 4], [1, -2, 3, 100, -128, 127, 5, 0]),
        s: floats([2], [0.1, 0.02]),
        z: bytes(3, [2], [1, -3]),
      },
    },
  ),
  graph(
    "QuantizeLinear there and back",
    [3, 4],
    [
      { op: "QuantizeLinear", inputs: ["x", "s", "z"], outputs: ["q"] },
      { op: "DequantizeLinear", inputs: ["q", "s", "z"] },
    ],
    { constants: { s: floats([], [0.25]), z: bytes(2, [], [3]) }, slope: false },
  ),
  graph(
    "DynamicQuantizeLinear and MatMulInteger",
    [1, 3, 4],
    [
      { op: "DynamicQuantizeLinear", inputs: ["x"], outputs: ["q", "s", "z"] },
      { op: "MatMulInteger", inputs: ["q", "w", "z", "wz"], outputs: ["m"] },
      { op: "Cast", inputs: ["m"], outputs: ["f"], attributes: { to: 1 } },
      { op: "Mul", inputs: ["f", "s"] },
    ],
    {
      constants: { w: bytes(3, [4, 2], [1, -2, 3, 100, -128, 127, 5, 0]), wz: bytes(3, [], [7]) },
      slope: false,
    },
  ),
  graph(
    "DynamicQuantizeLinear and ConvInteger, in groups, dilated",
    [1, 4, 7, 6],
    [
      { op: "DynamicQuantizeLinear", inputs: ["x"], outputs: ["q", "s", "z"] },
      {
        ...{ op: "ConvInteger", inputs: ["q", "w", "z", "wz"], outputs: ["c"] },
        attributes: { group: 2, dilations: [2, 1], pads: [2, 1, 0, 1], strides: [1, 2] },
      },
      { op: "Cast", inputs: ["c"], outputs: ["f"], attributes: { to: 1 } },
      { op: "Mul", inputs: ["f", "s"] },
    ],
    {
      constants: {
        w: bytes(
          2,
          [4, 2, 3, 3],
          Array.from({ length: 72 }, (_, i) => (i * 53) % 256),
        ),
        wz: bytes(2, [], [128]),
      },
      ...{ slope: false, range: [-0.5, 2] },
    },
  ),
];

/** All of them. */
export const layers: readonly Row[] = [...convolutions, ...pools, ...norms, ...resizes, ...quantised];
