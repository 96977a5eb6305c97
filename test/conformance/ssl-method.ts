/**
 * What every semi-supervised method must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import {
  type Context,
  Key,
  learnerOf,
  type Network,
  Networks,
  type Optimizer,
  Optimizers,
  type Range,
  tf,
  transientState,
} from "../../core/mod.ts";
import type {
  SslBatch,
  SslLearner,
  SslMethod,
  SslProblem,
  SslSetting,
} from "../../plugins/semi-supervised/mod.ts";
import { alike, checkSampler } from "./sampler.ts";
import { checkSslResumption } from "./ssl-resumption.ts";
import type { Tester } from "./tester.ts";

/** The problem that a method is checked on. */
export interface SslMethodCheck {
  /** Shape of a row, without the batch axis; `[2]` unless given. */
  readonly shape?: readonly number[];
  /** Smallest and largest value of a row; [−1, 1] unless given. */
  readonly range?: Range;
  /** Classes; 3 unless given. */
  readonly classes?: number;
  /** Batch size; 10 unless given. */
  readonly m?: number;
  /** The recipe `mnist` by its authors unless given. */
  readonly setting?: SslSetting;
}

const key = Key.from("ssl-method conformance");
/** Progress near the end of a training. */
const LATE = 0.999;
/** Batches that every iteration has. */
const BATCHES = ["labeled", "labels", "unlabeled"];

/**
 * Checks a semi-supervised method against its contract: it starts the same each time; its losses are finite functions of
 * batch and key, early and late in a training, with gradients; each loss trains its own networks alone; settings are plain JSON; nothing is left
 * behind; and a training that is interrupted goes on as if it had not been.
 * @param method with small networks: it is trained for a few dozen iterations
 * @param context in which it was created
 * @param check the problem; the classifier is a small `mlp`
 * @example
 * ```ts
 * import test from "node:test";
 * import { SslMethods } from "dsgan/ssl";
 * import { checkSslMethod, contextFor, tester } from "dsgan/testing";
 *
 * test("feature-matching keeps the contract of methods", async (t) => {
 *   const context = await contextFor();
 *   const generator = { use: "mlp", hidden: [8] };
 *   const method = await context.create(SslMethods, { use: "feature-matching", generator, latent: 3 });
 *   await checkSslMethod(tester(t), method, context);
 * });
 * ```
 */
export async function checkSslMethod(
  t: Tester,
  method: SslMethod,
  context: Context,
  check: SslMethodCheck = {},
): Promise<void> {
  t.ok(method.name, "has a name");
  const problem = await problemOf(context, check);
  const before = tf.memory().numTensors;
  const learner = await method.start(problem);
  checkNames(t, learner);
  t.same(JSON.parse(JSON.stringify(learner.settings)), learner.settings, "settings are plain JSON");
  await checkInitialize(t, learner);

  const [batch, other] = [
    batchOf(problem, learner, "batch", 0),
    batchOf(problem, learner, "other batch", LATE),
  ];
  const trainings = await trainingsOf(problem, learner);
  const losses = await checkLosses(t, trainings, batch, other);
  await checkSameStart(t, method, problem, batch, losses);
  await checkSteps(t, trainings, batch);
  await checkGenerate(t, learner, trainings, problem);
  tf.dispose([Object.values(batch), Object.values(other)].flat());
  learner.dispose();
  t.equal(
    tf.memory().numTensors,
    before,
    "start, losses and generate leave nothing behind once it is disposed",
  );
  problem.classifier.dispose();
  await checkSslResumption(t, method, problem);
}

async function problemOf(
  context: Context,
  { shape = [2], range = [-1, 1], classes = 3, m = 10, setting }: SslMethodCheck,
): Promise<SslProblem> {
  const plan = await context.create(Networks, { use: "mlp", hidden: [8, 6], activation: "leaky-relu" });
  const ports = { input: shape, output: [classes], inputRange: range };
  const classifier = plan.build(ports, key.fold("classifier"));
  return {
    ...{ setting: setting ?? { recipe: "mnist", preset: "authors" }, classifier, shape, range, m, context },
    features: classifier.features!,
    key: key.fold("method"),
    state: transientState(),
  };
}

