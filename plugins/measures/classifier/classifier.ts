/**
 * The measure `classifier`: for label sets, what a classifier that never saw the GAN takes the samples for, and how
 * diverse they are beside real ones.
 *
 * @module
 */
import {
  type Built,
  component,
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
  type Refs,
  type TrainingEvent,
  tf,
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
        const x = pg(key.fold("pg"), parts.n); // [n, ...shape]
        const real = data.only(wanted).sample(key.fold("real"), parts.n);
        const judged = await judgements(judge, x);
        const share = (labels: readonly number[]): number =>
          judged.reduce((sum, label) => sum + (labels.includes(label) ? 1 : 0), 0) / judged.length;
        const diversity = (await meanDistance(x)) / (await meanDistance(real));
        tf.dispose([x, real]);
        return {
          targetShare: share(wanted),
          avoidShare: share(pd),
          ...Object.fromEntries(pdBar.map((label) => [`judged.${label}`, share([label])])),
          diversity,
          realTargetShare: await shareOf(judge, held.only(wanted), (judged) => wanted.includes(judged)),
          classifierAccuracy: await shareOf(judge, held, (judged, label) => judged === label),
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

/** The class of each row of `[n, ...shape]`. */
async function judgements(judge: Network, x: tf.Tensor): Promise<Int32Array> {
  return (await read(() => tf.argMax(judge.apply(x, { training: false }), 1))) as Int32Array;
}

/** The values of a tensor, which is freed. */
async function read(made: () => tf.Tensor): Promise<Float32Array | Int32Array> {
  const y = tf.tidy(made);
  const values = (await y.data()) as Float32Array | Int32Array;
  y.dispose();
  return values;
}

/** Share of rows judged as asked for, read in blocks so that memory stays small. */
async function shareOf(
  judge: Network,
  data: FiniteDataset,
  asked: (judged: number, label: number) => boolean,
): Promise<number> {
  const block = 1000;
  let found = 0;
  for (let start = 0; start < data.size; start += block) {
    const indices = Array.from({ length: Math.min(block, data.size - start) }, (_, i) => start + i);
    const x = data.rows(indices);
    (await judgements(judge, x)).forEach((judged, i) => {
      if (asked(judged, data.labels![start + i]!)) found++;
    });
    x.dispose();
  }
  return found / data.size;
}

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
