/**
 * What all methods with a generator have in common: how it is built and drawn from, and how it and the classifier are
 * put to use in training.
 *
 * @module
 */
import {
  type Context,
  type Json,
  type Key,
  type Network,
  Networks,
  type Optimizer,
  Optimizers,
  originOf,
  type Ref,
  type Refs,
  type Sampler,
  tf,
  z,
} from "../../core/mod.ts";
import { type Eq4Weights, eq4 } from "./eq4.ts";
import type { SslBatch, SslProblem, SslSetting } from "./method.ts";

/** Width of z, which is drawn from U(0, 1) (Tables 4 and 5). */
const LATENT = 100;
/** Rows of z that the generator is initialised with (the authors' code). */
const INITIAL = 500;

/** Options of every method with a generator. */
export interface GeneratorOptions {
  readonly generator?: Ref | undefined;
  readonly generatorOptimizer?: Ref | undefined;
  readonly latent: number;
  readonly ganWeight: number;
  readonly entropyWeight?: number | undefined;
}

/** The schemas of {@link GeneratorOptions}. */
export interface GeneratorShape {
  generator: z.ZodOptional<z.ZodType<Ref>>;
  generatorOptimizer: z.ZodOptional<z.ZodType<Ref>>;
  latent: z.ZodDefault<z.ZodInt>;
  ganWeight: z.ZodDefault<z.ZodNumber>;
  entropyWeight: z.ZodOptional<z.ZodNumber>;
}

/** The schemas of {@link GeneratorOptions}, for a method's own options schema to take in. */
export function generatorShape(refs: Refs): GeneratorShape {
  return {
    generator: refs(Networks)
      .optional()
      .describe("Architecture of G; by default Table 4's (mnist), or Table 5's."),
    generatorOptimizer: refs(Optimizers)
      .optional()
      .describe("Of the generator; by default the recipe's Adam."),
    latent: z.int().positive().default(LATENT).describe("Width of z, drawn from U(0, 1)."),
    ganWeight: z
      .number()
      .min(0)
      .default(1)
      .describe(
        "Weight of the unsupervised terms, each halved as in the authors' code; 2 is Eq. (4) to the letter.",
      ),
    entropyWeight: z
      .number()
      .min(0)
      .optional()
      .describe(
        "Weight of the conditional entropy of unlabelled rows; by default the recipe's or, where it has none, the method's.",
      ),
  };
}

/** A step size that is constant for two thirds of the training and then falls linearly, no lower than the floor. */
export interface AdamRates {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly floor?: number;
}

/** Feature matching's rates, as published but for the schedule, which is that of all methods here. */
export function matchingRates({ recipe }: SslSetting): AdamRates {
  return { learningRate: recipe === "mnist" ? 3e-3 : 3e-4, beta1: 0.5, beta2: 0.999 };
}

/** Adam with the schedule of all the recipes: `rate·min(3·(1 − e/E), 1)` at epoch e of E. */
export function scheduledAdam({ learningRate, beta1, beta2, floor = 0 }: AdamRates): Ref {
  return { use: "adam", learningRate, decayFrom: 2 / 3, floor, beta1, beta2, epsilon: 1e-8 };
}

/** The optimiser of a reference, or of these rates. */
export function optimizerOf(context: Context, given: Ref | undefined, rates: AdamRates): Promise<Optimizer> {
  return context.create(Optimizers, given ?? scheduledAdam(rates));
}

const usual: Record<SslSetting["recipe"], Ref> = {
  mnist: { use: "ssl-mnist-generator" },
  svhn: { use: "image-generator", channels: 512 },
  cifar10: { use: "image-generator", channels: 512 },
};

/** A generator and what the methods do with it. */
export interface GeneratorPart {
  readonly network: Network;
  /** What it was built from: a reference, or the name of what a program made. */
  readonly plan: Json;
  /** `n` rows in training, `[n, ...shape]`: batch norm by the batch, from noise of the key. */
  rows(n: number, key: Key): tf.Tensor;
  /** Rows in use. */
  readonly generate: Sampler;
  initialize(key: Key): void;
}

/** Builds the generator of a problem, kept as `generator`. */
export async function generatorPart(
  { generator: given, latent }: GeneratorOptions,
  { setting, shape, range, state, key }: SslProblem,
  context: Context,
): Promise<GeneratorPart> {
  const made = await context.create(Networks, given ?? usual[setting.recipe]);
  const plan = (originOf(made) ?? made.name) as Json;
  const network = state.network(
    "generator",
    made,
    { input: [latent], output: shape, prior: "uniform", ...(range && { range }) },
    key.fold("generator"),
  );
  const z = (key: Key, n: number): tf.Tensor => key.fold("z").uniform([n, latent]);
  return {
    network,
    plan,
    rows: (n, key) => network.apply(z(key, n), { training: true, key: key.fold("generator noise") }),
    generate: (key, n) => tf.tidy(() => network.apply(z(key, n), { training: false })),
    initialize(key) {
      tf.tidy(() => network.initialize?.(z(key, INITIAL), key.fold("generator noise")));
    },
  };
}

/** Eq. (4) on the rows of an iteration and as many generated ones, with the noise of training in each pass. */
export function eq4Loss(
  { classifier, m }: SslProblem,
  { rows }: GeneratorPart,
  weights: Eq4Weights,
): (batch: SslBatch, key: Key) => tf.Scalar {
  return ({ labeled, labels, unlabeled }, key) => {
    const logits = (x: tf.Tensor, name: string): tf.Tensor =>
      classifier.apply(x, { training: true, key: key.fold(name) }); // [m, K]
    const generated = rows(m, key.fold("generated"));
    return eq4(
      {
        labeled: logits(labeled, "labeled"),
        unlabeled: logits(unlabeled, "unlabeled"),
        generated: logits(generated, "generated"),
      },
      labels,
      weights,
    );
  };
}
