/**
 * A linear map with a weight and a bias of its own.
 *
 * @module
 */
import { type Key, sizeOf, tf } from "../../../core/mod.ts";
import type { LayerPlan } from "./layer.ts";
import type { LinearMap, LinearPlan } from "./linear.ts";
import { spectralNormOf } from "./spectral-norm.ts";

/**
 * How weights are drawn. From normal distributions of mean 0: `he` with variance 2/inputs (K. He et al., "Delving
 * Deep into Rectifiers", ICCV 2015, Eq. 10), `glorot` with variance 2/(inputs + outputs) (X. Glorot, Y. Bengio,
 * "Understanding the Difficulty of Training Deep Feedforward Neural Networks", AISTATS 2010, Eq. 12); a number is
 * the standard deviation itself. `pytorch` is that library's default: U(−1/√n, 1/√n), n being the inputs of a unit; of a
 * transpose convolution, size² times its filters.
 */
export type Init = (typeof INITS)[number] | number;

/** Initialisations that have a name. */
export const INITS = ["he", "glorot", "pytorch"] as const;

/** Options of {@link affine}. */
export interface AffineOptions {
  readonly init: Init;
  /** Whether there is a bias b, 0 at first; batch norm makes one superfluous. */
  readonly bias?: boolean;
  /** Divides the weight by its largest singular value; for dense layers. */
  readonly spectralNorm?: boolean;
}

/** `x·W + b`, or `x·W/σ(W) + b` with spectral normalisation. */
export function affine(
  plan: LinearPlan,
  { init, bias: biased = true, spectralNorm = false }: AffineOptions,
): LayerPlan {
  return (input, key) => {
    const map = plan(input);
    const weight = drawWeight(map, init, key);
    const bias = biased ? biasOf(map) : undefined;
    const norm = spectralNorm ? spectralNormOf(weight, key.fold("u")) : undefined;
    return {
      output: map.output,
      mixes: true,
      inputAxes: { weight: map.inputAxis },
      parameters: { weight, ...(bias && { bias }) },
      ...(norm && { state: norm.state, prepare: norm.iterate }),
      apply(x) {
        let y = map.apply(x, weight); // [n, ..., units]
        // (x·W)/σ rather than x·(W/σ): the same, and a batch is smaller than a weight
        if (norm !== undefined) y = tf.div(y, norm.sigma());
        return bias === undefined ? y : tf.add(y, bias);
      },
    };
  };
}

/** A weight drawn for a map. */
export function drawWeight({ weight: shape, unitAxis }: LinearMap, init: Init, key: Key): tf.Variable {
  const from = key.fold("weight");
  if (init === "pytorch") {
    // PyTorch divides by its weight's first axis, which is the last one here, transpose convolutions included
    const bound = 1 / Math.sqrt(sizeOf(shape) / shape.at(-1)!);
    return tf.tidy(() => tf.variable(from.uniform(shape, -bound, bound)));
  }
  const units = shape[unitAxis]!;
  const inputs = sizeOf(shape) / units;
  const deviation =
    typeof init === "number" ? init : Math.sqrt(2 / (init === "he" ? inputs : inputs + units));
  return tf.tidy(() => tf.variable(from.normal(shape, 0, deviation)));
}

/** A bias of 0 for each unit of a map. */
export function biasOf({ weight, unitAxis }: LinearMap): tf.Variable {
  return tf.tidy(() => tf.variable(tf.zeros([weight[unitAxis]!])));
}
