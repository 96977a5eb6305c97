/**
 * The numbers that a step draws: normal ones four keys at a time (`normals.ts`) and, where there are many, by two threads.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { type Draw, type Key, ziggurat } from "../../../core/mod.ts";
import * as tasks from "./noise-tasks.ts";
import { normalsModule, writeTables } from "./normals.ts";

/** An array to be filled from a key. */
export interface Filling {
  readonly draw: Draw;
  readonly key: Key;
  readonly out: Float32Array;
}

const { CHUNK, LANES, PART, TASKS, taskAt } = tasks;

/** From so many numbers on a second thread is started: it takes 10 MB, and waking it 50 µs. */
const WORTH_A_THREAD = 2 ** 18;

/** What makes numbers: a memory, and whether a second thread works on it too. */
interface Maker {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: Int32Array;
  readonly run: tasks.Run;
  helped: boolean;
}

let maker: Maker | undefined;

function started(): Maker {
  const shared = typeof SharedArrayBuffer !== "undefined";
  const module = new WebAssembly.Module(normalsModule(shared));
  const memory = new WebAssembly.Memory({ initial: tasks.PAGES, maximum: tasks.PAGES, shared });
  writeTables(memory.buffer);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const control = new Int32Array(memory.buffer);
  return { module, memory, control, run: exports.run as tasks.Run, helped: !shared };
}

/** Starts the second thread: it helps from when it is there, and where it can't be started nothing is different. */
function getHelp(maker: Maker): void {
  maker.helped = true;
  try {
    const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const { module, memory } = maker;
    const thread = new Worker(new URL(`./noise-thread.${ending}`, import.meta.url), {
      workerData: { module, memory },
      execArgv: [],
    });
    thread.on("error", () => {});
    thread.unref();
  } catch {
    // one thread it is
  }
}

/** Normal draws side by side, one a stream, the longest first, and how far they have come. */
interface Group {
  readonly fillings: readonly Filling[];
  readonly streams: readonly ReturnType<Key["normalStream"]>[];
  readonly length: number;
  made: number;
}

/** A piece of a group, in the memory. */
interface Piece {
  readonly group: Group;
  readonly size: number;
}

/** Fills groups, a piece of each at a time. */
function fillGroups(groups: readonly Group[], threads: number): void {
  maker ??= started();
  const { control, run } = maker;
  const all = groups.reduce((sum, { length }) => sum + LANES * length, 0);
  if (!maker.helped && threads > 1 && all >= WORTH_A_THREAD) getHelp(maker);
  for (let rest = groups; rest.length > 0; rest = rest.filter(({ made, length }) => made < length)) {
    const pieces = rest.slice(0, TASKS).map((group) => ({
      group,
      size: Math.min(CHUNK, group.length - group.made),
    }));
    pieces.forEach(({ group, size }, task) => void lay(maker!, group, size, task));
    const others = new Set(pieces.keys());
    tasks.offer(control, pieces.length);
    tasks.work(control, run, (task) => {
      others.delete(task);
      take(maker!, pieces[task]!, task);
    });
    for (const task of others) {
      tasks.waitFor(control, task);
      take(maker, pieces[task]!, task);
    }
  }
}

/** Writes what a task needs to begin. */
function lay({ memory: { buffer } }: Maker, { fillings, streams }: Group, size: number, task: number): void {
  const at = taskAt(task);
  const numbers = at + PART.numbers;
  new Int32Array(buffer, at + PART.from, 2).set([numbers, numbers + 4 * size]);
  const means = new Float64Array(buffer, at + PART.means, LANES);
  const deviations = new Float64Array(buffer, at + PART.deviations, LANES);
  const state = new Int32Array(buffer, at + PART.state, 4 * LANES);
  fillings.forEach(({ draw }, lane) => {
    [means[lane], deviations[lane]] = draw.normal!;
    for (let j = 0; j < 4; j++) state[LANES * j + lane] = streams[lane]!.state[j]!;
  });
}

/** Takes what a task made: its numbers, those outside of the cores in their place, and its state. */
function take({ memory: { buffer } }: Maker, { group, size }: Piece, task: number): void {
  const at = taskAt(task);
  const { fillings, streams, made } = group;
  const listed = (new Int32Array(buffer, at + PART.listed, 1)[0]! - at) / 4;
  const places = new Int32Array(buffer, at + PART.places, listed);
  const words = new Int32Array(buffer, at + PART.words, LANES * listed);
  const state = new Int32Array(buffer, at + PART.state, 4 * LANES);
  fillings.forEach(({ draw, out }, lane) => {
    const own = Math.min(size, out.length - made);
    if (own <= 0) return;
    const numbers = at + PART.numbers;
    out.set(new Float32Array(buffer, numbers + 4 * CHUNK * lane, own), made);
    const [mean, deviation] = draw.normal!;
    const stream = streams[lane]!;
    for (let j = 0; j < listed; j++) {
      const i = (places[j]! - numbers) / 4;
      if (i >= own) break;
      const word = words[LANES * j + lane]!;
      const place = word >> 9;
      if ((place ^ (place >> 31)) < ziggurat.limits[word & (ziggurat.layers - 1)]!) continue;
      out[made + i] = mean + deviation * ziggurat.outside(word, stream.more);
    }
    for (let j = 0; j < 4; j++) stream.state[j] = state[LANES * j + lane]!;
  });
  group.made += size;
}

/** Share of a group's work that is wanted, from which on it is done side by side rather than draw by draw. */
const WORTH_A_GROUP = 0.5;

/**
 * Fills arrays with what their draws give from their keys, normal numbers four draws at a time, the longest first.
 * @param threads how many may be used: more than two are not
 */
export function fillAll(fillings: readonly Filling[], threads: number): void {
  const normal = fillings.filter(({ draw }) => draw.normal !== undefined);
  const others = fillings.filter(({ draw }) => draw.normal === undefined);
  normal.sort((a, b) => b.out.length - a.out.length);
  const groups: Group[] = [];
  for (let i = 0; i < normal.length; i += LANES) {
    const some = normal.slice(i, i + LANES);
    const { length } = some[0]!.out;
    const wanted = some.reduce((n, { out }) => n + out.length, 0);
    if (wanted > WORTH_A_GROUP * LANES * length) {
      groups.push({ fillings: some, streams: some.map(({ key }) => key.normalStream()), length, made: 0 });
    } else others.push(...some);
  }
  if (groups.length > 0) fillGroups(groups, threads);
  for (const { draw, key, out } of others) draw.fill!(key, out);
}