function checkNames(t: Tester, learner: SslLearner): void {
  const { players, draws = {}, every = 1 } = learner;
  const names = players.map(({ name }) => name);
  t.ok(
    names.every(Boolean) && new Set(names).size === names.length,
    `players have names of their own: ${names}`,
  );
  t.ok(!names.includes("classifier"), "no player is called classifier");
  for (const { name, networks } of players) t.ok(networks.length > 0, `player ${name} has a network`);
  const taken = Object.keys(draws).filter((name) => BATCHES.includes(name));
  t.same(taken, [], `draws: no batch is called ${BATCHES.join(", ")}, which are there already`);
  for (const [name, from] of Object.entries(draws)) {
    t.ok(
      ["labeled", "unlabeled"].includes(from),
      `draws: ${name} is drawn from labeled or unlabeled, got ${from}`,
    );
  }
  const numbers = [0, 0.5, LATE].map((progress) => learner.numbers?.(progress) ?? {});
  const [atFirst] = numbers.map((each) => Object.keys(each).sort());
  for (const each of numbers) {
    t.same(Object.keys(each).sort(), atFirst, "numbers: the same names at all times");
    t.ok(Object.values(each).every(Number.isFinite), `numbers: finite, got ${JSON.stringify(each)}`);
  }
  const clashing = atFirst!.filter((name) => /\s/.test(name) || name in draws || BATCHES.includes(name));
  t.same(clashing, [], "numbers: names without spaces, none of them a batch's");
  t.ok(Number.isInteger(every) && every >= 1, `every is a whole number, 1 or more, got ${every}`);
}

/** What an iteration's losses are computed from. */
function batchOf(
  { shape, range, m, classifier }: SslProblem,
  learner: SslLearner,
  name: string,
  progress: number,
): SslBatch {
  const [low, high] = range!;
  const rows = (part: string): tf.Tensor => key.fold(name, part).uniform([m, ...shape], low, high);
  const classes = classifier.outputShape[0]!;
  const labels = tf.tidy(() => {
    const turns = tf.tensor1d(Int32Array.from({ length: m }, (_, i) => i % classes));
    return tf.cast(tf.oneHot(tf.cast(turns, "int32"), classes), "float32");
  });
  const drawn = Object.keys(learner.draws ?? {}).map((part) => [part, rows(part)]);
  const numbers = Object.entries(learner.numbers?.(progress) ?? {}).map(([part, x]) => [part, tf.scalar(x)]);
  return {
    ...{ labeled: rows("labeled"), labels, unlabeled: rows("unlabeled") },
    ...Object.fromEntries([...drawn, ...numbers]),
  };
}

async function checkInitialize(t: Tester, learner: SslLearner): Promise<void> {
  if (learner.initialize === undefined) return;
  const held = tf.memory().numTensors;
  learner.initialize(key.fold("initialize"));
  t.equal(tf.memory().numTensors, held, "initialize leaves no tensor behind");
  const networks = learner.players.flatMap((player) => player.networks);
  t.ok((await read(networks)).every(Number.isFinite), "initialize gives finite parameters");
}

/** Networks, and what they minimise. */
interface Training {
  readonly name: string;
  readonly networks: readonly Network[];
  readonly optimizer: Optimizer;
  readonly constrain?: () => void;
  loss(batch: SslBatch, key: Key): tf.Scalar;
}

/** Those of the players, and the classifier's last. */
async function trainingsOf(
  { classifier, context }: SslProblem,
  learner: SslLearner,
): Promise<readonly Training[]> {
  const optimizer = await context.create(Optimizers, { use: "adam", learningRate: 0.01 });
  return [
    ...learner.players.map(
      (player): Training => ({
        ...{ name: player.name, networks: player.networks, optimizer: player.optimizer },
        ...(player.constrain && { constrain: () => player.constrain!() }),
        loss: (batch, k) => player.loss(batch, k),
      }),
    ),
    {
      ...{ name: "classifier", networks: [classifier], optimizer },
      loss: (batch, k) => learner.classifierLoss(batch, k),
    },
  ];
}

