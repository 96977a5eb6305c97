/**
 * The measure `geometry`: for pd on a shape whose geometry is known, whether pg lies off pd (containment) and wherever
 * pdBar does so (coverage). Containment alone is no success: a generator stuck on one point off the shape has it.
 *
 * @module
 */
import {
  component,
  type Geometry,
  InputError,
  type Key,
  type Measure,
  Measures,
  parseOptions,
  type Sampler,
  z,
} from "../../../core/mod.ts";

const options = z.strictObject({
  n: z
    .int()
    .min(100)
    .default(5000)
    .describe("Points drawn of pd and of pg; four times as many are drawn of pdBar."),
  along: z.int().positive().default(20).describe("Cells along the shape."),
  across: z.int().positive().default(3).describe("Cells across each side of it, of equal mass."),
});

/** Options of {@link geometry}. */
export type GeometryOptions = z.input<typeof options>;

/** The central share of pd's offsets that counts as pd: "farther from the shape than 95 % of the data". */
const INSIDE = 0.95;
/** The central share of pdBar's offsets that counts as pdBar: beyond it, samples have flown off. */
const WITHIN = 0.998;
/** A cell is covered where pg has at least this share of pt's density. */
const COVERED = 0.1;
/** Points of pdBar, only part of which lies outside pd, for each point of pg. */
const REFERENCE = 4;

/**
 * `outside`: share of pg farther off the shape than 95 % of pd, on its side. `within`: share of pg no farther off than
 * 99.8 % of pdBar. `coverage`: of pt outside pd (pdBar − α·pd, Eq. 1), cut into cells along and across the shape, the
 * share in cells where pg has at least a tenth of its density. `coverageAlong`: the same with cells along the shape only.
 */
export function geometry(given: GeometryOptions = {}): Measure {
  const { n, along, across } = parseOptions("geometry", options, given);
  return {
    name: "geometry",
    check(target) {
      if (target.geometry !== undefined) return;
      throw new InputError(
        `measure "geometry": target "${target.name}" has no known geometry: its pd must lie on a shape that tells where points lie`,
      );
    },
    async *measure({ target, pg, key, stage }) {
      const { alpha } = target;
      const shape = target.geometry!;
      const pd = await located(shape, target.pd, key.fold("pd"), n);
      const pdBar = await located(shape, target.pdBar, key.fold("pdBar"), REFERENCE * n);
      const generated = await located(shape, pg, key.fold("pg"), n);
      yield { type: "progress", stage, step: 1, steps: 1 };

      const inside = central(offsets(pd), INSIDE);
      const within = central(offsets(pdBar), WITHIN);
      const isOutside = ({ offset }: Place): boolean => offset < inside[0] || offset > inside[1];
      const outer = pdBar.filter(isOutside);
      const off = generated.filter(isOutside);
      const coverage = (cell: Cell): number => {
        const wanted = difference(
          sharesOf(outer, pdBar.length, cell),
          sharesOf(pd.filter(isOutside), n, cell),
          alpha,
        );
        return covered(wanted, sharesOf(off, off.length, cell));
      };
      return {
        outside: off.length / n,
        within: generated.filter(({ offset }) => offset >= within[0] && offset <= within[1]).length / n,
        coverage: coverage(cellsOf(outer, along, across)),
        coverageAlong: coverage(({ position }) => Math.floor(position * along)),
      };
    },
  };
}

/** A point, as the shape sees it. */
interface Place {
  readonly offset: number;
  readonly position: number;
}

async function located(shape: Geometry, sample: Sampler, key: Key, n: number): Promise<Place[]> {
  const x = sample(key, n);
  const { offset, position } = shape.locate((await x.data()) as Float32Array);
  x.dispose();
  return Array.from(offset, (value, i) => ({ offset: value, position: position[i]! }));
}

/** Offsets in rising order. */
function offsets(places: readonly Place[]): Float64Array {
  return Float64Array.from(places, ({ offset }) => offset).sort();
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

/** The interval that holds the central share of the values. */
function central(sorted: Float64Array, share: number): readonly [number, number] {
  return [quantile(sorted, (1 - share) / 2), quantile(sorted, (1 + share) / 2)];
}

/** Numbers the cells: along the shape by position, across each side of it by quantiles of the reference's offsets. */
function cellsOf(reference: readonly Place[], along: number, across: number): Cell {
  const sorted = offsets(reference);
  const split = sorted.findIndex((offset) => offset > 0);
  const sides = split < 0 ? [sorted] : [sorted.subarray(0, split), sorted.subarray(split)];
  const edges = sides.flatMap((side) =>
    side.length === 0 ? [] : Array.from({ length: across }, (_, i) => quantile(side, (i + 1) / across)),
  );
  return ({ offset, position }) => {
    const above = edges.findIndex((edge) => offset <= edge);
    return Math.floor(position * along) * (edges.length + 1) + (above < 0 ? edges.length - 1 : above);
  };
}

/** Numbers the cell that a place lies in. */
type Cell = (place: Place) => number;

/** Shares by cell. */
type Shares = ReadonlyMap<number, number>;

/** The share of `total` points that lies in each cell. */
function sharesOf(places: readonly Place[], total: number, cell: Cell): Shares {
  const shares = new Map<number, number>();
  for (const place of places) shares.set(cell(place), (shares.get(cell(place)) ?? 0) + 1 / total);
  return shares;
}

/**
 * pt of Eq. (1) by cell, `pdBar − α·pd` where that is positive, scaled to sum to 1.
 * @throws InputError where nothing is left
 */
function difference(pdBar: Shares, pd: Shares, alpha: number): Shares {
  const left = [...pdBar].map(([id, share]) => [id, Math.max(0, share - alpha * (pd.get(id) ?? 0))] as const);
  const total = left.reduce((sum, [, share]) => sum + share, 0);
  if (total === 0) {
    throw new InputError(
      'measure "geometry": of the samples of pdBar, none that lies outside pd is left to cover. Widen pdBar, or lower alpha',
    );
  }
  return new Map(left.map(([id, share]) => [id, share / total]));
}

/** Share of what is wanted that lies in cells where `found` has at least {@link COVERED} of its density. */
function covered(wanted: Shares, found: Shares): number {
  let mass = 0;
  for (const [id, share] of wanted) if ((found.get(id) ?? 0) >= COVERED * share) mass += share;
  return mass;
}

/** How a scenario names it: `measures: [geometry]`. */
export default component(Measures, {
  name: "geometry",
  summary: "For shapes: share of pg off pd, and share of pdBar's part off pd that pg covers",
  options,
  create: geometry,
});
