/**
 * The op tests of tfjs-core that an engine is known to fail, and why it may.
 *
 * @module
 */

/** Reasons by the spec's name, without the engine's; one that ends in `*` is for all that begin so. */
export type Exclusions = Readonly<Record<string, string>>;

const NAN_IN_EXTREMES =
  "ONNX Runtime's reductions to an extreme pass NaN over; a second pass to find it would double their cost";
const NAN_IN_SIGN = "the sign of NaN is NaN here: a run that diverged should show it";
const LAST_BIT =
  "ONNX Runtime rounds the last bit of a float32 otherwise, and the test compares large numbers to 1e-3";

/** What the engine `onnxruntime` fails. */
export const onnxruntimeExclusions: Exclusions = {
  "gradients errors if relevant ops are missing grads":
    "core/tensor/gradients.ts supplies the gradient whose absence the test expects; fails on every engine",
  "einsum nonexistent dimension throws error":
    "the engine's errors name the kernel and its shapes, where the test wants the bare message",
  "exp int32": LAST_BIT,
  "tan numbers exceed float32 precision": LAST_BIT,
  "max return NaNs": NAN_IN_EXTREMES,
  "min return NaNs": NAN_IN_EXTREMES,
  "maxPoolWithArgmax [x=[1,3,3,1] f=[2,2] s=1 ignores NaNs":
    "ONNX Runtime's pooling keeps a NaN that comes first in its window",
  "sign basic": NAN_IN_SIGN,
  "sign does not propagate NaNs": NAN_IN_SIGN,
  "sign accepts a tensor-like object": NAN_IN_SIGN,
};

const EINSUM_WITHOUT_CHECKS = "TensorFlow's einsum computes what tfjs's refuses";

/** What the engine `tensorflow` fails on a processor. */
export const tensorflowExclusions: Exclusions = {
  "gradients errors if relevant ops are missing grads":
    "core/tensor/gradients.ts supplies the gradient whose absence the test expects; fails on every engine",
  "avgPool3d x=[1,1,1,1,1] f=[1,1,3] s=1 p=valid":
    "TensorFlow refuses a window larger than the image, of which tfjs makes an empty tensor",
  "conv2dTranspose input=8x8x8,output=4x4x8,f=8,s=1,inDepth=8,p=same vec4":
    "the test asks for an output that does not go with its input; TensorFlow says so",
  "einsum 2d matrix calculate trace: duplicate axes not implemented yet": EINSUM_WITHOUT_CHECKS,
  "einsum nonexistent dimension throws error": EINSUM_WITHOUT_CHECKS,
  "multinomial creates the same data given the same seed":
    "TensorFlow counts its draws; here randomness comes from keys, never from this kernel",
  "sign basic": NAN_IN_SIGN,
  "sign does not propagate NaNs": NAN_IN_SIGN,
  "sign accepts a tensor-like object": NAN_IN_SIGN,
  "tan numbers exceed float32 precision":
    "TensorFlow rounds the last bit of a float32 otherwise, and the test compares large numbers to 1e-3",
  "unique 1d tensor with NaN and Infinity": "to TensorFlow each NaN is a number of its own",
};

const NO_KERNEL =
  "tfjs's WebGPU backend has no such kernel, and cpu's cannot be borrowed: values come only later";
const NAN_IN_SHADERS = "WGSL leaves it open what becomes of NaN";
const FEW_BITS = "WGSL allows trigonometric functions an absolute error of 2^-11, and SwiftShader takes it";
const CUMULATIVE =
  "tfjs keeps its shaders of cumulative sums without the row's length, and uses the first for all; not used here";

/** What the engine `webgpu` fails on SwiftShader. */
export const webgpuExclusions: Exclusions = {
  "gradients errors if relevant ops are missing grads":
    "core/tensor/gradients.ts supplies the gradient whose absence the test expects; fails on every engine",
  "bitwiseAnd*": NO_KERNEL,
  "raggedGather*": NO_KERNEL,
  "raggedRange*": NO_KERNEL,
  "raggedTensorToTensor*": NO_KERNEL,
  "unique*": NO_KERNEL,
  "acosh propagates NaNs": NAN_IN_SHADERS,
  "asinh propagates NaNs": NAN_IN_SHADERS,
  "atanh propagates NaNs": NAN_IN_SHADERS,
  "sigmoid propagates NaNs": NAN_IN_SHADERS,
  "softmax Propagates NaNs": NAN_IN_SHADERS,
  "cos gradient*": FEW_BITS,
  "tan*": FEW_BITS,
  "cumsum gradient*": CUMULATIVE,
  "prod gradients*": CUMULATIVE,
  "prod prods*": "tfjs's reduction of a bool or int32 product forgets the axes that are kept",
  "fromPixels, mock canvas*": "there is no canvas here",
  "gather throws when index is out of bound": "a shader throws no error: what it reads there is 0",
};

/** What the engine `onnxruntime` fails on SwiftShader, through its provider `webgpu`. */
export const onnxruntimeWebgpuExclusions: Exclusions = {
  ...onnxruntimeExclusions,
  "acosh propagates NaNs": NAN_IN_SHADERS,
  "acosh NaN outside function domain": NAN_IN_SHADERS,
  "asinh propagates NaNs": NAN_IN_SHADERS,
  "atanh propagates NaNs": NAN_IN_SHADERS,
  "atanh NaN outside function domain": NAN_IN_SHADERS,
  "pow negative base and fract exponent NaN": NAN_IN_SHADERS,
  "step kernel propagates NaNs": NAN_IN_SHADERS,
  "cos gradient*": FEW_BITS,
  "tan gradients: Tensor2D": FEW_BITS,
};
