/**
 * Codes of a finite set of rows, computed once: a game in the code space then costs no pass of the encoder.
 *
 * @module
 */
import { type FiniteDataset, type Sampler, tf } from "../../core/mod.ts";
import { type Autoencoder, codesOf } from "./autoencoder.ts";
import { valuesOf } from "./fitting.ts";

/** Distributions of codes, row by row. */
export interface KeptCodes {
  readonly width: number;
  /** `[n, width]` each. */
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** The codes of all rows of a dataset. */
export async function keptCodes(
  { encoder }: Pick<Autoencoder, "encoder">,
  data: FiniteDataset,
): Promise<KeptCodes> {
  const width = encoder.outputShape[0]! / 2;
  const both = await valuesOf(data, (x) => {
    const { mean, deviation } = codesOf(encoder.apply(x, { training: false }));
    return tf.concat([mean, deviation], 1); // [n, 2·width]
  });
  const half = (from: number): Float32Array =>
    Float32Array.from({ length: both.length / 2 }, (_, i) => {
      const row = Math.floor(i / width);
      return both[row * 2 * width + from + (i % width)]!;
    });
  return { width, mean: half(0), deviation: half(width) };
}

/** Draws codes of rows drawn evenly, each from its distribution, `[n, width]`; or their means alone. */
export function codeSampler({ width, mean, deviation }: KeptCodes, what: "drawn" | "means"): Sampler {
  const size = mean.length / width;
  return (key, n) => {
    const rows = key.fold("row").integers(n, size);
    const noise = what === "drawn" ? key.fold("code").normalArray(n * width) : undefined;
    const codes = new Float32Array(n * width);
    for (let i = 0; i < codes.length; i++) {
      const from = rows[Math.floor(i / width)]! * width + (i % width);
      codes[i] = mean[from]! + (noise === undefined ? 0 : deviation[from]! * noise[i]!);
    }
    return tf.tensor2d(codes, [n, width]);
  };
}
