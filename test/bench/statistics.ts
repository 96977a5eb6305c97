/**
 * What the bench makes of its times.
 *
 * @module
 */

/** The middle of some numbers, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle) ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
}

/** One line of results. */
export interface Row {
  readonly case: string;
  readonly engine: string;
  /** Median time of a step. */
  readonly ms: number;
  /** Median times of everything else that ran the case, by name. */
  readonly peers: Readonly<Record<string, number>>;
  /** Time of the best peer over ours: of PyTorch where it ran, of another engine where it didn't. */
  readonly ratio: number | null;
}

/** Times of one participant, one a repetition. */
export interface Times {
  readonly name: string;
  readonly kind: "engine" | "pytorch";
  readonly ms: readonly number[];
}

/** The rows of a case, one an engine. */
export function rowsOf(name: string, times: readonly Times[]): Row[] {
  const medians = times.map(({ name, kind, ms }) => ({ name, kind, ms: median(ms) }));
  return medians
    .filter(({ kind }) => kind === "engine")
    .map((ours) => {
      const others = medians.filter((other) => other !== ours);
      const frameworks = others.filter(({ kind }) => kind === "pytorch");
      const judges = frameworks.length > 0 ? frameworks : others;
      const best = Math.min(...judges.map(({ ms }) => ms));
      return {
        case: name,
        engine: ours.name,
        ms: ours.ms,
        peers: Object.fromEntries(others.map(({ name, ms }) => [name, ms])),
        ratio: judges.length > 0 ? best / ours.ms : null,
      };
    });
}
