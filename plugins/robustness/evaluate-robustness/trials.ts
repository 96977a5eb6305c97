/**
 * The attacks: each at each budget, or once where it looks for the least distance.
 *
 * @module
 */
import { dump } from "npyjs";
import {
  type ApplicationEvent,
  type AttackBatch,
  fractionText,
  inEachNorm,
  type Judge,
  judgeOf,
  type Key,
  type Norm,
  type PreparedAttack,
  prepare,
  type RunState,
  sizeOf,
  tf,
  type Verdict,
  warningsOfSilence,
  widest,
  withinBudget,
  withoutClass,
} from "../../../core/mod.ts";
import type { Trial } from "../evaluation.ts";
import { attackBatch, type BatchRows, batchesOf, disposeBatch } from "./images.ts";
import { sheetOf } from "./pictures.ts";
import type { NamedAttack, Stage } from "./stage.ts";

/**
 * Runs all attacks at all their budgets.
 * @param attacked images to attack
 * @param target class that each image is to be taken for, if there is one
 */
export async function* runTrials(
  stage: Stage,
  attacks: readonly NamedAttack[],
  attacked: readonly number[],
  target: readonly number[] | null,
): AsyncGenerator<ApplicationEvent, Trial[]> {
  const { parts, classifier, context } = stage;
  const trials: Trial[] = [];
  const judge = judgeOf(classifier);
  const others = new Map([...stage.others].map(([name, other]) => [name, judgeOf(other)]));
  try {
    for (const { name, attack } of attacks) {
      const { norm, access = "white-box" } = attack;
      const budgets = [...new Set(parts.epsilons[norm])].sort((a, b) => a - b);
      const minimal = attack.kind === "minimum-norm" || parts.mode === "minimal";
      const prepared = prepare(attack, classifier);
      try {
        for (const epsilon of minimal ? [null] : budgets) {
          const at = (budget: string | number): string => `${name}${epsilon === null ? "" : ` at ${budget}`}`;
          const title = `${stage.name}: ${at(epsilon === null ? "" : fractionText(epsilon))}`;
          const file = `${stage.name}/${at(epsilon ?? "")}`.replaceAll(" at ", "@");
          const key = stage.key.fold("attack", name, epsilon ?? "least");
          const plan = {
            stage,
            title,
            file,
            prepared,
            judge,
            others,
            epsilon,
            budgets,
            attacked,
            target,
            key,
          };
          const found = yield* context.state.once(`${stage.name}: ${at(epsilon ?? "")}`, (state) =>
            runTrial(plan, state),
          );
          trials.push({ attack: name, norm, access, epsilon, ...found });
        }
      } finally {
        prepared.dispose();
      }
    }
  } finally {
    judge.dispose();
    for (const other of others.values()) other.dispose();
  }
  return trials;
}

/** One attack at one budget, or once at the least distance. */
interface TrialPlan {
  readonly stage: Stage;
  readonly title: string;
  /** Of its files, without their ending: a fraction would be a folder. */
  readonly file: string;
  readonly prepared: PreparedAttack;
  readonly judge: Judge;
  /** Judges of the other classifiers that the examples are shown to. */
  readonly others: ReadonlyMap<string, Judge>;
  /** The budget; null where the least distance is looked for. */
  readonly epsilon: number | null;
  /** All budgets in the attack's norm, rising. */
  readonly budgets: readonly number[];
  readonly attacked: readonly number[];
  readonly target: readonly number[] | null;
  readonly key: Key;
}

/** What a trial found, a value for each image attacked. */
type Found = {
  success: number[];
  prediction: number[];
  distance: Record<Norm, number[]>;
  queries: number[];
  members: Record<string, number[]>;
  transferred: Record<string, number[]>;
};

const NOTHING: Found = {
  success: [],
  prediction: [],
  distance: inEachNorm(() => []),
  queries: [],
  members: {},
  transferred: {},
};

async function* runTrial(plan: TrialPlan, state: RunState): AsyncGenerator<ApplicationEvent, Found> {
  const { stage, title, attacked, target, key } = plan;
  const { images, parts, context } = stage;
  const found = state.cell<Found>("found", NOTHING);
  const broken = state.cell<number>("broken", 0);
  const examples: tf.Variable[] = [];
  /** Keeps the examples of one more batch, where they are wanted. */
  const keepExamples = (x: tf.Tensor): void => {
    if (!isKept(plan)) return;
    examples.push(tf.variable(x, false));
    state.keepFinal(`examples/${examples.length - 1}`, examples.at(-1)!);
  };
  yield { type: "stage", stage: title, steps: attacked.length };
  try {
    const isDone = ({ start, count }: BatchRows): boolean => found.value.success.length >= start + count;
    const all = [...batchesOf(attacked.length, parts.batch)];
    for (const { indices } of all.filter(isDone)) {
      tf.tidy(() => keepExamples(tf.zeros([indices.length, ...images.shape])));
    }
    for (const [i, rows] of all.entries()) {
      if (isDone(rows)) continue;
      await state.settle();
      const batch = attackBatch(images, rows, attacked, target);
      try {
        const verdict = await judged(plan, batch, key.fold("batch", i));
        const transferred = await shown(plan, batch, verdict, key.fold("others", i));
        keepExamples(verdict.x); // only now: a run that is stopped above has not found this batch
        verdict.x.dispose();
        found.value = joined(found.value, { ...verdict, transferred }, rows.count);
        broken.value += verdict.broken;
      } catch (error) {
        // stopped within a batch: what the batches before it found is written down
        if (context.signal.aborted) await state.settle();
        throw error;
      } finally {
        disposeBatch(batch);
      }
      const done = found.value.success.length;
      const fooled = found.value.success.reduce((a, b) => a + b, 0) / done;
      yield { type: "progress", stage: title, step: done, steps: attacked.length, values: { fooled } };
    }
    const { success, prediction } = found.value;
    const counted = target === null ? "fooled where they are within the budget" : "not fooled";
    const silent = withoutClass(prediction);
    const rows = `examples of ${title.slice(stage.name.length + 2)}`;
    for (const message of warningsOfSilence(stage.name, silent, success.length, rows, counted)) {
      yield { type: "warning", message };
    }
    if (broken.value > 0) {
      yield {
        type: "warning",
        message: `${title}: the attack gave no numbers for ${broken.value} images; they count as not fooled`,
      };
    }
    yield* kept(plan, examples, found.value);
    return found.value;
  } finally {
    tf.dispose(examples);
  }
}

