/**
 * Runs kept in memory: gone with the process. For tests, and for hosts without a disk.
 *
 * @module
 */
import {
  checkRunId,
  checkRunPath,
  component,
  type HeldLease,
  InputError,
  keepLease,
  LEASE_MS,
  type Machine,
  parseKept,
  RUN_FILES,
  RunError,
  type RunEvent,
  RunExists,
  type RunGlance,
  type RunReader,
  type RunResult,
  type RunWriter,
  type Store,
  Stores,
  thisMachine,
} from "../../../core/mod.ts";

/** A run as it is kept: as text and bytes of its own, so that no reader can change what was written. */
interface MemoryRun {
  readonly scenario: string;
  readonly began: string;
  /** Tells it from any other, of other processes too. */
  readonly generation: string;
  readonly lines: string[];
  readonly files: Map<string, Uint8Array>;
  /** How many writers it has had. */
  epoch: number;
  /** The last one, until it closes the run. */
  holder?: { readonly since: string; renewed: number; readonly lease: number } | undefined;
}

/** The runs of a memory, for several stores to share. */
export type MemoryRuns = Map<string, MemoryRun>;

/** How a store in memory holds leases: tests alone need others than the defaults. */
export interface MemorySetting {
  readonly machine?: Machine;
  /** Milliseconds that a lease lasts unless it is renewed. */
  readonly lease?: number;
  /** What it keeps its runs in; a new place unless given. */
  readonly runs?: MemoryRuns;
}

/**
 * A new store, without runs, in memory: for tests, and for hosts without a disk. Ids are `<scenario>-<n>`, n from 1.
 * @example
 * ```ts
 * import { memoryStore } from "dsgan/stores";
 *
 * const store = memoryStore();
 * const writer = await store.create("demo");
 * await writer.write("artifacts/note.txt", "kept");
 * await writer.close();
 * console.log(await store.list()); // ["demo-1"]
 * ```
 */
export function memoryStore({
  machine = thisMachine,
  lease = LEASE_MS,
  runs = new Map(),
}: MemorySetting = {}): Store {
  const known = (id: string): MemoryRun => {
    const run = runs.get(id);
    if (run !== undefined) return run;
    throw new InputError(`no run ${JSON.stringify(id)} in memory; there are ${runs.size}`);
  };
  const take = (id: string, run: MemoryRun): RunWriter => {
    const holder = { since: new Date(machine.now()).toISOString(), renewed: performance.now(), lease };
    run.holder = holder;
    const epoch = ++run.epoch;
    const held = keepLease(id, { machine, lease }, async () => {
      if (run.epoch === GONE) return "gone";
      if (run.epoch !== epoch) return HERE;
      holder.renewed = performance.now();
      return undefined;
    });
    return writerOf(id, run, epoch, held);
  };
  return {
    name: "memory",
    async create(scenario, { id: given, began = new Date().toISOString() } = {}) {
      let n = runs.size + 1;
      while (runs.has(`${scenario}-${n}`)) n++;
      const id = checkRunId(given ?? `${scenario}-${n}`);
      if (runs.has(id)) throw new RunExists(id);
      const generation = `${new Date().toISOString()}-${runs.size}`;
      const run: MemoryRun = { scenario, began, generation, lines: [], files: new Map(), epoch: 0 };
      runs.set(id, run);
      return take(id, run);
    },
    async resume(id, { gone } = {}) {
      const run = known(id);
      if (isBlocked(run) && run.epoch !== gone) {
        throw new InputError(`run ${id} is being written by this process`);
      }
      return take(id, run);
    },
    async remove(id, { force = false } = {}) {
      const run = known(id);
      if (isBlocked(run) && !force) throw new InputError(`run ${id} is being written by this process`);
      runs.delete(id);
      run.epoch = GONE;
    },
    list: async () =>
      [...runs]
        .reverse()
        .sort(([, a], [, b]) => (a.began < b.began ? 1 : a.began > b.began ? -1 : 0))
        .map(([id]) => id),
    glance: async (id) => glanceOf(id, known(id)),
    open: async (id) => readerOf(id, known(id), machine),
  };
}

/** Instead of a number, in a run that was removed. */
const GONE = Number.POSITIVE_INFINITY;

/** The process that writes every run in memory. */
const HERE = { pid: 0, host: "this process" };

function isBlocked({ holder }: MemoryRun): boolean {
  return holder !== undefined && performance.now() - holder.renewed < holder.lease;
}

