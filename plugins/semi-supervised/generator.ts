/**
 * The generator: what all methods that have one share.
 *
 * @module
 */
import {
  type Built,
  identify,
  type Json,
  type Key,
  type Network,
  type NetworkPlan,
  Networks,
  Optimizers,
  type Ref,
  type Refs,
  type Sampler,
  tf,
  z,
} from "../../core/mod.ts";
import type { SslLearner, SslProblem } from "./method.ts";
import { created } from "./recipe.ts";

/** Width of z, which is drawn from U(0, 1) (Tables 4 and 5). */
const LATENT = 100;
/** Rows of z that the generator is initialised with (the authors' code). */
const INITIAL = 500;

/** Options of every method with a generator, for its schema to spread. */
export const generatorOptions = (refs: Refs) => ({
  generator: refs(Networks)
    .optional()
    .describe("Architecture of G; by default the recipe's, of Table 4 (mnist) or Table 5 (svhn, cifar10)."),
  generatorOptimizer: refs(Optimizers)
    .optional()
    .describe("Optimiser of G; by default the recipe's Adam, whose rate falls over the last third."),
  latent: z.int().positive().default(LATENT).describe("Width of z, drawn from U(0, 1)."),
  ganWeight: z
    .number()
    .min(0)
    .default(1)
    .describe(
      "Weight of the classifier's unsupervised terms. Each is halved, as in the authors' code: 2 is Eq. (4) to the letter.",
    ),
});

const schema = (refs: Refs) => z.strictObject(generatorOptions(refs));
/** {@link generatorOptions}, with the components that they refer to. */
export type GeneratorOptions = Built<typeof schema>;

/** Architecture of G on a data set of the paper (Tables 4 and 5). */
export const usualGenerators: Readonly<Record<"mnist" | "svhn" | "cifar10", Ref<NetworkPlan>>> = {
  mnist: { use: "ssl-mnist-generator" },
  svhn: { use: "image-generator", channels: 512 },
  cifar10: { use: "image-generator", channels: 512 },
};

/** A generator at work. */
export interface GeneratorPart {
  /** `[n, latent]` to `[n, ...shape]` */
  readonly network: Network;
  /** What it was built from, for {@link SslLearner.settings}. */
  readonly plan: Json;
  /** Draws `n` rows in training, `[n, ...shape]`: batch norm by the batch, noise from the key. */
  rows(n: number, key: Key): tf.Tensor;
  /** Draws rows as after training. */
  readonly generate: Sampler;
  /** Data-dependent initialisation, on z of the key. */
  initialize(key: Key): void;
}

/** Builds the generator of a problem; the run keeps it as `generator`. */
export async function generatorPart(
  { generator, latent }: { readonly generator: NetworkPlan | Ref<NetworkPlan>; readonly latent: number },
  { shape, range, state, key, context }: SslProblem,
): Promise<GeneratorPart> {
  const plan = await created(context, Networks, generator);
  const ports = { input: [latent], output: shape, prior: "uniform", ...(range && { range }) } as const;
  const network = state.network("generator", plan, ports, key.fold("generator"));
  const draw = (key: Key, n: number): tf.Tensor => key.fold("z").uniform([n, latent]);
  return {
    network,
    plan: identify(plan),
    rows: (n, key) => network.apply(draw(key, n), { training: true, key: key.fold("generator noise") }),
    generate: (key, n) => tf.tidy(() => network.apply(draw(key, n), { training: false })),
    initialize(key) {
      tf.tidy(() => network.initialize?.(draw(key, INITIAL), key.fold("generator noise")));
    },
  };
}

/**
 * A learner with this generator, which draws, initialises and frees what the players have.
 * @param parts what the method itself says
 */
export function generatorLearner(
  { network, plan, generate, initialize }: Omit<GeneratorPart, "rows">,
  parts: Omit<SslLearner, "generate" | "initialize" | "dispose">,
): SslLearner {
  return {
    ...parts,
    settings: { ...parts.settings, generator: plan },
    generate,
    initialize,
    dispose() {
      const networks = parts.players.flatMap((player) => player.networks);
      for (const each of new Set([network, ...networks])) each.dispose();
    },
  };
}
