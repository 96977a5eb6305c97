/**
 * Accuracy on corrupted images: noise, blurs, changed light, each in five severities.
 *
 * @module
 */
import {
  type ApplicationEvent,
  component,
  InputError,
  judgeOf,
  parseOptions,
  sizeOf,
  z,
} from "../../../core/mod.ts";
import { batchesOf, type Images, imagesAt } from "../evaluate-robustness/images.ts";
import { shareOf } from "../evaluation.ts";
import {
  type Examined,
  type Finding,
  type FoundCurve,
  type RobustnessMeasure,
  RobustnessMeasures,
} from "../measure.ts";
import type { Picture } from "./filters.ts";
import { corrupted, KINDS, type KindName, SEVERITIES, SUITES, type Suite } from "./kinds.ts";

const NAMES = Object.keys(KINDS) as KindName[];

const options = z.strictObject({
  kinds: z.array(z.enum(NAMES)).min(1).default(NAMES).describe("What is done to the images."),
  numbers: z
    .enum(SUITES)
    .default("cifar-10-c")
    .describe(
      "Severities: those of CIFAR-10-C, for images of 32 × 32 pixels, or of ImageNet-C, for 224 × 224; widths in pixels grow with " +
        "larger images.",
    ),
});

/** Options of {@link corruptions}. */
export type CorruptionsOptions = z.input<typeof options>;

/** Accuracy under common corruptions. */
export function corruptions(given: CorruptionsOptions = {}): RobustnessMeasure {
  const { numbers, ...settings } = parseOptions("corruptions", options, given);
  const kinds = [...new Set(settings.kinds)];
  return {
    name: "corruptions",
    check: ({ name, inputShape }) => void pictureSize(name, inputShape),
    async *measure(examined) {
      const right = yield* counting(examined, kinds, numbers);
      return found(kinds, right, examined.images.labels.length);
    },
  };
}

/** @throws InputError where inputs are no pictures */
function pictureSize(name: string, shape: readonly number[]): Picture["size"] {
  const [height, width, channels = 1] = shape;
  if (shape.length === 2 || shape.length === 3) return [height!, width!, channels];
  throw new InputError(
    `corruptions are of images [height, width] or [height, width, channels], but classifier "${name}" takes [${shape}]`,
  );
}

/** How many images the classifier gets right: as they are, then in each kind and severity. */
async function* counting(
  examined: Examined,
  kinds: readonly KindName[],
  suite: Suite,
): AsyncGenerator<ApplicationEvent, readonly number[]> {
  const { classifier, images, batch, key, state, stage } = examined;
  const counts = state.cell<readonly number[]>("right", []);
  const rounds = kinds.flatMap((kind) => SEVERITIES.map((severity) => ({ kind, severity })));
  const judge = judgeOf(classifier);
  try {
    for (const round of [undefined, ...rounds].slice(counts.value.length)) {
      await state.settle();
      const given =
        round === undefined ? images : corruptedImages(examined, round.kind, round.severity, suite);
      let right = 0;
      for (const rows of batchesOf(images.labels.length, batch)) {
        const x = imagesAt(given, rows);
        const said = await judge.predict(x, key.fold("classifier", counts.value.length, rows.start));
        x.dispose();
        for (let i = 0; i < rows.count; i++) right += said[i] === images.labels[rows.start + i] ? 1 : 0;
      }
      counts.value = [...counts.value, right];
      yield { type: "progress", stage, step: counts.value.length, steps: rounds.length + 1 };
    }
  } finally {
    judge.dispose();
  }
  return counts.value;
}

/** The images corrupted, each by draws of its own: the same for every classifier, on every engine. */
function corruptedImages(
  { classifier, images, key }: Examined,
  kind: KindName,
  severity: number,
  suite: Suite,
): Images {
  const [low, high] = classifier.bounds;
  const length = sizeOf(images.shape);
  const size = pictureSize(classifier.name, images.shape);
  const values = new Float32Array(images.values.length);
  images.rows.forEach((row, i) => {
    const clean = images.values.subarray(i * length, (i + 1) * length);
    const picture = { values: clean.map((x) => (x - low) / (high - low)), size };
    const made = corrupted(picture, kind, severity, key.fold("image", row), suite);
    values.set(
      made.map((x) => low + (high - low) * x),
      i * length,
    );
  });
  return { ...images, values };
}

/** Severity 0 stands for the images as they are. */
function found(kinds: readonly KindName[], [clean, ...right]: readonly number[], n: number): Finding {
  const curves = kinds.map((name, k): FoundCurve => {
    const counts = [clean!, ...right.slice(k * SEVERITIES.length, (k + 1) * SEVERITIES.length)];
    const points = counts.map((count, epsilon) => ({ epsilon, ...shareOf(count, n) }));
    return { name, axis: "severity", points };
  });
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const means = curves.map(({ points }) => mean(points.slice(1).map(({ value }) => value)));
  return {
    metrics: { mean: mean(means), ...Object.fromEntries(kinds.map((name, k) => [name, means[k]!])) },
    curves,
  };
}

/** How a scenario names it: `{ use: corruptions, kinds: [gaussian-noise] }`. */
export default component(RobustnessMeasures, {
  name: "corruptions",
  summary: "Accuracy on images with noise, blurs and changed light, ten kinds in five severities",
  reference: "Hendrycks & Dietterich, ICLR 2019, arXiv:1903.12261",
  options,
  create: corruptions,
});