function writerOf(id: string, run: MemoryRun, epoch: number, held: HeldLease): RunWriter {
  const { lines, files } = run;
  let closed = false;
  const requireHeld = (): void => {
    if (run.epoch !== epoch) throw held.lose(run.epoch === GONE ? undefined : HERE);
  };
  const requireOpen = (): void => {
    if (closed) throw new RunError(`run ${id} is closed: nothing can be added to it`);
    requireHeld();
  };
  return {
    id,
    location: `memory:${id}`,
    epoch,
    lost: held.lost,
    async append(event) {
      requireOpen();
      lines.push(JSON.stringify(event));
    },
    async write(path, data) {
      if (checkRunPath(path) === RUN_FILES.events) throw new InputError(`${path} is written by append alone`);
      requireOpen();
      files.set(path, typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data));
    },
    async remove(path) {
      if (checkRunPath(path) === RUN_FILES.events) throw new InputError(`${path} is written by append alone`);
      requireOpen();
      files.delete(path);
    },
    async close() {
      if (closed) return;
      closed = true;
      held.end();
      requireHeld();
      run.holder = undefined;
    },
  };
}

/** Lines in a piece. */
const PIECE = 10_000;
/** Bytes in a piece of a file. */
const BYTES = 1 << 18;

const versions = new WeakMap<Uint8Array, string>();

/** Each writing makes bytes of its own: what tells them from all others. */
function versionOf(data: Uint8Array): string {
  const version = versions.get(data) ?? crypto.randomUUID();
  versions.set(data, version);
  return version;
}

function seqOf(line: string): number {
  return (JSON.parse(line) as RunEvent).seq;
}

/** The lines above a number, by bisection. */
function above(lines: readonly string[], since: number): readonly string[] {
  let low = 0;
  for (let high = lines.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (seqOf(lines[middle]!) > since) high = middle;
    else low = middle + 1;
  }
  return lines.slice(low);
}

function glanceOf(id: string, run: MemoryRun): RunGlance {
  const { scenario, began, files } = run;
  const isWritten = isBlocked(run);
  const result = resultOf(files);
  const text = files.get(RUN_FILES.scenario);
  const tags = text && (parseKept(new TextDecoder().decode(text)) as { tags?: unknown } | null)?.tags;
  return {
    run: id,
    scenario,
    status: isWritten ? "running" : (result?.status ?? "abandoned"),
    tags: Array.isArray(tags) ? tags.map(String) : [],
    began,
    ...(!isWritten && result && { seconds: result.seconds }),
  };
}

function resultOf(files: MemoryRun["files"]): RunResult | undefined {
  const data = files.get(RUN_FILES.result);
  return data && JSON.parse(new TextDecoder().decode(data));
}

function readerOf(id: string, run: MemoryRun, machine: Machine): RunReader {
  const { lines, files, generation } = run;
  const dataOf = (path: string): Uint8Array => {
    if (checkRunPath(path) === RUN_FILES.events) {
      return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    }
    const data = files.get(path);
    if (data === undefined) throw new InputError(`run ${id} has no file ${JSON.stringify(path)}`);
    return data;
  };
  return {
    id,
    location: `memory:${id}`,
    files: async (prefix) => [...files.keys()].filter((path) => path.startsWith(prefix)).sort(),
    async owner() {
      const { holder, epoch } = run;
      if (holder === undefined || !isBlocked(run)) return undefined;
      const left = holder.renewed + holder.lease - performance.now();
      const until = new Date(machine.now() + left).toISOString();
      return { ...HERE, isHere: false, epoch, since: holder.since, until };
    },
    async events(since = 0, limit = Infinity) {
      return above(lines, since)
        .slice(0, limit)
        .map((line) => JSON.parse(line));
    },
    async *lines(since = 0) {
      const rest = above(lines, since);
      for (let start = 0; start < rest.length; start += PIECE) {
        yield rest
          .slice(start, start + PIECE)
          .map((line) => `${line}\n`)
          .join("");
      }
    },
    async extent() {
      return { generation, last: lines.length === 0 ? 0 : seqOf(lines.at(-1)!) };
    },
    read: async (path) => dataOf(path).slice(),
    async file(path) {
      const data = dataOf(path);
      return {
        size: data.length,
        version: versionOf(data),
        async *pieces(start = 0, end = data.length) {
          for (let at = start; at < end; at += BYTES) yield data.slice(at, Math.min(at + BYTES, end));
        },
      };
    },
    result: async () => resultOf(files),
  };
}

/** Named `memory`. */
export default component(Stores, {
  name: "memory",
  summary: "Keeps runs in memory, gone with the process",
  create: () => memoryStore(),
});
