/**
 * What `dsgan compare` prints: a table on the terminal, Markdown, CSV or LaTeX.
 *
 * @module
 */
import Table from "cli-table3";
import { duration, number } from "../report/format.ts";
import { CONFIDENCE, isTold, type PairedDifference, POWER, type Spread } from "../statistics/sample.ts";
import type { Comparison } from "./comparison.ts";
import { csvCell } from "./words.ts";

/** Ways to print comparisons. */
export const FORMATS = ["table", "md", "csv", "latex"] as const;

/** Prints comparisons. */
export function formatted(comparisons: readonly Comparison[], format: (typeof FORMATS)[number]): string {
  const differences = comparisons.flatMap((one) => differencesOf(one, comparisons));
  if (format === "csv") return csv(comparisons, differences);
  if (format === "table") {
    const told = differences.map((line) => inWords(line));
    return [
      ...comparisons.map(drawn),
      ...(told.length > 0 ? [[...told, ...caution(told.length)].join("\n")] : []),
    ].join("\n\n");
  }
  const rows = comparisons.map((one) => [
    titleOf(one),
    String(one.seeds.length),
    ...metricsOf(comparisons).map((name) =>
      one.metrics[name] === undefined ? "" : whole(one.metrics[name]),
    ),
  ]);
  const head = ["setting", "seeds", ...metricsOf(comparisons)];
  const compared = differences.map(({ metric, one, other, found }) => [
    `${metric}: ${one} − ${other}`,
    String(found.n),
    found.interval === undefined ? number(found.mean) : `${inShort(found)} ${ends(found)}`,
    found.p === undefined ? "" : pInWords(found.p),
    verdict(found),
  ]);
  const pairHead = ["difference over equal seeds", "seeds", "mean", "p", ""];
  const make = format === "md" ? markdown : latex;
  return [
    make(head, rows),
    ...(compared.length > 0 ? [make(pairHead, compared), ...caution(compared.length)] : []),
  ].join("\n\n");
}

/** How far two settings differ in a metric. */
export interface Difference {
  readonly metric: string;
  readonly scenario: string;
  readonly one: string;
  readonly other: string;
  readonly found: PairedDifference;
}

function differencesOf(one: Comparison, all: readonly Comparison[]): Difference[] {
  return one.against.flatMap(({ group, metrics }) =>
    Object.entries(metrics).map(([metric, found]) => ({
      ...{ metric, scenario: one.scenario, one: settingOf(one), other: settingOf(all[group]!), found },
    })),
  );
}

function metricsOf(comparisons: readonly Comparison[]): string[] {
  return [...new Set(comparisons.flatMap(({ metrics }) => Object.keys(metrics)))];
}

function settingOf({ scenario, differs }: Comparison): string {
  const settings = Object.entries(differs).map(([path, value]) => `${path}=${value}`);
  return settings.length === 0 ? scenario : settings.join("  ");
}

/** What a group is called: its scenario, and the settings that tell it from others. */
export function titleOf(comparison: Comparison): string {
  const { scenario, differs } = comparison;
  return Object.keys(differs).length === 0 ? scenario : `${scenario}  ${settingOf(comparison)}`;
}

function drawn(comparison: Comparison): string {
  const { seeds, metrics, seconds } = comparison;
  const table = new Table({
    head: ["", "mean ± sd", `${100 * CONFIDENCE} %`, ...seeds.map((seed) => `seed ${seed}`)],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", ...seeds.map(() => "right" as const)],
  });
  for (const [name, spread] of Object.entries(metrics)) {
    table.push([name, inShort(spread), ends(spread), ...spread.values.map(number)]);
  }
  table.push(["wall time", duration(seconds.mean), "", ...seconds.values.map(duration)]);
  return `${titleOf(comparison)}\n${table}`;
}

