/** Single operators and their variants, each a graph from `x` to `y`. */
import { layers } from "./layers.ts";
import { type Extra, graph, image, type Row, row, weights } from "./row.ts";
import { floats, type Given, int, ints } from "./writer.ts";

const smooth = "Sigmoid Tanh Softplus Softsign Exp Sin Cos Erf Relu HardSwish Selu Neg Abs".split(" ");
const positive: Extra = { range: [0.3, 2] };
const pointwise: Row[] = [
  ...smooth.map((op) => row(op, [3, 5])),
  ...["Sqrt", "Log", "Reciprocal"].map((op) => row(op, [3, 5], {}, {}, positive)),
  ...["Floor", "Ceil", "Round", "Sign"].map((op) => row(op, [3, 5], {}, {}, { slope: false })),
  ...["Asin", "Acos", "Atan"].map((op) => row(op, [3, 5], {}, {}, { range: [-0.9, 0.9] })),
  row("LeakyRelu", [3, 5], { alpha: 0.2 }),
  row("LeakyRelu", [3, 5]),
  row("Elu", [3, 5], { alpha: 0.7 }),
  row("Celu", [3, 5], { alpha: 1.7 }),
  row("ThresholdedRelu", [3, 5], { alpha: 0.6 }),
  row("HardSigmoid", [3, 5], { alpha: 0.3, beta: 0.4 }),
  row("HardSigmoid", [3, 5]),
  row("Mish", [3, 5], {}, {}, { opset: 18 }),
  row("Gelu", [3, 5], {}, {}, { opset: 20 }),
  row("Gelu", [3, 5], { approximate: "tanh" }, {}, { opset: 20 }),
  row("PRelu", image, {}, { slope: weights([4, 1, 1]) }),
  row("PRelu", image, {}, { slope: weights([1]) }),
  row("Clip", [3, 5], {}, { low: floats([], [-0.7]), high: floats([], [0.9]) }),
  row("Clip", [3, 5], {}, { low: floats([], [-0.7]) }),
  row("Clip", [3, 5], {}, { _: floats([], []), high: floats([], [0.9]) }),
  row("Clip", [3, 5], { min: -0.5, max: 6.5 }, {}, { opset: 9 }),
  ...["Add", "Sub", "Mul", "Div"].flatMap((op) => [
    row(op, image, {}, { b: weights([4, 1, 1]) }),
    row(op, image, {}, { b: weights([1, 4, 7, 6]) }),
    row(op, image, {}, { b: weights([6]) }),
    row(op, [5], {}, { b: weights([3, 1]) }),
  ]),
  row("Pow", [3, 5], {}, { p: floats([], [2]) }),
  row("Pow", [3, 5], {}, { p: floats([], [3]) }),
  row("Pow", [3, 5], {}, { p: floats([], [0.5]) }, positive),
  row("Pow", [3, 5], {}, { p: floats([], [1.7]) }, positive),
  row("Pow", [3, 5], {}, { p: int(2) }),
  row("Min", [3, 5], {}, { b: weights([5]), c: weights([3, 1], 2) }),
  row("Max", [3, 5], {}, { b: weights([5]), c: weights([3, 1], 2) }),
  row("Sum", [3, 5], {}, { b: weights([5]), c: weights([3, 1], 2) }),
  row("Mean", [3, 5], {}, { b: weights([5]), c: weights([3, 1], 2) }),
  row("Identity", [3, 5]),
  row("Dropout", [3, 5]),
  row("Dropout", [3, 5], { ratio: 0.5 }, {}, { opset: 9 }),
  ...[11, 17].flatMap((opset) =>
    ["Softmax", "LogSoftmax"].flatMap((op) => [
      row(op, [3, 4, 5], {}, {}, { opset }),
      row(op, [3, 4, 5], { axis: 1 }, {}, { opset }),
      row(op, [3, 4, 5], { axis: -1 }, {}, { opset }),
    ]),
  ),
  row("Softmax", image, { axis: 1 }),
  graph(
    "Where of a comparison",
    [3, 5],
    [
      { op: "Greater", inputs: ["x", "zero"], outputs: ["c"] },
      { op: "Mul", inputs: ["x", "x"], outputs: ["a"] },
      { op: "Where", inputs: ["c", "a", "x"] },
    ],
    { constants: { zero: floats([], [0.1]) } },
  ),
  graph(
    "Cast there and back",
    [3, 5],
    [
      { op: "Cast", inputs: ["x"], outputs: ["i"], attributes: { to: 6 } },
      { op: "Cast", inputs: ["i"], attributes: { to: 1 } },
    ],
    { slope: false },
  ),
];

