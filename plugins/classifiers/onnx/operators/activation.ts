/**
 * Activations.
 *
 * @module
 */
import { tf } from "../../../../core/mod.ts";
import { given, type OnnxNode, type Operator, type Operators } from "../node.ts";
import { each, rankOf, reshape, shapeOf, together } from "../value.ts";

/** A function of each element, made for a node. */
const activation =
  (make: (node: OnnxNode) => (x: tf.Tensor) => tf.Tensor): Operator =>
  (node) => {
    const f = make(node);
    return (inputs) => each(given(inputs, 0), f);
  };

/** What is above 0 as it is, below it α(e^x − 1). */
const elu = (x: tf.Tensor, alpha: number): tf.Tensor =>
  tf.add(tf.relu(x), tf.mul(alpha, tf.expm1(tf.minimum(x, 0))));

/** clip(αx + β, 0, 1). */
const hardSigmoid = (x: tf.Tensor, alpha: number, beta: number): tf.Tensor =>
  tf.clipByValue(tf.add(tf.mul(x, alpha), beta), 0, 1);

/** D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415: with the error function, or by tanh. */
function gelu(x: tf.Tensor, byTanh: boolean): tf.Tensor {
  const inner = byTanh
    ? tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x))))))
    : tf.erf(tf.mul(x, Math.SQRT1_2));
  return tf.mul(tf.mul(0.5, x), tf.add(1, inner));
}

/** A slope for each channel, or however the slopes broadcast. */
const prelu: Operator = () => (inputs) => {
  const [x, slope] = [given(inputs, 0), given(inputs, 1)];
  const missing = rankOf(x) - rankOf(slope);
  const aligned = missing > 0 ? reshape(slope, [...Array(missing).fill(1), ...shapeOf(slope)]) : slope;
  return together([x, aligned], (t, s) => tf.sub(tf.relu(t!), tf.mul(s!, tf.relu(tf.neg(t!)))));
};

/** Activations. */
export const activations: Operators = {
  Relu: activation(() => tf.relu),
  Sigmoid: activation(() => tf.sigmoid),
  Tanh: activation(() => tf.tanh),
  Softplus: activation(() => tf.softplus),
  Softsign: activation(() => (x) => tf.div(x, tf.add(1, tf.abs(x)))),
  Mish: activation(() => (x) => tf.mul(x, tf.tanh(tf.softplus(x)))),
  HardSwish: activation(() => (x) => tf.mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  PRelu: prelu,
  LeakyRelu: activation((node) => {
    const alpha = node.float("alpha", 0.01);
    return (x) => tf.leakyRelu(x, alpha);
  }),
  Elu: activation((node) => {
    const alpha = node.float("alpha", 1);
    return (x) => elu(x, alpha);
  }),
  Celu: activation((node) => {
    const alpha = node.float("alpha", 1);
    return (x) => tf.mul(alpha, elu(tf.div(x, alpha), 1));
  }),
  Selu: activation((node) => {
    const alpha = node.float("alpha", 1.6732632423543772);
    const gamma = node.float("gamma", 1.0507009873554805);
    return (x) => tf.mul(gamma, elu(x, alpha));
  }),
  ThresholdedRelu: activation((node) => {
    const alpha = node.float("alpha", 1);
    return (x) => tf.mul(x, tf.cast(tf.greater(x, alpha), "float32"));
  }),
  HardSigmoid: activation((node) => {
    const [alpha, beta] = [node.float("alpha", 0.2), node.float("beta", 0.5)];
    return (x) => hardSigmoid(x, alpha, beta);
  }),
  Gelu: activation((node) => {
    const byTanh = node.text("approximate", "none") === "tanh";
    return (x) => gelu(x, byTanh);
  }),
  Swish: activation((node) => {
    const alpha = node.float("alpha", 1);
    return (x) => tf.mul(x, tf.sigmoid(tf.mul(alpha, x)));
  }),
};
