/**
 * Semi-supervised methods: how a classifier learns from a few labelled rows and many unlabelled ones (DSGAN, Secs. 4.1
 * and 5.1). A method says what the losses are. The application draws rows, steps optimisers, keeps state and counts
 * errors, so that all methods are compared on the same classifier, labels and budget.
 *
 * @module
 */
import {
  type Context,
  contract,
  type FeatureSpace,
  type Json,
  type Key,
  type Network,
  type Optimizer,
  type Range,
  type RunState,
  type Sampler,
  type tf,
} from "../../core/mod.ts";

/** Which numbers a method takes where its options leave them out. */
export interface SslSetting {
  /** Name of the recipe, e.g. `mnist`. A method that has no recipe of that name asks for the numbers. */
  readonly recipe: string;
  /** `paper`: the numbers of a paper's text and tables; `authors`: those of its released code. */
  readonly preset: "paper" | "authors";
}

/** What a method learns on. */
export interface SslProblem {
  readonly setting: SslSetting;
  /** `[n, ...shape]` to K logits `[n, K]`; logit K + 1 of Eq. (4) is fixed at 0. The application disposes it. */
  readonly classifier: Network;
  /** The classifier's. */
  readonly features: FeatureSpace;
  /** Shape of a row, without the batch axis. */
  readonly shape: readonly number[];
  /** Smallest and largest value of a row; absent where there is no bound. */
  readonly range?: Range;
  /** Batch size. */
  readonly m: number;
  /** Root of the method's randomness at the start, e.g. of its networks' first weights. */
  readonly key: Key;
  /** The run's: networks kept in it live as long as the run, and can be exported. */
  readonly state: RunState;
  /** Creates the components that a recipe names. */
  readonly context: Context;
}

/**
 * What losses are computed from: `labeled` rows `[m, ...shape]`, their `labels` one-hot `[m, K]`, `unlabeled` rows
 * `[m, ...shape]`, the batches of {@link SslLearner.draws}, `[m, ...shape]` each, and {@link SslLearner.numbers}, scalars.
 */
export type SslBatch = Readonly<Record<"labeled" | "labels" | "unlabeled", tf.Tensor>> &
  Readonly<Record<string, tf.Tensor>>;

/** Networks that learn beside the classifier, such as a generator or a critic. */
export interface SslPlayer {
  /** Its loss is reported as `<name>Loss`. */
  readonly name: string;
  readonly networks: readonly Network[];
  readonly optimizer: Optimizer;
  /**
   * What these networks minimise; every other network is a constant here. Must be a function of batch and key alone.
   * @param key of this player in this iteration
   */
  loss(batch: SslBatch, key: Key): tf.Scalar;
  /** Called after each of its steps, e.g. to clip weights. */
  constrain?(): void;
}

/** A method that has started on one problem. */
export interface SslLearner {
  /** The numbers that it uses, every default filled in: kept in the run's `recipe.json`. */
  readonly settings: Readonly<Record<string, Json>>;
  /** Further batches for the losses, by name, each an independent stream of the rows named. Absent: none. */
  readonly draws?: Readonly<Record<string, "labeled" | "unlabeled">>;
  /**
   * Numbers that the losses take and that change over the training, such as a weight that comes in late. Each is a scalar
   * of the batch, by its name. Absent: none.
   * @param progress share of the training done, in [0, 1): it grows from epoch to epoch, and is 0 throughout the first
   * @returns finite numbers, always of the same names
   */
  numbers?(progress: number): Readonly<Record<string, number>>;
  /** They step before the classifier does, in this order. */
  readonly players: readonly SslPlayer[];
  /** The players step in each `every`-th iteration, the classifier in all of them; 1 unless given. */
  readonly every?: number;
  /**
   * What the classifier minimises: Eq. (4), or what takes its place. Must be a function of batch and key alone.
   * @param key of the classifier in this iteration
   */
  classifierLoss(batch: SslBatch, key: Key): tf.Scalar;
  /** Draws generated rows `[n, ...shape]`, without training's noise. Absent: nothing is generated. */
  readonly generate?: Sampler;
  /** Data-dependent initialisation of the players' networks. Called once, before any step. */
  initialize?(key: Key): void;
  /** Frees the players' networks. */
  dispose(): void;
}

/** A way to learn from unlabelled rows. */
export interface SslMethod {
  readonly name: string;
  /**
   * Builds the method's networks and losses for a problem. All methods of a run start before any of them trains.
   * @throws InputError where its options do not suit the problem
   */
  start(problem: SslProblem): Promise<SslLearner>;
}

/** The contract under which semi-supervised methods are registered. */
export const SslMethods = contract<SslMethod>(
  "ssl-method",
  "Says what a classifier learns from a few labelled rows and many unlabelled ones",
);