/** Runs the attack in the way that its kind and the mode ask for. */
async function judged(
  { stage, prepared, epsilon, budgets, judge }: TrialPlan,
  batch: AttackBatch,
  key: Key,
): Promise<Verdict> {
  const { parts, classifier, context } = stage;
  const { signal } = context;
  const { kind, norm } = prepared.attack;
  if (epsilon !== null) return await judge.run(prepared, batch, { epsilon, key, signal });
  if (kind === "minimum-norm") return await judge.run(prepared, batch, { key, signal });
  const most = widest(norm, classifier);
  const largest = budgets.at(-1)! || most;
  const search = { ...parts.search, start: largest, most: parts.search.by === "scan" ? largest : most };
  const trying = judge.least(prepared, batch, { search, key, signal });
  for (;;) {
    const { done, value } = await trying.next();
    if (done) return value;
  }
}

/**
 * Whether the examples of a batch fool each of the other classifiers, 1 where they do: those within the budget, or, where
 * there is none, those that fool whom they were found for.
 */
async function shown(
  { others, epsilon, prepared, stage }: TrialPlan,
  { y, target }: AttackBatch,
  { x, distance, success }: Verdict,
  key: Key,
): Promise<Record<string, Uint8Array>> {
  const { norm } = prepared.attack;
  const { bounds } = stage.classifier;
  const transferred: Record<string, Uint8Array> = {};
  const wanted = others.size === 0 ? [] : await (target ?? y).data();
  const counts = (i: number): boolean =>
    epsilon === null ? success[i] === 1 : withinBudget(distance[norm][i]!, epsilon, bounds);
  for (const [name, judge] of others) {
    const said = await judge.predict(x, key.fold(name));
    transferred[name] = Uint8Array.from(said, (label, i) =>
      counts(i) && (target === undefined) === (label !== wanted[i]) ? 1 : 0,
    );
  }
  return transferred;
}

/** What was found so far, and in one more batch. */
function joined(
  before: Found,
  verdict: Verdict & { readonly transferred: Readonly<Record<string, Uint8Array>> },
  count: number,
): Found {
  const { success, prediction, distance, queries, members, transferred } = verdict;
  const more = (old: readonly number[], values: ArrayLike<number>): number[] => [
    ...old,
    ...Array.from({ length: count }, (_, i) => values[i]!),
  ];
  const moreOf = (old: Readonly<Record<string, number[]>>, flags: Readonly<Record<string, Uint8Array>>) =>
    Object.fromEntries(Object.entries(flags).map(([name, values]) => [name, more(old[name] ?? [], values)]));
  return {
    success: more(before.success, success),
    prediction: more(before.prediction, prediction),
    distance: inEachNorm((norm) => more(before.distance[norm], distance[norm])),
    queries: more(before.queries, queries),
    members: moreOf(before.members, members),
    transferred: moreOf(before.transferred, transferred),
  };
}

/** Whether the options ask for the examples. */
function isKept({ stage: { parts }, epsilon, budgets, attacked }: TrialPlan): boolean {
  const largest = budgets.at(-1);
  if (attacked.length === 0 || parts.keep === "none") return false;
  return parts.keep === "all" || (epsilon ?? largest) === largest;
}

/** Keeps the examples, and a sheet of some of them, where the options ask for it. */
async function* kept(
  plan: TrialPlan,
  examples: readonly tf.Variable[],
  { success }: Found,
): AsyncGenerator<ApplicationEvent> {
  if (!isKept(plan)) return;
  const { stage, title, file, prepared, epsilon, attacked } = plan;
  const { parts, images, context } = stage;
  const size = sizeOf(images.shape);
  const values = new Float32Array(attacked.length * size);
  for (const [i, { start, count }] of [...batchesOf(attacked.length, parts.batch)].entries()) {
    values.set((await examples[i]!.data()).subarray(0, count * size) as Float32Array, start * size);
  }
  const budget = epsilon === null ? "at the least distance" : `within ${fractionText(epsilon)}`;
  const shape = [attacked.length, ...images.shape];
  yield await context.artifact(
    `adversarial/${file}.npy`,
    `${title}: examples ${budget}, float32 [${shape}], in the order of the attacked images in images.csv`,
    new Uint8Array(dump(values, shape)),
  );
  if (parts.painter === undefined || parts.show === 0 || (epsilon ?? 1) === 0) return;
  const chosen = success.flatMap((good, i) => (good ? [i] : [])).slice(0, parts.show);
  const png = await sheetOf(parts.painter, images, attacked, values, chosen, stage.classifier.bounds);
  if (png === undefined) return;
  yield await context.artifact(
    `previews/${file}.png`,
    `${title} (${prepared.attack.norm}): clean, adversarial, and their difference at its own scale`,
    png,
  );
}
