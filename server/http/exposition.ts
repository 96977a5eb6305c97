/**
 * Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * @module
 */

/** Labels of a sample by name. */
export type Labels = Readonly<Record<string, string>>;

/** One number of a metric. */
export interface Sample {
  readonly value: number;
  readonly labels?: Labels;
  /** What follows the metric's name: `_sum` of a histogram. */
  readonly suffix?: string;
}

/** Something that is counted or measured. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** What it comes to by now. */
  samples(): Iterable<Sample> | Promise<Iterable<Sample>>;
}

/** The media type of {@link exposition}. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A page of metrics. */
export async function exposition(metrics: readonly Metric[]): Promise<string> {
  const lines: string[] = [];
  for (const { name, help, type, samples } of metrics) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const { value, labels = {}, suffix = "" } of await samples()) {
      lines.push(`${name}${suffix}${labelled(labels)} ${numeral(value)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function labelled(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}

function numeral(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

/** Values by labels, in buckets. */
export interface Histogram {
  observe(labels: Labels, value: number): void;
  samples(): Sample[];
}

/**
 * A histogram without values.
 * @param bounds upper bounds of its buckets, rising; above the last one there is another bucket
 */
export function newHistogram(bounds: readonly number[]): Histogram {
  const series = new Map<string, { readonly labels: Labels; readonly counts: number[]; sum: number }>();
  return {
    observe(labels, value) {
      const key = JSON.stringify(labels);
      let found = series.get(key);
      if (found === undefined) {
        found = { labels, counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 };
        series.set(key, found);
      }
      const above = bounds.findIndex((bound) => value <= bound);
      found.counts[above < 0 ? bounds.length : above]!++;
      found.sum += value;
    },
    samples: () =>
      [...series.values()].flatMap(({ labels, counts, sum }) => {
        let count = 0;
        const buckets = counts.map((own, i): Sample => {
          count += own;
          return {
            suffix: "_bucket",
            labels: { le: numeral(bounds[i] ?? Number.POSITIVE_INFINITY), ...labels },
            value: count,
          };
        });
        return [
          ...buckets,
          { suffix: "_sum", labels, value: sum },
          { suffix: "_count", labels, value: count },
        ];
      }),
  };
}
