/**
 * Randomised smoothing: what a classifier says most often of an image under Gaussian noise, and the radius within which no
 * perturbation changes that, with a probability.
 * J. Cohen, E. Rosenfeld, J. Z. Kolter, "Certified Adversarial Robustness via Randomized Smoothing", ICML 2019, CERTIFY of
 * Sec. 3.2.2.
 *
 * @module
 */
import {
  type ApplicationEvent,
  budgetOption,
  type Classifier,
  compileStep,
  component,
  type Key,
  NO_CLASS,
  parseOptions,
  predictionOf,
  tf,
  z,
} from "../../../core/mod.ts";
import { batchesOf, imagesAt } from "../evaluate-robustness/images.ts";
import { shareOf } from "../evaluation.ts";
import { type Examined, type Finding, type RobustnessMeasure, RobustnessMeasures } from "../measure.ts";
import { lowerBound, normalQuantile } from "./binomial.ts";

const options = z.strictObject({
  sigma: budgetOption({ positive: true })
    .default(0.25)
    .describe("Standard deviation of the noise, in units of the data."),
  selection: z.int().positive().default(100).describe("Draws that choose the class, n₀."),
  samples: z.int().positive().default(1000).describe("Draws that bound its probability, n."),
  alpha: z.number().gt(0).lt(0.5).default(0.001).describe("Probability that a certificate is wrong, α."),
  images: z.int().positive().default(100).describe("Images certified, spread over those of the evaluation."),
  radii: z
    .array(budgetOption())
    .default([0.1, 0.25, 0.5])
    .describe("Radii (ℓ2, in units of the data) at which certified accuracy becomes a metric."),
});

/** Options of {@link smoothing}. */
export type SmoothingOptions = z.input<typeof options>;
type Settings = z.output<typeof options>;

/** Certified accuracy by radius. */
export function smoothing(given: SmoothingOptions = {}): RobustnessMeasure {
  const settings = parseOptions("smoothing", options, given);
  return {
    name: `smoothing-${settings.sigma}`,
    async *measure(examined) {
      const { labels } = examined.images;
      const most = Math.min(settings.images, labels.length);
      const chosen = Array.from({ length: most }, (_, i) => Math.floor((i * labels.length) / most));
      const votes = yield* voting(examined, chosen, settings);
      return found(
        chosen.map((image) => labels[image]!),
        chosen,
        votes,
        settings,
      );
    },
  };
}

/** Of each image the class chosen, and how often it was given in n draws. */
type Votes = { readonly top: readonly number[]; readonly count: readonly number[] };

/** A batch under way: draws made, votes `[images, classes]` row by row since the class was chosen (or before that). */
type Progress = {
  readonly draws: number;
  readonly votes: readonly number[];
  readonly top: readonly number[];
};

const NOTHING: Progress = { draws: 0, votes: [], top: [] };

/** Draws between two moments at which the run can be stopped. */
const CHUNK = 100;

async function* voting(
  examined: Examined,
  chosen: readonly number[],
  { sigma, selection, samples }: Settings,
): AsyncGenerator<ApplicationEvent, Votes> {
  const { classifier, images, batch, key, state, stage } = examined;
  const poll = new Poll(classifier, sigma, stage);
  const all = state.cell<Votes>("votes", { top: [], count: [] });
  const now = state.cell<Progress>("batch", NOTHING);
  const total = selection + samples;
  const steps = chosen.length * total;
  try {
    for (const rows of batchesOf(chosen.length, batch)) {
      if (all.value.top.length >= rows.start + rows.count) continue;
      const x = imagesAt(images, rows, chosen);
      try {
        while (now.value.draws < total) {
          await state.settle();
          now.value = await poll.more(x, now.value, selection, total, key.fold("batch", rows.start));
          const step = rows.start * total + rows.count * now.value.draws;
          yield { type: "progress", stage, step, steps };
        }
      } finally {
        x.dispose();
      }
      const { top, votes } = now.value;
      const count = top.map((label, i) => votes[i * classifier.classes + label]!);
      all.value = {
        top: [...all.value.top, ...top.slice(0, rows.count)],
        count: [...all.value.count, ...count.slice(0, rows.count)],
      };
      now.value = NOTHING;
    }
  } finally {
    poll.dispose();
  }
  return all.value;
}

