/**
 * A small chart of dots: one number against another, or against a few words.
 *
 * @module
 */
import { number } from "./format.ts";
import { type Html, html } from "./html.ts";

/** A dot, `y` against `x`. */
export interface Dot {
  /** Text stands where its place among the others is. */
  readonly x: number | string;
  readonly y: number;
  readonly title: string;
  /** Whether it stands out. */
  readonly isBest?: boolean;
}

/** What a chart of dots shows. */
export interface DotChart {
  readonly x: string;
  readonly y: string;
  /** Whether the numbers of x are spread by their logarithms. */
  readonly isLogarithmic?: boolean;
  readonly dots: readonly Dot[];
}

const WIDTH = 320;
const HEIGHT = 200;
const LEFT = 62;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 40;
/** Words below a chart at most; of more, the first ones stand there. */
const WORDS = 6;

/** Draws it, as SVG within a page. Dots whose y is not finite are left out. */
export function dotChart({ x, y, isLogarithmic = false, dots }: DotChart): Html {
  const shown = dots.filter((dot) => Number.isFinite(dot.y));
  const words = [...new Set(shown.map((dot) => dot.x))].filter((value) => typeof value === "string");
  const at = (value: number | string): number => {
    if (typeof value === "string") return words.indexOf(value);
    return isLogarithmic ? Math.log(value) : value;
  };
  const across = scaled(
    shown.map((dot) => at(dot.x)),
    LEFT,
    WIDTH - RIGHT,
  );
  const up = scaled(
    shown.map((dot) => dot.y),
    HEIGHT - BOTTOM,
    TOP,
  );
  const marks = shown.map(
    (dot) =>
      html`<circle cx="${across(at(dot.x))}" cy="${up(dot.y)}" r="4"${dot.isBest && html` class="best"`}><title>${dot.title}</title></circle>`,
  );
  const ticks = words.length > 0 ? words.slice(0, WORDS) : ends(shown.map((dot) => dot.x as number));
  const low = HEIGHT - BOTTOM;
  return html`
<figure class="dots">
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${y} against ${x}">
<path d="M${LEFT - 6} ${TOP}V${low + 6}H${WIDTH - RIGHT}" />
${ticks.map((tick) => html`<text x="${across(at(tick))}" y="${low + 20}" text-anchor="middle">${inText(tick)}</text>`)}
${ends(shown.map((dot) => dot.y)).map((tick) => html`<text x="${LEFT - 10}" y="${up(tick) + 4}" text-anchor="end">${number(tick)}</text>`)}
${marks}
</svg>
<figcaption>${y} against ${x}</figcaption>
</figure>`;
}

function inText(tick: number | string): string {
  return typeof tick === "string" ? tick : number(tick);
}

function ends(values: readonly number[]): readonly number[] {
  return [...new Set(values.length === 0 ? [] : [Math.min(...values), Math.max(...values)])];
}

/** From values to places, which lie between two ends; a single value lies in the middle. */
function scaled(values: readonly number[], from: number, to: number): (value: number) => number {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const place = (value: number): number => (high > low ? (value - low) / (high - low) : 0.5);
  return (value) => Math.round(10 * (from + (to - from) * (0.06 + 0.88 * place(value)))) / 10;
}
