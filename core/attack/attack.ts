/**
 * Attacks on a classifier. An attack only perturbs; clipping to the bounds, measuring and judging are done by its
 * caller (`judge.ts`), so that every attack is judged alike.
 *
 * @module
 */

import { type Contract, contract } from "../plugin/contract.ts";
import type { Key } from "../tensor/key.ts";
import type { Tensor, Tensor1D } from "../tensor/tf.ts";
import type { Classifier } from "./classifier.ts";

/** The norm in which a perturbation is measured. */
export type Norm = "l2" | "linf";

/** Images to be perturbed. */
export interface AttackBatch {
  /** Clean images, `[n, ...inputShape]`, within the classifier's bounds. */
  readonly x: Tensor;
  /** True classes, int32 `[n]`. */
  readonly y: Tensor1D;
  /** Classes that the images are to be taken for, int32 `[n]`; where absent, any class but the true one will do. */
  readonly target?: Tensor1D;
}

/** What came of an attack. The caller disposes it. */
export interface Perturbed {
  /** `[n, ...inputShape]`; where the attack found nothing, whatever it tried last. */
  readonly x: Tensor;
  /** How often each image was put to the classifier (with or without a gradient), float32 `[n]`. */
  readonly queries: Tensor1D;
}

/** An attack put to work on one classifier: what it compiled for that is used for every batch. */
export interface BudgetAssault {
  /** @param epsilon the budget of each image, in the attack's norm, ≥ 0, `[n]` */
  perturb(batch: AttackBatch, epsilon: Tensor1D, key: Key, signal: AbortSignal): Promise<Perturbed>;
  /** Frees what was compiled. */
  dispose(): void;
}

/** As {@link BudgetAssault}, for attacks that seek the least distance by themselves. */
export interface MinimumAssault {
  perturb(batch: AttackBatch, key: Key, signal: AbortSignal): Promise<Perturbed>;
  dispose(): void;
}

/** An attack: within a given budget ε (FGSM, PGD), or seeking the least distance by itself (DeepFool). */
export type Attack = {
  readonly name: string;
  readonly norm: Norm;
  /** Whether it uses gradients, or answers alone. */
  readonly access: "white-box" | "black-box";
  /** Whether it can be told which class an image is to be taken for. */
  readonly aims: boolean;
  /** The same attack with that share of its steps, for those that have any: does more work help? */
  readonly shortened?: (share: number) => Attack;
} & (
  | {
      readonly kind: "within-budget";
      /** @throws InputError where it cannot attack this classifier */
      against(classifier: Classifier): BudgetAssault;
    }
  | { readonly kind: "minimum-norm"; against(classifier: Classifier): MinimumAssault }
);

/** The contract under which attacks are registered. */
export const Attacks: Contract<Attack> = contract("attack");
