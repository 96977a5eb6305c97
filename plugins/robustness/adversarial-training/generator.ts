/**
 * Stage 2: DSGAN of the data and the data with uniform noise, in the reading that the options ask for.
 *
 * @module
 */
import {
  type ApplicationEvent,
  type FiniteDataset,
  InputError,
  type Key,
  type Network,
  playGame,
  priorSampler,
  type Range,
  type RunContext,
  type RunState,
  type Sampler,
  type TargetDistributionSpec,
  tf,
} from "../../../core/mod.ts";
import { noisy, widened } from "./noise.ts";
import type { Gan } from "./options.ts";

/** A generator of rows. */
export interface RowGenerator {
  /** The network that is trained, as the run keeps it. */
  readonly kept: Network;
  /** The same, from what `latent` draws to rows of the data's shape. */
  readonly generator: Network;
  readonly latent: Sampler;
  /** Draws n rows, within a step or without. */
  draw(key: Key, n: number): tf.Tensor;
}

/** The data to which noise is added. */
export interface NoisyData {
  readonly data: FiniteDataset;
  /** Whether values beyond the data's range are set to its ends. */
  readonly clip: boolean;
}

/** Builds the generator for noise of range r, and keeps it in the run. */
export function rowGenerator(
  { reading, generator: plan, latent: { size, distribution } }: Gan,
  { data, clip }: NoisyData,
  r: number,
  state: RunState,
  key: Key,
): RowGenerator {
  const { shape, range: dataRange } = data;
  const name = `generator_${r}`;
  const range = widened(dataRange, r, clip);
  const drawing = (kept: Network, generator: Network, latent: Sampler): RowGenerator => ({
    kept,
    generator,
    latent,
    draw: (from, n) =>
      generator.apply(
        from.fold("z").sample((z) => latent(z, n)),
        { training: false },
      ),
  });
  if (reading.generates === "rows") {
    const prior = distribution;
    const ports = { input: [size], output: shape, prior, ...(range && { range }) };
    const kept = state.network(name, plan, ports, key);
    return drawing(kept, kept, priorSampler(prior, [size]));
  }
  // the row and a plane of noise beside its channels; the output is added to the row
  const channels = shape.at(-1)!;
  const input = [...shape.slice(0, -1), channels + 1];
  const kept = state.network(name, plan, { input, output: shape, range: [-r, r] }, key);
  const apply: Network["apply"] = (x, mode) => {
    const row = tf.slice(x, shape.map(() => 0).concat(0), [x.shape[0]!, ...shape]);
    const moved = tf.add(row, kept.apply(x, mode)); // [n, ...shape]
    return clip && dataRange ? tf.clipByValue(moved, dataRange[0], dataRange[1]) : moved;
  };
  const plane = priorSampler(distribution, [...shape.slice(0, -1), 1]);
  const latent: Sampler = (from, n) =>
    tf.tidy(() => tf.concat([data.sample(from.fold("row"), n), plane(from.fold("plane"), n)], -1));
  return drawing(kept, { ...kept, outputShape: shape, apply }, latent);
}

/** Rows that a generator is initialised with (the authors' code). */
const INITIAL = 500;

/** Which generator is trained, for which noise, beside which classifier. */
export interface GeneratorTraining {
  readonly rows: RowGenerator;
  readonly baseline: Network;
  readonly r: number;
  /** Of the stage, in events. */
  readonly title: string;
}

/** Trains a generator and leaves it trained. */
export async function* trainGenerator(
  gan: Gan,
  noisyData: NoisyData,
  { rows, baseline, r, title }: GeneratorTraining,
  { sentinels }: Pick<RunContext, "sentinels">,
  key: Key,
  state: RunState,
): AsyncGenerator<ApplicationEvent, undefined> {
  const { reading } = gan;
  const view = reading.critic === "features" ? featuresOf(baseline) : undefined;
  const target = await targetOf(gan, noisyData, r, view, key.fold("scale"));
  const generator: Network =
    view === undefined
      ? rows.generator
      : {
          ...rows.generator,
          outputShape: target.shape,
          apply: (z, mode) => view.of(rows.generator.apply(z, mode)),
        };
  const initialize = (): void =>
    tf.tidy(() => rows.kept.initialize?.(rows.latent(key.fold("initial z"), INITIAL), key.fold("noise")));
  yield* playGame({
    ...{ ...gan, target, generator, latent: rows.latent },
    ...(reading.generates === "rows" && { begin: initialize }),
    ...{ generatorOptimizer: gan.optimizer, criticOptimizer: gan.criticOptimizer ?? gan.optimizer },
    ...{ key, state, sentinels, stage: title },
  });
  return undefined;
}

/** What the critic sees of rows. */
export interface View {
  readonly shape: readonly number[];
  /** `[n, ...]` to `[n, ...shape]` */
  of(x: tf.Tensor): tf.Tensor;
}

/** What a critic of features sees. @throws InputError where the network names no feature space */
export function featuresOf({ features }: Network): View {
  if (features === undefined) {
    throw new InputError(
      "the classifier names no feature space for the critic: take one that does (convnet, image-classifier, mlp), or " +
        "reading: pixels",
    );
  }
  return { shape: features.shape, of: (x) => features.of(x, { training: false }) };
}

/** pd: rows of the data; pdBar: rows with noise; both as the critic sees them. */
export async function targetOf(
  { reading, alpha }: Gan,
  { data, clip }: NoisyData,
  r: number,
  view: View | undefined,
  key: Key,
): Promise<TargetDistributionSpec> {
  const { shape, range: dataRange, sample: pd } = data;
  const range = widened(dataRange, r, clip);
  const ends: Range | undefined = clip ? dataRange : undefined;
  const pdBar: Sampler = (from, n) =>
    tf.tidy(() => noisy(pd(from.fold("row"), n), r, ends, from.fold("noise"))); // [n, ...shape]
  if (view === undefined) return { name: "noisy rows", alpha, shape, ...(range && { range }), pd, pdBar };
  const seen =
    (rows: Sampler): Sampler =>
    (from, n) =>
      tf.tidy(() => view.of(rows(from, n)));
  const features = seen(pd); // [n, ...view.shape]
  const width = async (): Promise<number> => reading.featureNoise ?? r * (await ratio(features, pd, key));
  const half = reading.noise === "features" ? await width() : 0;
  const noisyFeatures: Sampler = (from, n) =>
    tf.tidy(() => noisy(features(from.fold("row"), n), half, undefined, from.fold("noise")));
  return {
    name: "noisy features",
    alpha,
    shape: view.shape,
    pd: features,
    pdBar: reading.noise === "features" ? noisyFeatures : seen(pdBar),
  };
}

/** Rows from which spreads are estimated. */
const SAMPLED = 500;

/** How far features spread beside pixels: standard deviations over rows, root of their mean square. */
async function ratio(features: Sampler, pd: Sampler, key: Key): Promise<number> {
  const quotient = tf.tidy(() => {
    const spread = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.mean(tf.moments(x, 0).variance));
    return tf.div(spread(features(key, SAMPLED)), spread(pd(key, SAMPLED)));
  });
  const [value] = await quotient.data();
  quotient.dispose();
  return value!;
}
