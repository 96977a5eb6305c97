/**
 * Steps that are recorded twice, compared, and from then on replayed: one call of the runtime, fed with the step's
 * inputs, the variables' values and fresh draws.
 *
 * @module
 */
import { type Draw, type Key, plainStep, type Step, type StepBody, tf } from "../../../core/mod.ts";
import type { OnnxBackend } from "./backend.ts";
import { replayedEnds } from "./ends.ts";
import { type Call, type FixedStep, fixStep } from "./fixed.ts";
import { Elem } from "./model.ts";
import { fillAll } from "./noise.ts";
import { processors } from "./processors.ts";
import {
  differenceOf,
  type Given,
  type RecordedDraw,
  type Recording,
  type Result,
  record,
  type Source,
} from "./recording.ts";
import {
  type Data,
  elemOf,
  hostOf,
  isResident,
  newValue,
  type Stored,
  sameShape,
  type Value,
} from "./value.ts";
import type { Ends } from "./vectors.ts";

/** A step under inputs of one set of shapes. */
type Plan =
  | { readonly stage: "recorded"; readonly recording: Recording; readonly given: Given }
  | ReplayPlan
  | FixedPlan
  | { readonly stage: "gave up" };

/** A step that its device repeats. */
interface FixedPlan {
  readonly stage: "fixed";
  readonly recording: Recording;
  readonly step: FixedStep;
  /** What takes its place where the device turns out not to repeat it. */
  readonly otherwise: () => ReplayPlan;
}

interface ReplayPlan {
  readonly stage: "replays";
  readonly recording: Recording;
  /** Where its values come from and go; undefined where all of them are here. */
  readonly ends: Ends | undefined;
  /** Its constants, which go to a device once. */
  readonly constants: ReadonlyMap<Source, Value>;
}

/** What a call made, and how the next one is to be done. */
interface Done {
  readonly results: Record<string, tf.Tensor>;
  readonly plan: ReplayPlan | FixedPlan;
}

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
      const signature = signatureOf(backend, inputs, state.registeredVariables);
      const plan = plans.get(signature);
      if (plan?.stage === "gave up") return plain.run(inputs, key);
      if (plan?.stage === "replays" || plan?.stage === "fixed") {
        if (plan.recording.sources.every(alive)) {
          const done = replay(backend, plan, inputs, key);
          if (done !== undefined) {
            if (done.plan !== plan) plans.set(signature, done.plan);
            return done.results as never;
          }
          warn("a sample that was rows of one data set is something else now");
          forget(backend, plan);
          plans.set(signature, { stage: "gave up" });
          return plain.run(inputs, key);
        }
        forget(backend, plan);
        plans.delete(signature);
      }
      const { recording, results, given } = record(backend, body, inputs, key, state.registeredVariables);
      const before = plan?.stage === "recorded" ? plan : undefined;
      const obstacle = recording.obstacle ?? (before && differenceOf(before.recording, recording));
      if (obstacle !== undefined) {
        warn(obstacle);
        plans.set(signature, { stage: "gave up" });
      } else if (before === undefined) {
        plans.set(signature, { stage: "recorded", recording, given });
      } else {
        const isFresh = (input: string): boolean => {
          const value = given.get(input);
          // what lies on a device already is better copied there
          return value === undefined || (value !== before.given.get(input) && value.device === undefined);
        };
        plans.set(signature, planned(backend, recording, isFresh));
      }
      return results as never;
    },
    dispose() {
      for (const plan of plans.values()) {
        if (plan.stage === "replays" || plan.stage === "fixed") forget(backend, plan);
        if (plan.stage !== "gave up") backend.execution.release(plan.recording.program);
      }
      plans.clear();
    },
  };
}

/** @param isFresh whether an input is another tensor from here at each call */
function planned(
  backend: OnnxBackend,
  recording: Recording,
  isFresh: (input: string) => boolean,
): ReplayPlan | FixedPlan {
  const step = fixStep(backend, recording, isFresh);
  const otherwise = (): ReplayPlan => replayed(backend, recording, isFresh);
  return step === undefined ? otherwise() : { stage: "fixed", recording, step, otherwise };
}

function replayed(
  backend: OnnxBackend,
  recording: Recording,
  isFresh: (input: string) => boolean,
): ReplayPlan {
  const { sources, program } = recording;
  const constants = new Map(
    sources.flatMap((source, i) => {
      if (source.from !== "constant") return [];
      const { value, shape } = program.inputs[i]!;
      return [[source, newValue(value.elem, shape, { data: source.data })] as const];
    }),
  );
  const ends = backend.runtime.device && replayedEnds(recording, isFresh);
  return { stage: "replays", recording, ends, constants };
}

/** Frees what a plan has on a device. */
function forget(backend: OnnxBackend, plan: ReplayPlan | FixedPlan): void {
  if (plan.stage === "fixed") plan.step.dispose();
  else for (const value of plan.constants.values()) backend.execution.recycle(value);
}

function alive(source: Source): boolean {
  if (source.from === "table") return source.value.holders > 0 && source.value.device !== undefined;
  return source.from !== "variable" || !source.variable.isDisposed;
}

/** Names, shapes and types of the inputs, and which tables they are rows of: what a recording holds for. */
function signatureOf(
  backend: OnnxBackend,
  inputs: Readonly<Record<string, tf.Tensor | number>>,
  variables: Readonly<Record<string, tf.Variable>>,
): string {
  if (Object.values(inputs).some((x) => typeof x !== "number" && backend.rowsBehind(x) !== undefined)) {
    // one that holds rows takes them now, and an input that shares them is then numbers
    for (const name in variables) if (backend.rowsBehind(variables[name]!)) backend.view(variables[name]!);
  }
  let text = "";
  for (const name in inputs) {
    const x = inputs[name]!;
    if (typeof x === "number") text += `${name};`;
    else text += `${name}:${backend.rowsBehind(x)?.table.table ?? ""}${x.dtype}[${x.shape}];`;
  }
  return text;
}

