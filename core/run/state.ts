/**
 * The state of a run: everything that determines its future. It is written to checkpoints, from which a run resumes
 * with the same results. An application declares what it keeps as it goes; nothing else is asked of it.
 *
 * A resumed run calls its application from the top. Stages that had finished ({@link RunState.once}) are skipped. The
 * unfinished one starts again with its cells and variables as the checkpoint has them, and its loops continue from the
 * counters among them. Events that the application yields before it reaches the checkpoint were yielded before, and
 * are dropped.
 *
 * @module
 */

import type { Network, NetworkPlan, NetworkPorts, NetworkRecord } from "../model/network.ts";
import { originOf } from "../plugin/context.ts";
import { RunError } from "../plugin/errors.ts";
import type { Key } from "../tensor/key.ts";
import type { StoredTensor } from "../tensor/safetensors.ts";
import * as tf from "../tensor/tf.ts";
import type { ApplicationEvent } from "./event.ts";

/** What can be kept beside tensors: finite numbers, text, lists and records of them. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/** A value that determines the future. Setting it is keeping it. */
export interface Cell<T> {
  value: T;
}

/** What a run has done so far and goes on from. Names are unique among all that is kept at the same time. */
export interface RunState {
  /**
   * Builds a network and keeps its parameters and state, with what it takes to build it again: those kept at the root
   * can be exported, sampled and attacked once the run has ended. A data-dependent initialisation belongs in a
   * {@link once}, so that it does not overwrite what was restored.
   */
  network<N extends Network>(name: string, plan: NetworkPlan<N>, ports: NetworkPorts, key: Key): N;
  /**
   * Keeps variables; where the run is taken up again they take at once the values they had.
   * @throws RunError where what was kept is of another shape: the plugin is no longer the one that wrote it
   */
  keep(name: string, variables: ReadonlyMap<string, tf.Variable>): void;
  /**
   * Keeps a variable whose value no longer changes, such as results so far: checkpoints write it once, and not again in
   * each. It may be kept within a loop, if a run that is taken up again keeps all that it had before the loop's first
   * {@link settle}: their number belongs in a cell.
   * @throws RunError as {@link keep} does
   */
  keepFinal(name: string, variable: tf.Variable): void;
  /** Keeps a value: a step counter, a history, results so far. */
  cell<T extends Json>(name: string, initial: T): Cell<T>;
  /** A part of the state with names of its own. */
  scope(name: string): RunState;
  /**
   * A stage: runs `body` unless an earlier session has finished it, and returns what it returned. What the body keeps
   * in the state that it is given is dropped once it is done.
   */
  once<T extends Json | undefined>(
    name: string,
    body: (state: RunState) => AsyncGenerator<ApplicationEvent, T>,
  ): AsyncGenerator<ApplicationEvent, T>;
  /**
   * A moment between two steps at which all that is kept agrees with all that was yielded. A checkpoint is written
   * here where one is due.
   * @throws the reason of the run's signal where that is aborted, a checkpoint written first
   */
  settle(): Promise<void>;
}

/** All of a state but its tensors. */
export interface StateRecord {
  /** The moment at which it was taken. */
  readonly moment: string;
  readonly cells: Readonly<Record<string, Json>>;
  /** What finished stages returned. */
  readonly stages: Readonly<Record<string, Json>>;
  readonly networks: Readonly<Record<string, NetworkRecord>>;
}

/** A state as it can be written down. */
export interface Snapshot {
  readonly record: StateRecord;
  /** By full name, `<scope>/<name>/<variable>`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Those that no longer change, by full name, `<scope>/<name>`. */
  readonly final: ReadonlyMap<string, FinalTensor>;
}

/** A tensor that no longer changes: its value, its file, or both. */
export interface FinalTensor {
  /** Absent where a file of an earlier checkpoint has it. */
  value?: StoredTensor | undefined;
  /** Set by what writes the checkpoint: the file that has the value from now on. */
  file?: string | undefined;
}

