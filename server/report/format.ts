/**
 * Numbers for people.
 *
 * @module
 */
import type { Reading } from "../../core/run/event.ts";

/** About five digits: `0.98211`, `1.2e-7`; `NaN` and `Infinity` as they are. */
export function number(reading: Reading): string {
  const value = Number(reading);
  if (value === 0 || Number.isInteger(value)) return String(value);
  const small = Math.abs(value) < 1e-4;
  return small || Math.abs(value) >= 1e7 ? value.toExponential(3) : String(Number(value.toPrecision(5)));
}

/** `0.42 s`, `12.3 s`, `2 min 5 s`, `1 h 3 min`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `120 B`, `3.4 kB`, `1.2 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
