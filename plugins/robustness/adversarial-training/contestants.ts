/**
 * Who is compared: the method of the paper for each r and w, its two baselines, and those that it should be held
 * against.
 *
 * @module
 */

/** What a classifier learns from beside, or in place of, the data as they are. */
export const RIVALS = ["continued", "noisy", "control", "combined", "madry"] as const;
export type Rival = (typeof RIVALS)[number];

/** What stage 3 trains. */
export const KINDS = ["ours", "continued", "noisy", "control", "combined", "madry"] as const;
export type Kind = (typeof KINDS)[number];

/** A classifier to be compared: stage 1's, or that fine-tuned further. Its name is a line in the pictures. */
export interface Contestant {
  readonly name: string;
  readonly kind: "baseline" | Kind;
  /** Half the width of its uniform noise, or what its adversary may change a pixel by. */
  readonly r?: number;
  /** w of Eq. (9); absent where there is no entropy term. */
  readonly w?: number;
  /** What its labelled rows are: as they are, with noise of range r, or attacked within r. */
  readonly labelled: "clean" | "noisy" | "attacked";
  /** Whose entropy is lowered: that of generated rows, of data with noise of range r, or of none. */
  readonly unlabelled: "generated" | "noisy" | "none";
}

/** What decides who is compared. */
export interface Field {
  /** Half the widths of the uniform noise. */
  readonly r: readonly number[];
  /** Weights of the entropy. */
  readonly w: readonly number[];
  readonly compare: readonly Rival[];
  /** Budgets of Madry's adversary. */
  readonly madry: readonly number[];
}

/** All of them, in the order of Fig. 7's legend: baseline, noisy inputs, the method, and then the others. */
export function contestantsOf({ r: ranges, w: weights, compare, madry }: Field): Contestant[] {
  const each = (kind: Rival, make: (r: number) => Contestant[]): Contestant[] =>
    compare.includes(kind) ? ranges.flatMap(make) : [];
  const noisy = { labelled: "noisy", unlabelled: "none" } as const;
  const attacked = { labelled: "attacked", unlabelled: "none" } as const;
  const weighted = (
    kind: "ours" | "control" | "combined",
    how: Pick<Contestant, "labelled" | "unlabelled">,
  ): ((r: number) => Contestant[]) => {
    return (r) => weights.map((w) => ({ name: `${kind}_${r}_w${w}`, kind, r, w, ...how }));
  };
  return [
    { name: "baseline", kind: "baseline", labelled: "clean", unlabelled: "none" },
    ...each("noisy", (r) => [{ name: `noisy_${r}`, kind: "noisy", r, ...noisy }]),
    ...ranges.flatMap(weighted("ours", { labelled: "clean", unlabelled: "generated" })),
    ...each("control", weighted("control", { labelled: "clean", unlabelled: "noisy" })),
    ...each("combined", weighted("combined", { labelled: "noisy", unlabelled: "generated" })),
    ...(compare.includes("continued")
      ? [{ name: "continued", kind: "continued", labelled: "clean", unlabelled: "none" } as const]
      : []),
    ...(compare.includes("madry")
      ? madry.map((r): Contestant => ({ name: `madry_${r}`, kind: "madry", r, ...attacked }))
      : []),
  ];
}
