/**
 * The stages of an evaluation: clean predictions, each attack at each budget, probes. A stage that was finished is not
 * run again when the run is taken up; one under way goes on from its last batch.
 *
 * @module
 */
import { dump } from "npyjs";
import {
  type Attack,
  type AttackBatch,
  type Classifier,
  compileStep,
  type EventBody,
  type Judge,
  judgeOf,
  type Key,
  type PreparedAttack,
  prepare,
  type RunContext,
  type RunState,
  sizeOf,
  tf,
  type Verdict,
  widest,
} from "../../../core/mod.ts";
import type { Evaluation, Probes, Trial } from "../evaluation.ts";
import type { EvaluateRobustness } from "./evaluate-robustness.ts";
import { sheetOf } from "./pictures.ts";

/** Images to be attacked. */
export interface Images {
  /** `[n, ...shape]` row by row */
  readonly values: Float32Array;
  readonly shape: readonly number[];
  /** Their rows in the data. */
  readonly rows: readonly number[];
  readonly labels: readonly number[];
}

/** An attack and what it is called in this evaluation. */
export interface Named {
  readonly name: string;
  readonly attack: Attack;
}

/** What the stages of one classifier have in common. */
export interface Stage {
  readonly parts: EvaluateRobustness;
  readonly images: Images;
  /** Of the classifier. */
  readonly name: string;
  readonly classifier: Classifier;
  readonly key: Key;
  readonly context: RunContext;
}

/** Classes that the classifier takes the clean images for, and those that they are to be taken for. */
export type Clean = { readonly clean: number[]; readonly target: number[] | null };

/** Predictions without any attack, and the targets that follow from them. */
export async function* predictions({
  parts,
  images,
  name,
  classifier,
  key,
}: Stage): AsyncGenerator<EventBody, Clean> {
  const { goal, batch } = parts;
  const n = images.labels.length;
  const stage = `${name}: clean`;
  yield { type: "stage", stage, steps: n };
  const look = compileStep<"x", "best" | "worst">(stage, ({ x }) => {
    const logits = classifier.logits(x);
    return { best: tf.argMax(logits, 1), worst: tf.argMin(logits, 1) };
  });
  const [clean, worst]: [number[], number[]] = [[], []];
  for (const rows of batches(n, batch)) {
    const x = imagesAt(images, rows);
    const seen = look.run({ x }, key);
    const [best, least] = [await seen.best.data(), await seen.worst.data()];
    tf.dispose([x, seen.best, seen.worst]);
    clean.push(...best.slice(0, rows.count));
    worst.push(...least.slice(0, rows.count));
    yield { type: "progress", stage, step: clean.length, steps: n };
  }
  look.dispose();
  return {
    clean,
    target: goal === "untargeted" ? null : targets(goal, images, worst, classifier.classes, key),
  };
}

/** The class that each image is to be taken for. */
function targets(
  goal: EvaluateRobustness["goal"],
  { labels }: Images,
  worst: readonly number[],
  classes: number,
  key: Key,
): number[] {
  if (goal === "least-likely") return [...worst];
  if (typeof goal === "number") return labels.map(() => goal);
  const steps = key.fold("targets").integers(labels.length, classes - 1);
  return labels.map((label, i) => (label + 1 + steps[i]!) % classes);
}

