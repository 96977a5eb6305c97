/**
 * The loop that all iterative attacks share: a compiled step on tensors of one row an image, until every image is done.
 *
 * Images that are done keep their state, and once half of a batch is done, the others go on in a batch half as large:
 * batch sizes are powers of two below the first, so that few programs are compiled. Long loops have sizes in between.
 *
 * @module
 */
import {
  type AttackStep,
  type AttackTools,
  type Key,
  type StepTools,
  type TensorsOf,
  tf,
} from "../../../core/mod.ts";
import { choose, rowsOf } from "./rows.ts";

/** What a step says beside the next state. */
export interface Done {
  /** 1 or true where an image needs no more steps after this one, `[n]`; none is done where absent. */
  readonly done?: tf.Tensor | undefined;
}

/** The state after a step, of whatever ranks. */
type Next<S> = { readonly [K in keyof S]: tf.Tensor };

/** Numbers as a step sees them. */
type Scalars<N> = { readonly [K in keyof N]: tf.Tensor | Extract<N[K], undefined> };

/** A loop about to begin. Its tensors stay the caller's. */
export interface Loop<G, S, N> {
  /**
   * One iteration: from the given rows and the state to the next state, of the same names. An image that it says is done
   * keeps the state that this step gave it. Define it outside of `perturb`.
   */
  readonly step: AttackStep<NoInfer<G & S & Scalars<N>>, Next<NoInfer<S>> & Done>;
  /** Rows that stay as they are, `[n, …]` each. */
  readonly given: G;
  /** Rows that change, `[n, …]` each. */
  readonly state: S;
  /** 1 where an image needs no step at all, float32 `[n]`. */
  readonly done?: tf.Tensor | undefined;
  /** Iterations at most. */
  readonly steps: number;
  /** What differs from iteration to iteration (counted from 0) and is the same for all images: numbers and tensors. */
  readonly numbers?: (i: number) => N;
  /** Iteration i draws from `key.fold("step", i)`. */
  readonly key: Key;
}

/** Batches are not made smaller than this. */
const LEAST = 8;

/** Tensors of one row an image. */
type Rows = Readonly<Record<string, tf.Tensor>>;

/** Rows that have left the loop, and which images they are. */
interface Finished {
  readonly images: readonly number[];
  readonly rows: Rows;
}

/**
 * Runs the loop.
 * @param tools those of `perturb`; queries of images that are done are not counted
 * @returns the last state of each image, in the order in which they came; freed when `perturb` ends
 *
 * @example Ten steps along the signs of the slope
 * ```ts
 * import { type Attack, type StepTools, tf } from "dsgan";
 * import { ballOf, clip, iterate, lossOf, slopeOf, spread } from "dsgan/attacks";
 *
 * interface Climb { x: tf.Tensor; y: tf.Tensor1D; epsilon: tf.Tensor1D; at: tf.Tensor }
 *
 * function climb({ x, y, epsilon, at }: Climb, { classifier }: StepTools) {
 *   const loss = lossOf("cross-entropy", classifier, false);
 *   const { gradient } = slopeOf(classifier, at, (logits) => loss(logits, { y }));
 *   const moved = tf.add(at, tf.mul(tf.sign(gradient), tf.mul(0.2, spread(epsilon, at))));
 *   return { at: clip(tf.add(x, ballOf("linf").project(tf.sub(moved, x), epsilon)), classifier.bounds) };
 * }
 *
 * export const bim: Attack = {
 *   name: "bim",
 *   norm: "linf",
 *   kind: "within-budget",
 *   steps: 10,
 *   async perturb({ x, y, epsilon, steps, key }, tools) {
 *     const given = { x, y, epsilon };
 *     const end = await iterate(tools, { step: climb, given, state: { at: x }, steps, key });
 *     return end.at;
 *   },
 * };
 * ```
 */
export async function iterate<
  G extends TensorsOf<G>,
  S extends TensorsOf<S>,
  N extends { readonly [K in keyof N]: tf.Tensor | number | undefined } = object,
