/**
 * Steps that are recorded twice, compared, and from then on replayed: one call of the runtime, fed with the step's
 * inputs, the variables' values and fresh draws.
 *
 * @module
 */
import { type Draw, type Key, plainStep, type Step, type StepBody, tf } from "../../../core/mod.ts";
import type { OnnxBackend } from "./backend.ts";
import { Elem } from "./model.ts";
import { fillAll } from "./noise.ts";
import { processors } from "./processors.ts";
import { differenceOf, type Recording, type Result, record, type Source } from "./recording.ts";
import { type Data, elemOf, newValue, sameShape } from "./value.ts";

/** A step under inputs of one set of shapes. */
type Plan =
  | { readonly stage: "recorded"; readonly recording: Recording }
  | { readonly stage: "replays"; readonly recording: Recording }
  | { readonly stage: "gave up" };

interface EngineState {
  readonly state: {
    readonly gradientDepth: number;
    readonly registeredVariables: Readonly<Record<string, tf.Variable>>;
  };
}

/** A step of the backend that replays its body wherever that is possible. */
export function replayingStep<I extends string, O extends string>(
  backend: OnnxBackend,
  name: string,
  body: StepBody<I, O>,
): Step<I, O> {
  const plans = new Map<string, Plan>();
  const plain = plainStep(body);

  const warn = (why: string): void =>
    console.warn(`onnxruntime: "${name}" is recorded anew at each call, since ${why}`);

  return {
    run(inputs, key) {
      const { state } = tf.engine() as unknown as EngineState;
      if (state.gradientDepth > 0) return plain.run(inputs, key);
      const signature = signatureOf(inputs);
      const plan = plans.get(signature);
      if (plan?.stage === "gave up") return plain.run(inputs, key);
      if (plan?.stage === "replays") {
        if (plan.recording.sources.every(alive)) return replay(backend, plan, inputs, key) as never;
        plans.delete(signature);
      }
      const { recording, results } = record(backend, body, inputs, key, state.registeredVariables);
      const before = plan?.stage === "recorded" ? plan.recording : undefined;
      const obstacle = recording.obstacle ?? (before && differenceOf(before, recording));
      if (obstacle !== undefined) {
        warn(obstacle);
        plans.set(signature, { stage: "gave up" });
      } else if (before === undefined) {
        plans.set(signature, { stage: "recorded", recording });
      } else {
        plans.set(signature, { stage: "replays", recording });
      }
      return results as never;
    },
    dispose: () => plans.clear(),
  };
}

function alive(source: Source): boolean {
  return source.from !== "variable" || !source.variable.isDisposed;
}

/** Names, shapes and types of the inputs: what a recording holds for. */
function signatureOf(inputs: Readonly<Record<string, tf.Tensor | number>>): string {
  let text = "";
  for (const name in inputs) {
    const x = inputs[name]!;
    text += typeof x === "number" ? `${name};` : `${name}:${x.dtype}[${x.shape}];`;
  }
  return text;
}

/** Runs a recorded program, the very one that ran when it was recorded, on what the step's sources hold now. */
function replay(
  backend: OnnxBackend,
  { recording }: Extract<Plan, { stage: "replays" }>,
  inputs: Readonly<Record<string, tf.Tensor | number>>,
  key: Key,
): Record<string, tf.Tensor> {
  backend.flush();
  const drawn = drawnBy(backend, recording, key);
  const dataOf = (source: Source): Data => {
    if (source.from === "variable") return backend.view(source.variable).value.data!;
    if (source.from === "draw") return drawn[source.index]!;
    if (source.from === "constant") return source.data;
    const x = inputs[source.name]!;
    return typeof x === "number" ? Float32Array.of(x) : backend.view(x).value.data!;
  };
  const { program } = recording;
  // a body that only passes inputs on has no program
  const made = program.nodes.length === 0 ? [] : backend.compute(program, recording.sources.map(dataOf));
  // results first: a source may be a variable that is about to be assigned
  const dataOfResult = (result: Result): Data =>
    "output" in result ? made[result.output]! : dataOf(result.source).slice();
  const results: Record<string, tf.Tensor> = {};
  const taken = new Set<Data>();
  const own = (data: Data): Data => {
    if (taken.has(data)) return data.slice();
    taken.add(data);
    return data;
  };
  const returned = recording.returned.map((r) => ({ ...r, data: own(dataOfResult(r.result)) }));
  const assigned = recording.assigned.map((a) => ({ ...a, data: own(dataOfResult(a.result)) }));
  for (const { name, data, shape, dtype } of returned) {
    const info = backend.holding(data, elemOf(dtype), shape);
    results[name] = backend.finished(info);
  }
  for (const { variable, data } of assigned) backend.assign(variable, data);
  recording.draws.forEach(({ fill, shape }, i) => {
    if (fill !== undefined && drawn[i] !== undefined)
      backend.recycle(newValue(Elem.float32, shape, { data: drawn[i], owned: true }));
  });
  return results;
}

/** The numbers of a recording's draws, drawn from another key. */
function drawnBy(backend: OnnxBackend, { draws }: Recording, key: Key): Data[] {
  const fillings = draws.map((draw) => {
    const drawKey = key.fold(...draw.path);
    if (draw.fill === undefined) return { draw, data: sampled(backend, draw, drawKey) };
    const out = backend.take({ elem: Elem.float32, shape: draw.shape }) as Float32Array;
    return { draw, data: out, filling: { draw, key: drawKey, out } };
  });
  const { threads } = backend;
  fillAll(
    fillings.flatMap(({ filling }) => filling ?? []),
    threads === "auto" ? processors() : threads,
  );
  return fillings.map(({ data }) => data);
}

function sampled(backend: OnnxBackend, draw: Draw, key: Key): Data {
  const tensor = tf.tidy(() => draw.make(key));
  try {
    if (!sameShape(tensor.shape, draw.shape)) {
      throw new Error(
        `a step's sample had shape [${draw.shape}] when it was recorded and now has [${tensor.shape}]`,
      );
    }
    const { value } = backend.view(tensor);
    backend.evaluate(value);
    value.owned = false; // fed after the tensor is gone
    return value.data!;
  } finally {
    tensor.dispose();
  }
}