/** All attacks at all their budgets. */
export async function* attackStages(
  stage: Stage,
  attacks: readonly Named[],
  attacked: readonly number[],
  target: readonly number[] | null,
): AsyncGenerator<EventBody, Trial[]> {
  const { parts, classifier, name } = stage;
  const trials: Trial[] = [];
  const judge = judgeOf(classifier);
  try {
    for (const { name: of, attack } of attacks) {
      const budgets = [...new Set(parts.epsilons[attack.norm])].sort((a, b) => a - b);
      const minimal = attack.kind === "minimum-norm" || parts.mode === "minimal";
      const prepared = prepare(attack, classifier);
      try {
        for (const epsilon of minimal ? [null] : budgets) {
          const title = `${name}: ${of}${epsilon === null ? "" : ` at ${epsilon}`}`;
          const keeps =
            parts.keep === "all" ||
            (parts.keep === "largest" && (epsilon ?? budgets.at(-1)) === budgets.at(-1));
          const shot: Shot = {
            stage,
            title,
            attack,
            epsilon,
            attacked,
            target,
            budgets,
            keeps,
            judge,
            prepared,
            key: stage.key.fold("attack", of, epsilon ?? "least"),
          };
          const tried = yield* stage.context.state.once(title, (state) => shoot(shot, state));
          trials.push({
            attack: of,
            norm: attack.norm,
            access: attack.access ?? "white-box",
            epsilon,
            ...tried,
          } as Trial);
        }
      } finally {
        prepared.dispose();
      }
    }
  } finally {
    judge.dispose();
  }
  return trials;
}

/** One attack at one budget, or once at the least distance. */
interface Shot {
  readonly stage: Stage;
  readonly title: string;
  readonly attack: Attack;
  readonly epsilon: number | null;
  readonly attacked: readonly number[];
  readonly target: readonly number[] | null;
  readonly budgets: readonly number[];
  /** Whether its examples are kept as a file. */
  readonly keeps: boolean;
  readonly judge: Judge;
  readonly prepared: PreparedAttack;
  readonly key: Key;
}

/** What a shot found, a value for each image attacked. */
type Found = {
  success: number[];
  prediction: number[];
  distance: { l2: number[]; linf: number[] };
  queries: number[];
};

const NOTHING: Found = { success: [], prediction: [], distance: { l2: [], linf: [] }, queries: [] };

async function* shoot(shot: Shot, state: RunState): AsyncGenerator<EventBody, Found> {
  const { stage, title, attacked, target, key } = shot;
  const { images, parts, context } = stage;
  const found = state.cell<Found>("found", NOTHING);
  const broken = state.cell<number>("broken", 0);
  const all = [...batches(attacked.length, parts.batch)];
  const examples = all.map(({ indices }) =>
    tf.tidy(() => tf.variable(tf.zeros([indices.length, ...images.shape]), false)),
  );
  yield { type: "stage", stage: title, steps: attacked.length };
  try {
    state.keep("examples", new Map(examples.map((variable, i) => [String(i), variable])));
    for (const [i, rows] of all.entries()) {
      if (found.value.success.length >= rows.start + rows.count) continue;
      await state.settle();
      const batch = batchOf(images, rows, attacked, target);
      try {
        const verdict = await judged(shot, batch, key.fold("batch", i));
        examples[i]!.assign(verdict.x);
        verdict.x.dispose();
        found.value = joined(found.value, verdict, rows.count);
        broken.value += verdict.broken;
      } catch (error) {
        // stopped within a batch: what the batches before it found is written down
        if (context.signal.aborted) await state.settle();
        throw error;
      } finally {
        tf.dispose(Object.values(batch));
      }
      const fooled = found.value.success.reduce((a, b) => a + b, 0);
      const done = found.value.success.length;
      yield {
        type: "progress",
        stage: title,
        step: done,
        steps: attacked.length,
        values: { fooled: fooled / done },
      };
    }
    if (broken.value > 0) {
      yield {
        type: "warning",
        message: `${title}: the attack gave no numbers for ${broken.value} images; they count as not fooled`,
      };
    }
    yield* kept(shot, examples, found.value);
    return found.value;
  } finally {
    tf.dispose(examples);
  }
}

/** Runs the attack in the way that its kind and the mode ask for. */
async function judged(
  { stage, attack, prepared, epsilon, budgets, judge }: Shot,
  batch: AttackBatch,
  key: Key,
): Promise<Verdict> {
  const { parts, classifier, context } = stage;
  const { signal } = context;
  if (epsilon !== null || attack.kind === "minimum-norm") {
    return await judge.run(prepared, batch, { epsilon: epsilon ?? undefined, key, signal });
  }
  const most = widest(attack.norm, classifier);
  const largest = budgets.at(-1)! || most;
  const search = { ...parts.search, start: largest, most: parts.search.by === "scan" ? largest : most };
  const trying = judge.least(prepared, batch, { search, key, signal });
  for (;;) {
    const { done, value } = await trying.next();
    if (done) return value;
  }
}