>(tools: AttackTools, loop: Loop<G, S, N>): Promise<Next<S>> {
  const { steps, key } = loop;
  const step = freezing(loop.step);
  const callers = present({ ...loop.given, ...loop.state, done: loop.done });
  const n = Object.values(present(loop.state))[0]!.shape[0]!;
  const free = (rows: Rows): void =>
    tf.dispose(Object.values(rows).filter((tensor) => !Object.values(callers).includes(tensor)));
  const pick = (rows: Rows, which: readonly number[]): Rows => tracked(tools, rowsOf(rows, which));

  const finished: Finished[] = [];
  let images = Array.from({ length: n }, (_, i) => i); // −1: a row that fills up the batch
  let given = present(loop.given);
  let state: Rows = { ...present(loop.state), done: loop.done ?? tools.track(tf.zeros([n])) };
  let current = tools;
  for (let i = 0; i < steps; i++) {
    const next = current.run(step, { ...given, ...state, ...loop.numbers?.(i) }, key.fold("step", i));
    free(state);
    state = next;
    const done = await state.done!.data();
    const going = images.map((_, row) => row).filter((row) => images[row]! >= 0 && !done[row]);
    if (going.length === 0) break;
    const size = sizeFor(going.length, n, steps - i - 1);
    if (size < images.length && i + 1 < steps) {
      const leaving = images.map((_, row) => row).filter((row) => images[row]! >= 0 && done[row]);
      finished.push({ images: leaving.map((row) => images[row]!), rows: pick(state, leaving) });
      const staying = Array.from({ length: size }, (_, j) => going[j] ?? going[0]!);
      const [lessGiven, lessState] = [pick(given, staying), pick(state, staying)];
      free(given);
      free(state);
      [given, state] = [lessGiven, lessState];
      current = tools.subset(
        going.map((row) => images[row]!),
        size,
      );
      images = staying.map((row, j) => (j < going.length ? images[row]! : -1));
    }
  }
  finished.push({ images, rows: state });
  const { done, ...last } = together(finished, n);
  done?.dispose();
  for (const { rows } of finished) free(rows);
  free(given);
  return tracked(tools, last) as Next<S>; // rows of the state, under its names
}

/** With so many iterations to go, compiling one more program takes less time than computing rows that nobody needs. */
const MANY = 1000;

/**
 * The batch size for so many images: a power of two, or the first one where that is no smaller.
 * @param steps iterations to go: with many, three quarters of a power of two are a size too
 */
export function sizeFor(images: number, first: number, steps = 0): number {
  const power = 2 ** Math.ceil(Math.log2(Math.max(images, LEAST)));
  const between = 0.75 * power;
  const size = steps >= MANY && between >= Math.max(images, LEAST) ? between : power;
  return size < first ? size : first;
}

/** Each step with what became of it: one for each, so that it is compiled once. */
const loops = new WeakMap<object, AttackStep<Rows, Rows>>();

/** The step, but images that are done keep their state. */
function freezing<I, O extends Done>(step: AttackStep<I, O>): AttackStep<Rows, Rows> {
  const known = loops.get(step);
  if (known !== undefined) return known;
  const named = {
    [step.name]: ({ done, ...inputs }: Rows, tools: StepTools): Rows => {
      const { done: stop, ...next } = present(step(inputs as I, tools));
      const state = Object.entries(next).map(([name, rows]) => [name, choose(done!, inputs[name]!, rows)]);
      const all = stop === undefined ? done! : tf.maximum(done!, tf.cast(stop, "float32"));
      return { ...Object.fromEntries(state), done: all };
    },
  };
  const loop = named[step.name]!;
  loops.set(step, loop);
  return loop;
}

/** Those that are there. */
function present(tensors: object): Rows {
  const all = Object.entries<tf.Tensor | undefined>({ ...tensors });
  return Object.fromEntries(all.flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tensor]])));
}

function tracked(tools: AttackTools, rows: Rows): Rows {
  for (const tensor of Object.values(rows)) tools.track(tensor);
  return rows;
}

/** All rows in the order of the images. */
function together(finished: readonly Finished[], n: number): Rows {
  const place = new Int32Array(n);
  finished
    .flatMap(({ images }) => images)
    .forEach((image, row) => {
      if (image >= 0) place[image] = row;
    });
  return tf.tidy(() => {
    const names = Object.keys(finished[0]!.rows);
    const joined = Object.fromEntries(
      names.map((name) => [name, tf.concat(finished.map(({ rows }) => rows[name]!))]),
    );
    return rowsOf(joined, place);
  });
}
