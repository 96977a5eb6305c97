/**
 * The methods of tensors: TensorFlow.js' operations, of which the tensor is the first input.
 *
 * @module
 */
import type * as Core from "@tensorflow/tfjs-core";

/** Operations that are methods of the same name. */
const SAME = `
  abs acos acosh add all any argMax argMin asin asinh atan atan2 atanh avgPool batchNorm batchToSpaceND broadcastTo cast
  ceil clipByValue conv1d conv2d conv2dTranspose cos cosh cumprod cumsum depthToSpace depthwiseConv2d dilation2d div
  divNoNan dot elu equal erf euclideanNorm exp expandDims expm1 fft floor floorDiv gather greater greaterEqual ifft irfft
  isFinite isInf isNaN leakyRelu less lessEqual localResponseNormalization log log1p logSigmoid logSoftmax logSumExp
  logicalAnd logicalNot logicalOr logicalXor matMul max maxPool maximum mean min minimum mirrorPad mod mul neg norm
  notEqual oneHot onesLike pad pool pow prelu prod reciprocal relu relu6 reshape reverse rfft round rsqrt selu
  separableConv2d sigmoid sign sin sinh slice softmax softplus spaceToBatchND split sqrt square squaredDifference squeeze
  step stridedSlice sub sum tan tanh tile topk transpose unique unsortedSegmentSum unstack zerosLike
`
  .trim()
  .split(/\s+/);

type Method = (this: Core.Tensor, ...inputs: never[]) => unknown;

/** Methods that are not the operation of their name. */
function others(tf: typeof Core): Record<string, Method> {
  const as: Method = function (...shape: number[]) {
    return tf.reshape(this, shape);
  };
  const to = (dtype: Core.DataType): Method =>
    function () {
      return tf.cast(this, dtype);
    };
  const listOf = (x: Core.Tensor | Core.Tensor[]): Core.Tensor[] => (Array.isArray(x) ? x : [x]);
  const flatten: Method = function () {
    return tf.reshape(this, [this.size]);
  };
  return {
    ...{ as2D: as, as3D: as, as4D: as, as5D: as },
    ...{ as1D: flatten, flatten },
    ...{ toBool: to("bool"), toFloat: to("float32"), toInt: to("int32") },
    asScalar() {
      tf.util.assert(this.size === 1, () => "The array must have only 1 element.");
      return tf.reshape(this, []);
    },
    asType(dtype: Core.DataType) {
      return tf.cast(this, dtype);
    },
    reshapeAs(x: Core.Tensor) {
      return tf.reshape(this, x.shape);
    },
    concat(x: Core.Tensor | Core.Tensor[], axis?: number) {
      return tf.concat([this, ...listOf(x)], axis);
    },
    stack(x: Core.Tensor | Core.Tensor[], axis?: number) {
      return tf.stack([this, ...listOf(x)], axis);
    },
    where(condition: Core.Tensor, x: Core.Tensor) {
      return tf.where(condition, this, x);
    },
    resizeBilinear(...inputs: never[]) {
      return tf.image.resizeBilinear(this as Core.Tensor3D, ...(inputs as unknown as [[number, number]]));
    },
    resizeNearestNeighbor(...inputs: never[]) {
      return tf.image.resizeNearestNeighbor(
        this as Core.Tensor3D,
        ...(inputs as unknown as [[number, number]]),
      );
    },
  };
}

/**
 * Gives tensors their methods, where TensorFlow.js' whole package has not done so. Each throws where the tensor was
 * disposed, and else what its operation throws.
 */
export function addMethods(tf: typeof Core): void {
  const operations = tf as unknown as Record<string, (...inputs: unknown[]) => unknown>;
  const same: Record<string, Method> = Object.fromEntries(
    SAME.map((name) => [
      name,
      function (...inputs) {
        return operations[name]!(this, ...inputs);
      },
    ]),
  );
  const prototype = tf.Tensor.prototype as unknown as Record<string, unknown>;
  for (const [name, method] of Object.entries({ ...same, ...others(tf) })) {
    if (name in prototype) continue;
    prototype[name] = function (this: Core.Tensor & { throwIfDisposed(): void }, ...inputs: never[]) {
      this.throwIfDisposed();
      return method.apply(this, inputs);
    };
  }
}