/**
 * Repeats a recorded step on what its sources hold now.
 * @returns undefined where a draw is not what the recording takes it for: nothing has been changed then
 */
function replay(
  backend: OnnxBackend,
  plan: ReplayPlan | FixedPlan,
  given: Call["given"],
  key: Key,
): Done | undefined {
  const { recording } = plan;
  for (const source of recording.sources) if (source.from === "variable") backend.view(source.variable);
  backend.flush();
  const drawn = drawnBy(backend, recording, key);
  if (drawn === undefined) return undefined;
  const call = { given, drawn };
  const repeated = plan.stage === "fixed" ? plan.step.run(call) : computed(backend, plan, call);
  const done =
    repeated === undefined ? insteadOf(backend, plan as FixedPlan, call) : { results: repeated, plan };
  recording.draws.forEach(({ fill, shape }, i) => {
    const numbers = call.drawn[i];
    if (fill !== undefined && numbers !== undefined && !isResident(numbers))
      backend.execution.recycle(newValue(Elem.float32, shape, { data: numbers, owned: true }));
  });
  return done;
}

function insteadOf(backend: OnnxBackend, fixed: FixedPlan, call: Call): Done {
  forget(backend, fixed);
  const plan = fixed.otherwise();
  return { results: computed(backend, plan, call), plan };
}

/** Runs a recorded program, the very one that ran when it was recorded. */
function computed(
  backend: OnnxBackend,
  { recording, ends, constants }: ReplayPlan,
  { given, drawn }: Call,
): Record<string, tf.Tensor> {
  const storedOf = (source: Source): Stored => {
    if (source.from === "variable") return backend.execution.resident(backend.view(source.variable).value);
    if (source.from === "draw") return drawn[source.index]!;
    if (source.from === "table") return source.value.device!;
    if (source.from === "constant") return backend.execution.resident(constants.get(source)!);
    const x = given[source.name]!;
    return typeof x === "number" ? Float32Array.of(x) : backend.execution.stored(backend.fed(x));
  };
  /** A source's elements, here. */
  const dataOf = (source: Source): Data => {
    if (source.from === "variable") return hostOf(backend.view(source.variable).value)!;
    if (source.from === "constant") return source.data; // one that the program may not have
    const x = source.from === "input" ? given[source.name]! : 0;
    if (typeof x !== "number") return hostOf(backend.view(x).value)!;
    const stored = storedOf(source);
    return isResident(stored) ? stored.read() : stored;
  };
  const { program } = recording;
  // a body that only passes inputs on has no program
  const made =
    program.nodes.length === 0
      ? []
      : backend.execution.compute(program, recording.sources.map(storedOf), ends);
  // results first: a source may be a variable that is about to be assigned
  const storedOfResult = (result: Result): Stored =>
    "output" in result ? made[result.output]! : dataOf(result.source).slice();
  const results: Record<string, tf.Tensor> = {};
  const taken = new Set<Stored>();
  const own = (stored: Stored): Stored => {
    if (taken.has(stored)) return (stored as Data).slice(); // what stays on a device is one variable's
    taken.add(stored);
    return stored;
  };
  const returned = recording.returned.map((r) => ({ ...r, data: own(storedOfResult(r.result)) }));
  const assigned = recording.assigned.map((a) => ({ ...a, data: own(storedOfResult(a.result)) }));
  for (const { name, data, shape, dtype } of returned) {
    const info = backend.holding(data, elemOf(dtype), shape);
    results[name] = backend.finished(info);
  }
  for (const { variable, data } of assigned) backend.assign(variable, data);
  return results;
}

/** The numbers of a recording's draws, drawn from another key; undefined where one is not rows of its table any more. */
function drawnBy(backend: OnnxBackend, { draws }: Recording, key: Key): Stored[] | undefined {
  const rows = draws.map((draw) => draw.table && rowsDrawn(backend, draw, key.fold(...draw.path)));
  if (draws.some(({ table }, i) => table !== undefined && rows[i] === undefined)) return undefined;
  const fillings = draws.map((draw, i) => {
    if (rows[i] !== undefined) return { draw, data: rows[i] };
    const drawKey = key.fold(...draw.path);
    if (draw.words !== undefined) return { draw, data: draw.words(drawKey) };
    if (draw.fill === undefined) return { draw, data: sampled(backend, draw, drawKey) };
    const out = backend.execution.take({ elem: Elem.float32, shape: draw.shape }) as Float32Array;
    return { draw, data: out, filling: { draw, key: drawKey, out } };
  });
  const { threads } = backend;
  fillAll(
    fillings.flatMap(({ filling }) => filling ?? []),
    threads === "auto" ? processors() : threads,
  );
  return fillings.map(({ data }) => data);
}

/** Which rows of its table a draw gives; undefined where it gives anything else. */
function rowsDrawn(backend: OnnxBackend, { make, table, shape }: RecordedDraw, key: Key): Data | undefined {
  const tensor = tf.tidy(() => make(key));
  const rows = backend.rowsBehind(tensor);
  tensor.dispose();
  return rows?.table === table && sameShape(tensor.shape, shape) ? rows!.indices.data : undefined;
}

function sampled(backend: OnnxBackend, draw: Draw, key: Key): Stored {
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
    return value.device ?? value.data!; // there until the next flush
  } finally {
    tensor.dispose();
  }
}
