/**
 * One call of a step, taken down: what it computed, where each number came from, and where each result went.
 *
 * @module
 */
import { type Draw, type Key, type StepBody, tf } from "../../../core/mod.ts";
import type { OnnxBackend } from "./backend.ts";
import { Elem } from "./model.ts";
import { type Program, programOf, sameKey } from "./program.ts";
import { gathered } from "./tables.ts";
import { type Data, hostOf, newValue, sameShape, type Value } from "./value.ts";

/** Where a value that a recorded step reads comes from at each call. */
export type Source =
  | { readonly from: "input"; readonly name: string }
  | { readonly from: "variable"; readonly variable: tf.Variable }
  | { readonly from: "draw"; readonly index: number }
  | { readonly from: "table"; readonly value: Value }
  | { readonly from: "constant"; readonly data: Data };

/** A value that a step leaves behind: computed, or one of its sources as it is. */
export type Result = { readonly output: number } | { readonly source: Source };

/** A draw, and where it is rows of a table, of which: what is drawn is then their numbers. */
export interface RecordedDraw extends Draw {
  readonly table?: Value;
}

/** One call of a body, taken down. */
export interface Recording {
  readonly program: Program;
  readonly sources: readonly Source[];
  readonly draws: readonly RecordedDraw[];
  /** Which of the draws are computed by kernels, not written from here. */
  readonly computed: readonly boolean[];
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

/** The values that a call was given, by name. */
export type Given = ReadonlyMap<string, Value>;

/** Calls the body once and takes down what it did. */
export function record<I extends string, O extends string>(
  backend: OnnxBackend,
  body: StepBody<I, O>,
  inputs: Readonly<Record<I, tf.Tensor | number>>,
  key: Key,
  variables: Readonly<Record<string, tf.Variable>>,
): { recording: Recording; results: Record<string, tf.Tensor>; given: Given } {
  const numeric = Object.values(variables).filter(({ dtype }) => dtype !== "string" && dtype !== "complex64");
  for (const variable of numeric) backend.view(variable); // one that was assigned rows takes them now
  backend.flush();
  const given = new Map<string, Value>();
  const known = new Map<Value, Source>();
  const before = new Map<tf.Variable, Value>();
  for (const variable of numeric) {
    if (!isPlain(backend.view(variable).value)) tf.tidy(() => variable.assign(ownOf(variable)));
    const { value } = backend.view(variable);
    before.set(variable, value);
    known.set(value, { from: "variable", variable });
  }
  const draws: RecordedDraw[] = [];
  const runs = backend.counts.runs;
  const computed: boolean[] = [];
  let results: Record<string, tf.Tensor> = {};
  let reads = false;
  let isDrawnTwice = false;
  backend.sources = {
    has: (value) => known.has(value),
    read() {
      reads = true;
    },
  };
  try {
    tf.tidy(call);
  } finally {
    backend.sources = undefined;
  }
  const recording = takeDown();
  backend.flush();
  return { recording, results, given };

  function call(): Record<string, tf.Tensor> {
    const tensors: Record<string, tf.Tensor> = {};
    for (const name in inputs) {
      const x = inputs[name] as tf.Tensor | number;
      const rows = typeof x === "number" ? undefined : backend.rowsBehind(x);
      if (rows !== undefined) {
        const indices = newValue(Elem.int32, rows.indices.shape, { data: rows.indices.data });
        const view = gathered(backend.recorder, { ...rows, indices }, (x as tf.Tensor).shape);
        tensors[name] = backend.finished(backend.tensor(view));
        given.set(name, rows.indices);
        known.set(indices, { from: "input", name });
        continue;
      }
      if (typeof x !== "number") given.set(name, backend.view(x).value);
      tensors[name] = typeof x === "number" ? tf.scalar(x) : isPlain(backend.view(x).value) ? x : ownOf(x);
      known.set(backend.view(tensors[name]!).value, { from: "input", name });
    }
    const traced = key.traced((draw, drawn) => {
      const rows = backend.rowsBehind(drawn);
      if (rows !== undefined && !known.has(rows.indices)) {
        known.set(rows.indices, { from: "draw", index: draws.length });
        computed.push(false);
        draws.push({ ...draw, table: rows.table });
        return;
      }
      let { value } = backend.view(drawn);
      computed.push(value.node !== undefined);
      backend.evaluate(value);
      if (known.has(value) || rows !== undefined) isDrawnTwice = true;
      else if (!isPlain(value)) value = backend.part(drawn);
      known.set(value, { from: "draw", index: draws.length });
      draws.push(draw);
    });
    results = body(tensors as Record<I, tf.Tensor>, traced) as Record<string, tf.Tensor>;
    return results;
  }

  /**
   * Whether nothing is known of a value but its numbers. What is true of an input, a variable or a draw at this call alone must
   * not become part of the recording: that it shares its value with another one, that it is zero, or that it is, or has been made,
   * another order of some elements.
   */
  function isPlain(value: Value): boolean {
    return value.constant === undefined && !value.zero && !value.form && !value.made && !known.has(value);
  }

  /** The numbers of a tensor in a value of its own. */
  function ownOf(x: tf.Tensor): tf.Tensor {
    const { value } = backend.view(x);
    return backend.finished(backend.holding(hostOf(value)!.slice(), value.elem, x.shape));
  }

  function takeDown(): Recording {
    const assigned: { variable: tf.Variable; value: Value }[] = [];
    let obstacle: string | undefined;
    if (isDrawnTwice) obstacle = "what it draws is also another draw, an input or a variable";
    if (reads || backend.counts.runs !== runs + computed.filter(Boolean).length)
      obstacle = "it reads values while it runs";
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
      known.get(value) ??
      (value.table === undefined
        ? { from: "constant", data: hostOf(value)!.slice() }
        : { from: "table", value });
    const resultOf = (value: Value): Result =>
      value.node === undefined ? { source: sourceOf(value) } : { output: program.outputs.indexOf(value) };
    return {
      program,
      sources: program.inputs.map(({ value }) => sourceOf(value)),
      draws,
      computed,
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
export function differenceOf(a: Recording, b: Recording): string | undefined {
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
  if (a.from === "table" && b.from === "table") return a.value === b.value;
  if (a.from !== "constant" || b.from !== "constant" || a.data.length !== b.data.length) return false;
  for (let i = 0; i < a.data.length; i++) if (!Object.is(a.data[i], b.data[i])) return false;
  return true;
}
