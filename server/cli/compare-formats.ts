/**
 * What `dsgan compare` prints: a table on the terminal, Markdown, CSV or LaTeX.
 *
 * @module
 */
import Table from "cli-table3";
import { readableName } from "../../core/run/metric-name.ts";
import { duration, number } from "../report/format.ts";
import { CONFIDENCE } from "../statistics/sample.ts";
import {
  caution,
  type Difference,
  ends,
  inShort,
  inWords,
  pInWords,
  verdict,
  whole,
} from "../statistics/words.ts";
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
  const head = ["setting", "seeds", ...metricsOf(comparisons).map(readableName)];
  const compared = differences.map(({ metric, one, other, found }) => [
    `${readableName(metric)}: ${one} − ${other}`,
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
    table.push([readableName(name), inShort(spread), ends(spread), ...spread.values.map(number)]);
  }
  table.push(["wall time", duration(seconds.mean), "", ...seconds.values.map(duration)]);
  return `${titleOf(comparison)}\n${table}`;
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
    ...[scenario, one, other, metric, found.n],
    ...(found.n > 0 ? [found.mean, found.deviation] : ["", ""]),
    ...[found.interval?.[0], found.interval?.[1], found.p, found.detectable, found.needed],
  ]);
  const cell = (value: unknown): string => csvCell(value === undefined ? "" : String(value));
  return [head, ...means, ...pairs].map((row) => row.map(cell).join(",")).join("\n");
}
