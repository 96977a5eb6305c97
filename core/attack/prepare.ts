/**
 * An attack put to work on one classifier: compiles its steps, counts its queries, frees its memory.
 *
 * @module
 */
import { InputError, RunError } from "../plugin/errors.ts";
import type { Key } from "../tensor/key.ts";
import * as tf from "../tensor/tf.ts";
import type { Attack, AttackBatch, AttackTools, StepInputs, TensorsOf } from "./attack.ts";
import type { Classifier } from "./classifier.ts";
import { QueryCount } from "./queries.ts";
import { type CompiledStep, StepCache } from "./steps.ts";

/** What an attack found. The caller disposes `x`. */
export interface Perturbed {
  /** `[n, ...inputShape]`; neither clipped nor judged. */
  readonly x: tf.Tensor;
  /** How often each image was put to the classifier (with or without a gradient), `[n]`. */
  readonly queries: Float32Array;
  /** Rows that each part of the attack left unfooled, in the order of the parts; empty where it tells of none. */
  readonly members: ReadonlyMap<string, readonly number[]>;
}

/** How an attack is to be run. */
export interface AttackRun {
  /** Budget of each image in the attack's norm, ≥ 0, `[n]`; attacks of kind `minimum-norm` need none. */
  readonly epsilon?: tf.Tensor1D | undefined;
  /** Steps, ≥ 1; those that the attack declares unless given. */
  readonly steps?: number | undefined;
  readonly key: Key;
  readonly signal: AbortSignal;
}

/** An attack put to work on one classifier: what it compiled for that is used for every batch. */
export interface PreparedAttack {
  readonly attack: Attack;
  /** Number of step functions that it holds compiled. */
  readonly compiled: number;
  /**
   * Perturbs a batch, which stays the caller's.
   * @throws InputError where a target is given to an attack that cannot aim; the signal's reason once that is aborted
   */
  perturb(batch: AttackBatch, run: AttackRun): Promise<Perturbed>;
  /** Frees what was compiled. */
  dispose(): void;
}

/**
 * Puts an attack to work. The classifier stays the caller's.
 * @throws InputError where the attack cannot attack this classifier
 */
export function prepare(attack: Attack, classifier: Classifier): PreparedAttack {
  attack.check?.(classifier);
  const cache = new StepCache(attack, classifier);
  return {
    attack,
    get compiled() {
      return cache.size;
    },
    async perturb(batch, { epsilon, steps = attack.steps ?? 1, key, signal }) {
      signal.throwIfAborted();
      checkRun(attack, batch, epsilon);
      const n = batch.x.shape[0]!;
      const made = new Made();
      const count = new QueryCount(n);
      const members = new Map<string, readonly number[]>();
      try {
        const budget = epsilon ?? made.add(tf.fill([n], Number.POSITIVE_INFINITY) as tf.Tensor1D);
        const tools = toolsFor(cache, { count, made, signal, key, members });
        const found = made.add(await attack.perturb({ ...batch, epsilon: budget, steps, key }, tools));
        if (found.shape.join() !== batch.x.shape.join()) {
          throw new RunError(
            `attack "${attack.name}" returned [${found.shape}] for images [${batch.x.shape}]: it must return one for each`,
          );
        }
        return { x: found.clone(), queries: await count.total(), members };
      } finally {
        made.dispose([batch.x, batch.y, batch.target, epsilon]);
        count.dispose();
      }
    },
    dispose: () => cache.dispose(),
  };
}

function checkRun({ name, kind, targeted }: Attack, { target }: AttackBatch, epsilon?: tf.Tensor1D): void {
  if (target !== undefined && !targeted) {
    throw new InputError(`attack "${name}" cannot aim at a given class`);
  }
  if (epsilon === undefined && kind === "within-budget") {
    throw new TypeError(`attack "${name}" keeps to a budget: give epsilon`);
  }
}

/** What the tools for one batch share. */
interface Batch {
  /** Where the queries go. */
  readonly count: QueryCount;
  readonly made: Made;
  readonly signal: AbortSignal;
  readonly key: Key;
  /** What parts of the attack left; absent for smaller batches. */
  readonly members?: Map<string, readonly number[]>;
}

function toolsFor(cache: StepCache, batch: Batch): AttackTools {
  const { count, made, signal } = batch;
  const call = <I extends TensorsOf<I>, O extends TensorsOf<O>>(
    compiled: CompiledStep<I, O>,
    inputs: StepInputs<I>,
    key: Key,
    queries?: QueryCount,
  ): O => {
    signal.throwIfAborted();
    const outputs = compiled(inputs, key, queries);
    for (const tensor of Object.values<tf.Tensor | undefined>(outputs))
      if (tensor !== undefined) made.add(tensor);
    return outputs;
  };
  return {
    classifier: cache.watch(batch.key, (x, own) => {
      signal.throwIfAborted();
      count.asked.note(x, own);
    }),
    signal,
    run: (step, inputs, key) => call(cache.compiled(step), inputs, key, count),
    peek: (step, inputs, key) => call(cache.compiled(step), inputs, key),
    track: (tensor) => made.add(tensor),
    left: (member, rows) => void batch.members?.set(member, [...rows]),
    subset: (rows, size = rows.length) =>
      toolsFor(cache, { made, signal, key: batch.key, count: count.subset(rows, size) }),
  };
}

/** Tensors to free when an attack ends. */
class Made {
  #tensors = new Set<tf.Tensor>();
  #next = 1024;

  add<X extends tf.Tensor>(tensor: X): X {
    this.#tensors.add(tensor);
    if (this.#tensors.size > this.#next) {
      for (const other of this.#tensors) if (other.isDisposed) this.#tensors.delete(other);
      this.#next = 2 * this.#tensors.size + 1024;
    }
    return tensor;
  }

  /** Frees them but for those of the caller. */
  dispose(callers: readonly (tf.Tensor | undefined)[]): void {
    for (const tensor of callers) if (tensor !== undefined) this.#tensors.delete(tensor);
    tf.dispose([...this.#tensors]);
  }
}