const movement: Row[] = [
  row("Reshape", image, {}, { shape: ints(0, -1) }),
  row("Reshape", image, {}, { shape: ints(2, 2, 2, 42) }),
  row("Flatten", image),
  row("Flatten", image, { axis: 2 }),
  row("Flatten", image, { axis: 0 }),
  row("Squeeze", [2, 1, 5, 1], { axes: [1] }, {}, { opset: 11 }),
  row("Squeeze", [2, 1, 5, 1], {}, { axes: ints(-1) }),
  row("Squeeze", [2, 1, 5, 1]),
  row("Unsqueeze", [2, 5], { axes: [0, 3] }, {}, { opset: 11 }),
  row("Unsqueeze", [2, 5], {}, { axes: ints(1, -1) }),
  row("Transpose", image, { perm: [0, 2, 3, 1] }),
  row("Transpose", image, { perm: [0, 3, 1, 2] }),
  row("Transpose", image, { perm: [3, 1, 0, 2] }),
  row("Transpose", [2, 3, 4]),
  row("Concat", image, { axis: 1 }, { b: weights([2, 2, 7, 6]) }),
  row("Concat", image, { axis: -1 }, { b: weights([2, 4, 7, 3]) }),
  row("Slice", image, { starts: [1, 0], ends: [3, 9], axes: [1, 2] }, {}, { opset: 9 }),
  row("Slice", image, {}, { s: ints(1, 5), e: ints(7, -10), a: ints(2, 3), st: ints(2, -2) }),
  row("Slice", image, {}, { s: ints(-1), e: ints(-(2 ** 53)), a: ints(2), st: ints(-3) }),
  row("Slice", image, {}, { s: ints(0, 1), e: ints(2, 2 ** 53) }),
  row("Gather", image, { axis: 1 }, { i: ints(2, 0, 1, 1) }),
  row("Gather", image, { axis: 2 }, { i: int(-1) }),
  row("Gather", [5, 3], {}, { i: { ...ints(4, 0, 2, 3), shape: [2, 2] } }),
  row("Tile", [2, 3], {}, { r: ints(2, 3) }),
  row("Expand", [2, 1, 3], {}, { s: ints(4, 1) }),
  row("Expand", [3, 1], {}, { s: ints(2, 3, 4) }),
  row("DepthToSpace", [2, 8, 3, 2], { blocksize: 2 }),
  row("DepthToSpace", [2, 8, 3, 2], { blocksize: 2, mode: "CRD" }),
  row("SpaceToDepth", [2, 2, 4, 6], { blocksize: 2 }),
  ...["reflect", "edge"].map((mode) => row("Pad", image, { mode }, { p: ints(0, 1, 2, 3, 0, 2, 1, 1) })),
  row("Pad", image, { mode: "wrap" }, { p: ints(0, 0, 2, 3, 0, 0, 1, 1) }, { opset: 19 }),
  row("Pad", image, {}, { p: ints(0, 1, 2, 0, 0, 0, 1, 3), v: floats([], [0.7]) }),
  row("Pad", image, {}, { p: ints(0, 0, -1, 2, 0, 0, 1, -2) }),
  row("Pad", image, {}, { p: ints(1, 2), _v: floats([], []), a: ints(-1) }, { opset: 18 }),
  row("Pad", image, { pads: [0, 0, 1, 1, 0, 0, 2, 2], value: 0.5 }, {}, { opset: 9 }),
  graph(
    "Split by sizes",
    image,
    [
      { op: "Split", inputs: ["x", "s"], outputs: ["a", "b", "c"], attributes: { axis: 1 } },
      { op: "Concat", inputs: ["c", "a"], attributes: { axis: 1 } },
    ],
    { constants: { s: ints(1, 2, 1) } },
  ),
  graph(
    "Split evenly",
    image,
    [
      { op: "Split", inputs: ["x"], outputs: ["a", "b"], attributes: { axis: 1, split: [2, 2] } },
      { op: "Mul", inputs: ["a", "b"] },
    ],
    { opset: 11 },
  ),
  graph(
    "Split into uneven parts",
    [2, 5],
    [
      { op: "Split", inputs: ["x"], outputs: ["a", "b"], attributes: { axis: 1, num_outputs: 2 } },
      { op: "Concat", inputs: ["b", "a"], attributes: { axis: 1 } },
    ],
    { opset: 18 },
  ),
];

