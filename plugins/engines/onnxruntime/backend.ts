/**
 * The TensorFlow.js backend: tensors are values or promises of values, and reading one runs what is pending.
 *
 * @module
 */
import {
  type DrawingBackend,
  type RandomNumbers,
  type ReplayingBackend,
  type RowTable,
  type Step,
  type StepBody,
  type TableBackend,
  tf,
} from "../../../core/mod.ts";
import { draw, NOISE_WORDS, WORTH_MAKING } from "./device-noise.ts";
import { apart, type Entry, fill, type Parts } from "./entry.ts";
import { type Execution, type ExecutionCounts, newExecution } from "./execution.ts";
import type { Elem } from "./model.ts";
import { type Program, programOf } from "./program.ts";
import { newRecorder, type Recorder } from "./recorder.ts";
import { recordedEnds } from "./residence.ts";
import type { Runtime } from "./runtime.ts";
import type { Limits, Threads } from "./sessions.ts";
import { gathered, newTables, type Tables } from "./tables.ts";
import {
  type Data,
  dtypeOf,
  elemOf,
  hostOf,
  isResident,
  newValue,
  type Rows,
  type Stored,
  sizeOf,
  type Value,
  type View,
} from "./value.ts";

/** The name under which tfjs knows this backend. */
export const BACKEND = "onnxruntime";

/** Pending nodes at which an outermost tidy's end runs them, and at which they are run in any case. */
const NODES = { soft: 500, hard: 20_000 };
/** Bytes uploaded since the last run at which what is pending is run. */
const UPLOADED = 2 ** 30;
/** Interned parts of structure at which all of it, and every session, is forgotten. */
const INTERNED = 200_000;

interface EngineState {
  readonly state: { readonly scopeStack: readonly { readonly id: number }[] };
}

interface MakesTensors {
  makeTensorFromTensorInfo(info: tf.TensorInfo, backend: tf.KernelBackend): tf.Tensor;
}

/** Counters, for tests and profiles. */
export interface BackendCounts extends ExecutionCounts {
  /** Nodes recorded and not yet run. */
  readonly pending: number;
}

/** What a step that is being recorded goes by. */
export interface StepSources {
  has(value: Value): boolean;
  /** To be called where its body, or a kernel of tfjs's own, reads one of them: what becomes of that cannot be recorded. */
  read(): void;
}

/** Makes a step of a backend replay its body. */
export type StepCompiler = <I extends string, O extends string>(
  backend: OnnxBackend,
  name: string,
  body: StepBody<I, O>,
) => Step<I, O>;

/** What an {@link OnnxBackend} is made with. */
export interface BackendSettings {
  readonly threads: Threads;
  /** Most programs kept, and most nodes in all of them. */
  readonly limits: Limits;
  readonly compiler: StepCompiler;
  /** Where large draws are made, if there is a device; here unless given. */
  readonly noise?: "device" | "host";
  /** Most bytes of tables that a device keeps; none unless given. */
  readonly tables?: number;
}

/** tfjs on ONNX Runtime. */
export class OnnxBackend extends tf.KernelBackend implements ReplayingBackend, DrawingBackend, TableBackend {
  readonly recorder: Recorder;
  readonly runtime: Runtime;
  readonly threads: Threads;
  readonly execution: Execution;
  /** While a step is recorded: what will hold other numbers at its next call. */
  sources: StepSources | undefined;
  readonly #compiler: StepCompiler;
  readonly #drawsThere: boolean;
  readonly #tables: Tables | undefined;
  readonly #entries: tf.DataStorage<Entry>;
  #released: Value[] = [];
  #uploaded = 0;
  #root = -1;

  constructor(runtime: Runtime, settings: BackendSettings) {
    const { threads, limits, compiler } = settings;
    super();
    this.recorder = newRecorder(runtime.dialect);
    this.runtime = runtime;
    this.threads = threads;
    this.#compiler = compiler;
    this.execution = newExecution(runtime, threads, limits);
    const release = (table: Value): void => {
      this.#release(table);
      if (this.recorder.pending.length === 0) this.flush();
    };
    this.#tables = runtime.device && newTables(runtime, runtime.device, settings.tables ?? 0, release);
    this.#drawsThere = settings.noise === "device" && runtime.device !== undefined;
    this.#entries = new tf.DataStorage(this, tf.engine());
  }

  get counts(): BackendCounts {
    return { ...this.execution.counts, pending: this.recorder.pending.length };
  }

