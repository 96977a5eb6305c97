/**
 * Steps that are recorded twice, compared, and from then on replayed: one call of the runtime, fed with the step's
 * inputs, the variables' values and fresh draws.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { type Draw, type Key, plainStep, type Step, type StepBody, tf } from "../../../core/mod.ts";
import type { OnnxBackend } from "./backend.ts";
import { Elem } from "./model.ts";
import { fillAll } from "./noise.ts";
import { type Program, programOf, sameKey } from "./program.ts";
import { type Data, elemOf, newValue, sameShape, type Value } from "./value.ts";

/** Where a value that a recorded step reads comes from at each call. */
type Source =
  | { readonly from: "input"; readonly name: string }
  | { readonly from: "variable"; readonly variable: tf.Variable }
  | { readonly from: "draw"; readonly index: number }
  | { readonly from: "constant"; readonly data: Data };

/** A value that a step leaves behind: computed, or one of its sources as it is. */
type Result = { readonly output: number } | { readonly source: Source };

/** One call of a body, taken down. */
interface Recording {
  readonly program: Program;
  readonly sources: readonly Source[];
  readonly draws: readonly Draw[];
  readonly assigned: readonly { readonly variable: tf.Variable; readonly result: Result }[];
  readonly returned: readonly {
    readonly name: string;
    readonly result: Result;
    readonly shape: number[];
    readonly dtype: tf.DataType;
  }[];
  /** Why this call can't be replayed, if it can't. */
  readonly obstacle?: string;
}

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

/** Calls the body once and takes down what it did. */
function record<I extends string, O extends string>(
  backend: OnnxBackend,
  body: StepBody<I, O>,
  inputs: Readonly<Record<I, tf.Tensor | number>>,
  key: Key,
  variables: Readonly<Record<string, tf.Variable>>,
): { recording: Recording; results: Record<string, tf.Tensor> } {
  backend.flush();
  const known = new Map<Value, Source>();
  const before = new Map<tf.Variable, Value>();
  for (const variable of Object.values(variables)) {
    if (variable.dtype === "string" || variable.dtype === "complex64") continue;
    const { value } = backend.view(variable);
    before.set(variable, value);
    known.set(value, { from: "variable", variable });
  }
  const draws: Draw[] = [];
  const runs = backend.counts.runs;
  let partial = 0;
  let results: Record<string, tf.Tensor> = {};
  tf.tidy(() => {
    const tensors: Record<string, tf.Tensor> = {};
    for (const name in inputs) {
      const x = inputs[name] as tf.Tensor | number;
      tensors[name] = typeof x === "number" ? tf.scalar(x) : distinct(x);
      known.set(backend.view(tensors[name]!).value, { from: "input", name });
    }
    const traced = key.traced((draw, drawn) => {
      const { value } = backend.view(drawn);
      if (value.node !== undefined) partial++;
      backend.evaluate(value);
      known.set(value, { from: "draw", index: draws.length });
      draws.push(draw);
    });
    results = body(tensors as Record<I, tf.Tensor>, traced) as Record<string, tf.Tensor>;
    return results;
  });
  const recording = takeDown();
  backend.flush();
  return { recording, results };

  /**
   * What is true of this call's inputs alone must not become part of the recording: an input that shares its value with
   * another input or a variable, is known to be zero, or is or has another order of some elements, gets a value of its own.
   */
  function distinct(x: tf.Tensor): tf.Tensor {
    const { value } = backend.view(x);
    const plain = value.constant === undefined && !value.zero && !value.form && !value.transposed;
    if (plain && !known.has(value)) return x;
    const info = backend.holding(value.data!.slice(), value.elem, x.shape);
    return (tf.engine() as unknown as MakesTensors).makeTensorFromTensorInfo(info, backend);
  }

  function takeDown(): Recording {
    const assigned: { variable: tf.Variable; value: Value }[] = [];
    let obstacle: string | undefined;
    if (backend.counts.runs !== runs + partial) obstacle = "it reads values while it runs";
    for (const variable of Object.values(variables)) {
      const was = before.get(variable);
      if (was === undefined) obstacle ??= "it makes variables";
      else if (backend.view(variable).value !== was)
        assigned.push({ variable, value: backend.view(variable).value });
    }
    const returned = Object.entries(results).map(([name, tensor]) => ({
      name,
      tensor,
      value: backend.view(tensor).value,
    }));
    const wanted = new Set([...assigned, ...returned].map(({ value }) => value));
    const { pending, interned } = backend.recorder;
    for (const node of pending) {
      for (const out of node.outputs) {
        if (out.holders > 0 && !wanted.has(out))
          obstacle ??= `it keeps a tensor (of ${node.kernel}) beside those it returns`;
      }
    }
    const program = programOf(pending, (value) => wanted.has(value), interned);
    const sourceOf = (value: Value): Source =>
      known.get(value) ?? { from: "constant", data: value.data!.slice() };
    const resultOf = (value: Value): Result =>
      value.node === undefined ? { source: sourceOf(value) } : { output: program.outputs.indexOf(value) };
    return {
      program,
      sources: program.inputs.map(({ value }) => sourceOf(value)),
      draws,
      assigned: assigned.map(({ variable, value }) => ({ variable, result: resultOf(value) })),
      returned: returned.map(({ name, tensor, value }) => ({
        name,
        result: resultOf(value),
        shape: tensor.shape,
        dtype: tensor.dtype,
      })),
      ...(obstacle !== undefined && { obstacle }),
    };
  }
}