const reductions: Row[] = [
  ..."ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSumExp"
    .split(" ")
    .flatMap((op) => {
      const old = op === "ReduceSum" ? 11 : 17;
      return [
        row(op, [2, 3, 4], { axes: [1, -1], keepdims: 0 }, {}, { opset: old }),
        row(op, [2, 3, 4], { keepdims: 1 }, { axes: ints(1) }, { opset: 18 }),
        row(op, [2, 3, 4], {}, {}, { opset: 18 }),
      ];
    }),
  row("ReduceLogSum", [2, 3, 4], { axes: [1] }, {}, positive),
  row("ReduceMean", image, { axes: [2, 3], keepdims: 0 }),
  row("ReduceMean", image, { axes: [1], keepdims: 0 }),
  row("ReduceMean", image, { noop_with_empty_axes: 1 }, {}, { opset: 18 }),
];

const products: Row[] = [
  row("MatMul", [2, 5], {}, { b: weights([5, 3]) }),
  row("MatMul", [2, 4, 5], {}, { b: weights([5, 3]) }),
  row("MatMul", [2, 3, 4, 5], {}, { b: weights([3, 5, 2]) }),
  row("MatMul", [4, 5], {}, { b: weights([2, 3, 5, 2]) }),
  row("MatMul", [2, 1, 4, 5], {}, { b: weights([3, 5, 2]) }),
  row("MatMul", [2, 4, 5], {}, { b: weights([5]) }),
  row("MatMul", [5], {}, { b: weights([2, 5, 3]) }),
  row("Gemm", [2, 5], {}, { b: weights([5, 3]), c: weights([3], 2) }),
  row("Gemm", [2, 5], { transB: 1, alpha: 0.5, beta: 2.5 }, { b: weights([3, 5]), c: weights([2, 1], 2) }),
  row("Gemm", [5, 2], { transA: 1 }, { b: weights([5, 3]) }),
  row("Einsum", [2, 3, 4], { equation: "bij,bjk->bik" }, { b: weights([2, 4, 5]) }),
  row("Einsum", [2, 3, 4, 5], { equation: "bhid, bhjd -> bhij" }, { b: weights([2, 3, 6, 5]) }),
  row("Einsum", [2, 3, 4], { equation: "bij->bji" }),
  row("Einsum", [2, 3], { equation: "ij,kj" }, { b: weights([4, 3]) }),
  graph(
    "attention",
    [2, 3, 4],
    [
      { op: "Transpose", inputs: ["x"], outputs: ["t"], attributes: { perm: [0, 2, 1] } },
      { op: "MatMul", inputs: ["x", "t"], outputs: ["s"] },
      { op: "Softmax", inputs: ["s"], outputs: ["p"], attributes: { axis: -1 } },
      { op: "MatMul", inputs: ["p", "x"] },
    ],
  ),
];

/** Keys and values. */
const kv = (shape: readonly number[]) => ({ k: weights(shape), v: weights(shape, 2) });
const few = (shape: readonly number[], kept: readonly number[]): Given => ({ elem: 9, shape, values: kept });
const attention: Row[] = [
  row("Attention", [2, 3, 4, 5], {}, kv([2, 3, 6, 5]), { opset: 23 }),
  row("Attention", [2, 3, 4, 5], { scale: 0.3, is_causal: 1 }, kv([2, 3, 4, 5]), { opset: 23 }),
  row("Attention", [2, 4, 3, 5], { softcap: 1.5 }, kv([2, 2, 3, 5]), { opset: 23, note: "shared keys" }),
  row("Attention", [2, 4, 6], { q_num_heads: 3, kv_num_heads: 3 }, kv([2, 5, 6]), { opset: 23 }),
  row("Attention", [1, 2, 3, 4], {}, { ...kv([1, 2, 5, 4]), m: weights([3, 5], 3) }, { opset: 23 }),
  row(
    "Attention",
    [1, 2, 3, 4],
    {},
    { ...kv([1, 2, 4, 4]), m: few([3, 4], [1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1]) },
    { opset: 23, note: "some masked" },
  ),
];

