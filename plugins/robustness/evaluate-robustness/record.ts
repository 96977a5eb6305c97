/**
 * What an evaluation was made of and what it found, as one file that others can check: in the manner of RobustBench's
 * entries (F. Croce et al., "RobustBench: a standardized adversarial robustness benchmark", NeurIPS 2021 Datasets and
 * Benchmarks).
 *
 * @module
 */
import {
  type ApplicationEvent,
  type Classifier,
  type Norm,
  type RunContext,
  sha256,
  tf,
} from "../../../core/mod.ts";
import { cleanAccuracy, rightCount, type Trial, worstCase } from "../evaluation.ts";
import { type Transfer, transfersOf } from "../transfer.ts";
import { firstOf, type Images } from "./images.ts";
import type { Measured } from "./measures.ts";
import type { EvaluateRobustness } from "./options.ts";
import type { Evaluated, Fingerprint, NamedAttack } from "./stage.ts";

/** Images whose logits are hashed, at most. */
const ASKED = 32;

/** A classifier's fingerprint. */
export async function fingerprintOf(classifier: Classifier, images: Images): Promise<Fingerprint> {
  const { files } = classifier;
  const weights = await classifier.fingerprint?.();
  const values = await firstOf(images, ASKED, async (x) => {
    const logits = classifier.logits(x);
    const values = Float32Array.from(await logits.data());
    logits.dispose();
    return values;
  });
  const logits = await hashOf(values);
  return { ...(files && { files }), ...(weights !== undefined && { weights }), logits };
}

const hashOf = (...arrays: readonly (Float32Array | Int32Array)[]): Promise<string> => {
  const bytes = arrays.map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  const all = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of bytes) {
    all.set(part, at);
    at += part.length;
  }
  return sha256(all);
};

/** How RobustBench writes norms. */
const THREATS: Readonly<Record<Norm, string>> = { linf: "Linf", l2: "L2", l1: "L1", l0: "L0" };

/** What was run, without what differs from run to run. */
const pick = ({ dsgan, runtime }: Readonly<Record<string, unknown>>) => ({ dsgan, runtime });

/** The file's content, for `JSON.stringify`. */
export async function recordOf(
  { data, classes, mode, goal, epsilons, transfer }: EvaluateRobustness,
  { values, labels }: Images,
  attacks: readonly NamedAttack[],
  evaluated: readonly Evaluated[],
  measured: readonly Measured[],
  { origin }: RunContext,
): Promise<object> {
  const measures = measured.map(({ classifier, measure, finding: { metrics, curves } }) => ({
    classifier,
    ...{ measure, metrics, ...(curves && { curves }) },
  }));
  return {
    format: 2,
    ...(origin !== undefined && { seed: origin.seed, engine: origin.engine }),
    versions: { ...pick(origin?.environment ?? {}), tfjs: tf.version_core },
    dataset: {
      ...{ name: data.name, images: labels.length, classes },
      sha256: await hashOf(values, Int32Array.from(labels)),
    },
    ...{ mode, goal },
    attacks: attacks.map(({ name, attack }) => {
      const { norm, kind, access = "white-box", steps, samples = 1 } = attack;
      return { name, threat: THREATS[norm], kind, access, steps, samples };
    }),
    classifiers: evaluated.map((one) => {
      const { name, evaluation, fingerprint } = one;
      const norms = (Object.keys(THREATS) as Norm[]).filter((norm) =>
        attacks.some(({ attack }) => attack.norm === norm),
      );
      return {
        ...{ name, sha256: fingerprint, bounds: evaluation.bounds },
        clean_acc: cleanAccuracy(evaluation).value,
        results: evaluation.trials.map((trial) => resultOf(one, trial)),
        robust_acc: norms.flatMap((norm) =>
          worstCase(evaluation, evaluation.trials, norm, epsilons[norm]).map(({ epsilon, value }) => ({
            ...{ threat: THREATS[norm], eps: epsilon, acc: value },
          })),
        ),
        ...(measures.length > 0 && {
          measures: measures.flatMap(({ classifier, ...found }) => (classifier === name ? [found] : [])),
        }),
      };
    }),
    ...(transfer && { transfer: transfersOf(evaluated).map(transferOf) }),
  };
}

/** What the examples found for one classifier left of another. */
function transferOf({ attack, norm, epsilon, source, target, accuracy, ...counts }: Transfer): object {
  return {
    ...{ source, target, attack, threat: THREATS[norm], eps: epsilon },
    ...{ acc: accuracy.value, ...counts },
  };
}

/** Writes the file. */
export async function* recorded(
  parts: EvaluateRobustness,
  images: Images,
  attacks: readonly NamedAttack[],
  evaluated: readonly Evaluated[],
  measured: readonly Measured[],
  context: RunContext,
): AsyncGenerator<ApplicationEvent, undefined> {
  const record = await recordOf(parts, images, attacks, evaluated, measured, context);
  yield await context.artifact(
    "robustness.json",
    "The evaluation for others to check: versions, seed, budgets, hashes of data and classifiers, what each attack left",
    new TextEncoder().encode(`${JSON.stringify(record, null, 1)}\n`),
  );
  return undefined;
}

/** What one attack found at one budget, or at the least distance. */
function resultOf({ evaluation }: Evaluated, trial: Trial): object {
  const { attack, norm, epsilon, success, queries, members = {} } = trial;
  const n = evaluation.labels.length;
  const total = queries.reduce((a, b) => a + b, 0);
  return {
    ...{ attack, threat: THREATS[norm], eps: epsilon },
    acc: (rightCount(evaluation) - success.reduce((a, b) => a + b, 0)) / n,
    after: Object.entries(members).map(([member, left]) => ({
      ...{ member, acc: left.reduce((a, b) => a + b, 0) / n },
    })),
    queries: { mean: queries.length === 0 ? 0 : total / queries.length, max: Math.max(0, ...queries) },
  };
}
