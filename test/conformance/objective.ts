/**
 * What every objective must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import { type Critic, type GanObjective, Key, sizeOf, tf, type Weighted } from "../../core/mod.ts";
import type { Tester } from "./tester.ts";

/** Rows of a batch. */
const M = 6;
/** Relative difference that float32's rounding makes of sums in another order. */
const ROUNDING = 1e-4;

/** How an objective is checked. */
export interface ObjectiveCheck {
  /** Shape of a row, without the batch axis; `[2]` unless given. */
  readonly shape?: readonly number[];
}

/**
 * Checks an objective against its contract: both losses are finite scalars, functions of their arguments and the key;
 * a step against their gradient lowers them; fake batches count by their weights; no tensor is left behind.
 * @example
 * ```ts
 * import t from "tap";
 * import { tf } from "dsgan";
 * import { wganGp } from "dsgan/objectives";
 * import { checkObjective } from "dsgan/testing";
 *
 * await tf.setBackend("cpu");
 * t.test("wganGp() is an objective", (t) => checkObjective(t, wganGp({ lambda: 1 })));
 * ```
 */
export async function checkObjective(
  t: Tester,
  objective: GanObjective,
  { shape = [2] }: ObjectiveCheck = {},
): Promise<void> {
  const { name, criticOutput } = objective;
  t.ok(name, "has a name");
  t.ok(["score", "reconstruction"].includes(criticOutput), `criticOutput: got ${criticOutput}`);
  const before = tf.memory().numTensors;
  const key = Key.from("objective conformance");
  const game = newGame(objective, shape, key);
  const held = tf.memory().numTensors;

  t.same(
    tf.tidy(() => game.criticLoss().shape),
    [],
    "criticLoss is a scalar",
  );
  t.same(
    tf.tidy(() => game.generatorLoss().shape),
    [],
    "generatorLoss is a scalar",
  );
  const critics = await number(game.criticLoss);
  const generators = await number(game.generatorLoss);
  t.ok(Number.isFinite(critics), `criticLoss is finite, got ${critics}`);
  t.ok(Number.isFinite(generators), `generatorLoss is finite, got ${generators}`);
  t.equal(tf.memory().numTensors, held, "losses leave no tensor behind");
  for (const factor of [1e-4, 1e3]) {
    const scaled = newGame(objective, shape, key, factor);
    const both = [await number(scaled.criticLoss), await number(scaled.generatorLoss)];
    t.ok(
      both.every(Number.isFinite),
      `losses are finite where the critic's output is ${factor} times as large`,
    );
    scaled.dispose();
  }

  await number(() => game.criticLoss(key.fold("other")));
  t.equal(await number(game.criticLoss), critics, "criticLoss is a function of its key");
  t.equal(await number(game.generatorLoss), generators, "generatorLoss is a function of its rows");

  await checkDescent(t, "criticLoss", game.criticLoss, game.parameters);
  await checkDescent(t, "generatorLoss", game.generatorLoss, [game.generated]);
  await checkWeights(t, game, key);
  if (objective.constrain !== undefined) await checkConstraint(t, objective, game.parameters);

  game.dispose();
  t.equal(tf.memory().numTensors, before, "everything is freed");
}

/** A critic of two layers with rows of `pdBar`, of the fake and of the generator. */
interface Game {
  readonly parameters: readonly tf.Variable[];
  readonly generated: tf.Variable;
  readonly fake: readonly tf.Tensor[];
  /** A critic that is linear in its rows: where an objective interpolates does not matter to it. */
  readonly linear: Critic;
  criticLoss(key?: Key, critic?: Critic, fake?: readonly Weighted[]): tf.Scalar;
  generatorLoss(): tf.Scalar;
  dispose(): void;
}

