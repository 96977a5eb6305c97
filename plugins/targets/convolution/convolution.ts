/**
 * The boundary of a dataset: pd is the data, pdBar the data convolved with noise (Sec. 2.2, Figs. 2 to 4, with normal
 * noise; Sec. 5.2 with uniform noise).
 *
 * @module
 */
import {
  component,
  Datasets,
  InputError,
  type Key,
  type Parts,
  parseParts,
  type Range,
  type Refs,
  type TargetDistributionSpec,
  Targets,
  tf,
  z,
} from "../../../core/mod.ts";
import { alphaSchema } from "../options.ts";

const options = (refs: Refs) =>
  z.strictObject({
    data: refs(Datasets).describe("The dataset: pd."),
    alpha: alphaSchema,
    noise: z
      .union([
        z.strictObject({
          normal: z.number().positive().describe("Standard deviation, in the data's units."),
        }),
        z.strictObject({
          uniform: z.number().positive().describe("Half the width of the interval, in the data's units."),
        }),
      ])
      .describe(
        "What pdBar adds to every value of the data: { normal: s }, of standard deviation s, or { uniform: r }, in [−r, r).",
      ),
    clip: z
      .boolean()
      .default(false)
      .describe("Sets values of pdBar beyond the data's range to its ends; else noise widens the range."),
  });

/** Options of {@link convolution}. */
export type ConvolutionOptions = Parts<typeof options>;

type Noise = ConvolutionOptions["noise"];

/**
 * The boundary of a dataset: `pd = p_data`, `pdBar = p_data ∗ N(0, normal²)` or `p_data ∗ U(−uniform, uniform)`, each
 * value on its own.
 *
 * Noise widens the range: by `uniform` at both ends, and without bound where it is normal. With `clip`, values beyond
 * the data's range are set to its ends.
 * @throws InputError where an option is out of its range, or `clip` is asked for and the data has no range
 * @example
 * ```ts
 * import { swissRoll } from "dsgan/datasets";
 * import { convolution } from "dsgan/targets";
 *
 * const target = convolution({ data: swissRoll(), noise: { normal: 0.15 } });
 * console.log(target.alpha, target.shape); // 0.8, [2]
 * ```
 */
export function convolution(given: ConvolutionOptions): TargetDistributionSpec {
  const { data, alpha, noise, clip } = parseParts("convolution", options, given);
  const bounds = clip ? data.range : undefined;
  if (clip && bounds === undefined) {
    throw new InputError(
      `target "convolution": clip needs data with a range, and dataset "${data.name}" has none; leave clip out`,
    );
  }
  const range = bounds ?? widened(data.range, noise);
  return {
    name: "convolution",
    alpha,
    shape: data.shape,
    ...(range && { range }),
    ...(data.geometry && { geometry: data.geometry }),
    ...(data.columns && { columns: data.columns }),
    pd: data.sample,
    pdBar: (key, n) =>
      tf.tidy(() => {
        const x = data.sample(key.fold("data"), n); // [n, ...]
        const noisy = tf.add(x, draw(noise, key.fold("noise"), x.shape));
        return bounds === undefined ? noisy : tf.clipByValue(noisy, bounds[0], bounds[1]);
      }),
  };
}

function draw(noise: Noise, key: Key, shape: readonly number[]): tf.Tensor {
  return "normal" in noise
    ? key.normal(shape, 0, noise.normal)
    : key.uniform(shape, -noise.uniform, noise.uniform);
}

function widened(range: Range | undefined, noise: Noise): Range | undefined {
  return range && "uniform" in noise ? [range[0] - noise.uniform, range[1] + noise.uniform] : undefined;
}

/** A scenario names it `{ use: convolution, data: swiss-roll, noise: { normal: 0.15 } }`. */
export default component(Targets, {
  name: "convolution",
  summary: "The boundary of a dataset: pdBar is the data convolved with noise",
  reference: "DSGAN, Sec. 2.2, Figs. 2 to 4; Sec. 5.2",
  options,
  create: async (given, context) => convolution(await context.build(given)),
});