/** @returns the losses, in order */
async function checkLosses(
  t: Tester,
  trainings: readonly Training[],
  batch: SslBatch,
  other: SslBatch,
): Promise<number[]> {
  const losses: number[] = [];
  for (const { name, networks, loss } of trainings) {
    const held = tf.memory().numTensors;
    const lossKey = key.fold("loss", name);
    const lossValue = async (rows: SslBatch, k: Key): Promise<number> => {
      const value = tf.tidy(() => loss(rows, k));
      t.same(value.shape, [], `${name}: its loss is a scalar`);
      const [number] = await value.data();
      value.dispose();
      return number!;
    };
    const first = await lossValue(batch, lossKey);
    t.ok(Number.isFinite(first), `${name}: its loss is finite, got ${first}`);
    const second = await lossValue(other, lossKey.fold("other"));
    t.ok(Number.isFinite(second), `${name}: its loss is finite near the end of a training, got ${second}`);
    t.equal(await lossValue(batch, lossKey), first, `${name}: its loss is a function of batch and key`);

    const slopes = await slopesOf(() => loss(batch, lossKey), variablesOf(networks));
    t.ok(slopes.every(Number.isFinite), `${name}: its gradient is finite`);
    t.ok(
      slopes.some((slope) => slope !== 0),
      `${name}: its loss has a gradient in its networks`,
    );
    t.equal(tf.memory().numTensors, held, `${name}: its loss leaves no tensor behind`);
    losses.push(first);
  }
  return losses;
}

/** The gradient of a loss in variables; none where the loss does not depend on any of them. */
async function slopesOf(loss: () => tf.Scalar, variables: tf.Variable[]): Promise<number[]> {
  const anchored = (): tf.Scalar => tf.add(loss(), tf.mul(0, tf.sum(variables[0]!))); // else tfjs throws
  const { value, grads } = tf.tidy(() => tf.variableGrads(anchored, variables));
  const slopes = await Promise.all(Object.values(grads).map(async (slope) => [...(await slope.data())]));
  tf.dispose([value, ...Object.values(grads)]);
  return slopes.flat();
}

/** Checks that another learner, started with the same key, has the same losses. */
async function checkSameStart(
  t: Tester,
  method: SslMethod,
  problem: SslProblem,
  batch: SslBatch,
  losses: readonly number[],
): Promise<void> {
  const learner = await method.start({ ...problem, state: transientState() });
  learner.initialize?.(key.fold("initialize"));
  const again: number[] = [];
  for (const { name, loss } of await trainingsOf(problem, learner)) {
    const value = tf.tidy(() => loss(batch, key.fold("loss", name)));
    again.push((await value.data())[0]!);
    value.dispose();
  }
  learner.dispose();
  t.same(again, losses, "the same key, the same start");
}

/** Checks that a step of each changes its own networks alone. */
async function checkSteps(t: Tester, trainings: readonly Training[], batch: SslBatch): Promise<void> {
  for (const training of trainings) {
    const { name, loss } = training;
    const before = await Promise.all(trainings.map(({ networks }) => read(networks)));
    const learner = learnerOf({ ...training, state: transientState() });
    tf.tidy(() => {
      const numbers = Object.entries(learner.numbers(1, 0)).map(([number, x]) => [number, tf.scalar(x)]);
      learner.learn(() => loss(batch, key.fold("step", name)), Object.fromEntries(numbers));
    });
    learner.dispose();
    for (const [i, { name: whose, networks }] of trainings.entries()) {
      const values = await read(networks);
      const isSame = alike(values, before[i]!);
      if (whose !== name) t.ok(isSame, `a step of ${name} leaves the networks of ${whose} as they are`);
      else {
        t.ok(!isSame, `a step of ${name} changes its networks`);
        t.ok(values.every(Number.isFinite), `a step of ${name} gives finite parameters`);
      }
    }
  }
}

async function checkGenerate(
  t: Tester,
  { generate }: SslLearner,
  trainings: readonly Training[],
  { shape, range }: SslProblem,
): Promise<void> {
  if (generate === undefined) return;
  const networks = trainings.flatMap((training) => training.networks);
  const before = await read(networks);
  await checkSampler(t, "generate", generate, { shape, ...(range && { range }) });
  t.ok(alike(await read(networks), before), "generate changes no parameter");
}

function variablesOf(networks: readonly Network[]): tf.Variable[] {
  return networks.flatMap(({ parameters }) => [...parameters.values()]);
}

/** The parameters of networks, one after the other. */
async function read(networks: readonly Network[]): Promise<number[]> {
  return (await Promise.all(variablesOf(networks).map(async (v) => [...(await v.data())]))).flat();
}
