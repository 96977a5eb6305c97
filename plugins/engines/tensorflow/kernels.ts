/**
 * Kernels that @tensorflow/tfjs-node-gpu lacks, refuses in some cases, or has wrong: there tfjs's `cpu` computes them,
 * but for padded convolutions, which TensorFlow can do.
 *
 * @module
 */
import { tf } from "../../../core/mod.ts";
import { borrowed, borrowMissingKernels, noteBorrowing } from "../borrow.ts";
import type { NodeBackend } from "./native.ts";

type Case = (params: Parameters<tf.KernelFunc>[0]) => boolean;

/** Padding given in numbers: TensorFlow's pooling knows "same" and "valid". */
const paddedByNumbers: Case = ({ attrs }) => typeof attrs!.pad !== "string";
/** TensorFlow's own kernels for processors have channels last. */
const channelsFirst: Case = ({ attrs, backend }) =>
  attrs!.dataFormat === "NCHW" && !(backend as NodeBackend).isUsingGpuDevice;
const dilated: Case = ({ attrs }) => [attrs!.dilations].flat().some((d) => d !== 1);
const of =
  (input: string, dtype: tf.DataType): Case =>
  ({ inputs }) =>
    inputs[input]!.dtype === dtype;

/** When each kernel is cpu's. */
const LEFT_TO_CPU: Readonly<Record<string, Case>> = {
  AvgPool: paddedByNumbers,
  AvgPool3D: paddedByNumbers,
  AvgPool3DGrad: paddedByNumbers,
  AvgPoolGrad: paddedByNumbers,
  MaxPool: paddedByNumbers,
  MaxPool3D: paddedByNumbers,
  MaxPool3DGrad: paddedByNumbers,
  MaxPoolGrad: paddedByNumbers,
  Conv2D: channelsFirst,
  Conv2DBackpropFilter: channelsFirst,
  Conv2DBackpropInput: channelsFirst,
  FusedConv2D: channelsFirst,
  DepthwiseConv2dNative: dilated,
  DepthwiseConv2dNativeBackpropFilter: dilated,
  DepthwiseConv2dNativeBackpropInput: dilated,
  FusedDepthwiseConv2D: dilated,
  Diag: of("x", "bool"),
  LeakyRelu: of("x", "int32"),
  Round: of("x", "int32"), // TensorFlow 2.21 answers zeros
  Step: of("x", "int32"),
  Greater: of("a", "string"),
  GreaterEqual: of("a", "string"),
  Less: of("a", "string"),
  LessEqual: of("a", "string"),
  // TensorFlow wants a row of indices where tfjs takes a number
  ScatterNd: ({ inputs }) => inputs.indices!.shape.length === 1,
};

let mended = false;

/** Completes the backend's kernels; once in a process. */
export function mendKernels(): void {
  if (mended) return;
  mended = true;
  padConvolutions();
  for (const [kernelName, isLeft] of Object.entries(LEFT_TO_CPU)) {
    const own = tf.getKernel(kernelName, "tensorflow");
    const lent = borrowed(kernelName);
    tf.unregisterKernel(kernelName, "tensorflow");
    tf.registerKernel({
      ...own,
      kernelFunc(params) {
        if (!isLeft(params)) return own.kernelFunc(params);
        noteBorrowing("tensorflow", kernelName);
        return lent(params);
      },
    });
  }
  borrowMissingKernels("tensorflow");
}

type Conv = tf.NamedAttrMap & {
  readonly pad: "same" | "valid" | number | readonly (readonly [number, number])[];
  readonly dataFormat: "NHWC" | "NCHW";
};

/** Convolutions padded by a number, and gradients of convolutions padded by any numbers, which the package refuses. */
function padConvolutions(): void {
  const replace = (kernelName: string, kernelFunc: (own: tf.KernelFunc) => tf.KernelFunc): void => {
    const own = tf.getKernel(kernelName, "tensorflow");
    tf.unregisterKernel(kernelName, "tensorflow");
    tf.registerKernel({ ...own, kernelFunc: kernelFunc(own.kernelFunc) });
  };
  for (const name of ["Conv2D", "FusedConv2D"]) {
    replace(
      name,
      (own) => (params) => own({ ...params, attrs: { ...params.attrs!, pad: namedPad(params.attrs) } }),
    );
  }
  replace("Conv2DBackpropFilter", (own) => (params) => {
    const pad = namedPad(params.attrs);
    if (typeof pad === "string") return own(params);
    const x = tf.pad(params.inputs.x as tf.Tensor, pad);
    const dw = own({ ...params, inputs: { ...params.inputs, x }, attrs: { ...params.attrs!, pad: "valid" } });
    x.dispose();
    return dw;
  });
  replace("Conv2DBackpropInput", (own) => (params) => {
    const pad = namedPad(params.attrs);
    if (typeof pad === "string") return own(params);
    const shape = params.attrs!.inputShape as unknown as number[];
    const inputShape = shape.map((size, axis) => size + pad[axis]![0] + pad[axis]![1]);
    const whole = own({ ...params, attrs: { ...params.attrs!, inputShape, pad: "valid" } }) as tf.Tensor;
    const dx = tf.slice(
      whole,
      pad.map(([before]) => before),
      shape,
    );
    whole.dispose();
    return dx;
  });
}

/** "same" and "valid" as they are; else the numbers for each axis. */
function namedPad(attrs: tf.NamedAttrMap | undefined): "same" | "valid" | [number, number][] {
  const { pad, dataFormat } = attrs as unknown as Conv;
  if (typeof pad === "string") return pad;
  if (typeof pad !== "number") return pad.map(([before, after]) => [before, after]);
  if (pad === 0) return "valid";
  const spatial = dataFormat === "NCHW" ? [2, 3] : [1, 2];
  return [0, 1, 2, 3].map((axis) => (spatial.includes(axis) ? [pad, pad] : [0, 0]));
}
