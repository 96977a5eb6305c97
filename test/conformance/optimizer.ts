/**
 * What every optimiser must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import { Key, type Optimizer, type OptimizerRun, tf } from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

const SHAPES = [[2, 3], [4], [1, 1]] as const;
const STEPS = 200;

/**
 * Checks an optimiser against its contract: it brings a quadratic towards its minimum, its numbers have the same names
 * at every step, and state, parameters and step count are all that a step depends on.
 * @param optimizer with a learning rate near 0.05, which suits the quadratic `½·‖θ − c‖²`, c of order 1
 * @example
 * ```ts
 * import t from "tap";
 * import { tf } from "dsgan";
 * import { adam } from "dsgan/optimizers";
 * import { checkOptimizer } from "dsgan/testing";
 *
 * await tf.setBackend("cpu");
 * t.test("adam() is an optimiser", (t) => checkOptimizer(t, adam({ learningRate: 0.05 })));
 * ```
 */
export async function checkOptimizer(t: Tester, optimizer: Optimizer): Promise<void> {
  t.ok(optimizer.name, "has a name");
  const before = tf.memory().numTensors;
  const problem = newProblem("one");
  const run = optimizer.start(problem.variables);
  const names = Object.keys(run.numbers(1, 0)).sort();
  for (const [step, progress] of [
    [2, 0.1],
    [1000, 0.5],
    [100_000, 0.999],
  ] as const) {
    const numbers = run.numbers(step, progress);
    t.same(Object.keys(numbers).sort(), names, `numbers have the same names at step ${step}`);
    t.ok(Object.values(numbers).every(Number.isFinite), `numbers are finite at step ${step}`);
  }
  t.same(run.numbers(7, 0.3), run.numbers(7, 0.3), "numbers are a function of step and progress");
  t.ok([...run.state.keys()].every(Boolean), "what it remembers has names");
  t.ok(
    [...run.state.values()].every(({ trainable }) => !trainable),
    "what it remembers is not trainable: tf.variableGrads takes every variable that is",
  );
  t.equal(
    tf.memory().numTensors,
    before + 2 * SHAPES.length + run.state.size,
    "start makes its state and no other tensor",
  );

  const held = tf.memory().numTensors;
  const start = await problem.losses();
  descend(run, problem, 1, 10);
  t.equal(tf.memory().numTensors, held, "updates leave no tensor behind");

  const middle = await valuesOf(problem.variables);
  const copy = newProblem("one");
  copy.assign(problem.variables);
  const other = optimizer.start(copy.variables);
  t.same([...other.state.keys()], [...run.state.keys()], "its state has the same names each time");
  for (const [name, variable] of other.state) variable.assign(run.state.get(name)!);
  descend(run, problem, 11, STEPS);
  const whole = await valuesOf(problem.variables);
  descend(other, copy, 11, STEPS);
  t.same(await valuesOf(copy.variables), whole, "a run resumed from its state is the same run");
  const ends = await problem.losses();
  SHAPES.forEach((shape, i) => {
    t.ok(
      ends[i]! < start[i]! / 2,
      `brings a quadratic in [${shape}] closer to its minimum: from ${start[i]} to ${ends[i]}`,
    );
  });

  problem.restart();
  const fresh = optimizer.start(problem.variables);
  const beside = newProblem("two");
  const otherRun = optimizer.start(beside.variables);
  for (let step = 1; step <= 10; step++) {
    descend(fresh, problem, step, step);
    descend(otherRun, beside, step, step);
  }
  t.same(await valuesOf(problem.variables), middle, "runs started beside each other do not touch");

  for (const each of [run, other, fresh, otherRun]) each.dispose();
  t.ok(
    problem.variables.every(({ isDisposed }) => !isDisposed),
    "dispose leaves the variables to their owner",
  );
  for (const each of [problem, copy, beside]) each.dispose();
  t.equal(tf.memory().numTensors, before, "dispose frees the state");
}

/** `½·‖θ − c‖²` in each of a few variables: its gradient is θ − c. */
interface Problem {
  readonly variables: readonly tf.Variable[];
  gradients(): tf.Tensor[];
  /** One of each variable. */
  losses(): Promise<number[]>;
  assign(from: readonly tf.Tensor[]): void;
  /** Puts the variables back to where they started. */
  restart(): void;
  dispose(): void;
}

function newProblem(name: string): Problem {
  const key = Key.from("optimizer conformance").fold(name);
  const starts = (): tf.Tensor[] => SHAPES.map((shape, i) => key.fold("start", i).normal([...shape]));
  const centres = SHAPES.map((shape, i) => key.fold("centre", i).normal([...shape]));
  const variables = tf.tidy(() => starts().map((start) => tf.variable(start)));
  const assign = (from: readonly tf.Tensor[]): void =>
    variables.forEach((variable, i) => void variable.assign(from[i]!));
  return {
    variables,
    assign,
    gradients: () => variables.map((variable, i) => tf.sub(variable, centres[i]!)),
    losses: async () =>
      await Promise.all(
        variables.map(async (variable, i) => {
          const loss = tf.tidy(() => tf.mul(0.5, tf.sum(tf.squaredDifference(variable, centres[i]!))));
          const [value] = await loss.data();
          loss.dispose();
          return value!;
        }),
      ),
    restart: () => tf.tidy(() => assign(starts())),
    dispose: () => tf.dispose([...variables, ...centres]),
  };
}

/** Takes the steps `from` to `to`. */
function descend(run: OptimizerRun, problem: Problem, from: number, to: number): void {
  for (let step = from; step <= to; step++) {
    tf.tidy(() => {
      const numbers = Object.entries(run.numbers(step, (step - 1) / STEPS));
      run.update(
        problem.gradients(),
        Object.fromEntries(numbers.map(([name, value]) => [name, tf.scalar(value)])),
      );
    });
  }
}

async function valuesOf(variables: readonly tf.Tensor[]): Promise<number[]> {
  return (await Promise.all(variables.map(async (variable) => [...(await variable.data())]))).flat();
}
