/**
 * Gradients that a gradient of a gradient needs and that tfjs 4.22 lacks or has wrong: without them a gradient
 * penalty throws, or, worse, silently trains on a wrong gradient.
 *
 * @module
 */
import type * as TF from "@tensorflow/tfjs";

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

  unary("Exp", "x", (dy, x) => tf.mul(dy, tf.exp(x)));
  unary("Elu", "x", (dy, x) => tf.mul(dy, tf.exp(tf.minimum(x, 0)))); // e^x below 0, 1 above
  unary("Tanh", "x", (dy, x) => tf.mul(dy, tf.sub(1, tf.square(tf.tanh(x)))));
  unary("Sigmoid", "x", (dy, x) => {
    const y = tf.sigmoid(x);
    return tf.mul(dy, tf.mul(y, tf.sub(1, y)));
  });
  unary("Softmax", "logits", (dy, logits, { dim }) => {
    const y = tf.softmax(logits, dim as number);
    const dyTimesY = tf.mul(dy, y);
    return tf.sub(dyTimesY, tf.mul(tf.sum(dyTimesY, dim as number, true), y));
  });
}
