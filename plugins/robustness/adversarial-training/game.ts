/**
 * Stage 2: DSGAN of the data and the data with uniform noise, in the reading that the options ask for. The paper draws
 * G and D from its semi-supervised part, whose critic sees features (Table 5, App. E), speaks of noise on pixels (Sec. 5.2)
 * and of its method "in the feature space" (App. E), and says that an ε-ball is easily built into the generator
 * (Sec. 4.2).
 *
 * @module
 */
import {
  type EventBody,
  type FiniteDataset,
  type GanObjective,
  InputError,
  type Key,
  type Mixer,
  type Network,
  type NetworkPlan,
  type Optimizer,
  type Prior,
  priorSampler,
  type Range,
  type RunContext,
  type RunState,
  type Sampler,
  type TargetDistributionSpec,
  tf,
  train,
} from "../../../core/mod.ts";
import { noisy, widened } from "./noise.ts";

/** What is open about the game. */
export interface Reading {
  /** What the critic sees: the baseline classifier's features of a row, or the row. */
  readonly critic: "features" | "pixels";
  /** Where noise is added to the data: to the row, or to its features (as wide beside these as r is beside pixels). */
  readonly noise: "pixels" | "features";
  /** What the generator makes: rows out of z, or what is added to rows of the data, within r of each. */
  readonly generates: "rows" | "ball";
}

/** Readings by name. */
export const READINGS: Readonly<Record<"features" | "pixels" | "feature-noise" | "ball", Reading>> = {
  features: { critic: "features", noise: "pixels", generates: "rows" },
  pixels: { critic: "pixels", noise: "pixels", generates: "rows" },
  "feature-noise": { critic: "features", noise: "features", generates: "rows" },
  ball: { critic: "pixels", noise: "pixels", generates: "ball" },
};

/** What a game is made of, whatever its r. */
export interface Game {
  readonly reading: Reading;
  /** α of Eq. (1). */
  readonly alpha: number;
  readonly objective: GanObjective;
  readonly mixer: Mixer;
  readonly generator: NetworkPlan;
  readonly critic: NetworkPlan;
  readonly latent: { readonly size: number; readonly distribution: Prior };
  readonly optimizer: Optimizer;
  readonly criticOptimizer: Optimizer;
  /** Critic steps for each generator step. */
  readonly k: number;
  readonly m: number;
  /** Generator steps. */
  readonly steps: number;
}

/** Where rows of pg come from. */
export interface Drawing {
  /** The network that is trained, as the run keeps it. */
  readonly kept: Network;
  /** The same, from what `latent` draws to rows of the data's shape. */
  readonly generator: Network;
  readonly latent: Sampler;
  /** Draws n rows, within a step or without. */
  draw(key: Key, n: number): tf.Tensor;
}

/** What all ranges of noise have in common. */
export interface Ground {
  readonly data: FiniteDataset;
  /** Whether values beyond the data's range are set to its ends. */
  readonly clips: boolean;
}

/** Builds the generator for noise of range r, and keeps it in the run. */
export function drawingOf(
  { reading, generator: plan, latent: { size, distribution } }: Game,
  { data, clips }: Ground,
  r: number,
  state: RunState,
  key: Key,
): Drawing {
  const { shape, range: own } = data;
  const name = `generator_${r}`;
  const range = widened(own, r, clips);
  const drawing = (kept: Network, generator: Network, latent: Sampler): Drawing => ({
    kept,
    generator,
    latent,
    draw: (at, n) =>
      generator.apply(
        at.fold("z").sample((z) => latent(z, n)),
        { training: false },
      ),
  });
  if (reading.generates === "rows") {
    const prior = distribution;
    const ports = { input: [size], output: shape, prior, ...(range && { range }) };
    const kept = state.network(name, plan, ports, key);
    return drawing(kept, kept, priorSampler(prior, [size]));
  }
  // the row and a plane of noise beside its channels; what comes out is added to the row
  const channels = shape.at(-1)!;
  const input = [...shape.slice(0, -1), channels + 1];
  const kept = state.network(name, plan, { input, output: shape, range: [-r, r] }, key);
  const apply: Network["apply"] = (x, mode) => {
    const row = tf.slice(x, shape.map(() => 0).concat(0), [x.shape[0]!, ...shape]);
    const moved = tf.add(row, kept.apply(x, mode)); // [n, ...shape]
    return clips && own ? tf.clipByValue(moved, own[0], own[1]) : moved;
  };
  const plane = priorSampler(distribution, [...shape.slice(0, -1), 1]);
  const latent: Sampler = (at, n) =>
    tf.tidy(() => tf.concat([data.sample(at.fold("row"), n), plane(at.fold("plane"), n)], -1));
  return drawing(kept, { ...kept, outputShape: shape, apply }, latent);
}

