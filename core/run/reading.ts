/**
 * Numbers in events and results, which are JSON.
 *
 * @module
 */

/** Numbers by name. */
export type Numbers = Readonly<Record<string, number>>;

/** A number as JSON can hold it: one that is not finite is its name, since JSON has no number for it. */
export type Reading = number | "NaN" | "Infinity" | "-Infinity";

/** Readings by name. */
export type Readings = Readonly<Record<string, Reading>>;

/** A number as JSON can hold it. */
export function readingOf(value: Reading): Reading {
  return Number.isFinite(value) ? value : (String(value) as Reading);
}

/** Numbers as JSON can hold them. */
export function readingsOf(values: Readings): Readings {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, readingOf(value)]));
}

/** A value as JSON, each number in it as {@link readingOf} has it. */
export function jsonOf(value: unknown, indent?: number): string {
  const told = (_key: string, inner: unknown): unknown =>
    typeof inner === "number" ? readingOf(inner) : inner;
  return JSON.stringify(value, told, indent);
}

/** The numbers that readings stand for, NaN and infinities among them. */
export function numbersOf(values: Readings): Numbers {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
}
