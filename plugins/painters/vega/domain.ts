/**
 * What part of the data a chart shows.
 *
 * @module
 */

/** Smallest and largest value shown. */
export type Domain = readonly [low: number, high: number];

/** How far beyond the central 98 % of a series values are still shown, as a share of that stretch. */
const REACH = 0.5;

/**
 * The domain of several series together, which a few far outliers do not stretch: of each series its central 98 %
 * and as far beyond as there are values within half that stretch.
 * @param series values that are not finite do not count, nor do empty series
 * @returns [0, 1] where there are no values
 */
export function robustDomain(series: readonly Float32Array[]): Domain {
  const parts = series
    .map((values) => values.filter(Number.isFinite))
    .filter((values) => values.length > 0)
    .map((values): Domain => {
      const sorted = values.toSorted();
      const quantile = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
      const reach = REACH * (quantile(0.99) - quantile(0.01));
      return [
        sorted.find((value) => value >= quantile(0.01) - reach)!,
        sorted.findLast((value) => value <= quantile(0.99) + reach)!,
      ];
    });
  if (parts.length === 0) return [0, 1];
  return widened([Math.min(...parts.map((p) => p[0])), Math.max(...parts.map((p) => p[1]))], 0);
}

/** From the smallest to the largest value; [0, 1] where there are none. */
export function extent(values: readonly number[]): Domain {
  if (values.length === 0) return [0, 1];
  return widened([values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))], 0);
}

/** The same of values above 0 for a logarithmic axis: [1, 10] where there are none, an octave around a single one. */
export function extentOfLogs(values: readonly number[]): Domain {
  if (values.length === 0) return [1, 10];
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return low < high ? [low, high] : [low / Math.SQRT2, low * Math.SQRT2];
}

/** A domain with a margin on both sides, as a share of its length; one of no length becomes one of length 1. */
export function widened([low, high]: Domain, share: number): Domain {
  if (high <= low) return [low - 0.5, low + 0.5];
  const margin = share * (high - low);
  return [low - margin, high + margin];
}

/** How far beyond the series that decide the axes others are seen, as a share of the stretch, on either side. */
const BEYOND = 0.25;

/**
 * The domain of those series that decide the axes, with room around it; of all where none is named.
 * @param values of each series, in order
 */
export function decidedDomain(
  series: readonly { readonly name: string }[],
  values: readonly Float32Array[],
  axes: readonly string[] | undefined,
): Domain {
  const deciding = values.filter((_, i) => axes?.includes(series[i]!.name));
  return deciding.length === 0 ? robustDomain(values) : widened(robustDomain(deciding), BEYOND);
}
