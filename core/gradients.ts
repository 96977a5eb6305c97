/**
 * Gradients that tfjs 4.22 does not register and that a gradient of a gradient needs: without them a gradient
 * penalty on a critic with leaky ReLU, ELU or `maximum` throws "gradient function not found".
 *
 * @module
 */
import type * as TF from "@tensorflow/tfjs";

/** Kernels whose value is piecewise constant: their derivative is zero wherever it exists. */
const PIECEWISE_CONSTANT = [
  "Equal",
  "NotEqual",
  "Greater",
  "GreaterEqual",
  "Less",
  "LessEqual",
  "LogicalAnd",
  "LogicalOr",
  "LogicalNot",
];

/** Registers the missing gradients, leaving those that a newer tfjs may bring. */
export function registerMissingGradients(tf: typeof TF): void {
  const register = (config: TF.GradConfig): void => {
    if (tf.getGradient(config.kernelName) === undefined) tf.registerGradient(config);
  };

  for (const kernelName of PIECEWISE_CONSTANT) {
    register({
      kernelName,
      inputsToSave: ["a", "b"],
      gradFunc: (_dy, saved) => {
        const [a, b] = saved as [TF.Tensor, TF.Tensor];
        return { a: () => tf.zerosLike(a), b: () => tf.zerosLike(b) };
      },
    });
  }

  // EluGrad(dy, y) = dy·(y > 0 ? 1 : y + 1), y = elu(x).
  register({
    kernelName: "EluGrad",
    inputsToSave: ["dy", "y"],
    gradFunc: (upstream, saved) => {
      const ddx = upstream as TF.Tensor;
      const [dy, y] = saved as [TF.Tensor, TF.Tensor];
      const negative = tf.less(y, 0);
      return {
        dy: () => tf.mul(ddx, tf.where(negative, tf.add(y, 1), tf.onesLike(y))),
        y: () => tf.mul(ddx, tf.where(negative, dy, tf.zerosLike(y))),
      };
    },
  });
}
