/**
 * Networks: parameters and a function of them. Built from a plan once the shapes at both ends are known.
 *
 * @module
 */

import type { Ref } from "../plugin/component.ts";
import { contract } from "../plugin/contract.ts";
import type { Key } from "../tensor/key.ts";
import { add, type Tensor, tidy, type Variable } from "../tensor/tf.ts";
import type { Column } from "./columns.ts";
import type { Range } from "./dataset.ts";
import type { Sampler } from "./sampler.ts";

/** How a network is being used: layers that behave differently in training, or draw noise, look here. */
export interface Mode {
  readonly training: boolean;
  /** Source of the noise and dropout masks of this one pass; required in training by networks that draw any. */
  readonly key?: Key;
}

/** A network and everything that determines what it computes. */
export interface Network {
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** What an optimiser changes, by name. */
  readonly parameters: ReadonlyMap<string, Variable>;
  /** What changes without a gradient (power-iteration vectors, running statistics), by name. */
  readonly state: ReadonlyMap<string, Variable>;
  /**
   * `[n, ...inputShape]` to `[n, ...outputShape]`, differentiable in the input and the parameters. A pass in training
   * may move running statistics in `state`; any other pass changes nothing.
   */
  apply(x: Tensor, mode: Mode): Tensor;
  /**
   * Parameters and state that have an axis counting the values of an image, rows first and channels last: those behind a
   * layer that flattens. Frameworks that flatten channels first have it in another order.
   */
  readonly flattened?: ReadonlyMap<string, FlattenedAxis>;
  /** What lies in front of the last layers, where the network says so: a classifier's feature space. */
  readonly features?: FeatureSpace;
  /** Whether what a row becomes in training depends on the other rows of its batch, as with batch norm. Absent: no. */
  readonly couplesRows?: boolean;
  /** Updates `state` outside any gradient; called once before each training step of this network. */
  prepare?(): void;
  /**
   * Fits parameters and state to a batch `[n, ...inputShape]` before any training (weight normalisation's
   * data-dependent initialisation).
   * @param key of the noise of that pass
   */
  initialize?(x: Tensor, key: Key): void;
  /** Frees parameters and state. */
  dispose(): void;
}

/** An axis that counts the values of an image `[height, width, channels]`. */
export interface FlattenedAxis {
  readonly axis: number;
  readonly image: readonly number[];
}

/** A network cut in two: `apply(x, mode)` is `head(of(x, mode), mode)`. */
export interface FeatureSpace {
  /** Without the batch axis. */
  readonly shape: readonly number[];
  /** `[n, ...inputShape]` to `[n, ...shape]` */
  of(x: Tensor, mode: Mode): Tensor;
  /** `[n, ...shape]` to `[n, ...outputShape]` */
  head(features: Tensor, mode: Mode): Tensor;
}

/** A prior p_z of independent values: N(0, 1) or U(0, 1). */
export type Prior = "normal" | "uniform";

/** The sampler of a prior: draws z, `[n, ...shape]`. */
export function priorSampler(prior: Prior, shape: readonly number[]): Sampler {
  return (key, n) => (prior === "normal" ? key.normal([n, ...shape]) : key.uniform([n, ...shape]));
}

/** What stands at the ends of a network: shapes without the batch axis, and the values its output may take. */
export interface NetworkPorts {
  readonly input: readonly number[];
  readonly output: readonly number[];
  /** Bounds of the output: the network ends in a squashing function that keeps them. Absent: unbounded. */
  readonly range?: Range;
  /** How the input of a generator is drawn, each value by itself: N(0, 1) or U(0, 1). */
  readonly prior?: Prior;
  /** Smallest and largest value of the input, where that is bounded: what an attack must keep to. */
  readonly inputRange?: Range;
  /** What the values of an input are that is a row of a table, standardised. */
  readonly inputColumns?: readonly Column[];
  /** What the values of an output are that is a row of a table, standardised. */
  readonly outputColumns?: readonly Column[];
}

/** How a network can be built again. */
export interface NetworkRecord {
  /** How a scenario names its plan; absent where a program made it. */
  readonly plan?: Ref;
  readonly ports: NetworkPorts;
}

/** An architecture whose end shapes are still open. */
export interface NetworkPlan<N extends Network = Network> {
  readonly name: string;
  /** Builds the network, its parameters drawn from the key. */
  build(ports: NetworkPorts, key: Key): N;
}

/** The contract under which network architectures are registered. */
export const Networks = contract<NetworkPlan>(
  "network",
  "An architecture, built once the shapes at both ends are known",
);

/**
 * Gives variables the values of others of the same names, e.g. the parameters of one network to another of its plan.
 * Each keeps a memory of its own.
 */
export function copyVariables(from: ReadonlyMap<string, Variable>, to: ReadonlyMap<string, Variable>): void {
  tidy(() => {
    for (const [name, variable] of from) to.get(name)!.assign(add(variable, 0));
  });
}

/** Number of trained values of a network. */
export function parameterCount(network: Network): number {
  let count = 0;
  for (const variable of network.parameters.values()) count += variable.size;
  return count;
}
