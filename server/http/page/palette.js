/** Colours of lines and of scales, on light and on dark grounds. */

/** Colours that the colour-blind can tell apart (Okabe and Ito), brightened for dark grounds. */
const LINES = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#5d4a9c", "#333333"],
  dark: ["#56b4e9", "#ff9a4d", "#3fd0a4", "#e6a0c8", "#f0e442", "#7fb0ff", "#b8a4f5", "#dddddd"],
};
/** Strokes that tell lines apart once colours repeat. */
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
/** Five stops of viridis, the first for the worst value. */
const SCALE = {
  light: ["#440154", "#3b528b", "#21918c", "#5ec962", "#c7b300"],
  dark: ["#a05cd0", "#6f8fe8", "#35c4be", "#7fe083", "#fde725"],
};

/** Whether the page is dark now. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}

/** The colour of the i-th line. @param {number} index */
export function colorOf(index) {
  const palette = isDark() ? LINES.dark : LINES.light;
  return /** @type {string} */ (palette[index % palette.length]);
}

/** The stroke of the i-th line: another one where its colour was there before. @param {number} index */
export function dashOf(index) {
  return /** @type {number[]} */ (DASHES[Math.floor(index / LINES.light.length) % DASHES.length]);
}

/** A colour of a scale. @param {number} share from 0, the worst, to 1 */
export function shade(share) {
  const stops = isDark() ? SCALE.dark : SCALE.light;
  const at = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const [from, to] = [stops[i] ?? "#000000", stops[i + 1] ?? "#000000"].map(
    (color) =>
      /** @type {[number, number, number]} */ (
        [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16))
      ),
  );
  const mixed = [0, 1, 2].map((c) =>
    Math.round((from?.[c] ?? 0) + (at - i) * ((to?.[c] ?? 0) - (from?.[c] ?? 0))),
  );
  return `rgb(${mixed.join(" ")})`;
}