/** What the keeper of a state decides. */
export interface StateOptions {
  /** Where to go on from. */
  readonly from?: Snapshot | undefined;
  readonly signal: AbortSignal;
  /** Asked at each moment: is it time for a checkpoint? */
  due(): boolean;
  /** Writes a checkpoint. */
  save(snapshot: Snapshot): Promise<void>;
  /** Awaited at each moment: gives timers, signals and sockets their turn. */
  pause(): Promise<void> | undefined;
}

/** A state and how far it has caught up with the one it goes on from. */
export interface KeptState {
  readonly root: RunState;
  /** Whether the application stands where it stood, or has gone on from there. */
  readonly caughtUp: () => boolean;
  /** Whether the application has come to any moment at which it can be stopped. */
  readonly used: () => boolean;
}

/** What a stage's body returns. */
type ReturnedBy<B> = B extends (state: RunState) => AsyncGenerator<ApplicationEvent, infer T> ? T : never;

/** Opens the state of a run. */
export function openState({ from, signal, due, save, pause }: StateOptions): KeptState {
  const variables = new Map<string, tf.Variable>();
  const final = new Map<string, { readonly variable: tf.Variable; readonly kept: FinalTensor }>();
  const cells = new Map<string, { value: Json }>();
  const stages = new Map<string, Json>(Object.entries(from?.record.stages ?? {}));
  const networks = new Map<string, NetworkRecord>();
  let behind = from !== undefined;
  let used = behind;

  const claim = (name: string): void => {
    if (cells.has(name) || variables.has(name) || final.has(name))
      throw new Error(`"${name}" is kept already; choose another name`);
  };
  /** What the name had; while the run catches up, it must have had something. */
  const restored = <T>(found: T | undefined, name: string): T | undefined => {
    if (behind && found === undefined) {
      throw new RunError(
        `the checkpoint has nothing of "${name}": the application or a plugin has changed since. Start the run anew`,
      );
    }
    return behind ? found : undefined;
  };

  const take = async (moment: string): Promise<void> => {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, variable] of variables) tensors.set(name, await read(variable));
    const unwritten = [...final.values()].filter(({ kept }) => kept.file === undefined);
    for (const { variable, kept } of unwritten) kept.value = await read(variable);
    const values = new Map([...cells].map(([name, cell]) => [name, cell.value]));
    requireFinite(values);
    requireFinite(stages);
    const record = {
      moment,
      cells: Object.fromEntries(values),
      stages: Object.fromEntries(stages),
      networks: Object.fromEntries(networks),
    };
    await save({ record, tensors, final: new Map([...final].map(([name, { kept }]) => [name, kept])) });
    for (const { kept } of unwritten) kept.value = undefined;
  };

  /** @throws RunError where the application has not kept by now what it had kept then */
  const catchUp = (): void => {
    const missed =
      [...from!.tensors.keys()].find((name) => !variables.has(name)) ??
      [...from!.final.keys()].find((name) => !final.has(name)) ??
      Object.keys(from!.record.cells).find((name) => !cells.has(name));
    if (missed !== undefined) {
      throw new RunError(
        `"${missed}" is in the checkpoint, but was not kept again before the moment at which it was taken: ` +
          `keep what a loop changes before the loop, not within it. Start the run anew`,
      );
    }
    behind = false;
  };

  /** The application stands at a moment of this name. */
  const at = async (moment: string, must: boolean): Promise<void> => {
    used = true;
    await pause();
    if (behind) {
      if (from!.record.moment === moment) catchUp();
      signal.throwIfAborted();
      return;
    }
    if (must || signal.aborted || due()) await take(moment);
    signal.throwIfAborted();
  };

  const scoped = (prefix: string): RunState => {
    const full = (name: string): string => `${prefix}${name}`;
    const keep = (name: string, given: ReadonlyMap<string, tf.Variable>): void => {
      for (const [part, variable] of given) {
        const key = `${full(name)}/${part}`;
        claim(key);
        const had = restored(from?.tensors.get(key), key);
        if (had !== undefined) assign(variable, had, key);
        variables.set(key, variable);
      }
    };
    return {
      keep,
      keepFinal(name, variable) {
        const key = full(name);
        claim(key);
        const had = restored(from?.final.get(key), key);
        if (had?.value !== undefined) assign(variable, had.value, key);
        final.set(key, { variable, kept: { file: had?.file } });
      },
      network(name, plan, ports, key) {
        const network = plan.build(ports, key);
        keep(name, network.parameters);
        keep(name, network.state);
        const ref = originOf(plan);
        networks.set(full(name), { ports, ...(ref && { plan: ref }) });
        return network;
      },
      cell<T extends Json>(name: string, initial: T): Cell<T> {
        const key = full(name);
        claim(key);
        const had = restored(ownOf(from?.record.cells, key), key);
        const cell = { value: had === undefined ? initial : had }; // null is a value
        cells.set(key, cell);
        return cell as Cell<T>;
      },
      scope: (name) => scoped(`${full(name)}/`),
      async *once(name, body) {
        const key = full(name);
        const done = `after ${key}`;
        if (stages.has(key)) {
          if (behind) await at(done, false);
          return stages.get(key) as ReturnedBy<typeof body>;
        }
        const other = [...variables.keys(), ...final.keys(), ...cells.keys()].find((name) =>
          name.startsWith(`${key}/`),
        );
        if (other !== undefined) {
          throw new Error(
            `stage "${key}" would forget "${other}", which is not its own; choose another name`,
          );
        }
        const value = yield* body(scoped(`${key}/`));
        for (const kept of [variables, final, cells, networks, stages]) {
          for (const inner of kept.keys()) if (inner.startsWith(`${key}/`)) kept.delete(inner);
        }
        stages.set(key, value ?? null);
        await at(done, prefix === "");
        return value;
      },
      settle: () => at(`in ${prefix}`, false),
    };
  };
  return { root: scoped(""), caughtUp: () => !behind, used: () => used };
}

