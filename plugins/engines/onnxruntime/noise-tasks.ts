/**
 * The memory in which normal numbers are made, and how two threads share the work: tasks lie side by side, each thread
 * takes the next one that nobody has taken.
 *
 * @module
 */

/** Streams that a task advances side by side. */
export const LANES = 4;
/** Most numbers of each stream in a task, and most tasks at a time. */
export const CHUNK: number = 2 ** 17;
export const TASKS = 16;

type Part =
  | "done"
  | "from"
  | "to"
  | "listed"
  | "means"
  | "deviations"
  | "state"
  | "places"
  | "words"
  | "numbers";

/** Bytes of a task before its lists. */
const HEAD = 144;

/** Where a task's parts are, from its beginning, in bytes. */
export const PART: Readonly<Record<Part, number>> = {
  done: 0,
  /** Where the first number of each stream is, and where it would be after the last. */
  from: 4,
  to: 8,
  /** Where the list of numbers outside of the ziggurat's cores ended, had it begun where the task does. */
  listed: 12,
  /** Of each stream, as doubles. */
  means: 16,
  deviations: 48,
  /** Of the generators: a, b, c and the counter, a vector of streams each. */
  state: 80,
  /** Of the numbers outside: where they are in the first stream, and the words of all streams. */
  places: HEAD,
  words: HEAD + 4 * CHUNK,
  /** Those of the first stream, then those of the second, and so on. */
  numbers: HEAD + 4 * CHUNK * (1 + LANES),
};
const TASK = PART.numbers + 4 * CHUNK * LANES;

/** Control words, as places in an Int32Array: how often there was something to do, and tasks that nobody has taken. */
const CALLS = 0;
const LEFT = 1;
/** The ziggurat's tables, in bytes. */
export const TABLES = 64;
const FIRST_TASK = 2 ** 14;
/** WebAssembly pages of all of it: 75 MB of addresses, of which only what is used takes memory. */
export const PAGES: number = Math.ceil((FIRST_TASK + TASKS * TASK) / 2 ** 16);

/** Where a task begins, in bytes. */
export const taskAt = (task: number): number => FIRST_TASK + task * TASK;

/** Makes the numbers of the task that begins at an address. */
export type Run = (address: number) => void;

/** Offers so many tasks, whose parts are all in place. */
export function offer(control: Int32Array, tasks: number): void {
  for (let task = 0; task < tasks; task++) Atomics.store(control, (taskAt(task) + PART.done) / 4, 0);
  Atomics.store(control, LEFT, tasks);
  Atomics.add(control, CALLS, 1);
  Atomics.notify(control, CALLS);
}

/**
 * Does tasks until none are left.
 * @param finished what to do after each
 */
export function work(control: Int32Array, run: Run, finished: (task: number) => void): void {
  for (;;) {
    // counted down, so that a thread that comes late takes nothing of a later offer by the count of an earlier one
    const task = Atomics.sub(control, LEFT, 1) - 1;
    if (task < 0) return;
    run(taskAt(task));
    finished(task);
  }
}

/** Does tasks for another thread, for ever. */
export function serve(control: Int32Array, run: Run): never {
  for (;;) {
    const calls = Atomics.load(control, CALLS);
    work(control, run, (task) => {
      const done = (taskAt(task) + PART.done) / 4;
      Atomics.store(control, done, 1);
      Atomics.notify(control, done);
    });
    Atomics.wait(control, CALLS, calls);
  }
}

/** Waits until another thread has done a task that it took. */
export function waitFor(control: Int32Array, task: number): void {
  Atomics.wait(control, (taskAt(task) + PART.done) / 4, 0);
}