const arithmetic: Row[] = [
  graph(
    "the batch's size by Shape and Concat",
    [3, 2, 4],
    [
      { op: "Shape", inputs: ["x"], outputs: ["shape"] },
      { op: "Gather", inputs: ["shape", "zero"], outputs: ["n"] },
      { op: "Unsqueeze", inputs: ["n", "axes"], outputs: ["n1"] },
      { op: "Concat", inputs: ["n1", "rest"], outputs: ["to"], attributes: { axis: 0 } },
      { op: "Reshape", inputs: ["x", "to"] },
    ],
    { constants: { zero: int(0), axes: ints(0), rest: ints(-1) } },
  ),
  graph(
    "a token for each row, by ConstantOfShape, Equal, Where and Expand",
    [3, 2, 4],
    [
      { op: "Shape", inputs: ["x"], outputs: ["n"], attributes: { start: 0, end: 1 } },
      { op: "Concat", inputs: ["n", "rest"], outputs: ["to"], attributes: { axis: 0 } },
      {
        op: "ConstantOfShape",
        inputs: ["rank"],
        outputs: ["ones"],
        attributes: { value: { tensor: ints(1) } },
      },
      { op: "Mul", inputs: ["ones", "minus"], outputs: ["open"] },
      { op: "Equal", inputs: ["to", "open"], outputs: ["is"] },
      { op: "Where", inputs: ["is", "ones", "to"], outputs: ["size"] },
      { op: "Expand", inputs: ["token", "size"], outputs: ["tokens"] },
      { op: "Concat", inputs: ["tokens", "x"], attributes: { axis: 1 } },
    ],
    { constants: { rest: ints(-1, 4), rank: ints(3), minus: ints(-1), token: weights([1, 1, 4]) } },
  ),
  graph(
    "positions by Range",
    [3, 4],
    [
      { op: "Shape", inputs: ["x"], outputs: ["shape"] },
      { op: "Gather", inputs: ["shape", "one"], outputs: ["w"] },
      { op: "Range", inputs: ["zero", "w", "one"], outputs: ["r"] },
      { op: "Cast", inputs: ["r"], outputs: ["f"], attributes: { to: 1 } },
      { op: "Div", inputs: ["f", "four"], outputs: ["at"] },
      { op: "Add", inputs: ["x", "at"] },
    ],
    { constants: { zero: int(0), one: int(1), four: floats([], [4]) } },
  ),
  graph(
    "integers divide as in C",
    [2, 6],
    [
      { op: "Shape", inputs: ["x"], outputs: ["shape"] },
      { op: "Sub", inputs: ["shape", "nine"], outputs: ["less"] },
      { op: "Div", inputs: ["less", "two"], outputs: ["half"] },
      { op: "Cast", inputs: ["half"], outputs: ["f"], attributes: { to: 1 } },
      { op: "ReduceSum", inputs: ["f"], outputs: ["sum"], attributes: { keepdims: 0 } },
      { op: "Mul", inputs: ["x", "sum"] },
    ],
    { constants: { nine: ints(9), two: ints(2) } },
  ),
  graph(
    "padding as PyTorch writes it",
    image,
    [
      {
        op: "ConstantOfShape",
        inputs: ["four"],
        outputs: ["zeros"],
        attributes: { value: { tensor: ints(0) } },
      },
      { op: "Concat", inputs: ["pads", "zeros"], outputs: ["all"], attributes: { axis: 0 } },
      { op: "Reshape", inputs: ["all", "pairs"], outputs: ["rows"] },
      { op: "Slice", inputs: ["rows", "from", "to", "axis", "back"], outputs: ["reversed"] },
      { op: "Transpose", inputs: ["reversed"], outputs: ["turned"], attributes: { perm: [1, 0] } },
      { op: "Reshape", inputs: ["turned", "flat"], outputs: ["p"] },
      { op: "Pad", inputs: ["x", "p"] },
    ],
    {
      constants: {
        four: ints(4),
        pads: ints(1, 2, 0, 3),
        pairs: ints(-1, 2),
        from: ints(-1),
        to: ints(-(2 ** 53)),
        axis: ints(0),
        back: ints(-1),
        flat: ints(-1),
      },
    },
  ),
];

/** All of them. */
export const rows: readonly Row[] = [
  ...layers,
  ...pointwise,
  ...movement,
  ...reductions,
  ...products,
  ...attention,
  ...arithmetic,
];