/** Rows that a generator is initialised with (the authors' code). */
const INITIAL = 500;

/** Plays the game and leaves the generator trained; the critic is gone after it. */
export async function* playing(
  game: Game,
  ground: Ground,
  { drawing, baseline, r, title }: { drawing: Drawing; baseline: Network; r: number; title: string },
  { sentinels }: Pick<RunContext, "sentinels">,
  key: Key,
  state: RunState,
): AsyncGenerator<EventBody, undefined> {
  const { reading } = game;
  const view = reading.critic === "features" ? featuresOf(baseline) : undefined;
  const target = await targetOf(game, ground, r, view, key.fold("scale"));
  const critic = state.network(
    "critic",
    game.critic,
    { input: target.shape, output: game.objective.criticOutput === "score" ? [1] : target.shape },
    key.fold("critic"),
  );
  const generator: Network =
    view === undefined
      ? drawing.generator
      : {
          ...drawing.generator,
          outputShape: target.shape,
          apply: (z, mode) => view.of(drawing.generator.apply(z, mode)),
        };
  const begun = state.cell<boolean>("begun", false);
  try {
    if (!begun.value && reading.generates === "rows") {
      tf.tidy(() =>
        drawing.kept.initialize?.(drawing.latent(key.fold("initial z"), INITIAL), key.fold("noise")),
      );
    }
    begun.value = true;
    yield* train({
      ...game,
      target,
      generator,
      critic,
      latent: drawing.latent,
      generatorOptimizer: game.optimizer,
      key: key.fold("train"),
      state: state.scope("gan"),
      sentinels,
      stage: title,
    });
    return undefined;
  } finally {
    critic.dispose();
  }
}

/** What the critic sees of rows. */
interface View {
  readonly shape: readonly number[];
  /** `[n, ...]` to `[n, ...shape]` */
  of(x: tf.Tensor): tf.Tensor;
}

/** @throws InputError where the network names no feature space */
function featuresOf({ features }: Network): View {
  if (features === undefined) {
    throw new InputError(
      "the classifier names no feature space for the critic: take one that does (convnet, image-classifier, mlp), or " +
        "reading: pixels",
    );
  }
  return { shape: features.shape, of: (x) => features.of(x, { training: false }) };
}

/** pd: rows of the data; pdBar: rows with noise; both as the critic sees them. */
async function targetOf(
  { reading, alpha }: Game,
  { data, clips }: Ground,
  r: number,
  view: View | undefined,
  key: Key,
): Promise<TargetDistributionSpec> {
  const { shape, range: own, sample: pd } = data;
  const range = widened(own, r, clips);
  const clip: Range | undefined = clips ? own : undefined;
  const pdBar: Sampler = (at, n) => tf.tidy(() => noisy(pd(at.fold("row"), n), r, clip, at.fold("noise"))); // [n, ...shape]
  if (view === undefined) return { name: "noisy rows", alpha, shape, ...(range && { range }), pd, pdBar };
  const seen =
    (of: Sampler): Sampler =>
    (at, n) =>
      tf.tidy(() => view.of(of(at, n)));
  const features = seen(pd); // [n, ...view.shape]
  const width = reading.noise === "features" ? r * (await ratio(features, pd, key)) : 0;
  const noisyFeatures: Sampler = (at, n) =>
    tf.tidy(() => noisy(features(at.fold("row"), n), width, undefined, at.fold("noise")));
  return {
    name: "noisy features",
    alpha,
    shape: view.shape,
    pd: features,
    pdBar: reading.noise === "features" ? noisyFeatures : seen(pdBar),
  };
}

/** Rows whose spread is looked at. */
const LOOKED_AT = 500;

/** How far features spread beside pixels: standard deviations over rows, root of their mean square. */
async function ratio(features: Sampler, pd: Sampler, key: Key): Promise<number> {
  const quotient = tf.tidy(() => {
    const spread = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.mean(tf.moments(x, 0).variance));
    return tf.div(spread(features(key, LOOKED_AT)), spread(pd(key, LOOKED_AT)));
  });
  const [value] = await quotient.data();
  quotient.dispose();
  return value!;
}