/** A record's own value of a name: undefined where it has none. */
function ownOf<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** @throws RunError where a number is not one that JSON has, and would come back as null */
function requireFinite(values: ReadonlyMap<string, Json>): void {
  for (const [name, value] of values) {
    JSON.stringify(value, (_key, inner: unknown) => {
      if (typeof inner !== "number" || Number.isFinite(inner)) return inner;
      throw new RunError(`"${name}" holds ${inner}, which a checkpoint cannot keep: only finite numbers`);
    });
  }
}

async function read(variable: tf.Variable): Promise<StoredTensor> {
  const values = (await variable.data()) as StoredTensor["values"];
  return { dtype: variable.dtype as StoredTensor["dtype"], shape: variable.shape, values: values.slice() };
}

/**
 * Gives a variable stored values.
 * @param name of the variable, for messages
 * @throws RunError where shape or type differ
 */
export function assign(variable: tf.Variable, { dtype, shape, values }: StoredTensor, name: string): void {
  if (dtype !== variable.dtype || String(shape) !== String(variable.shape)) {
    throw new RunError(
      `the checkpoint has "${name}" as ${dtype} [${shape}], but the run now makes it ${variable.dtype} ` +
        `[${variable.shape}]: the application or a plugin has changed since. Start the run anew`,
    );
  }
  tf.tidy(() => variable.assign(tf.tensor(values, [...shape], dtype)));
}

/**
 * A state that is kept nowhere: for programs that train without a run around them.
 * @param signal what {@link RunState.settle} heeds
 */
export function transientState(signal: AbortSignal = new AbortController().signal): RunState {
  return openState({ signal, due: () => false, save: async () => {}, pause: () => undefined }).root;
}
