/**
 * What `npm run gpu:check` found, as one page of Markdown.
 *
 * @module
 */

/** One case on one engine. */
export interface Timing {
  readonly case: string;
  readonly engine: string;
  /** Times of steps, in milliseconds; empty where it did not run. */
  readonly ms: readonly number[];
  /** Why it did not. */
  readonly failure?: string;
}

/** All that was found, as far as it has come. */
export interface Findings {
  readonly machine: Readonly<Record<string, string>>;
  /** What `dsgan list engines` says. */
  readonly engines: string;
  readonly timings: readonly Timing[];
  /** How each scenario ended, by name. */
  readonly scenarios: Readonly<Record<string, string>>;
  /** Of tfjs-core's op tests. */
  readonly ops?: { readonly passed: number; readonly failed: readonly string[] };
  /** Stages that were left out, and why. */
  readonly left: readonly string[];
}

/** The share of sorted numbers below which a share lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))]!;
}

const digits = (ms: number): string => ms.toPrecision(3);

/** A time, with what nine in ten were above and below. */
function cellOf(timing: Timing | undefined): string {
  if (timing === undefined) return "";
  if (timing.ms.length === 0) return "failed";
  const [low, middle, high] = [0.1, 0.5, 0.9].map((share) => digits(quantile(timing.ms, share)));
  return `${middle} (${low} to ${high})`;
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

/** The page. */
export function reportOf({ machine, engines, timings, scenarios, ops, left }: Findings): string {
  const columns = unique(timings.map(({ engine }) => engine));
  const rows = unique(timings.map((timing) => timing.case)).map((name) => {
    const cells = columns.map((engine) =>
      cellOf(timings.find((x) => x.case === name && x.engine === engine)),
    );
    return `| \`${name}\` | ${cells.join(" | ")} |`;
  });
  const failures = timings.flatMap(({ failure, engine, ...of }) =>
    failure === undefined ? [] : [`- ${of.case} on ${engine}: ${failure.replaceAll("\n", " ")}`],
  );
  const lines = [
    "# dsgan on this machine's GPU",
    "",
    ...Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`),
    "",
    "## Engines",
    "",
    "```",
    engines.trim(),
    "```",
    "",
    "## Time of a step",
    "",
    "Milliseconds, the median and in brackets the range of all but the fastest and the slowest tenth.",
    "",
    `| case | ${columns.join(" | ")} |`,
    `|---|${"---|".repeat(columns.length)}`,
    ...rows,
    ...(failures.length > 0 ? ["", ...failures] : []),
    "",
    "## Scenarios on onnxruntime, webgpu",
    "",
    ...Object.entries(scenarios).map(([name, end]) => `- ${name}: ${end}`),
  ];
  if (ops !== undefined) {
    lines.push("", "## tfjs-core's op tests on onnxruntime, webgpu", "");
    lines.push(
      `${ops.passed} pass, ${ops.failed.length} fail.`,
      "",
      ...ops.failed.map((name) => `- ${name}`),
    );
  }
  if (left.length > 0) lines.push("", "## Left out", "", ...left.map((what) => `- ${what}`));
  return `${lines.join("\n")}\n`;
}
