/**
 * Pictures, as PNG bytes. A host that needs none (serverless) leaves the plugin out, and runs go without.
 *
 * @module
 */
import type { Context } from "../plugin/component.ts";
import { type Contract, contract } from "../plugin/contract.ts";

/** A named set of points to be drawn in one colour. */
export interface PointSeries {
  readonly name: string;
  /** `[n, d]`, row by row. */
  readonly values: Float32Array;
}

/** A named line. */
export interface LineSeries {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Ends of an interval around each y, shown as a band where a painter can. */
  readonly low?: readonly number[];
  readonly high?: readonly number[];
}

/** One chart among others. */
export interface Panel {
  readonly title: string;
  readonly axes: { readonly x: string; readonly y: string };
  readonly series: readonly LineSeries[];
}

/** What samples are shown on. */
export interface PointAxes {
  /**
   * Names of the series that decide how far the axes reach, such as those of the data: pictures of one training then have
   * the same axes. All of them unless given.
   */
  readonly axes?: readonly string[];
}

/** What a histogram says beside its bars. */
export interface HistogramAxes extends PointAxes {
  /** What is counted: the title of its x axis. */
  readonly x?: string;
  /** A value that is marked by a line, and lies within the picture: a threshold. None is where it is not finite. */
  readonly mark?: number;
}

/** Draws. */
export interface Painter {
  readonly name: string;
  /** Points in the plane, `values` `[n, 2]`; one panel for each series and one with all of them. */
  scatter(title: string, series: readonly PointSeries[], on?: PointAxes): Promise<Uint8Array>;
  /** Densities on the line, `values` `[n, 1]`, as histograms on shared bins. */
  histogram(title: string, series: readonly PointSeries[], on?: HistogramAxes): Promise<Uint8Array>;
  /** Lines over a shared x axis, names that end in numbers alike in their stroke; on a logarithmic y axis, values of 0 and below are left out. */
  lines(
    title: string,
    axes: { readonly x: string; readonly y: string; readonly logarithmic?: boolean },
    series: readonly LineSeries[],
  ): Promise<Uint8Array>;
  /** Charts of lines, two beside each other unless given; lines of one name have one colour in all of them. */
  panels(title: string, panels: readonly Panel[], columns?: number): Promise<Uint8Array>;
  /** The same as text, SVG; absent where a painter makes pixels alone. */
  panelsAsSvg?(title: string, panels: readonly Panel[], columns?: number): Promise<string>;
  /**
   * Images side by side.
   * @param images `[n, height, width, channels]` row by row, channels 1 or 3
   * @param shape height, width, channels
   * @param range the values shown black and white
   * @param columns images in a row; about as many as rows unless given
   */
  sheet(
    images: Float32Array,
    shape: readonly [number, number, number],
    range: readonly [number, number],
    columns?: number,
  ): Promise<Uint8Array>;
}

/** A picture and what to call it. */
export interface Picture {
  /** File name without its ending. */
  readonly name: string;
  readonly title: string;
  readonly png: Uint8Array;
}

/**
 * The picture that suits samples of a shape: a histogram in one dimension, a scatter plot in two, a sheet of images, of
 * one or three channels; undefined where none does.
 * @param shape of one sample, without the batch axis
 */
export function pictureOf(shape: readonly number[]): "histogram" | "scatter" | "sheet" | undefined {
  const [first, , channels = 1] = shape;
  if (shape.length === 1) return first === 1 ? "histogram" : first === 2 ? "scatter" : undefined;
  const images = shape.length === 2 || shape.length === 3;
  return images && (channels === 1 || channels === 3) ? "sheet" : undefined;
}

/** The contract under which painters are registered. */
export const Painters: Contract<Painter> = contract("painter");

/** The first painter that is registered; undefined on a host without pictures, which registers none. */
export async function painterOf(context: Context): Promise<Painter | undefined> {
  const [first] = context.all(Painters);
  return first && (await context.create(Painters, { use: first.name }));
}
