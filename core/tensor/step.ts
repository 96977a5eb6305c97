/**
 * Steps: functions that are called many times with tensors of the same shapes, such as one step of a training.
 * Engines that can record a step once and replay it skip everything that leads up to the numbers: the body's own
 * JavaScript, tfjs's bookkeeping, the derivation of gradients.
 *
 * @module
 */
import type { Key } from "./key.ts";
import * as tf from "./tf.ts";

/**
 * What a step does: reads its inputs, tf.variables and the key's draws, assigns variables, returns tensors.
 *
 * Nothing else may change from call to call: a number worked out in JavaScript (a learning rate with a schedule)
 * must come in as an input, and a batch from a sampler through `key.sample`. An engine that replays the body records it
 * twice and compares; where the two differ in anything else it goes on calling the body each time, and says so once.
 */
export type StepBody<I extends string, O extends string> = (
  inputs: Readonly<Record<I, tf.Tensor>>,
  key: Key,
) => Readonly<Record<O, tf.Tensor>>;

/** A step ready to be called. */
export interface Step<I extends string, O extends string> {
  /**
   * @param inputs tensors, which stay the caller's, or numbers, which become scalars
   * @returns tensors, now the caller's
   */
  run(inputs: Readonly<Record<I, tf.Tensor | number>>, key: Key): Readonly<Record<O, tf.Tensor>>;
  /** Frees what was kept for replaying. */
  dispose(): void;
}

/** A backend that knows how to replay. */
export interface ReplayingBackend {
  compileStep<I extends string, O extends string>(name: string, body: StepBody<I, O>): Step<I, O>;
}

/**
 * Prepares a body for being called many times, on whatever engine is in use when it is called.
 * @param name for messages about it
 */
export function compileStep<I extends string, O extends string>(
  name: string,
  body: StepBody<I, O>,
): Step<I, O> {
  let onBackend: tf.KernelBackend | undefined;
  let step: Step<I, O> = plainStep(body);
  return {
    run(inputs, key) {
      const backend = tf.backend();
      if (backend !== onBackend) {
        step.dispose();
        onBackend = backend;
        step = replays(backend) ? backend.compileStep(name, body) : plainStep(body);
      }
      return owned(step.run(inputs, key), inputs);
    },
    dispose: () => step.dispose(),
  };
}

/** The results as tensors of their own: a body may return an input as it is, or one tensor under two names. */
function owned<O extends string>(
  results: Readonly<Record<O, tf.Tensor>>,
  inputs: Readonly<Record<string, tf.Tensor | number>>,
): Readonly<Record<O, tf.Tensor>> {
  const taken = new Set<unknown>(Object.values(inputs));
  const own = Object.entries<tf.Tensor>(results).map(([name, tensor]) => {
    const result = taken.has(tensor) ? tensor.clone() : tensor;
    taken.add(result);
    return [name, result];
  });
  return Object.fromEntries(own) as Record<O, tf.Tensor>;
}

/** A step that calls its body each time. */
export function plainStep<I extends string, O extends string>(body: StepBody<I, O>): Step<I, O> {
  return {
    run: (inputs, key) =>
      tf.tidy(() => {
        const tensors = Object.entries<tf.Tensor | number>(inputs).map(([name, x]) => [
          name,
          typeof x === "number" ? tf.scalar(x) : x,
        ]);
        return body(Object.fromEntries(tensors) as Record<I, tf.Tensor>, key) as Record<O, tf.Tensor>;
      }),
    dispose() {},
  };
}

function replays(backend: tf.KernelBackend): backend is tf.KernelBackend & ReplayingBackend {
  return typeof (backend as Partial<ReplayingBackend>).compileStep === "function";
}