/** A difference in a line. */
export function inWords({ metric, one, other, found }: Difference): string {
  const { n, interval, p } = found;
  const mean = interval === undefined ? number(found.mean) : `${inShort(found)} ${ends(found)}`;
  const test = p === undefined ? "" : `, p ${pInWords(p)}`;
  return `${metric}: (${one}) − (${other}) = ${mean}, ${n} equal ${n === 1 ? "seed" : "seeds"}${test}: ${verdict(found)}`;
}

/** What the seeds say, and where they are too few, how many or how large a difference it would take. */
function verdict(found: PairedDifference): string {
  if (found.n < 2) return "too few seeds to tell: two at least must be equal";
  if (isTold(found)) return found.mean > 0 ? "larger" : "smaller";
  const power = `${100 * POWER} % power`;
  const seeds = found.needed === undefined ? "more than 10000 seeds" : `${found.needed} seeds`;
  return `too few seeds to tell: ${found.n} show a difference of ${number(found.detectable!)} with ${power}; one as seen would need ${seeds}`;
}

/** What to keep in mind where several differences are tested. */
export function caution(pairs: number): string[] {
  return pairs < 2
    ? []
    : [`${pairs} differences are tested, each by itself: of twenty that are none, one looks like one.`];
}

/** A mean to the digits that its deviation leaves it. */
function inShort({ mean, deviation }: Pick<Spread, "mean" | "deviation">): string {
  if (isRounding({ mean, deviation })) return number(mean);
  const digits = digitsOf(deviation);
  return `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
}

/** Whether values are the same but for the rounding of sums. */
function isRounding({ mean, deviation }: Pick<Spread, "mean" | "deviation">): boolean {
  return deviation <= 1e-12 * Math.abs(mean);
}

function digitsOf(deviation: number): number {
  return Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(deviation))));
}

function ends({ mean, interval, deviation }: Pick<Spread, "mean" | "interval" | "deviation">): string {
  if (interval === undefined || isRounding({ mean, deviation })) return "";
  const [low, high] = interval.map((end) => end.toFixed(digitsOf(deviation)));
  return `[${low}, ${high}]`;
}

/** A mean with its deviation and interval. */
export function whole(spread: Spread): string {
  return `${inShort(spread)} ${ends(spread)}`.trim();
}

function pInWords(p: number): string {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

function latex(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `  ${cells.map(escaped).join(" & ")} \\\\`;
  return [
    `\\begin{tabular}{l${"r".repeat(head.length - 1)}}`,
    "  \\hline",
    line(head),
    "  \\hline",
    ...rows.map(line),
    "  \\hline",
    "\\end{tabular}",
  ].join("\n");
}

/** Text as LaTeX has it. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\textbackslash ")
    .replaceAll(/[&%$#_{}]/g, "\\$&")
    .replaceAll("±", "$\\pm$")
    .replaceAll("−", "$-$")
    .replaceAll("<", "$<$");
}

/** One row for each mean, and one for each difference, whose second setting stands under `minus`. */
function csv(comparisons: readonly Comparison[], differences: readonly Difference[]): string {
  const head = "scenario,setting,minus,metric,n,mean,sd,low,high,p,detectable,needed".split(",");
  const means = comparisons.flatMap((one) =>
    Object.entries(one.metrics).map(([metric, { mean, deviation, interval = [] }]) => [
      ...[
        one.scenario,
        settingOf(one),
        "",
        metric,
        one.seeds.length,
        mean,
        deviation,
        interval[0],
        interval[1],
      ],
      ...["", "", ""],
    ]),
  );
  const pairs = differences.map(({ scenario, metric, one, other, found }) => [
    ...[scenario, one, other, metric, found.n, found.mean, found.deviation],
    ...[found.interval?.[0], found.interval?.[1], found.p, found.detectable, found.needed],
  ]);
  const cell = (value: unknown): string =>
    csvCell(value === undefined || Number.isNaN(value) ? "" : String(value));
  return [head, ...means, ...pairs].map((row) => row.map(cell).join(",")).join("\n");
}
