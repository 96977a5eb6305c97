/**
 * Numbers, times and sizes for people.
 *
 * @module
 */
import { relative, sep } from "node:path";

/** A number in at most `digits` significant digits. */
export function number(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)));
}

/** `0.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `512 B`, `12 kB`, `3.4 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_500 ? `${number(bytes / 1e3, 2)} kB` : `${number(bytes / 1e6, 2)} MB`;
}

/** A rate as steps a second, or seconds a step where that is slow. */
export function rate(perSecond: number | undefined): string {
  if (perSecond === undefined) return "";
  return perSecond >= 1 ? `${number(perSecond, 3)} steps/s` : `${number(1 / perSecond, 2)} s/step`;
}

/** `criticLoss -1.23  generatorLoss 0.45`. */
export function values(numbers: Readonly<Record<string, number>> | undefined): string {
  return Object.entries(numbers ?? {})
    .map(([name, value]) => `${name} ${number(value, 3)}`)
    .join("  ");
}

/** A path the shorter way: from here where it lies below. */
export function place(path: string): string {
  const here = relative("", path);
  return here === "" || here.startsWith(`..${sep}`) || here === ".." ? path : here;
}

/** `1 step`, `2 steps`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
