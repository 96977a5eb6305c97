/** Numbers, times and names for people. */

/** About four digits; `NaN` and infinities, which answers name in words, as they are. @param {number | string} reading */
export function number(reading) {
  const value = Number(reading);
  if (!Number.isFinite(value)) return String(value);
  if (value === 0 || (Number.isInteger(value) && Math.abs(value) < 1e7)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e6) return String(Number(value.toPrecision(4)));
  return value.toExponential(2).replace(/\.?0+e/, "e");
}

/** `0.4 s`, `12 s`, `2 min 5 s`, `1 h 3 min`. @param {number} seconds */
export function duration(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 1440
    ? `${Math.floor(minutes / 60)} h ${minutes % 60} min`
    : `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** `just now`, `5 min ago`, a date. @param {string} time @param {number} now milliseconds */
export function ago(time, now) {
  const seconds = (now - Date.parse(time)) / 1000;
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(time).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** @param {string} time */
export function clock(time) {
  return new Date(time).toLocaleTimeString(undefined, { hour12: false });
}

/** @param {string} time */
export function moment(time) {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `0.93 ± 0.02`; of one value no spread is known, and of NaN there is none. @param {{ mean: number, deviation: number, values: readonly number[] }} spread */
export function spreadText({ mean, deviation, values }) {
  if (values.length < 2 || !Number.isFinite(mean)) return number(mean);
  const isRounding = deviation < 1e-9 * Math.abs(mean);
  return `${number(mean)} ± ${isRounding ? 0 : number(Number(deviation.toPrecision(2)))}`;
}

/** A setting in a word. @param {unknown} value */
export function short(value) {
  if (typeof value === "string") return value;
  if (typeof value === "number") return number(value);
  return JSON.stringify(value) ?? "–";
}

/** `1 run`, `2 runs`. @param {number} n @param {string} word */
export function count(n, word) {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}

/** `38 %`. @param {number} share */
export function percent(share) {
  return `${Math.floor(100 * share)} %`;
}

/**
 * A metric's name as it is shown: `m.pgd@8/255` for `m.pgd@0.03137254901960784`. The server's tables have the same rule.
 * @param {string} name
 */
export function readable(name) {
  return name.replaceAll(/(?<![\p{L}\d.])\d+\.\d{7,}(?![\p{L}\d/])/gu, fraction);
}

/** A budget as people of the field write it, `8/255`, or else about four digits. @param {number} epsilon */
export function budget(epsilon) {
  const text = fraction(String(epsilon));
  return text.includes("/") ? text : number(epsilon);
}

/** A decimal without end as a fraction, where it is one; of tables with seven digits, of 255. @param {string} text */
function fraction(text) {
  const value = Number(text);
  const digits = text
    .replace(/e.*$/, "")
    .replace(/^[-0.]*/, "")
    .replace(".", "").length;
  if (!(value > 0) || Number.isInteger(value) || digits < 7) return text;
  const isNear = (/** @type {number} */ of) => {
    const nearest = Math.round(value * of) / of;
    return nearest === value || (of === 255 && Number(nearest.toPrecision(digits)) === value);
  };
  const below = [3, 6, 7, 9, 11, 12, 255, ...Array.from({ length: 999 }, (_, i) => i + 2)].find(isNear);
  return below === undefined ? text : `${Math.round(value * below)}/${below}`;
}

/** The words of a name such as `noisy.averagePrecision`: where a line may break. @param {string} name */
export function wordsOf(name) {
  return readable(name).split(/(?<=[.@_-])|(?<=[a-z0-9])(?=[A-Z])/);
}
