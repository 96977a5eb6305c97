/** Numbers and times for people. */

/** About four digits. @param {number} value */
export function number(value) {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0 || (Number.isInteger(value) && Math.abs(value) < 1e7)) return String(value);
  const small = Math.abs(value) < 1e-3;
  return small || Math.abs(value) >= 1e6 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
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
