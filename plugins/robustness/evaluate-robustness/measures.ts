/**
 * The measures of an evaluation: each on each classifier, and what they found as metrics, tables and pictures.
 *
 * @module
 */
import {
  type ApplicationEvent,
  type Classifier,
  fileNameRule,
  InputError,
  isFileName,
  type RunContext,
} from "../../../core/mod.ts";
import type { Finding, FoundCurve, RobustnessMeasure } from "../measure.ts";
import type { Images } from "./images.ts";
import type { EvaluateRobustness } from "./options.ts";
import { panelOf } from "./pictures.ts";
import { unique } from "./stage.ts";

/** What a measure found of a classifier. */
export interface Measured {
  readonly classifier: string;
  /** What the measure is called in this evaluation. */
  readonly measure: string;
  readonly finding: Finding;
}

/** Longest name of a measure. */
const LONGEST = 100;

/** @throws InputError where the name of a measure cannot be that of a file */
export function checkMeasures(measures: readonly RobustnessMeasure[]): void {
  const bad = measures.find(({ name }) => !isFileName(name, LONGEST));
  if (bad === undefined) return;
  throw new InputError(
    `measure ${JSON.stringify(bad.name)}: its name becomes that of files, so its plugin must make it of ${fileNameRule(LONGEST)}`,
  );
}

/** Measures each classifier, and tells what was found. A measure that was finished is not taken again. */
export async function* measuring(
  { measures, painter, batch }: Pick<EvaluateRobustness, "measures" | "painter" | "batch">,
  images: Images,
  classifiers: readonly Classifier[],
  context: RunContext,
): AsyncGenerator<ApplicationEvent, readonly Measured[]> {
  if (measures.length === 0) return [];
  const named = unique(measures);
  const all: Measured[] = [];
  for (const classifier of classifiers) {
    for (const [measure, judge] of named) {
      const stage = `${classifier.name}: ${measure}`;
      const finding = yield* context.state.once(stage, async function* (state) {
        yield { type: "stage", stage };
        const key = context.key.fold("evaluate-robustness", "measure", measure);
        return yield* judge.measure({ classifier, images, batch, key, state, stage });
      });
      all.push({ classifier: classifier.name, measure, finding });
    }
  }
  yield* context.state.once("measures", async function* () {
    yield { type: "stage", stage: "measures" };
    yield { type: "metrics", values: metricsOf(all) };
    for (const measure of named.keys()) {
      yield* written(
        all.filter((one) => one.measure === measure),
        images,
        painter,
        context,
      );
    }
    return undefined;
  });
  return all;
}

function metricsOf(all: readonly Measured[]): Record<string, number> {
  return Object.fromEntries(
    all.flatMap(({ classifier, measure, finding }) =>
      Object.entries(finding.metrics).map(([name, value]) => [`${classifier}.${measure}.${name}`, value]),
    ),
  );
}

/** Files and warnings of one measure. */
async function* written(
  all: readonly Measured[],
  images: Images,
  painter: EvaluateRobustness["painter"],
  context: RunContext,
): AsyncGenerator<ApplicationEvent> {
  const { measure } = all[0]!;
  const table = (rows: readonly (readonly unknown[])[]): Uint8Array =>
    new TextEncoder().encode(rows.map((row) => `${row.join(",")}\n`).join(""));
  const curves = all.flatMap(({ classifier, finding: { curves = [] } }) =>
    curves.map((curve) => ({ classifier, curve })),
  );
  if (curves.length > 0) {
    const title = `${measure}: accuracy with 95 % intervals`;
    yield await context.artifact(`${measure}.csv`, title, table(curveRows(curves)));
    if (painter !== undefined) {
      const names = [...new Set(curves.map(({ curve }) => curve.name))];
      const panels = names.map((name) => {
        const shown = curves.filter(({ curve }) => curve.name === name);
        const lines = shown.map(({ classifier, curve: { points } }) => ({ name: classifier, points }));
        return panelOf(name, shown[0]!.curve.axis, lines);
      });
      yield await context.artifact(`${measure}.png`, title, await painter.panels(measure, panels));
    }
  }
  const each = all.filter(({ finding }) => finding.each !== undefined);
  if (each.length > 0) {
    yield await context.artifact(
      `${measure}-images.csv`,
      `${measure}: each image`,
      table(imageRows(each, images)),
    );
  }
  for (const { classifier, finding } of all) {
    for (const warning of finding.warnings ?? []) {
      yield { type: "warning", message: `${classifier}: ${measure}: ${warning}` };
    }
  }
}

const short = (value: number): number => Number(value.toPrecision(7));

function curveRows(
  curves: readonly { readonly classifier: string; readonly curve: FoundCurve }[],
): unknown[][] {
  return [
    ["classifier", "curve", "at", "accuracy", "low", "high"],
    ...curves.flatMap(({ classifier, curve: { name, points } }) =>
      points.map(({ epsilon, value, low, high }) => [
        classifier,
        name.replaceAll(",", ""),
        ...[epsilon, value, low, high].map(short),
      ]),
    ),
  ];
}

function imageRows(all: readonly Measured[], { rows, labels }: Images): unknown[][] {
  const names = [...new Set(all.flatMap(({ finding }) => Object.keys(finding.each!.columns)))];
  return [
    ["classifier", "row", "label", ...names],
    ...all.flatMap(({ classifier, finding }) => {
      const { images, columns } = finding.each!;
      return images.map((image, i) => [
        ...[classifier, rows[image], labels[image]],
        ...names.map((name) => (columns[name] === undefined ? "" : short(columns[name][i]!))),
      ]);
    }),
  ];
}
