/**
 * The classifiers to be compared: the paper's method for each r and w, its two baselines, and controls.
 *
 * @module
 */

/** Ways to train, beside the paper's method and its first baseline. */
export const RIVALS = ["continued", "noisy", "control", "combined", "madry"] as const;
export type Rival = (typeof RIVALS)[number];

/** What stage 3 trains. */
export const KINDS = ["ours", "continued", "noisy", "control", "combined", "madry"] as const;
export type Kind = (typeof KINDS)[number];

/** A classifier to be compared: stage 1's, or one fine-tuned from it. Its name labels its line in the pictures. */
export interface Variant {
  readonly name: string;
  readonly kind: "baseline" | Kind;
  /** Half the width of its uniform noise, or what its adversary may change a pixel by. */
  readonly r?: number;
  /** w of Eq. (9); absent where there is no entropy term. */
  readonly w?: number;
  /** Its labelled rows: as they are, with noise of range r, or attacked within r. */
  readonly labelled: "clean" | "noisy" | "attacked";
  /** The rows whose entropy it lowers: generated ones, data with noise of range r, or none. */
  readonly unlabelled: "generated" | "noisy" | "none";
}

/** Which variants there are. */
export interface Comparison {
  /** Half the widths of the uniform noise. */
  readonly r: readonly number[];
  /** Weights of the entropy. */
  readonly w: readonly number[];
  readonly compare: readonly Rival[];
  /** Budgets of Madry's adversary. */
  readonly madry: readonly number[];
}

/** All variants, in the order of Fig. 7's legend: baseline, noisy inputs, the method, and then the others. */
export function variantsOf({ r: ranges, w: weights, compare, madry }: Comparison): Variant[] {
  const each = (kind: Rival, make: (r: number) => Variant[]): Variant[] =>
    compare.includes(kind) ? ranges.flatMap(make) : [];
  const noisy = { labelled: "noisy", unlabelled: "none" } as const;
  const attacked = { labelled: "attacked", unlabelled: "none" } as const;
  const weighted = (
    kind: "ours" | "control" | "combined",
    how: Pick<Variant, "labelled" | "unlabelled">,
  ): ((r: number) => Variant[]) => {
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
      ? madry.map((r): Variant => ({ name: `madry_${r}`, kind: "madry", r, ...attacked }))
      : []),
  ];
}
