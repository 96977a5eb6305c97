/**
 * How a critic step's fake batch is made of generated rows and rows of `pd`.
 *
 * @module
 */
import type { Network } from "../model/network.ts";
import { contract } from "../plugin/contract.ts";
import { split, type Tensor } from "../tensor/tf.ts";

/** A batch and its share of the expectation it stands for. */
export interface Weighted<X extends Tensor = Tensor> {
  readonly weight: number;
  /** `[n, ...]` */
  readonly x: X;
}

/**
 * Makes the fake batch of a critic step. Eq. (2) makes two batches, weighted 1 − α and α; Eq. (10), the sampling trick,
 * makes one mixed batch of weight 1.
 */
export interface Mixer {
  readonly name: string;
  /**
   * @param alpha α of Eq. (1), in [0, 1)
   * @param m batch size
   * @param pg draws n generated rows
   * @param pd draws n rows of `pd`
   * @returns batches whose weights sum to 1
   * @throws InputError where α and m leave no row for the generator
   */
  mix<X extends Tensor>(
    alpha: number,
    m: number,
    pg: (n: number) => X,
    pd: (n: number) => X,
  ): readonly Weighted<X>[];
  /** Throws the InputError that `mix` would, before anything is trained. */
  check?(alpha: number, m: number): void;
}

/** The contract under which mixers are registered. */
export const Mixers = contract<Mixer>(
  "mixer",
  "Makes a critic step's fake batch of generated rows and rows of pd",
);

/**
 * How a mixer draws generated rows: n as they are, or, where the generator couples the rows of a batch, the first n of m.
 * Else the statistics of batch norm would be those of the few rows that the sampling trick keeps, and two mixers would
 * train different generators. The authors' code draws 100 rows and keeps 20, too.
 * @param generator whether it couples rows
 * @param m batch size
 * @param draw draws n rows, `[n, ...]`
 */
export function generatedRows<X extends Tensor>(
  { couplesRows = false }: Pick<Network, "couplesRows">,
  m: number,
  draw: (n: number) => X,
): (n: number) => X {
  return couplesRows ? (n) => firstRows(draw(Math.max(n, m)), n) : draw;
}

/** The first n rows of `[m, ...]`. */
export function firstRows<X extends Tensor>(x: X, n: number): X {
  const m = x.shape[0]!;
  return n === m ? x : (split(x, [n, m - n])[0] as X);
}
