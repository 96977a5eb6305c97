/**
 * The steps of an attack on a classifier, compiled: each function once, whatever batches it is called for.
 *
 * @module
 */
import type { Key } from "../tensor/key.ts";
import { compileStep, type Step } from "../tensor/step.ts";
import * as tf from "../tensor/tf.ts";
import type { Attack, AttackStep, StepInputs, TensorsOf } from "./attack.ts";
import type { Classifier } from "./classifier.ts";
import { Asked, type QueryCount, watched } from "./queries.ts";

/** More step functions than any attack has; of those made anew for each batch, the oldest are dropped. */
const MOST_STEPS = 64;

/** The name of the count among a step's inputs and outputs. */
const QUERIES = "queries so far";

/** A step ready to be called; its queries are added to the count, if one is given. */
export type CompiledStep<I, O> = (inputs: StepInputs<I>, key: Key, queries?: QueryCount) => O;

/** The compiled steps of an attack on a classifier. */
export class StepCache {
  readonly #attack: Attack;
  readonly #classifier: Classifier;
  readonly #steps = new Map<unknown, Step<string, string>>();
  /** What the step that is being recorded asks. */
  #asked: Asked | undefined;

  constructor(attack: Attack, classifier: Classifier) {
    this.#attack = attack;
    this.#classifier = classifier;
  }

  /** Number of functions that are held compiled. */
  get size(): number {
    return this.#steps.size;
  }

  /**
   * The classifier for an attack to ask.
   * @param key a randomised one draws from it: the same numbers each time that it is asked
   * @param note called with images that are put to it outside of steps
   */
  watch(key: Key, note: (x: tf.Tensor, own: Key | undefined) => void = () => {}): Classifier {
    return watched(this.#classifier, this.#attack, key.fold("classifier"), (x, own) => {
      if (this.#asked === undefined) note(x, own);
      else this.#asked.note(x, own);
    });
  }

  /** A step, compiled at its first call. */
  compiled<I extends TensorsOf<I>, O extends TensorsOf<O>>(step: AttackStep<I, O>): CompiledStep<I, O> {
    return (inputs, key, count) => {
      const counting = count === undefined ? {} : { [QUERIES]: count.rows };
      const given = { ...present<tf.Tensor | number>(inputs), ...counting };
      const { [QUERIES]: queries, ...outputs } = this.#stepFor(step).run(given, key);
      if (queries !== undefined) count?.update(queries);
      return outputs as O; // what the step returned, under its names
    };
  }

  #stepFor<I extends TensorsOf<I>, O extends TensorsOf<O>>(step: AttackStep<I, O>): Step<string, string> {
    const known = this.#steps.get(step);
    if (known !== undefined) return known;
    for (const [oldest, { dispose }] of this.#steps) {
      if (this.#steps.size < MOST_STEPS) break;
      dispose();
      this.#steps.delete(oldest);
    }
    const name = `${this.#attack.name}: ${step.name || "step"}`;
    // an engine replays a step without calling it: the count is part of what is recorded
    const compiled = compileStep<string, string>(name, ({ [QUERIES]: queries, ...inputs }, key) => {
      const before = this.#asked;
      const asked = new Asked();
      this.#asked = asked;
      try {
        const outputs = present<tf.Tensor>(step(inputs as I, { classifier: this.watch(key), key }));
        return queries === undefined
          ? outputs
          : { ...outputs, [QUERIES]: tf.add(queries, perRow(asked, queries, inputs.done, name)) };
      } finally {
        this.#asked = before;
      }
    });
    this.#steps.set(step, compiled);
    return compiled;
  }

  dispose(): void {
    for (const step of this.#steps.values()) step.dispose();
    this.#steps.clear();
  }
}

/** What is there, by its name. */
function present<X>(values: { readonly [name: string]: X | undefined } | object): Record<string, X> {
  const all = Object.entries<X | undefined>(values as Record<string, X | undefined>);
  return Object.fromEntries(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** Queries of each row in one step: none where the row is done. */
function perRow(
  { images }: Asked,
  { shape: [n] }: tf.Tensor,
  done: tf.Tensor | undefined,
  name: string,
): tf.Tensor {
  if (done !== undefined && done.shape[0] !== n) {
    throw new RangeError(
      `${name} was given ${done.shape[0]} rows by tools for ${n}: take those of subset(rows)`,
    );
  }
  const each = tf.scalar(images / n!);
  return done === undefined ? each : tf.mul(each, tf.sub(1, tf.cast(done, "float32")));
}
