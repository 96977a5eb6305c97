/**
 * Gradients that a gradient of a gradient needs and that tfjs 4.22 lacks or has wrong: without them a gradient
 * penalty throws, or, worse, silently trains on a wrong gradient.
 *
 * @module
 */
import type * as TF from "./tfjs.ts";

/** Kernels of two inputs whose value is piecewise constant: their derivative is zero wherever it exists. */
const COMPARISONS = [
  "Equal",
  "NotEqual",
  "Greater",
  "GreaterEqual",
  "Less",
  "LessEqual",
  "LogicalAnd",
  "LogicalOr",
];

/** Registers what is missing, unless a newer tfjs brings it, and replaces what is wrong. */
export function mendGradients(tf: typeof TF): void {
  const flat = (kernelName: string, ...inputs: string[]): void => {
    if (tf.getGradient(kernelName) !== undefined) return;
    tf.registerGradient({
      kernelName,
      inputsToSave: inputs,
      // tf.zeros rather than zerosLike: gradients are float32 even where the inputs are bool
      gradFunc: (_dy, saved) =>
        Object.fromEntries(inputs.map((input, i) => [input, () => tf.zeros(saved[i]!.shape)])),
    });
  };
  for (const kernelName of COMPARISONS) flat(kernelName, "a", "b");
  flat("LogicalNot", "x");

  // tfjs computes the derivatives below from the kernel's saved output, and records that output on its tape before
  // the kernel that made it: a second derivative then takes it for a constant (tensorflow/tfjs issue 3252). Computed
  // from the input they are right to any order. (tf.logSoftmax has the same flaw, out of reach of the registry: where a
  // second derivative is wanted, write x − logSumExp(x).)
  const unary = (
    kernelName: string,
    input: "x" | "logits",
    derivative: (dy: TF.Tensor, x: TF.Tensor, attributes: TF.NamedAttrMap) => TF.Tensor,
  ): void =>
    tf.registerGradient({
      kernelName,
      inputsToSave: [input],
      gradFunc: (dy, [x], attributes) => ({
        [input]: () => derivative(dy as TF.Tensor, x!, attributes as TF.NamedAttrMap),
      }),
    });

  // One product with the slope, where tfjs compares, multiplies and chooses
  unary("LeakyRelu", "x", (dy, x, { alpha }) => tf.mul(dy, tf.step(x, alpha as number)));

  unary("Exp", "x", (dy, x) => tf.mul(dy, tf.exp(x)));
  unary("Elu", "x", (dy, x) => tf.mul(dy, tf.exp(tf.minimum(x, 0)))); // e^x below 0, 1 above
  unary("Tanh", "x", (dy, x) => tf.mul(dy, tf.sub(1, tf.square(tf.tanh(x)))));
  unary("Sigmoid", "x", (dy, x) => {
    const y = tf.sigmoid(x);
    return tf.mul(dy, tf.mul(y, tf.sub(1, y)));
  });
  mendConvolutions(tf);
  unary("Softmax", "logits", (dy, logits, { dim }) => {
    const y = tf.softmax(logits, dim as number);
    const dyTimesY = tf.mul(dy, y);
    return tf.sub(dyTimesY, tf.mul(tf.sum(dyTimesY, dim as number, true), y));
  });
}

interface PoolAttributes {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: "valid" | "same" | number;
}

type Shape4 = [number, number, number, number];

/** Gradients of the kernels in which gradients of convolutions and poolings end: each is linear in `dy`. */
function mendConvolutions(tf: typeof TF): void {
  const missing = (config: TF.GradConfig): void => {
    if (tf.getGradient(config.kernelName) === undefined) tf.registerGradient(config);
  };
  const run = (name: string, inputs: TF.NamedTensorMap, attributes: TF.NamedAttrMap): TF.Tensor =>
    tf.engine().runKernel(name, inputs, attributes) as TF.Tensor;

  missing({
    kernelName: "Conv2DBackpropFilter",
    inputsToSave: ["x", "dy"],
    gradFunc: (ddw, [x, dy], attributes) => {
      const { filterShape: _, ...attrs } = attributes as TF.NamedAttrMap;
      const filter = ddw as TF.Tensor;
      return {
        x: () =>
          run("Conv2DBackpropInput", { dy: dy!, filter }, { ...attrs, inputShape: x!.shape as Shape4 }),
        dy: () => run("Conv2D", { x: x!, filter }, { ...attrs, dilations: 1 }),
      };
    },
  });
  missing({
    kernelName: "DepthwiseConv2dNativeBackpropInput",
    inputsToSave: ["dy", "filter"],
    gradFunc: (ddx, [dy, filter], attributes) => {
      const { inputShape: _, ...attrs } = attributes as TF.NamedAttrMap;
      const x = ddx as TF.Tensor;
      return {
        dy: () => run("DepthwiseConv2dNative", { x, filter: filter! }, attrs),
        filter: () =>
          run(
            "DepthwiseConv2dNativeBackpropFilter",
            { x, dy: dy! },
            { ...attrs, filterShape: filter!.shape as Shape4 },
          ),
      };
    },
  });
  missing({
    kernelName: "DepthwiseConv2dNativeBackpropFilter",
    inputsToSave: ["x", "dy"],
    gradFunc: (ddw, [x, dy], attributes) => {
      const { filterShape: _, ...attrs } = attributes as TF.NamedAttrMap;
      const filter = ddw as TF.Tensor;
      return {
        x: () =>
          run(
            "DepthwiseConv2dNativeBackpropInput",
            { dy: dy!, filter },
            { ...attrs, inputShape: x!.shape as Shape4 },
          ),
        dy: () => run("DepthwiseConv2dNative", { x: x!, filter }, attrs),
      };
    },
  });
  // tfjs divides by the whole window even where part of it is padding: averaging over the padded whole undoes that
  missing({
    kernelName: "AvgPoolGrad",
    inputsToSave: ["input"],
    gradFunc: (ddx, [input], attributes) => ({
      dy: () => {
        const { filterSize, strides, pad } = attributes as unknown as PoolAttributes;
        const [h, w] = typeof filterSize === "number" ? [filterSize, filterSize] : filterSize;
        const channels = input!.shape[3]!;
        const filter = tf.fill([h, w, channels, 1], 1 / (h * w)) as TF.Tensor4D;
        return tf.depthwiseConv2d(ddx as TF.Tensor4D, filter, strides, pad);
      },
      input: () => tf.zerosLike(input!),
    }),
  });
  missing({
    kernelName: "MaxPoolGrad",
    inputsToSave: ["dy", "input"],
    gradFunc: (ddx, [dy, input], attributes) => {
      const { filterSize, strides, pad } = attributes as unknown as PoolAttributes;
      return {
        dy: () => {
          const { indexes } = tf.maxPoolWithArgmax(input as TF.Tensor4D, filterSize, strides, pad, true);
          return tf.reshape(
            tf.gather(tf.reshape(ddx as TF.Tensor, [-1]), tf.reshape(indexes!, [-1])),
            dy!.shape,
          );
        },
        input: () => tf.zerosLike(input!),
        output: () => tf.zerosLike(dy!),
      };
    },
  });
}
