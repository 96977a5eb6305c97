/**
 * Means and differences in words.
 *
 * @module
 */
import { readableName } from "../../core/run/metric-name.ts";
import { number } from "../report/format.ts";
import { isTold, type PairedDifference, POWER, type Spread } from "./sample.ts";

/** How far two settings differ in a metric. */
export interface Difference {
  readonly metric: string;
  readonly scenario: string;
  readonly one: string;
  readonly other: string;
  readonly found: PairedDifference;
}

/** A difference in a line. */
export function inWords({ metric, one, other, found }: Difference): string {
  const { n, interval, p } = found;
  const mean = interval === undefined ? number(found.mean) : `${inShort(found)} ${ends(found)}`;
  const test = p === undefined ? "" : `, p ${pInWords(p)}`;
  return `${readableName(metric)}: (${one}) − (${other}) = ${mean}, ${n} equal ${n === 1 ? "seed" : "seeds"}${test}: ${verdict(found)}`;
}

/** What the seeds say, and where they are too few, how many or how large a difference it would take. */
export function verdict(found: PairedDifference): string {
  if (found.n < 2) return "too few seeds to tell: two at least must be equal";
  if (!Number.isFinite(found.mean)) return "not to be told: a run ended with a value that is not finite";
  if (isTold(found)) return found.mean > 0 ? "larger" : "smaller";
  const power = `${100 * POWER} % power`;
  const seeds = found.needed === undefined ? "more than 10000 seeds" : `${found.needed} seeds`;
  return `too few seeds to tell: ${found.n} show a difference of ${number(found.detectable!)} with ${power}; one as seen would need ${seeds}`;
}

/** What to keep in mind where several differences are tested. */
export function caution(pairs: number): string[] {
  return pairs < 2
    ? []
    : [`${pairs} differences are tested, each by itself: of twenty that are none, one looks like one.`];
}

/** A mean to the digits that its deviation leaves it. */
export function inShort({ mean, deviation }: Pick<Spread, "mean" | "deviation">): string {
  if (isRounding({ mean, deviation }) || !Number.isFinite(deviation)) return number(mean);
  const digits = digitsOf(deviation);
  return `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
}

/** Whether values are the same but for the rounding of sums. */
function isRounding({ mean, deviation }: Pick<Spread, "mean" | "deviation">): boolean {
  return deviation <= 1e-12 * Math.abs(mean);
}

function digitsOf(deviation: number): number {
  return Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(deviation))));
}

/** Both ends of an interval, as `[0.1, 0.3]`; nothing where there is none. */
export function ends({ mean, interval, deviation }: Pick<Spread, "mean" | "interval" | "deviation">): string {
  if (interval === undefined || isRounding({ mean, deviation }) || !Number.isFinite(deviation)) return "";
  const [low, high] = interval.map((end) => end.toFixed(digitsOf(deviation)));
  return `[${low}, ${high}]`;
}

/** A mean with its deviation and interval. */
export function whole(spread: Spread): string {
  return `${inShort(spread)} ${ends(spread)}`.trim();
}

/** A p value to three digits. */
export function pInWords(p: number): string {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}
