/**
 * Attacks on a classifier. An attack only perturbs; its caller compiles its steps, counts its queries and frees its
 * memory (`prepare.ts`), clips to the bounds, measures and decides (`judge.ts`), so that every attack is judged alike.
 *
 * @module
 */

import { type Contract, contract } from "../plugin/contract.ts";
import type { Key } from "../tensor/key.ts";
import type { Tensor, Tensor1D } from "../tensor/tf.ts";
import type { Classifier } from "./classifier.ts";

/**
 * Norms in which a perturbation is measured: how many pixels it changes, the sum of its changes, Euclidean length, the
 * largest change.
 */
export const NORMS = ["l0", "l1", "l2", "linf"] as const;
export type Norm = (typeof NORMS)[number];

/** Something in each norm. @param make of a norm */
export function inEachNorm<T>(make: (norm: Norm) => T): Record<Norm, T> {
  return { l0: make("l0"), l1: make("l1"), l2: make("l2"), linf: make("linf") };
}

/** Images to be perturbed. */
export interface AttackBatch {
  /** Clean images, `[n, ...inputShape]`, within the classifier's bounds. */
  readonly x: Tensor;
  /** True classes, int32 `[n]`. */
  readonly y: Tensor1D;
  /** Classes that the images are to be taken for, int32 `[n]`; where absent, any class but the true one will do. */
  readonly target?: Tensor1D | undefined;
}

/** Images to be perturbed within budgets: tensors of one row an image. */
export interface AttackRows extends AttackBatch {
  /** Largest length of each image's perturbation in the attack's norm, ≥ 0, `[n]`; infinite where there is no budget. */
  readonly epsilon: Tensor1D;
}

/** What {@link Attack.perturb} is given. The tensors stay the caller's. */
export interface AttackInput extends AttackRows {
  /** Steps to take: those that the attack declares, or fewer; 1 where it declares none. */
  readonly steps: number;
  /** The only source of chance. */
  readonly key: Key;
}

/** Tensors by name; the names may be those of an interface. */
export type TensorsOf<T> = { readonly [K in keyof T]: Tensor | undefined };

/**
 * A step of an attack: from tensors of one row an image (and scalars) to others, by differentiable operations. The rules
 * of `StepBody` hold: nothing but its inputs and the key's draws may change from call to call.
 *
 * Write it outside of `perturb`, as a function of what it is given: it is compiled once for each such function, and what
 * belongs to one batch cannot slip in.
 */
export type AttackStep<I, O> = (inputs: I, tools: StepTools) => O;

/** What a step is given beside its inputs. */
export interface StepTools {
  /**
   * The classifier under attack. Each image put to its `logits` counts as a query. A randomised one draws the same within
   * a step, unless `logits` is given a key to draw from: each such key is a query of its own.
   */
  readonly classifier: Classifier;
  readonly key: Key;
}

/** The inputs of a step: tensors, or numbers, which become scalars. */
export type StepInputs<I> = { readonly [K in keyof I]: I[K] | number };

/** What {@link Attack.perturb} works with. */
export interface AttackTools {
  /**
   * The classifier under attack. Each image put to its `logits` counts as a query; asking about the same tensor again,
   * as for another slope, does not.
   */
  readonly classifier: Classifier;
  /** Ends the attack: `run`, `peek` and `logits` throw its reason. */
  readonly signal: AbortSignal;
  /**
   * Runs a step, compiled at its first use. Its queries are counted for each row; an input named `done`, `[n]`, says
   * by a 1 for which rows they are not.
   * @param inputs one row for each image of these tools; those that are undefined are left out
   * @returns tensors, which are freed when `perturb` ends; who needs the memory disposes them earlier
   */
  run<I extends TensorsOf<I>, O extends TensorsOf<O>>(
    step: AttackStep<I, O>,
    inputs: StepInputs<I>,
    key: Key,
  ): O;
  /**
   * As {@link run}, but counts no queries: for what whoever evaluates the attack knows anyway, such as the logits of the
   * clean images, or which examples fool already.
   */
  peek<I extends TensorsOf<I>, O extends TensorsOf<O>>(
    step: AttackStep<I, O>,
    inputs: StepInputs<I>,
    key: Key,
  ): O;
  /** Has a tensor freed when `perturb` ends, unless that returns it. @returns the tensor */
  track<X extends Tensor>(tensor: X): X;
  /**
   * Notes which rows of the whole batch a part of the attack, such as a member of an ensemble, left unfooled: whoever
   * evaluates the attack can tell what each part was good for. Tools of a smaller batch note nothing.
   */
  left(member: string, rows: readonly number[]): void;
  /**
   * Tools for a smaller batch made of some rows of this one, for which its queries are counted.
   * @param rows of this batch, in the order of the smaller one
   * @param size of the smaller batch, ≥ the number of rows; those beyond fill it up and count for none
   */
  subset(rows: readonly number[], size?: number): AttackTools;
}

/** From clean images to perturbed ones, `[n, ...inputShape]`; where nothing fools, whatever was tried last. */
export type Perturb = (input: AttackInput, tools: AttackTools) => Promise<Tensor>;

/**
 * An attack: within a given budget ε (FGSM, PGD), or minimising the distance by itself (DeepFool).
 *
 * @example One step along the slope's signs
 * ```ts
 * import { type Attack, type AttackRows, type StepTools, tf } from "dsgan";
 *
 * const step = ({ x, y, epsilon }: AttackRows, { classifier }: StepTools) => {
 *   const labels = tf.oneHot(y, classifier.classes);
 *   const slope = tf.grad((image) => tf.losses.softmaxCrossEntropy(labels, classifier.logits(image)))(x);
 *   const rows = tf.reshape(epsilon, [-1, ...classifier.inputShape.map(() => 1)]);
 *   return { at: tf.add(x, tf.mul(rows, tf.sign(slope))) };
 * };
 *
 * export const signs: Attack = {
 *   name: "signs",
 *   norm: "linf",
 *   kind: "within-budget",
 *   perturb: async ({ key, steps, ...rows }, { run }) => run(step, rows, key).at,
 * };
 * ```
 */
export interface Attack {
  readonly name: string;
  readonly norm: Norm;
  /** Whether it keeps to a budget, or minimises the distance and ignores the budget. */
  readonly kind: "within-budget" | "minimum-norm";
  /** Whether it uses gradients, or logits alone: then the classifier gives it no gradients. `white-box` unless given. */
  readonly access?: "white-box" | "black-box";
  /** Whether it can aim at a given class. `false` unless given. */
  readonly targeted?: boolean;
  /**
   * Draws of a randomised classifier that each gradient and decision is averaged over: expectation over transformation,
   * EOT. 1 unless given: then the attack follows one draw.
   */
  readonly samples?: number;
  /** Steps it takes at most, where it has any: its caller may run it with fewer, to see whether more work helps. */
  readonly steps?: number;
  /** Called before any work. @throws InputError where it cannot attack this classifier */
  check?(classifier: Classifier): void;
  /** Perturbs a batch. What it makes itself, and neither returns nor has tracked, it disposes. */
  perturb(input: AttackInput, tools: AttackTools): Promise<Tensor>;
}

/** The contract under which attacks are registered. */
export const Attacks: Contract<Attack> = contract("attack");
