/**
 * The application `novelty-detection`: normal rows are at hand, and abnormal ones are to be told when they come. A scorer
 * learns from normal rows alone; what it gives for others that it has not seen sets a threshold. The second case of the
 * published DSGAN: rows generated around the normal ones stand in for the abnormal ones that nobody has.
 * "Difference-Seeking Generative Adversarial Network — Unseen Sample Generation", ICLR 2020, Sec. 4.3.
 *
 * @module
 */
import {
  type Application,
  type ApplicationEvent,
  Applications,
  component,
  type Dataset,
  type FiniteDataset,
  InputError,
  isFiniteDataset,
  type Network,
  painterOf,
  type RunContext,
} from "../../../core/mod.ts";
import { thresholdOf } from "../evaluation.ts";
import type { ScorerProblem } from "../scorer.ts";
import { type NoveltyDetection, options } from "./options.ts";
import { requireScorer, results } from "./results.ts";
import { type NoveltyRows, rowsOf } from "./rows.ts";

/**
 * The application, ready to run.
 * @throws InputError where classes are named and the rows have no labels, before anything is trained
 */
export function noveltyDetection(parts: NoveltyDetection): Application {
  const { data, test, normal } = parts;
  if (normal !== undefined) {
    data.only(normal); // for its checks
    if (test !== undefined && test.labels === undefined) {
      throw new InputError(
        `dataset "${test.name}": its held-out rows have no labels, and normal names classes`,
      );
    }
  }
  return { name: "novelty-detection", run: (context) => run(parts, context) };
}

async function* run(parts: NoveltyDetection, context: RunContext): AsyncGenerator<ApplicationEvent> {
  const { data, test, normal } = parts;
  if (normal !== undefined && test === undefined) {
    const message = `dataset "${data.name}" holds back no rows to test with: rows of classes that are not normal are of no use, and the run tells no auroc`;
    yield { type: "warning", message };
  }
  const key = context.key.fold("novelty-detection");
  const rows = await rowsOf(parts, key);
  if (parts.holdOut > 0) requireThreshold(rows.heldOut?.size ?? 0, parts.falseAlarms);
  const networks: Network[] = [];
  try {
    const learnt = yield* parts.scorer.learn(problemOf(parts, rows, context, networks));
    for (const network of [learnt.scorer, ...Object.values(learnt.controls ?? {})]) {
      requireScorer(parts.scorer.name, network);
    }
    yield* context.state.once("score", () => results(parts, rows, learnt, context));
  } finally {
    for (const network of networks) network.dispose();
  }
}

/** @throws InputError, before anything is trained, where so many held-out rows cannot tell a threshold */
function requireThreshold(rows: number, falseAlarms: number): void {
  thresholdOf(new Float32Array(rows), falseAlarms);
}

/** @param networks takes those that are built, for the application to dispose */
function problemOf(
  { painter }: NoveltyDetection,
  { learn }: NoveltyRows,
  { key, state, sentinels, artifact }: RunContext,
  networks: Network[],
): ScorerProblem {
  const { shape, range, columns } = learn;
  const scorerKey = key.fold("novelty-detection", "scorer");
  const ports = {
    ...{ input: shape, output: [1] },
    ...(range && { inputRange: range }),
    ...(columns && { inputColumns: columns }),
  };
  const network: ScorerProblem["network"] = (...given) => {
    const built = state.network(...given);
    networks.push(built);
    return built;
  };
  return {
    ...{ rows: learn, key: scorerKey, state, sentinels, painter, network },
    artifact: (path, title, data) => artifact(path, title, data),
    build: (name, plan) => network(name, plan, ports, scorerKey.fold("network")),
  };
}

/** @throws InputError unless the dataset is a finite set of rows */
function finite(data: Dataset): FiniteDataset {
  if (isFiniteDataset(data)) return data;
  throw new InputError(`dataset "${data.name}" is a formula, and no finite set of rows: take one that is`);
}

/** How a scenario names it: `application: { use: novelty-detection, data: mnist, normal: [8] }`. */
export default component(Applications, {
  name: "novelty-detection",
  summary: "Tell abnormal rows, having seen normal ones alone: scores, a threshold, pictures, networks",
  reference: "DSGAN, ICLR 2020",
  options,
  async create(given, context) {
    const built = await context.build(given);
    const data = finite(built.data);
    const test = await data.heldOut?.();
    return noveltyDetection({ ...built, data, test, painter: await painterOf(context) });
  },
});
