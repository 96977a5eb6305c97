/**
 * Names of runs that were given none.
 *
 * @module
 */

/** `20261122-104501-8f3a`, UTC; the last part is the fraction of the second in 65536ths, so names sort by time. */
export function moment(milliseconds: number): string {
  const [day, time] = new Date(milliseconds).toISOString().split("T") as [string, string];
  const fraction = Math.floor((milliseconds % 1000) * 65.536);
  const hex = fraction.toString(16).padStart(4, "0");
  return `${day.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}-${hex}`;
}
