/**
 * Attacks on a classifier. An attack only perturbs; clipping to the bounds, measuring and judging are done by its
 * caller, so that every attack is judged alike.
 *
 * @module
 */
import { type Contract, contract } from "./plugin.ts";
import type { Key } from "./random.ts";
import type { Tensor, Tensor1D, Tensor2D } from "./tf.ts";

/** The norm in which a perturbation is measured. */
export type Norm = "l2" | "linf";

/** A classifier, the images to fool it with, and where images may lie. */
export interface AttackProblem<X extends Tensor = Tensor> {
  /** Logits `[n, classes]` of a batch `[n, ...]`. */
  readonly classifier: (x: X) => Tensor2D;
  /** Clean images, `[n, ...]`, within the bounds. */
  readonly x: X;
  /** True classes, int32 `[n]`. */
  readonly y: Tensor1D;
  /** Smallest and largest pixel value. They belong to the classifier, not to the attack. */
  readonly bounds: readonly [low: number, high: number];
}

/** An attack: within a given budget ε (FGSM, PGD), or seeking the least distance by itself (DeepFool). */
export type Attack<X extends Tensor = Tensor> = { readonly name: string; readonly norm: Norm } & (
  | { readonly kind: "within-budget"; perturb(problem: AttackProblem<X>, epsilon: number, key: Key): X }
  | { readonly kind: "minimum-norm"; perturb(problem: AttackProblem<X>, key: Key): X }
);

/** The contract under which attacks are registered. */
export const Attacks: Contract<Attack> = contract("attack");
