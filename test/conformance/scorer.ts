/**
 * What every scorer must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import {
  DEFAULT_SENTINELS,
  fromArrays,
  Key,
  type Network,
  sizeOf,
  tf,
  transientState,
} from "../../core/mod.ts";
import type { Learnt, Scorer, ScorerProblem } from "../../plugins/novelty/mod.ts";
import { alike } from "./sampler.ts";
import type { Tester } from "./tester.ts";

/** The rows that a scorer is checked on. */
export interface ScorerCheck {
  /** Shape of a row, without the batch axis; `[3]` unless given. */
  readonly shape?: readonly number[];
  /** How many there are; 40 unless given. */
  readonly size?: number;
}

const key = Key.from("scorer conformance");

/** A problem, and what was built for it. */
interface Opened {
  readonly problem: ScorerProblem;
  readonly built: ReadonlyMap<string, Network>;
  dispose(): void;
}

/**
 * Checks a scorer against its contract: it builds a network called `scorer` and returns it, and its controls by the names
 * that they were built under; scores are finite, one a row, the same for the same key, and do not depend on the batch;
 * nothing is left behind. That it can be interrupted and resumed is for `checkApplication`, with a scenario of
 * `novelty-detection`.
 * @param scorer with small networks: it learns twice
 */
export async function checkScorer(t: Tester, scorer: Scorer, check: ScorerCheck = {}): Promise<void> {
  t.ok(scorer.name, "has a name");
  const before = tf.memory().numTensors;
  const opened = problemOf(check);
  const learnt = await learn(t, scorer, opened.problem);
  checkNames(t, learnt, opened.built);
  const first = await checkScores(t, learnt.scorer, opened.problem);
  for (const control of Object.values(learnt.controls ?? {})) await checkScores(t, control, opened.problem);
  opened.dispose();
  t.equal(tf.memory().numTensors, before, "leaves nothing behind but the networks that it has built");

  const again = problemOf(check);
  const second = await learn(t, scorer, again.problem);
  t.ok(alike(await scores(second.scorer, again.problem), first), "the same key, the same scores");
  again.dispose();
}

function problemOf({ shape = [3], size = 40 }: ScorerCheck): Opened {
  const values = key.fold("rows").normalArray(size * sizeOf(shape));
  const state = transientState();
  const built = new Map<string, Network>();
  const network: ScorerProblem["network"] = (name, ...rest) => {
    const made = state.network(name, ...rest);
    built.set(name, made);
    return made;
  };
  const problem: ScorerProblem = {
    rows: fromArrays({ name: "normal rows", values, shape }),
    key: key.fold("scorer"),
    ...{ state, network, sentinels: DEFAULT_SENTINELS },
    build: (name, plan) => network(name, plan, { input: shape, output: [1] }, key.fold("network")),
    artifact: async (path, title, data) => ({
      ...{ type: "artifact", path, title, bytes: data.byteLength, sha256: "" },
    }),
  };
  return { problem, built, dispose: () => built.forEach((one) => void one.dispose()) };
}

async function learn(t: Tester, scorer: Scorer, problem: ScorerProblem): Promise<Learnt> {
  const events = scorer.learn(problem);
  for (;;) {
    const { done, value } = await events.next();
    if (done) return value;
    t.ok(typeof value.type === "string", "yields events");
  }
}

function checkNames(t: Tester, { scorer, controls = {} }: Learnt, built: ReadonlyMap<string, Network>): void {
  t.ok(built.get("scorer") === scorer, 'what it returns was built as "scorer"');
  for (const [name, control] of Object.entries(controls)) {
    t.ok(built.get(name) === control, `control ${name} was built under that name`);
    t.ok(/^[a-z][a-z0-9-]*$/.test(name) && name !== "scorer", `${name} is a name for metrics`);
  }
}

async function checkScores(t: Tester, network: Network, problem: ScorerProblem): Promise<number[]> {
  t.same(network.outputShape, [1], "the scoring network gives one number a row");
  const all = await scores(network, problem);
  t.equal(all.length, problem.rows.size, "scores: one for each row");
  t.ok(all.every(Number.isFinite), "scores are finite");
  const [alone] = await scores(network, problem, [1]);
  t.ok(
    Math.abs(alone! - all[1]!) <= 1e-4 * Math.max(1, Math.abs(all[1]!)),
    "a row's score does not depend on its batch",
  );
  return all;
}

async function scores(
  network: Network,
  { rows }: ScorerProblem,
  indices: readonly number[] = Array.from({ length: rows.size }, (_, i) => i),
): Promise<number[]> {
  const y = tf.tidy(() => network.apply(rows.rows(indices), { training: false }));
  const values = [...(await y.data())];
  y.dispose();
  return values;
}
