/**
 * Runs held against an earlier result: whether a metric has fallen behind it by more than it may.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import {
  decodeText,
  InputError,
  messageOf,
  nameAmong,
  type Reading,
  type Readings,
  valueNamed,
} from "../../core/mod.ts";
import { number } from "../report/format.ts";
import type { Comparison } from "./comparison.ts";

/** Which way a metric is better; `either`: it is to stay where it is. */
export type Direction = "higher" | "lower" | "either";

/** What runs are held against. */
export interface Baseline {
  readonly file: string;
  readonly scenario: string;
  readonly metrics: Readings;
  /** Metrics' bounds in words, by which their direction is known. */
  readonly bounds: Readonly<Record<string, string>>;
}

/** How far a metric may fall behind: by so much, or by such a share of the baseline. */
interface Tolerance {
  readonly amount: number;
  readonly isShare: boolean;
}

/** Tolerances by metric; `all` is that of metrics that have none of their own. */
export interface Tolerances {
  readonly own: Readonly<Record<string, Tolerance>>;
  readonly all: Tolerance | undefined;
}

/** A metric of a group of runs beside the baseline's. */
export interface Held {
  readonly scenario: string;
  /** What tells the group from others. */
  readonly differs: Readonly<Record<string, unknown>>;
  readonly metric: string;
  /** The mean over the group's seeds; absent where it has no such metric. */
  readonly value?: Reading | undefined;
  readonly baseline: Reading;
  readonly tolerance: number;
  readonly direction: Direction;
  readonly regressed: boolean;
}

/** Reads a baseline: the `result.json` of a run. @throws InputError where it is none */
export function readBaseline(file: string): Baseline {
  const fail = (why: string, cause?: unknown): never => {
    throw new InputError(`--baseline ${file}: ${why}`, { cause });
  };
  let result: Record<string, unknown> = {};
  try {
    result = JSON.parse(decodeText(readFileSync(file), file));
  } catch (error) {
    if (error instanceof InputError) throw error;
    fail(messageOf(error), error);
  }
  const { scenario, metrics, expectations } = result ?? {};
  if (typeof scenario !== "string" || typeof metrics !== "object" || metrics === null) {
    return fail('expected the result.json of a run, with "scenario" and "metrics"');
  }
  const known = Array.isArray(expectations) ? expectations : [];
  const bounds = Object.fromEntries(known.map(({ metric, expected }) => [metric, String(expected)]));
  return { file, scenario, metrics: metrics as Readings, bounds };
}

/** Reads tolerances such as `auroc=0.02`, `loss=5%` and `0.01`, several by commas. @throws InputError where one is none */
export function tolerancesOf(given: readonly string[]): Tolerances {
  const own: Record<string, Tolerance> = {};
  let all: Tolerance | undefined;
  for (const text of given.flatMap((list) => list.split(","))) {
    const [, name, digits = "", percent] =
      /^\s*(?:(.*)=)?\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(%?)\s*$/i.exec(text) ?? [];
    if (digits === "") {
      throw new InputError(`--tolerance ${text}: expected name=0.02, name=5%, or 0.02 for all metrics`);
    }
    const isShare = percent === "%";
    const tolerance = { amount: isShare ? Number(digits) / 100 : Number(digits), isShare };
    if (name === undefined) all = tolerance;
    else own[name] = tolerance;
  }
  return { own, all };
}

/** Parts of names that say that less is better; all other metrics of known kinds are better the higher they are. */
const LOWER =
  /loss|error|avoid|falseAlarms|notFinite|abstain|distance|divergence|fid\b|nll|perplexity|seconds|latency|saturated|rounding/i;
const HIGHER =
  /accura|auroc|auc\b|auprc|share|coverage|outside|within|diversity|detected|precision|recall|f1\b|clean|@|median|containment|psnr|ssim/i;

/**
 * Which way a metric is better: by the bounds that the scenario sets on it (`atLeast` alone: higher; `atMost` alone: lower);
 * where it sets none, by its name; where that says nothing, it is to stay where it is.
 */
