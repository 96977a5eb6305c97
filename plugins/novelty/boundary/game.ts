/**
 * DSGAN of rows and the same rows with noise: a generator of what lies around them.
 *
 * @module
 */
import {
  type ApplicationEvent,
  type FiniteDataset,
  type Key,
  type Network,
  playGame,
  priorSampler,
  type RunState,
  type Sampler,
  tf,
} from "../../../core/mod.ts";
import { valuesOf } from "../fitting.ts";
import type { ScorerProblem } from "../scorer.ts";
import type { BoundaryOptions } from "./options.ts";

/** pdBar: rows with normal noise, as many standard deviations of each value wide. */
export async function around(data: FiniteDataset, noise: number): Promise<Sampler> {
  const widths = (await deviations(data)).map((deviation) => noise * deviation);
  return (key, n) =>
    tf.tidy(() => {
      const x = data.sample(key.fold("row"), n); // [n, ...shape]
      return tf.add(x, tf.mul(key.fold("noise").normal(x.shape), tf.tensor(widths, [...data.shape])));
    });
}

/** The standard deviation of each value of a row. */
async function deviations(data: FiniteDataset): Promise<Float32Array> {
  const values = await valuesOf(data, (x) => x.clone());
  const width = values.length / data.size;
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  values.forEach((value, i) => {
    sums[i % width]! += value / data.size;
  });
  values.forEach((value, i) => {
    squares[i % width]! += (value - sums[i % width]!) ** 2 / data.size;
  });
  return Float32Array.from(squares, Math.sqrt);
}

/** A generator, and its rows. */
export interface RowGenerator {
  readonly network: Network;
  /** pg, `[n, ...shape]`: within a step or without. */
  readonly sample: Sampler;
}

/** Builds G, and keeps it with the run. */
export function generatorOf(
  { generator, latent: { size, distribution } }: BoundaryOptions,
  { shape, columns }: FiniteDataset,
  problem: ScorerProblem,
  key: Key,
): RowGenerator {
  const ports = {
    input: [size],
    output: shape,
    prior: distribution,
    ...(columns && { outputColumns: columns }),
  };
  const network = problem.network("generator", generator, ports, key);
  const z = priorSampler(distribution, [size]);
  return { network, sample: (from, n) => network.apply(z(from.fold("z"), n), { training: false }) };
}

/** Trains the generator. */
export async function* trainGenerator(
  parts: BoundaryOptions,
  {
    data,
    noisy,
    generator,
  }: { readonly data: FiniteDataset; readonly noisy: Sampler; readonly generator: Network },
  { sentinels }: ScorerProblem,
  key: Key,
  state: RunState,
): AsyncGenerator<ApplicationEvent, undefined> {
  const { latent, alpha, optimizer } = parts;
  yield* playGame({
    ...{ ...parts, generator, key, state, sentinels, stage: "train generator" },
    target: { name: "around", alpha, shape: data.shape, pd: data.sample, pdBar: noisy },
    latent: priorSampler(latent.distribution, [latent.size]),
    ...{ generatorOptimizer: optimizer, criticOptimizer: parts.criticOptimizer ?? optimizer },
  });
  return undefined;
}
