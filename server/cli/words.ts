/**
 * Words for a run that is going on, and for where it is kept.
 *
 * @module
 */
import { relative, sep } from "node:path";
import type { Reading, Readings } from "../../core/run/event.ts";
import { schemeOf } from "../../core/run/location.ts";
import { number } from "../report/format.ts";

/** A number in three digits: what changes with every step needs no more. */
export function brief(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** A time still to go, which is a guess: `42 s`, `3 min 20 s`, `2 h 5 min`. */
export function guess(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A rate as steps a second, or seconds a step where that is slow. */
export function rate(perSecond: number | undefined): string {
  if (perSecond === undefined) return "";
  return perSecond >= 1 ? `${brief(perSecond)} steps/s` : `${brief(1 / perSecond)} s/step`;
}

/** A value beside its bounds: in full where fewer digits would look like the bound itself. */
export function against(expected: string, value: Reading): string {
  const short = number(value);
  return expected.includes(short) ? String(value) : short;
}

/** `criticLoss -1.23  generatorLoss 0.45`. */
export function values(numbers: Readings | undefined): string {
  return Object.entries(numbers ?? {})
    .map(([name, value]) => `${name} ${brief(Number(value))}`)
    .join("  ");
}

/** A path the shorter way: from here where it lies below. */
export function place(path: string): string {
  if (schemeOf(path) !== "") return path; // a URL
  const here = relative("", path);
  return here === "" || here.startsWith(`..${sep}`) || here === ".." ? path : here;
}

/** `1 expectation`, `2 expectations`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** A cell as CSV has it (RFC 4180). */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
