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

/** The share of the median within which the middle half of some times lies: 0 on a machine that nothing disturbs. */
export function spread(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  return (at(0.75) - at(0.25)) / median(sorted);
}

/** Above this {@link spread} of any participant, other work disturbed the case. */
export const DISTURBED = 0.1;

/** One line of results. */
export interface Row {
  readonly case: string;
  readonly engine: string;
  /** Median time of a step. */
  readonly ms: number;
  /** Median times of everything else that ran the case, by name. */
  readonly peers: Readonly<Record<string, number>>;
  /** Time of the best peer over ours: of the peers in `peers/` where any ran, of another engine where none did. */
  readonly ratio: number | null;
  /** Share of the machine's peak at which a step multiplies; null where nobody counted or no peak was measured. */
  readonly peak: number | null;
  /** The largest {@link spread} of anyone who ran the case. */
  readonly spread: number;
}

/** Times of one participant, one a repetition. */
export interface Times {
  readonly name: string;
  readonly kind: "engine" | "peer";
  readonly ms: readonly number[];
}

/** What one step takes, and what the machine gives. */
export interface Work {
  /** Floating-point operations of a step. */
  readonly flops: number | undefined;
  /** The most operations a millisecond that were seen. */
  readonly peak: number | undefined;
}

/** The rows of a case, one an engine. */
export function rowsOf(name: string, times: readonly Times[], { flops, peak }: Work): Row[] {
  const medians = times.map(({ name, kind, ms }) => ({ name, kind, ms: median(ms) }));
  const widest = Math.max(...times.map(({ ms }) => spread(ms)));
  return medians
    .filter(({ kind }) => kind === "engine")
    .map((ours) => {
      const others = medians.filter((other) => other !== ours);
      const frameworks = others.filter(({ kind }) => kind === "peer");
      const judges = frameworks.length > 0 ? frameworks : others;
      const best = Math.min(...judges.map(({ ms }) => ms));
      return {
        case: name,
        engine: ours.name,
        ms: ours.ms,
        peers: Object.fromEntries(others.map(({ name, ms }) => [name, ms])),
        ratio: judges.length > 0 ? best / ours.ms : null,
        peak: flops === undefined || peak === undefined ? null : flops / ours.ms / peak,
        spread: widest,
      };
    });
}