/** In what two recordings differ that must be the same for either to be replayed. */
function differenceOf(a: Recording, b: Recording): string | undefined {
  if (!sameKey(a.program.key, b.program.key)) return "its operations differ between calls";
  for (let i = 0; i < a.sources.length; i++) {
    const [one, other] = [a.sources[i]!, b.sources[i]!];
    const what = (): string => {
      const { value, shape } = b.program.inputs[i]!;
      const node = b.program.nodes.find(({ inputs }) => inputs.some((view) => view?.value === value));
      const number =
        other.from === "constant" && other.data.length === 1 ? `number ${other.data[0]}` : "values";
      return `the ${number} of shape [${shape}] given to ${node?.kernel}`;
    };
    if (!sameSource(one, other)) {
      return `${what()} differ between calls and are neither an input of the step nor drawn from its key`;
    }
  }
  const sameDraws =
    a.draws.length === b.draws.length &&
    a.draws.every(({ path, shape }, i) => {
      const other = b.draws[i]!;
      return sameShape(shape, other.shape) && path.join("\0") === other.path.join("\0");
    });
  if (!sameDraws) return "what it draws differs between calls";
  const ends = (r: Recording): string =>
    JSON.stringify([
      r.assigned.map(({ variable, result }) => [variable.id, endOf(result)]),
      r.returned.map(({ name, shape, result }) => [name, shape, endOf(result)]),
    ]);
  return ends(a) === ends(b) ? undefined : "what it assigns or returns differs between calls";
}

function endOf(result: Result): unknown {
  return "output" in result ? result.output : result.source.from;
}

function sameSource(a: Source, b: Source): boolean {
  if (a.from === "input" && b.from === "input") return a.name === b.name;
  if (a.from === "variable" && b.from === "variable") return a.variable === b.variable;
  if (a.from === "draw" && b.from === "draw") return a.index === b.index;
  if (a.from !== "constant" || b.from !== "constant" || a.data.length !== b.data.length) return false;
  for (let i = 0; i < a.data.length; i++) if (!Object.is(a.data[i], b.data[i])) return false;
  return true;
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
    results[name] = (tf.engine() as unknown as MakesTensors).makeTensorFromTensorInfo(info, backend);
  }
  for (const { variable, data } of assigned) backend.assign(variable, data);
  recording.draws.forEach(({ fill, shape }, i) => {
    if (fill !== undefined && drawn[i] !== undefined)
      backend.recycle(newValue(Elem.float32, shape, { data: drawn[i], owned: true }));
  });
  return results;
}

interface MakesTensors {
  makeTensorFromTensorInfo(info: tf.TensorInfo, backend: tf.KernelBackend): tf.Tensor;
}

/** The numbers of a recording's draws, drawn from another key. */
function drawnBy(backend: OnnxBackend, { draws }: Recording, key: Key): Data[] {
  const fillings = draws.map((draw) => {
    const at = key.fold(...draw.path);
    if (draw.fill === undefined) return { draw, data: sampled(backend, draw, at) };
    const out = backend.take({ elem: Elem.float32, shape: draw.shape }) as Float32Array;
    return { draw, data: out, filling: { draw, key: at, out } };
  });
  const { threads } = backend;
  fillAll(
    fillings.flatMap(({ filling }) => filling ?? []),
    threads === "auto" ? availableParallelism() : threads,
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
