/**
 * How all charts look.
 *
 * @module
 */
import * as vega from "vega";

/** The only font there is where pixels are made. */
export const FONT = "DejaVu Sans";

/** About the width of a text in that font. */
export function textWidth(text: string, fontSize: number): number {
  return 0.6 * fontSize * text.length;
}

// Vega would guess 0.8 em a character, or measure with a canvas and another font where one is installed.
const { textMetrics } = vega as unknown as {
  textMetrics: { width: (item: { fontSize?: number }, text?: unknown) => number };
};
textMetrics.width = ({ fontSize = 11 }, text) => textWidth(String(text ?? ""), fontSize);

/**
 * Colours of series in their order, mostly `pd`, `pdBar`, `pg`. Okabe and Ito's ("Color Universal Design", 2008), but
 * for a red that the first two stay furthest from with each kind of colour blindness (CIELAB distances of 40 and more
 * in the simulation of Machado et al., IEEE TVCG 2009).
 */
export const COLOURS: readonly string[] = [
  "#0072B2",
  "#E69F00",
  "#C8102E",
  "#009E73",
  "#56B4E9",
  "#D55E00",
  "#CC79A7",
  "#555555",
];

/** The colour of the i-th series. */
export function colourOf(i: number): string {
  return COLOURS[i % COLOURS.length]!;
}

/** How lines are stroked, besides in their colours. */
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [1, 4], [14, 4]];

/** How a line looks. */
export interface Stroke {
  readonly colour: string;
  readonly dash: readonly number[];
}

/**
 * Strokes of lines by their names, no two alike for up to 48. Names that begin alike up to a `_` or a digit, such as
 * `noisy_0.05` and `noisy_0.1`, are a family: it has one kind of dash, and where there are more lines than colours, its
 * members have the colours in their order.
 */
export function strokesOf(names: readonly string[]): readonly Stroke[] {
  const families = names.map((name) => /^[^_\d]+/.exec(name)?.[0] ?? name);
  const kinds = [...new Set(families)];
  const members = (family: string): string[] => names.filter((_, i) => families[i] === family);
  const areFamilies = kinds.length > 1 && kinds.some((family) => members(family).length > 1);
  const dashOf = (i: number): readonly number[] => DASHES[i % DASHES.length]!;
  if (!areFamilies) {
    return names.map((_, i) => ({ colour: colourOf(i), dash: dashOf(Math.floor(i / COLOURS.length)) }));
  }
  const alone = kinds.filter((family) => members(family).length === 1);
  return names.map((name, i) => {
    const family = families[i]!;
    const dash = dashOf(kinds.indexOf(family));
    if (names.length <= COLOURS.length) return { colour: colourOf(i), dash };
    // Those that stand alone have the last colours, where no family is likely to reach.
    const last = COLOURS.length - 1 - alone.indexOf(family);
    return { colour: colourOf(alone.includes(family) ? last : members(family).indexOf(name)), dash };
  });
}

/** Numbers beside the ticks of an axis in few letters: `0.3`, `2000`, `20k`, `1M`. */
export const shortNumbers: vega.AxisEncode = {
  labels: { update: { text: { signal: "format(datum.value, abs(datum.value) >= 1e4 ? '~s' : '~g')" } } },
};

const ink = "#222222";
const faint = "#E4E4E4";

/** Vega's defaults for all charts. */
export const theme: vega.Config = {
  background: "white",
  axis: {
    domainColor: "#999999",
    tickColor: "#999999",
    tickSize: 4,
    gridColor: faint,
    gridWidth: 1,
    labelColor: ink,
    labelFont: FONT,
    labelFontSize: 12,
    labelPadding: 4,
    titleColor: ink,
    titleFont: FONT,
    titleFontSize: 13,
    titleFontWeight: "normal",
    titlePadding: 10,
  },
  legend: {
    labelColor: ink,
    labelFont: FONT,
    labelFontSize: 13,
    labelLimit: 260,
    symbolSize: 90,
    symbolStrokeWidth: 0,
    rowPadding: 5,
  },
  title: { color: ink, font: FONT, fontSize: 17, fontWeight: "normal", anchor: "start", offset: 14 },
};
