/**
 * The search for the least budget at which an attack succeeds, image by image.
 *
 * @module
 */

/** How the least budget at which an attack succeeds is looked for. */
export interface BudgetSearch {
  /** `bisection`: grow the budget by half until it does, then halve the bracket; `scan`: try budgets in rising order. */
  readonly by: "bisection" | "scan";
  /** Halvings of the bracket (and at most so many growths before), or budgets tried. */
  readonly steps: number;
  /** Budget to begin with, for `bisection`. */
  readonly start: number;
  /** Budget beyond which nothing is tried; a scan's budgets are spread evenly up to it. */
  readonly most: number;
}

/** How far a search has got. */
export interface SearchProgress {
  readonly done: number;
  readonly total: number;
}

/** A budget grows by this factor while it is too small. */
const GROWTH = 1.5;

/** Yields budgets to try next, `[n]`; takes a 1 for each that was enough. */
export type Budgets = Generator<SearchProgress & { readonly epsilon: Float32Array }, void, Uint8Array>;

/** The budgets that a search tries for n images. */
export function budgetsOf(search: BudgetSearch, n: number): Budgets {
  return search.by === "scan" ? scanning(n, search) : bisecting(n, search);
}

/** Each image's budget grows by half until it is enough, then its bracket is halved. */
function* bisecting(n: number, { steps, start, most }: BudgetSearch): Budgets {
  const enough = new Float32Array(n).fill(Number.POSITIVE_INFINITY);
  const short = new Float32Array(n);
  const total = 2 * steps;
  const note = (epsilon: Float32Array, success: Uint8Array): void =>
    success.forEach((good, i) => {
      if (good) enough[i] = Math.min(enough[i]!, epsilon[i]!);
      else short[i] = Math.max(short[i]!, epsilon[i]!);
    });
  let epsilon = new Float32Array(n).fill(Math.min(start, most));
  for (let i = 1; i <= steps; i++) {
    note(epsilon, yield { epsilon, done: i, total });
    const growing = (j: number): boolean => enough[j] === Number.POSITIVE_INFINITY && epsilon[j]! < most;
    if (!epsilon.some((_, j) => growing(j))) break;
    epsilon = epsilon.map((e, j) => (growing(j) ? Math.min(GROWTH * e, most) : e));
  }
  for (let i = 1; i <= steps && enough.some(Number.isFinite); i++) {
    epsilon = enough.map((high, j) => (Number.isFinite(high) ? (high + short[j]!) / 2 : most));
    note(epsilon, yield { epsilon, done: steps + i, total });
  }
}

/** The same rising budgets for all images, until each has had enough. */
function* scanning(n: number, { steps, most }: BudgetSearch): Budgets {
  const found = new Uint8Array(n);
  for (let i = 1; i <= steps && found.some((good) => good === 0); i++) {
    const epsilon = new Float32Array(n).fill((most * i) / steps);
    (yield { epsilon, done: i, total: steps }).forEach((good, j) => {
      found[j]! |= good;
    });
  }
}
