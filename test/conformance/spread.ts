/**
 * Which of many moments to look at.
 *
 * @module
 */

/** So many of the numbers 1 to n, the first and the last among them. */
export function spread(n: number, count: number): number[] {
  const most = Math.min(n, count);
  return [
    ...new Set(Array.from({ length: most }, (_, i) => Math.round(1 + (i * (n - 1)) / Math.max(1, most - 1)))),
  ];
}
