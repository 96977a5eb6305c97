/**
 * Semi-supervised methods: how a classifier learns from a few labelled rows and many without labels (DSGAN, Secs. 4.1
 * and 5.1). The frame around them, the application, draws rows, steps optimisers, keeps state and measures errors; a
 * method says what the losses are, so that all of them are compared on the same classifier, labels and budget.
 *
 * @module
 */
import {
  type Contract,
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

/** Whose numbers a method takes where it is given none: those for a data set, as printed or as released. */
export interface SslSetting {
  readonly recipe: "mnist" | "svhn" | "cifar10";
  /** `paper`: the paper's text and tables; `authors`: their released code. */
  readonly preset: "paper" | "authors";
}

/** What a method is put to work on. */
export interface SslProblem {
  readonly setting: SslSetting;
  /** K logits for a row; logit K + 1 of Eq. (4) is fixed at 0. */
  readonly classifier: Network;
  readonly features: FeatureSpace;
  /** Shape of a row, without the batch axis. */
  readonly shape: readonly number[];
  /** Values that a row may have. */
  readonly range?: Range;
  /** Batch size. */
  readonly m: number;
  readonly key: Key;
  /** The run's: networks kept in it live as long as the run, and can be exported. */
  readonly state: RunState;
}

/**
 * The rows of an iteration: `labeled` `[m, ...shape]`, their `labels` one-hot `[m, K]`, `unlabeled` `[m, ...shape]`, and
 * those of {@link SslLearner.draws}, `[m, ...shape]` each.
 */
export type SslBatch = Readonly<Record<"labeled" | "labels" | "unlabeled", tf.Tensor>> &
  Readonly<Record<string, tf.Tensor>>;

/** Networks that learn beside the classifier, and their loss. */
export interface SslPlayer {
  /** For events: its loss is reported as `<name>Loss`. */
  readonly name: string;
  readonly networks: readonly Network[];
  readonly optimizer: Optimizer;
  /**
   * What these networks minimise; a constant to all others. Random numbers and batches come from the key alone.
   * @param key of this player and iteration
   */
  loss(batch: SslBatch, key: Key): tf.Scalar;
  /** Applied after each of its steps. */
  constrain?(): void;
}

/** A method at work on one classifier. */
export interface SslLearner {
  /** The numbers that it goes by, every default filled in: kept with the run. */
  readonly settings: Readonly<Record<string, Json>>;
  /** Further batches that the players read, by name: each a stream of its own. */
  readonly draws: Readonly<Record<string, "labeled" | "unlabeled">>;
  /** Those who step before the classifier does, in this order. */
  readonly players: readonly SslPlayer[];
  /** The players step in each `every`-th iteration, the classifier in all of them. */
  readonly every: number;
  /** What the classifier minimises: the terms of Eq. (4), or what takes their place. */
  classifierLoss(batch: SslBatch, key: Key): tf.Scalar;
  /** Generated rows, drawn as after training; absent where nothing is generated. */
  readonly generate?: Sampler;
  /** Data-dependent initialisation of the players' networks, before any step. */
  initialize?(key: Key): void;
  /** Frees the players' networks. */
  dispose(): void;
}

/** A way to learn from rows without labels. */
export interface SslMethod {
  readonly name: string;
  /** @throws InputError where its options do not fit the problem */
  start(problem: SslProblem): Promise<SslLearner>;
}

/** The contract under which semi-supervised methods are registered. */
export const SslMethods: Contract<SslMethod> = contract("ssl-method");