export function directionOf(metric: string, expected: string | undefined): Direction {
  if (expected !== undefined) {
    const [least, most] = [/at least/.test(expected), /at most/.test(expected)];
    if (least !== most && !/between/.test(expected)) return least ? "higher" : "lower";
    return "either";
  }
  if (LOWER.test(metric)) return "lower";
  return HIGHER.test(metric) ? "higher" : "either";
}

/**
 * Holds groups of runs against a baseline of the same scenario. Metrics that have a tolerance are judged; where none is given
 * at all, every metric of the baseline, with no tolerance.
 * @param only of these metrics alone
 * @throws InputError where no run is of its scenario, or a tolerance is of a metric that it lacks
 */
export function heldAgainst(
  baseline: Baseline,
  comparisons: readonly Comparison[],
  { own, all }: Tolerances,
  only?: readonly string[],
): readonly Held[] {
  const names = Object.keys(baseline.metrics);
  for (const name of Object.keys(own)) {
    if (nameAmong(name, names) !== undefined) continue;
    throw new InputError(
      `--tolerance ${name}: ${baseline.file} has no such metric. There are: ${names.join(", ")}`,
    );
  }
  const none: Tolerance = { amount: 0, isShare: false };
  const common = all ?? (Object.keys(own).length === 0 ? none : undefined);
  const alike = comparisons.filter(({ scenario }) => scenario === baseline.scenario);
  if (alike.length === 0) {
    throw new InputError(
      `--baseline ${baseline.file} is a result of "${baseline.scenario}", of which there is no run`,
    );
  }
  return alike.flatMap(({ scenario, differs, metrics }) =>
    names.flatMap((metric): Held[] => {
      const ownName = nameAmong(metric, Object.keys(own));
      const tolerance = ownName === undefined ? common : own[ownName];
      if (tolerance === undefined || (only !== undefined && nameAmong(metric, only) === undefined)) return [];
      const before = baseline.metrics[metric]!;
      const value = valueNamed(metrics, metric)?.mean;
      const amount = tolerance.isShare ? tolerance.amount * Math.abs(Number(before)) : tolerance.amount;
      const direction = directionOf(metric, baseline.bounds[metric]);
      const regressed = isBehind(value, Number(before), amount, direction);
      return [
        {
          scenario,
          differs,
          metric,
          value: value as Reading,
          baseline: before,
          tolerance: amount,
          direction,
          regressed,
        },
      ];
    }),
  );
}

/** Whether a value has fallen behind. One that is not there, or not finite where the baseline was, has. */
function isBehind(
  value: number | undefined,
  before: number,
  tolerance: number,
  direction: Direction,
): boolean {
  if (!Number.isFinite(before)) return false; // nothing was reached that could be lost
  if (value === undefined || !Number.isFinite(value)) return true;
  // The tolerance itself is allowed, though 0.91 − 0.89 is more than 0.02 in binary.
  const room = tolerance + 1e-9 * Math.max(tolerance, Math.abs(before));
  const change = value - before;
  if (direction === "higher") return change < -room;
  return direction === "lower" ? change > room : Math.abs(change) > room;
}

/** A line for each metric that was judged. */
export function baselineInWords(held: readonly Held[]): string {
  const lines = held.map(({ metric, value, baseline, tolerance, direction, regressed, differs }) => {
    const settings = Object.entries(differs).map(([name, setting]) => `${name}=${setting}`);
    const about = settings.length === 0 ? "" : ` (${settings.join(" ")})`;
    const way = direction === "either" ? "is to stay" : `${direction} is better`;
    const seen = value === undefined ? "not measured" : number(value);
    return `${regressed ? "regressed" : "ok"}  ${metric}${about}: ${seen}, baseline ${number(baseline)}, tolerance ${number(tolerance)}, ${way}`;
  });
  const behind = held.filter(({ regressed }) => regressed).length;
  return ["", ...lines, `${behind} of ${held.length} metrics regressed`].join("\n");
}