/** The findings so far with those of one more batch. */
function joined(before: Found, { success, prediction, distance, queries }: Verdict, count: number): Found {
  const more = (old: readonly number[], values: ArrayLike<number>): number[] => [
    ...old,
    ...Array.from({ length: count }, (_, i) => values[i]!),
  ];
  return {
    success: more(before.success, success),
    prediction: more(before.prediction, prediction),
    distance: { l2: more(before.distance.l2, distance.l2), linf: more(before.distance.linf, distance.linf) },
    queries: more(before.queries, queries),
  };
}

/** Keeps the examples, and a sheet of some of them. */
async function* kept(shot: Shot, examples: readonly tf.Variable[], found: Found): AsyncGenerator<EventBody> {
  const { stage, title, attack, epsilon, attacked, keeps } = shot;
  const { parts, images, name, context } = stage;
  if (attacked.length === 0 || !keeps) return;
  const size = sizeOf(images.shape);
  const values = new Float32Array(attacked.length * size);
  for (const [i, { start, count }] of [...batches(attacked.length, parts.batch)].entries()) {
    values.set((await examples[i]!.data()).subarray(0, count * size) as Float32Array, start * size);
  }
  const file = `${name}/${title.slice(name.length + 2).replaceAll(" at ", "@")}`;
  const at = epsilon === null ? "at the least distance" : `within ${epsilon}`;
  const shape = [attacked.length, ...images.shape];
  yield await context.artifact(
    `adversarial/${file}.npy`,
    `${title}: examples ${at}, float32 [${shape}], in the order of the attacked images in images.csv`,
    new Uint8Array(dump(values, shape)),
  );
  if (parts.painter === undefined || parts.show === 0 || (epsilon ?? 1) === 0) return;
  const chosen = found.success.flatMap((good, i) => (good ? [i] : [])).slice(0, parts.show);
  const png = await sheetOf(parts.painter, images, attacked, values, chosen, stage.classifier.bounds);
  if (png === undefined) return;
  yield await context.artifact(
    `previews/${file}.png`,
    `${title} (${attack.norm}): clean, adversarial, and their difference at its own scale`,
    png,
  );
}