  // Storage

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): object {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(
    dataId: object,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    if (dtype === "string") {
      this.#entries.set(dataId, { dtype, refCount, value: undefined, strings: values as Uint8Array[] });
    } else if (dtype === "complex64") {
      const [real, imag] = apart(values as Float32Array).map((part): tf.TensorInfo => {
        return { dataId: this.write(part, shape, "float32"), shape, dtype: "float32" };
      });
      const parts = { real: real!, imag: imag! };
      this.#entries.set(dataId, { dtype, refCount, value: undefined, parts });
    } else {
      const elem = elemOf(dtype);
      const data = this.execution.take({ elem, shape });
      fill(data, values);
      const value = newValue(elem, [...shape], { data, owned: true, holders: 1 });
      this.#uploaded += value.data!.byteLength;
      this.#entries.set(dataId, { dtype, refCount, value });
    }
  }

  override refCount(dataId: object): number {
    return this.#entries.has(dataId) ? this.#entries.get(dataId).refCount : 0;
  }

  override incRef(dataId: object): void {
    this.#entries.get(dataId).refCount++;
  }

  override numDataIds(): number {
    return this.#entries.numDataIds();
  }

  override disposeData(dataId: object, force = false): boolean {
    if (!this.#entries.has(dataId)) return true;
    const entry = this.#entries.get(dataId);
    entry.refCount--;
    if (!force && entry.refCount > 0) return false;
    if (entry.parts !== undefined) {
      this.disposeData(entry.parts.real.dataId); // another shape of the same numbers may share them
      this.disposeData(entry.parts.imag.dataId);
    }
    if (entry.value !== undefined) this.#release(entry.value);
    this.#entries.delete(dataId);
    return true;
  }

  #release(value: Value): void {
    if (--value.holders === 0 && (value.owned || value.device !== undefined)) this.#released.push(value);
  }

  override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
    return this.readSync(dataId);
  }

  override readSync(dataId: object): tf.backend_util.BackendValues {
    const { dtype, value, strings, parts } = this.#entries.get(dataId);
    if (strings !== undefined) return strings;
    if (parts !== undefined) {
      const [real, imag] = [parts.real, parts.imag].map((part) => this.readSync(part.dataId) as Float32Array);
      return tf.backend_util.mergeRealAndImagArrays(real!, imag!);
    }
    if (value!.node !== undefined) this.flush();
    const rows = value!.rows;
    if (this.sources?.has(rows?.indices ?? value!)) this.sources.read();
    if (rows !== undefined) return rows.here();
    const held = hostOf(value!);
    if (held === undefined) throw new Error("this tensor's values were lost when a run before it failed");
    value!.owned = false;
    if (value!.constant !== undefined) return held.slice() as Float32Array;
    const data = held as Float32Array | Int32Array | Uint8Array;
    // a tensor of type int32 may hold what was computed as bool, and the like
    return dtypeOf(value!.elem) === dtype
      ? data
      : (tf.util.toTypedArray(data, dtype as "float32") as Float32Array);
  }

  /** What `tf.memory()` says beside tfjs's own account: bytes on the device, under the name that tfjs's GPUs give them. */
  override memory(): { unreliable: boolean; numBytesInGPU?: number } {
    const { residentBytes } = this.counts;
    return { unreliable: false, ...(residentBytes !== undefined && { numBytesInGPU: residentBytes }) };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(f: () => void): Promise<{ kernelMs: number }> {
    this.flush();
    const start = performance.now();
    f();
    this.flush();
    return { kernelMs: performance.now() - start };
  }

  override dispose(): void {
    this.#tables?.dispose();
    this.execution.clear();
  }

  // Kernels

  /** To be called as each kernel starts: runs what is pending where that has become too much. */
  begin(kernel: string): void {
    const { pending } = this.recorder;
    const root = (tf.engine() as unknown as EngineState).state.scopeStack[0]?.id ?? -1;
    const scopeEnded = root !== this.#root;
    this.#root = root;
    if (
      pending.length >= NODES.hard ||
      this.#uploaded >= UPLOADED ||
      (scopeEnded && pending.length >= NODES.soft)
    ) {
      this.flush();
    }
    this.recorder.kernel = kernel;
  }

  /** What a tensor holds, under the tensor's shape. */
  view(info: tf.TensorInfo): View {
    const entry = this.#entries.get(info.dataId);
    const { dtype } = entry;
    if (entry.value === undefined) throw new Error(`a tensor of type ${dtype} has no ONNX form`);
    if (entry.value.rows !== undefined) {
      entry.value = gathered(this.recorder, entry.value.rows, info.shape).value;
      entry.value.holders++;
    }
    const { value } = entry;
    const view = { value, shape: info.shape };
    return info.dtype === dtype ? view : this.recorder.cast(view, elemOf(info.dtype));
  }

  /** What a tensor is rows of, where no kernel has asked for it yet. */
  rowsBehind({ dataId }: tf.TensorInfo): Rows | undefined {
    return this.#entries.get(dataId).value?.rows;
  }

  /** What is fed to a program for an input of a step: its elements, or which rows it is. */
  fed(x: tf.TensorInfo): Value {
    return this.rowsBehind(x)?.indices ?? this.view(x).value;
  }

  /** A tensor that holds what was recorded. */
  tensor(view: View): tf.TensorInfo {
    const dataId = {};
    const dtype = dtypeOf(view.value.elem);
    view.value.holders++;
    this.#entries.set(dataId, { dtype, refCount: 1, value: view.value });
    return { dataId, shape: [...view.shape], dtype };
  }

  /** A complex tensor of two parts, which it takes over. */
  complex(real: tf.TensorInfo, imag: tf.TensorInfo): tf.TensorInfo {
    const dataId = {};
    this.#entries.set(dataId, { dtype: "complex64", refCount: 1, value: undefined, parts: { real, imag } });
    return { dataId, shape: real.shape, dtype: "complex64" };
  }

  /** The parts of a complex tensor. */
  partsOf(info: tf.TensorInfo): Parts {
    return this.#entries.get(info.dataId).parts!;
  }

  /** Numbers that are known already, whenever what is recorded runs. */
  known(view: View): Data | undefined {
    return this.sources?.has(view.value) ? undefined : view.value.data;
  }

  /** A tensor that holds elements which are this engine's own. */
  holding(stored: Stored, elem: Elem, shape: number[]): tf.TensorInfo {
    const place = isResident(stored) ? { device: stored } : { data: stored };
    return this.tensor({ value: newValue(elem, shape, { ...place, owned: true }), shape });
  }

  /** A tensor that tfjs knows, of one that this backend has made. */
  finished(info: tf.TensorInfo): tf.Tensor {
    return (tf.engine() as unknown as MakesTensors).makeTensorFromTensorInfo(info, this);
  }

  /** Puts new elements, which are this engine's own, in place of a variable's. */
  assign(variable: tf.Variable, stored: Stored): void {
    const entry = this.#entries.get(variable.dataId);
    const old = entry.value!;
    const place = isResident(stored) ? { device: stored } : { data: stored };
    const fresh = newValue(old.elem, old.shape, { ...place, owned: true, holders: 1 });
    if (entry.refCount > 1) {
      // a clone shares the data id, and keeps the old values
      const dataId = {};
      this.#entries.set(dataId, { dtype: entry.dtype, refCount: 1, value: fresh });
      const info = { dataId, shape: variable.shape, dtype: variable.dtype };
      const tensor = this.finished(info);
      variable.assign(tensor);
      tensor.dispose();
      return;
    }
    entry.value = fresh;
    this.#release(old);
  }

  /** Gives a tensor its numbers, which are computed, in a value of which nothing else is known. */
  part({ dataId }: tf.TensorInfo): Value {
    const entry = this.#entries.get(dataId);
    const old = entry.value!;
    entry.value = newValue(old.elem, old.shape, { data: hostOf(old)!.slice(), owned: true, holders: 1 });
    this.#release(old);
    return entry.value;
  }

  /** Whether a tensor beside a variable has what the variable holds. */
  isShared(variable: tf.Variable): boolean {
    const { refCount, value } = this.#entries.get(variable.dataId);
    return refCount > 1 || value!.holders > 1;
  }

  compileStep<I extends string, O extends string>(name: string, body: StepBody<I, O>): Step<I, O> {
    return this.#compiler(this, name, body);
  }

  wordsFor({ shape }: RandomNumbers): number {
    const { recorder, runtime } = this;
    // a file that is recorded for any runtime has no nodes of ours
    const isThere = this.#drawsThere && recorder.dialect === runtime.dialect;
    return isThere && sizeOf(shape) >= WORTH_MAKING ? NOISE_WORDS : 0;
  }

  draw(words: tf.Tensor, numbers: RandomNumbers): tf.Tensor {
    this.begin("random numbers");
    return this.finished(this.tensor(draw(this.recorder, this.view(words), numbers)));
  }

  rowsOf(table: RowTable, rows: Int32Array): tf.Tensor | undefined {
    const value = this.#tables?.rowsOf(table, rows);
    return value && this.finished(this.tensor({ value, shape: value.shape }));
  }

  // Running

  /** Runs everything that is pending and alive. */
  flush(): void {
    const { recorder } = this;
    const { pending, interned } = recorder;
    if (pending.length > 0) {
      const program = programOf(pending, (value) => value.holders > 0, interned);
      try {
        if (program.nodes.length > 0) this.#run(program);
      } finally {
        for (const node of pending) for (const out of node.outputs) out.node = undefined;
        pending.length = 0;
      }
    }
    this.#uploaded = 0;
    for (const value of this.#released) if (value.holders === 0) this.execution.recycle(value);
    this.#released = [];
    if (interned.size > INTERNED) {
      interned.clear();
      this.execution.forget();
    }
  }

  /** Runs what one value needs, and leaves the rest pending. */
  evaluate(value: Value): void {
    if (value.node === undefined) return;
    const { pending, interned } = this.recorder;
    this.#run(programOf(pending, (other) => other === value, interned));
    value.node = undefined;
  }

  #run(program: Program): void {
    const inputs = program.inputs.map(({ value }) => this.execution.stored(value));
    const made = this.execution.compute(program, inputs, this.runtime.device && recordedEnds(program));
    program.outputs.forEach((value, i) => {
      const stored = made[i]!;
      if (isResident(stored)) value.device = stored;
      else value.data = stored;
      value.owned = true;
    });
  }
}
