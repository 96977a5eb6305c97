/**
 * The largest singular value σ of a weight, by power iteration: divided by it, a layer is 1-Lipschitz.
 * T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida, "Spectral Normalization for Generative Adversarial Networks",
 * ICLR 2018, Algorithm 1 and Eq. (8).
 *
 * @module
 */
import { type Key, tf } from "../../../core/mod.ts";

/** σ of a weight `W` `[inputs, outputs]`, and the vectors from which it is estimated. */
export interface SpectralNorm {
  /** `u` `[inputs, 1]` and `v` `[outputs, 1]`: close to the singular vectors of σ, of length 1. */
  readonly state: { readonly u: tf.Variable; readonly v: tf.Variable };
  /** One power iteration: `v ← Wᵀu/‖Wᵀu‖`, `u ← Wv/‖Wv‖`. */
  iterate(): void;
  /** `uᵀWv`, differentiable in W; u and v count as constants. */
  sigma(): tf.Tensor;
}

/** Starts from a random u and one iteration. */
export function spectralNormOf(weight: tf.Variable, key: Key): SpectralNorm {
  const [inputs, outputs] = weight.shape as [number, number];
  const W = weight as tf.Tensor2D;
  const u = tf.tidy(() => tf.variable(unit(key.normal([inputs, 1])), false));
  const v = tf.tidy(() => tf.variable(tf.zeros([outputs, 1]), false));
  const iterate = (): void =>
    tf.tidy(() => {
      v.assign(unit(tf.matMul(W, u as tf.Tensor2D, true)));
      u.assign(unit(tf.matMul(W, v as tf.Tensor2D)));
    });
  iterate();
  const sigma = (): tf.Tensor => tf.add(tf.sum(tf.mul(u, tf.matMul(W, v as tf.Tensor2D))), TINY);
  return { state: { u, v }, iterate, sigma };
}

/** Keeps quotients finite where a weight is 0. */
const TINY = 1e-12;

/** x/‖x‖ */
function unit(x: tf.Tensor): tf.Tensor {
  return tf.div(x, tf.add(tf.norm(x), TINY));
}