/** What is looked at beside the attacks: gradients on the clean images, and attacks with a quarter of their steps. */
export async function* probing(
  stage: Stage,
  attacks: readonly Named[],
  evaluation: Evaluation,
  target: readonly number[] | null,
): AsyncGenerator<EventBody, Mutable<Probes>> {
  const { parts, images, name, classifier, key, context } = stage;
  const title = `${name}: probes`;
  const looked = evaluation.attacked.slice(0, parts.batch);
  if (looked.length === 0) return {};
  const within = attacks.filter(
    ({ attack, name: of }) =>
      attack.kind === "within-budget" &&
      (attack.steps ?? 1) > 1 &&
      evaluation.trials.some((trial) => trial.attack === of && trial.epsilon !== null && trial.epsilon > 0),
  );
  const steps = 1 + within.length;
  yield { type: "stage", stage: title, steps };
  const [rows] = [...batches(looked.length, parts.batch)];
  const batch = batchOf(images, rows!, looked, target);
  const judge = judgeOf(classifier);
  try {
    const zeroGradients = await zeroShares(classifier, batch, looked.length, key);
    yield { type: "progress", stage: title, step: 1, steps };
    const shortened: NonNullable<Mutable<Probes>["shortened"]>[number][] = [];
    for (const [i, { name: of, attack }] of within.entries()) {
      context.signal.throwIfAborted();
      const trials = evaluation.trials.filter((trial) => trial.attack === of && trial.epsilon !== null);
      const last = trials.reduce((a, b) => (b.epsilon! > a.epsilon! ? b : a));
      const prepared = prepare(attack, classifier);
      const verdict = await judge.run(prepared, batch, {
        epsilon: last.epsilon!,
        steps: Math.max(1, Math.round(attack.steps! / 4)),
        key: key.fold("probe", of),
        signal: context.signal,
      });
      prepared.dispose();
      verdict.x.dispose();
      const count = (flags: ArrayLike<number>): number =>
        Array.from({ length: looked.length }, (_, j) => flags[j]!).reduce((a, b) => a + b, 0);
      shortened.push({
        attack: of,
        epsilon: last.epsilon!,
        images: looked.length,
        full: count(last.success),
        quarter: count(verdict.success),
      });
      yield { type: "progress", stage: title, step: i + 2, steps };
    }
    return { zeroGradients, shortened };
  } finally {
    judge.dispose();
    tf.dispose(Object.values(batch));
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Mutable<T[K]> : T[K] };

/** Shares of the images whose gradient is zero throughout. */
async function zeroShares(classifier: Classifier, { x, y }: AttackBatch, n: number, key: Key) {
  const probe = compileStep<"x" | "y", "crossEntropy" | "margin">("gradients", (inputs) => {
    const own = tf.cast(tf.oneHot(inputs.y as tf.Tensor1D, classifier.classes), "float32");
    const zero = (loss: (logits: tf.Tensor) => tf.Tensor): tf.Tensor => {
      const slope = tf.grad((at) => tf.sum(loss(classifier.logits(at))))(inputs.x);
      return tf.cast(tf.equal(tf.max(tf.abs(tf.reshape(slope, [slope.shape[0]!, -1])), 1), 0), "float32");
    };
    return {
      crossEntropy: zero((z) => tf.sub(tf.logSumExp(z, 1), tf.sum(tf.mul(z, own), 1))),
      margin: zero((z) => tf.sub(tf.max(tf.sub(z, tf.mul(own, FAR)), 1), tf.sum(tf.mul(z, own), 1))),
    };
  });
  const zeros = probe.run({ x, y }, key);
  const share = async (flags: tf.Tensor): Promise<number> =>
    Array.from(await flags.data())
      .slice(0, n)
      .reduce((a, b) => a + b, 0) / n;
  const shares = { crossEntropy: await share(zeros.crossEntropy), margin: await share(zeros.margin) };
  tf.dispose(Object.values(zeros));
  probe.dispose();
  return shares;
}

/** Puts the true class behind all others. */
const FAR = 1e9;

/** Rows of one batch: so many from `start` on, then the first of them again until the batch is full. */
interface BatchRows {
  readonly start: number;
  readonly count: number;
  readonly indices: readonly number[];
}

/** All rows in batches of one size, so that each attack is compiled for that size alone. */
function* batches(n: number, size: number): Generator<BatchRows> {
  const whole = Math.min(n, size);
  for (let start = 0; start < n; start += size) {
    const count = Math.min(size, n - start);
    yield { start, count, indices: Array.from({ length: whole }, (_, i) => start + (i < count ? i : 0)) };
  }
}

function imagesAt({ values, shape }: Images, { indices }: BatchRows, of?: readonly number[]): tf.Tensor {
  const size = sizeOf(shape);
  const x = new Float32Array(indices.length * size);
  indices.forEach((row, i) => {
    const image = of === undefined ? row : of[row]!;
    x.set(values.subarray(image * size, (image + 1) * size), i * size);
  });
  return tf.tensor(x, [indices.length, ...shape]);
}

/** Images, labels and targets of a batch of those attacked. */
function batchOf(
  images: Images,
  rows: BatchRows,
  attacked: readonly number[],
  target: readonly number[] | null,
): AttackBatch & Record<string, tf.Tensor> {
  const classes = (of: readonly number[]): tf.Tensor1D =>
    tf.tensor1d(
      rows.indices.map((row) => of[attacked[row]!]!),
      "int32",
    );
  return {
    x: imagesAt(images, rows, attacked),
    y: classes(images.labels),
    ...(target !== null && { target: classes(target) }),
  };
}
