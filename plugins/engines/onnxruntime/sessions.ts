/**
 * Compiled programs, by structure, the least recently used forgotten first.
 *
 * @module
 */
import { encodeModel } from "./model.ts";
import { largestWork, modelOf, type Program, sameKey } from "./program.ts";
import type { Buffer, Runtime, Session } from "./runtime.ts";
import type { Data } from "./value.ts";

/** A program that can be run with any values of the same shapes. */
export interface Compiled {
  /** @param inputs in the program's order */
  run(inputs: readonly Data[], outputs: readonly Data[]): void;
  dispose(): void;
}

/** How many threads a program gets. */
export type Threads = number | "auto";

/** Below this many multiplications in its largest product a program is faster on one thread. */
const WORTH_THREADS = 2e6;

function compile(runtime: Runtime, program: Program, threads: Threads): Compiled {
  const { model, inputs, outputs } = modelOf(program);
  const auto = largestWork(program) >= WORTH_THREADS ? runtime.maxThreads : 1;
  const session: Session = runtime.compile(encodeModel(model), {
    threads: threads === "auto" ? auto : Math.min(threads, runtime.maxThreads),
  });
  const shapesIn = program.inputs.map(({ value, shape }) => ({ elem: value.elem, shape }));
  const shapesOut = program.outputs.map(({ elem, shape }) => ({ elem, shape }));
  return {
    run(dataIn, dataOut) {
      const feeds: Record<string, Buffer> = {};
      for (let i = 0; i < inputs.length; i++) {
        feeds[inputs[i]!] = { ...shapesIn[i]!, data: dataIn[i]! };
      }
      const fetches: Record<string, Buffer> = {};
      for (let i = 0; i < outputs.length; i++) fetches[outputs[i]!] = { ...shapesOut[i]!, data: dataOut[i]! };
      session.run(feeds, fetches);
    },
    dispose: () => session.dispose(),
  };
}

/** A bounded store of compiled programs. */
export interface Sessions {
  get(program: Program): Compiled;
  /** Programs compiled so far, forgotten ones included. */
  readonly compilations: number;
  readonly size: number;
  clear(): void;
}

interface Entry {
  readonly key: Int32Array;
  readonly compiled: Compiled;
  readonly nodes: number;
}

/** Most programs kept, and most nodes in all of them: a session's memory grows with its nodes. */
export interface Limits {
  readonly programs: number;
  readonly nodes: number;
}

/** A store without programs. */
export function newSessions(runtime: Runtime, threads: Threads, limits: Limits): Sessions {
  const entries = new Map<string, Entry>(); // in order of last use
  let compilations = 0;
  let nodes = 0;
  const forget = (name: string, entry: Entry): void => {
    entry.compiled.dispose();
    entries.delete(name);
    nodes -= entry.nodes;
  };
  return {
    get(program) {
      for (let probe = 0; ; probe++) {
        const name = `${program.hash}.${probe}`;
        const entry = entries.get(name);
        if (entry === undefined) {
          const compiled = compile(runtime, program, threads);
          compilations++;
          nodes += program.nodes.length;
          entries.set(name, { key: program.key, compiled, nodes: program.nodes.length });
          for (const [oldest, old] of entries) {
            if (entries.size <= 1 || (entries.size <= limits.programs && nodes <= limits.nodes)) break;
            forget(oldest, old);
          }
          return compiled;
        }
        if (!sameKey(entry.key, program.key)) continue;
        entries.delete(name);
        entries.set(name, entry);
        return entry.compiled;
      }
    },
    get compilations() {
      return compilations;
    },
    get size() {
      return entries.size;
    },
    clear() {
      for (const [name, entry] of entries) forget(name, entry);
    },
  };
}
