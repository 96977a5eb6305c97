/**
 * Running programs: each is compiled once, and what it computes goes into buffers that are used again.
 *
 * @module
 */
import { messageOf } from "../../../core/mod.ts";
import { canReside } from "./device.ts";
import type { Program } from "./program.ts";
import type { DeviceCounts, Runtime } from "./runtime.ts";
import { type Compiled, type Limits, newSessions, type Threads } from "./sessions.ts";
import { allocate, type Data, type Stored, sizeOf, type Value } from "./value.ts";
import type { Ends } from "./vectors.ts";

/** Bytes of idle buffers kept for the next run. */
const IDLE = 2 ** 28;

/** Bytes from which a value is kept on the device once it has been fed twice. */
const WORTH_KEEPING = 1024;

/** Counters, for tests and profiles. */
export interface ExecutionCounts extends Partial<DeviceCounts> {
  readonly compilations: number;
  readonly sessions: number;
  readonly runs: number;
  /** Bytes of buffers kept for the next run. */
  readonly idleBytes: number;
}

/** Runs programs on one runtime. */
export interface Execution {
  readonly counts: ExecutionCounts;
  /**
   * Runs a program on values for its inputs, and returns those of its outputs.
   * @param ends where they come from and go; all of them here unless given
   */
  compute(program: Program, inputs: readonly Stored[], ends?: Ends): Stored[];
  /** A value's elements where a run wants them: on the device if they lie there, or have been taken there before. */
  stored(value: Value): Stored;
  /** A value's elements on the device, brought there now if need be; where there is none, or not for such, here. */
  resident(value: Value): Stored;
  /** Forgets a large program that its owner is done with. */
  release(program: Program): void;
  /** A buffer for a value to be computed into. */
  take(value: Pick<Value, "elem" | "shape">): Data;
  /** Gives a buffer back that nobody else has seen. */
  recycle(value: Value): void;
  /** Forgets the compiled programs. */
  forget(): void;
  /** Forgets them and the buffers. */
  clear(): void;
}

/** A new execution, with nothing compiled. */
export function newExecution(runtime: Runtime, threads: Threads, limits: Limits): Execution {
  const sessions = newSessions(runtime, threads, limits);
  const idle = new Map<string, Data[]>();
  let idleBytes = 0;
  let runs = 0;

  const { device } = runtime;

  const resident = (value: Value): Stored => {
    if (device === undefined || !canReside(value.elem)) return value.data!;
    value.device ??= device.upload(value.data!, value.elem, value.shape);
    return value.device;
  };

  const take = ({ elem, shape }: Pick<Value, "elem" | "shape">): Data => {
    const size = sizeOf(shape);
    const buffer = idle.get(`${elem}:${size}`)?.pop();
    if (buffer === undefined) return allocate(elem, size);
    idleBytes -= buffer.byteLength;
    return buffer;
  };

  return {
    get counts() {
      const { size } = sessions;
      return { compilations: sessions.compilations, sessions: size, runs, idleBytes, ...device?.counts };
    },
    compute(program, inputs, ends) {
      if (program.nodes.length === 0) return []; // all that a step gives back was given to it
      let compiled: Compiled;
      try {
        compiled = sessions.get(program, ends);
      } catch (error) {
        throw failure("compile", error, program);
      }
      try {
        const made = compiled.run(
          inputs,
          program.outputs.map((value, i) => (ends?.kept[i] ? undefined : take(value))),
        );
        runs++;
        return made;
      } catch (error) {
        throw device?.broken() ?? failure("run", error, program);
      }
    },
    stored(value) {
      if (value.device !== undefined || device === undefined) return value.device ?? value.data!;
      value.fed++;
      const isKept = value.fed > 1 && value.holders > 0; // what nobody holds, nobody frees
      return isKept && value.data!.byteLength >= WORTH_KEEPING ? resident(value) : value.data!;
    },
    resident,
    take,
    recycle(value) {
      value.device?.dispose();
      value.device = undefined;
      const { data, elem } = value;
      value.data = undefined;
      if (!value.owned || data === undefined || idleBytes + data.byteLength > IDLE) return;
      const key = `${elem}:${data.length}`;
      const same = idle.get(key);
      if (same === undefined) idle.set(key, [data]);
      else same.push(data);
      idleBytes += data.byteLength;
    },
    release: (program) => sessions.release(program),
    forget: () => sessions.clear(),
    clear() {
      sessions.clear();
      idle.clear();
      idleBytes = 0;
    },
  };
}

/** Says which tfjs kernel it was, on what shapes, and what ONNX Runtime has to say. */
function failure(what: "compile" | "run", error: unknown, { nodes }: Program): Error {
  const message = messageOf(error);
  const named = /[Nn]ame: ?'([^']+)'|Node \(([^)]+\)[^)]*)\)|node: ?'?(\w+ \(\d+\)[^']*)/.exec(message);
  const where = named?.[1] ?? named?.[2] ?? named?.[3];
  const kernels = where ?? [...new Set(nodes.map(({ kernel }) => kernel))].slice(0, 12).join(", ");
  return new Error(`onnxruntime could not ${what} the tfjs kernel ${kernels}: ${message}`, { cause: error });
}