/** Asks a classifier about noisy images: as many at a time as there are images in a batch. */
class Poll {
  readonly #classes: number;
  readonly #draw: ReturnType<typeof compileStep<"x" | "votes", "votes">>;

  constructor(classifier: Classifier, sigma: number, stage: string) {
    const { classes } = classifier;
    this.#classes = classes;
    this.#draw = compileStep<"x" | "votes", "votes">(stage, ({ x, votes }, key) => {
      const noisy = tf.add(x, tf.mul(sigma, key.fold("noise").normal(x.shape)));
      const label = tf.expandDims(predictionOf(classifier.logits(noisy, key.fold("classifier"))), 1);
      const vote = tf.equal(label, tf.range(0, classes, 1, "int32")); // none where there is no class
      return { votes: tf.add(votes, tf.cast(vote, "float32")) };
    });
  }

  /** Some more draws; once those that choose are made, the class that was given most often is chosen. */
  async more(
    x: tf.Tensor,
    { draws, votes, top }: Progress,
    selection: number,
    total: number,
    key: Key,
  ): Promise<Progress> {
    const shape = [x.shape[0]!, this.#classes];
    const end = Math.min(draws + CHUNK, draws < selection ? selection : total);
    let sum: tf.Tensor = votes.length === 0 ? tf.zeros(shape) : tf.tensor(votes as number[], shape);
    for (let draw = draws; draw < end; draw++) {
      const next = this.#draw.run({ x, votes: sum }, key.fold("draw", draw));
      sum.dispose();
      sum = next.votes;
    }
    const counted = [...(await sum.data())];
    sum.dispose();
    if (end !== selection) return { draws: end, votes: counted, top };
    const rows = Array.from({ length: shape[0]! }, (_, i) =>
      counted.slice(i * this.#classes, (i + 1) * this.#classes),
    );
    return { draws: end, votes: [], top: rows.map((row) => row.indexOf(Math.max(...row))) };
  }

  dispose(): void {
    this.#draw.dispose();
  }
}

/** Intervals of the curve. */
const FINE = 100;

/** Radii and what follows from them: a radius of −1 where the smoothed classifier abstains. */
function found(
  labels: readonly number[],
  images: readonly number[],
  { top, count }: Votes,
  { sigma, samples, alpha, radii }: Settings,
): Finding {
  const n = labels.length;
  const radius = count.map((times) => {
    const low = lowerBound(times, samples, alpha);
    return low > 0.5 ? sigma * normalQuantile(low) : -1;
  });
  const said = top.map((label, i) => (radius[i]! < 0 ? NO_CLASS : label));
  const right = labels.map((label, i) => label === said[i]);
  const certified = (at: number) => shareOf(right.filter((good, i) => good && radius[i]! >= at).length, n);
  const largest = sigma * normalQuantile(lowerBound(samples, samples, alpha));
  const beyond = radii.filter((at) => at > largest);
  const at = [...new Set([...Array.from({ length: FINE + 1 }, (_, i) => (largest * i) / FINE), ...radii])];
  return {
    metrics: {
      accuracy: certified(0).value,
      abstain: said.filter((label) => label === NO_CLASS).length / n,
      radius: right.reduce((sum, good, i) => sum + (good ? radius[i]! : 0), 0) / n,
      ...Object.fromEntries(radii.map((at) => [`certified@${at}`, certified(at).value])),
    },
    curves: [
      {
        name: `sigma ${sigma}`,
        axis: "certified radius (ℓ2)",
        points: at.sort((a, b) => a - b).map((epsilon) => ({ epsilon, ...certified(epsilon) })),
      },
    ],
    each: { images, columns: { class: said, votes: count, radius } },
    warnings:
      beyond.length === 0
        ? []
        : [
            `${samples} draws certify no radius above ${Number(largest.toPrecision(4))} at sigma ${sigma}, so nothing is certified ` +
              `at ${beyond.join(", ")}: raise samples or sigma`,
          ],
  };
}

/** How a scenario names it: `{ use: smoothing, sigma: 0.5 }`. */
export default component(RobustnessMeasures, {
  name: "smoothing",
  summary: "Randomised smoothing: radii within which no perturbation changes the answer",
  reference: "Cohen et al., ICML 2019, arXiv:1902.02918",
  options,
  create: smoothing,
});