/** @param factor of the critic's output */
function newGame(objective: GanObjective, shape: readonly number[], key: Key, factor = 1): Game {
  const width = sizeOf(shape);
  const outputs = objective.criticOutput === "score" ? 1 : width;
  const variable = (name: string, ...sizes: number[]): tf.Variable =>
    tf.tidy(() => tf.variable(key.fold(name).normal(sizes, 0, 0.7)));
  const [w1, b1, w2] = [variable("w1", width, 8), variable("b1", 8), variable("w2", 8, outputs)];
  const parameters = [w1, b1, w2];
  const slope = tf.tidy(() =>
    tf.variable(key.fold("slope").normal([width, outputs], 0, 0.5 / Math.sqrt(width))),
  );
  const rows = (name: string, mean: number): tf.Tensor => key.fold(name).normal([M, ...shape], mean, 0.5);
  const real = rows("real", 1);
  const fake = [rows("pg", -0.5), rows("pd", 0.5)];
  const generated = tf.tidy(() => tf.variable(rows("generated", -0.5)));
  const flat = (x: tf.Tensor): tf.Tensor2D => tf.reshape(x, [x.shape[0]!, width]);
  const ended = (y: tf.Tensor): tf.Tensor =>
    outputs === 1 && objective.criticOutput === "score" ? y : tf.reshape(y, [y.shape[0]!, ...shape]);
  const critic: Critic = (x) => {
    const hidden = tf.tanh(tf.add(tf.matMul(flat(x), w1 as tf.Tensor2D), b1)); // [m, 8]
    return ended(tf.mul(factor, tf.matMul(hidden as tf.Tensor2D, w2 as tf.Tensor2D)));
  };
  const usual = (): Weighted[] => [
    { weight: 0.25, x: fake[0]! },
    { weight: 0.75, x: fake[1]! },
  ];
  return {
    parameters,
    generated,
    fake,
    linear: (x) => ended(tf.matMul(flat(x), slope as tf.Tensor2D)),
    criticLoss: (drawn = key, played = critic, batches = usual()) =>
      objective.criticLoss(played, real, batches, drawn),
    generatorLoss: () => objective.generatorLoss(critic, generated),
    dispose: () => tf.dispose([...parameters, slope, real, ...fake, generated]),
  };
}

/** Checks that a short step against the gradient lowers a loss: its gradient is that of the loss. */
async function checkDescent(
  t: Tester,
  name: string,
  loss: () => tf.Scalar,
  variables: readonly tf.Variable[],
): Promise<void> {
  const start = await number(() => loss());
  const gradients = tf.tidy(() => {
    const { grads } = tf.variableGrads(() => loss(), [...variables]);
    return variables.map((v) => grads[v.name] ?? tf.zerosLike(v));
  });
  const flat = await Promise.all(gradients.map(async (g) => [...(await g.data())]));
  const length = Math.hypot(...flat.flat());
  t.ok(Number.isFinite(length), `${name}: its gradient is finite`);
  t.ok(length > 0, `${name}: it has a gradient in what it is minimised by`);
  const origins = variables.map((v) => tf.clone(v));
  let lowest = Number.POSITIVE_INFINITY;
  for (const step of [0.1, 0.03, 0.01]) {
    tf.tidy(() => {
      variables.forEach((v, i) => void v.assign(tf.sub(origins[i]!, tf.mul(gradients[i]!, step / length))));
    });
    lowest = Math.min(lowest, await number(() => loss()));
  }
  t.ok(lowest < start, `${name}: a short step against its gradient lowers it, from ${start} to ${lowest}`);
  variables.forEach((v, i) => void v.assign(origins[i]!));
  tf.dispose([...gradients, ...origins]);
}

/** Checks that it is weights that count, not how the fake is cut into batches. */
async function checkWeights(t: Tester, { criticLoss, linear, fake }: Game, key: Key): Promise<void> {
  const [pg, pd] = fake as [tf.Tensor, tf.Tensor];
  const loss = async (...batches: Weighted[]): Promise<number> =>
    await number(() => criticLoss(key, linear, batches));
  const whole = await loss({ weight: 1, x: pg });
  const halves = await loss({ weight: 0.5, x: pg }, { weight: 0.5, x: pg });
  t.ok(close(halves, whole), `one batch and twice that batch of half the weight: ${whole} and ${halves}`);
  const mixed = tf.concat([pg, pd]);
  const one = await loss({ weight: 1, x: mixed });
  mixed.dispose();
  const two = await loss({ weight: 0.5, x: pg }, { weight: 0.5, x: pd });
  t.ok(close(two, one), `one batch and its two halves of half the weight: ${one} and ${two}`);
  const other = await loss({ weight: 0.1, x: pg }, { weight: 0.9, x: pd });
  t.ok(!close(other, two), "other weights, another loss");
}

async function checkConstraint(
  t: Tester,
  objective: GanObjective,
  parameters: readonly tf.Variable[],
): Promise<void> {
  const read = async (): Promise<number[]> =>
    (await Promise.all(parameters.map(async (v) => [...(await v.data())]))).flat();
  const before = tf.memory().numTensors;
  objective.constrain!(parameters);
  t.equal(tf.memory().numTensors, before, "constrain leaves no tensor behind");
  const once = await read();
  t.ok(once.every(Number.isFinite), "constrain gives finite parameters");
  objective.constrain!(parameters);
  t.ok(
    (await read()).every((value, i) => close(value, once[i]!)),
    "constrain leaves alone what it has constrained",
  );
}

function close(a: number, b: number): boolean {
  return Math.abs(a - b) <= ROUNDING * Math.max(1, Math.abs(a), Math.abs(b));
}

/** The value of a scalar. */
async function number(make: () => tf.Tensor): Promise<number> {
  const scalar = tf.tidy(make);
  const [value] = await scalar.data();
  scalar.dispose();
  return value!;
}
