/**
 * The measure `classifier`: for label sets, what a classifier that never saw the GAN takes the samples for, and how
 * diverse they are beside real ones.
 *
 * @module
 */
import {
  accuracyWarnings,
  type Built,
  component,
  countOf,
  type FiniteDataset,
  fit,
  InputError,
  type Measure,
  type MeasureInput,
  Measures,
  type Network,
  Networks,
  Optimizers,
  passesOf,
  predictionOf,
  type Refs,
  type TrainingEvent,
  tf,
  warningsOfSilence,
  withoutClass,
  z,
} from "../../../core/mod.ts";

const options = (refs: Refs) =>
  z.strictObject({
    network: refs(Networks)
      .prefault({ use: "mlp", hidden: [256] })
      .describe("Architecture of the judge."),
    optimizer: refs(Optimizers)
      .prefault({ use: "adam", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, decayFrom: 0.5 })
      .describe("Trains the judge."),
    epochs: z.int().positive().default(5).describe("Passes over the training rows."),
    batch: z.int().positive().default(128).describe("Rows a step."),
    n: z.int().min(2).default(1000).describe("Samples of the generator that are judged."),
  });

/** Options of {@link classifier}, their components created. */
export type ClassifierOptions = Built<typeof options>;

/**
 * Trains a classifier on all classes of the target's data, then reports
 * `targetShare`: share of pg judged a class of pdBar that pd lacks (what Eq. 1 asks for);
 * `avoidShare`: share judged a class of pd; `judged.<class>`: for each class of pdBar;
 * `diversity`: mean pairwise distance of pg over that of as many real rows of the wanted classes;
 * `realTargetShare` and `classifierAccuracy`: of the judge itself, on rows that it was not trained on where the data
 * holds some back: `targetShare` of real rows of the wanted classes, and the share of all rows judged rightly.
 */
export function classifier(parts: ClassifierOptions): Measure {
  return {
    name: "classifier",
    check(target) {
      if (target.classes !== undefined) return;
      throw new InputError(
        `measure "classifier": target "${target.name}" is not made of classes; use it with label-difference`,
      );
    },
    async *measure({ target, pg, key, state, sentinels }) {
      const { data, pd, pdBar } = target.classes!;
      const wanted = pdBar.filter((label) => !pd.includes(label));
      const ports = { input: data.shape, output: [data.classes!] };
      const judge = state.network("judge", parts.network, ports, key.fold("network"));
      try {
        yield* trainJudge(judge, data, parts, { key: key.fold("train"), state, sentinels });
        const held = (await data.heldOut?.()) ?? data;
        const ofHeld = await allJudgements(judge, held);
        const counted = countOf(held.labels!, ofHeld, held.classes!);
        const labelled = [...held.labels!].flatMap((label, i) =>
          wanted.includes(label) ? [ofHeld[i]!] : [],
        );
        const x = pg(key.fold("pg"), parts.n); // [n, ...shape]
        const real = data.only(wanted).sample(key.fold("real"), parts.n);
        const judged = await judgements(judge, x);
        const share = (labels: readonly number[]): number =>
          judged.reduce((sum, label) => sum + (labels.includes(label) ? 1 : 0), 0) / judged.length;
        const diversity = (await meanDistance(x)) / (await meanDistance(real));
        tf.dispose([x, real]);
        const silent = warningsOfSilence(
          "the judge",
          withoutClass(judged),
          parts.n,
          "generated samples",
          "of no class",
        );
        for (const message of [...accuracyWarnings("the judge", "real rows", counted), ...silent]) {
          yield { type: "warning", message };
        }
        return {
          targetShare: share(wanted),
          avoidShare: share(pd),
          ...Object.fromEntries(pdBar.map((label) => [`judged.${label}`, share([label])])),
          diversity,
          realTargetShare: labelled.filter((label) => wanted.includes(label)).length / labelled.length,
          classifierAccuracy: counted.right / held.size,
        };
      } finally {
        judge.dispose();
      }
    },
  };
}

/** Trains the judge on all rows, pass by pass. */
function trainJudge(
  judge: Network,
  data: FiniteDataset,
  { optimizer, epochs, batch }: ClassifierOptions,
  { key, state, sentinels }: Pick<MeasureInput, "key" | "state" | "sentinels">,
): AsyncGenerator<TrainingEvent> {
  return fit({
    ...{ network: judge, data, optimizer, epochs, batch, key, state, sentinels, stage: "train judge" },
    order: passesOf(data.size, batch, key.fold("order"), "short"),
    // tfjs's own: its gradient rounds differently from crossEntropy's
    loss: ({ x, y }, at) =>
      tf.losses.softmaxCrossEntropy(y, judge.apply(x, { training: true, key: at })) as tf.Scalar,
  });
}

/** The class of each row of `[n, ...shape]`, `NO_CLASS` where the judge gives none. */
async function judgements(judge: Network, x: tf.Tensor): Promise<Int32Array> {
  return (await read(() => predictionOf(judge.apply(x, { training: false })))) as Int32Array;
}

/** The values of a tensor, which is freed. */
async function read(made: () => tf.Tensor): Promise<Float32Array | Int32Array> {
  const y = tf.tidy(made);
  const values = (await y.data()) as Float32Array | Int32Array;
  y.dispose();
  return values;
}

/** What all rows are judged to be, block by block so that memory stays small; the last block is filled up. */
async function allJudgements(judge: Network, data: FiniteDataset): Promise<number[]> {
  const block = Math.min(BLOCK, data.size);
  const judged: number[] = [];
  for (let start = 0; start < data.size; start += block) {
    const x = data.rows(Array.from({ length: block }, (_, i) => Math.min(start + i, data.size - 1)));
    judged.push(...(await judgements(judge, x)).subarray(0, data.size - start));
    x.dispose();
  }
  return judged;
}

/** Rows judged together. */
const BLOCK = 1000;

/** Mean Euclidean distance over all pairs of distinct rows of `[n, ...]`. */
async function meanDistance(x: tf.Tensor): Promise<number> {
  const n = x.shape[0]!;
  const [sum] = await read(() => {
    const rows = tf.reshape(x, [n, -1]) as tf.Tensor2D;
    const squares = tf.sum(tf.square(rows), 1, true); // [n, 1]
    const products = tf.matMul(rows, rows, false, true); // [n, n]
    const squared = tf.sub(tf.add(squares, tf.transpose(squares)), tf.mul(2, products));
    const distances = tf.mul(tf.sqrt(tf.relu(squared)), tf.sub(1, tf.eye(n)));
    return tf.sum(distances);
  });
  return sum! / (n * (n - 1));
}

/** How a scenario names it: `measures: [classifier]`. */
export default component(Measures, {
  name: "classifier",
  summary: "For label sets: what a classifier trained apart takes pg for, and how diverse pg is",
  options,
  create: async (given, context) => classifier(await context.build(given)),
});
