/**
 * What every network must do. Plugin authors call this from their own tests, after choosing an engine.
 *
 * @module
 */
import { Key, type Network, type NetworkPlan, type NetworkPorts, tf } from "../../core/mod.ts";
import { alike } from "./sampler.ts";
import type { Tester } from "./tester.ts";

/** Rows of a batch. */
const N = 3;
/** Relative difference that float32's rounding makes of sums in another order. */
const ROUNDING = 1e-4;
const USE = { training: false } as const;

/**
 * Checks a network against its contract: shapes, named parameters, a function of key, parameters and state; passes in
 * use change nothing and take rows one by one; `couplesRows` says whether passes in training do not; every parameter has a gradient; the output keeps to the range of
 * its port; no tensor is left behind.
 * @param plan small, so that a few dozen passes take little time
 * @param ports shapes that the plan takes; with a `range`, the output must keep to it
 * @example
 * ```ts
 * import t from "tap";
 * import { tf } from "dsgan";
 * import { mlp } from "dsgan/networks";
 * import { checkNetwork } from "dsgan/testing";
 *
 * await tf.setBackend("cpu");
 * t.test("mlp() is a network", (t) =>
 *   checkNetwork(t, mlp({ hidden: [8] }), { input: [2], output: [3], range: [-1, 1] }),
 * );
 * ```
 */
export async function checkNetwork(t: Tester, plan: NetworkPlan, ports: NetworkPorts): Promise<void> {
  t.ok(plan.name, "has a name");
  const key = Key.from("network conformance");
  const before = tf.memory().numTensors;
  const net = plan.build(ports, key);
  const { parameters, state } = net;
  t.same([net.inputShape, net.outputShape], [ports.input, ports.output], "has the shapes of its ports");
  t.equal(
    tf.memory().numTensors,
    before + parameters.size + state.size,
    "build makes parameters and state, and no other tensor",
  );
  const names = [...parameters.keys(), ...state.keys()];
  t.ok(names.every(Boolean) && new Set(names).size === names.length, "parameters and state have names");
  t.ok(
    [...parameters.values()].every(({ trainable }) => trainable),
    "parameters are trainable",
  );
  t.ok(
    [...state.values()].every(({ trainable }) => !trainable),
    "state is not",
  );

  const first = await snapshot(net);
  const again = plan.build(ports, key);
  t.ok(sameValues(await snapshot(again), first), "the same key, the same network");
  again.dispose();
  if (parameters.size > 0) {
    const other = plan.build(ports, key.fold("other"));
    t.ok(!sameValues(await snapshot(other), first), "another key, another network");
    other.dispose();
  }

  const x = key.fold("x").normal([N, ...ports.input]);
  if (net.initialize !== undefined) await checkInitialize(t, net, x, key);
  await checkUse(t, net, x);
  await checkTraining(t, net, x, key);
  await checkCoupling(t, net, x, key);
  await checkGradients(t, net, x, key);
  if (net.prepare !== undefined) await checkPrepare(t, net);
  if (net.features !== undefined) await checkFeatures(t, net, x);
  if (ports.range !== undefined) await checkRange(t, net, ports.range, key);

  net.dispose();
  x.dispose();
  t.equal(tf.memory().numTensors, before, "dispose frees parameters and state");
}

async function checkUse(t: Tester, net: Network, x: tf.Tensor): Promise<void> {
  const before = await snapshot(net);
  const held = tf.memory().numTensors;
  const y = tf.tidy(() => net.apply(x, USE));
  t.same(y.shape, [N, ...net.outputShape], "in use: a row of the output's shape for each row");
  t.equal(y.dtype, "float32", "in use: float32");
  const values = await read(y);
  t.equal(tf.memory().numTensors, held, "in use: nothing is left behind");
  t.ok(values.every(Number.isFinite), "in use: finite");
  t.ok(alike(await read(tf.tidy(() => net.apply(x, USE))), values), "in use: the same numbers each time");
  t.ok(sameValues(await snapshot(net), before), "in use: parameters and state stay as they are");
  const width = values.length / N;
  for (let i = 0; i < N; i++) {
    const row = await read(tf.tidy(() => net.apply(tf.slice(x, i, 1), USE)));
    t.ok(close(row, values.slice(i * width, (i + 1) * width)), `in use: row ${i} by itself gives the same`);
  }
}

async function checkTraining(t: Tester, net: Network, x: tf.Tensor, key: Key): Promise<void> {
  const parameters = await snapshot(net, "parameters");
  const held = tf.memory().numTensors;
  const pass = async (): Promise<Float32Array> =>
    await read(tf.tidy(() => net.apply(x, { training: true, key: key.fold("noise") })));
  const values = await pass();
  t.ok(values.every(Number.isFinite), "in training: finite");
  t.ok(alike(await pass(), values), "in training: a function of the key");
  t.equal(tf.memory().numTensors, held, "in training: nothing is left behind");
  t.ok(sameValues(await snapshot(net, "parameters"), parameters), "in training: parameters stay as they are");
}

/** In training, the first row changes with another last row where the network couples rows, and only there. */
async function checkCoupling(t: Tester, net: Network, x: tf.Tensor, key: Key): Promise<void> {
  const mode = { training: true, key: key.fold("noise") };
  const firstRow = async (rows: tf.Tensor): Promise<Float32Array> =>
    await read(tf.tidy(() => tf.slice(net.apply(rows, mode), 0, 1)));
  const other = tf.tidy(() =>
    tf.concat([tf.slice(x, 0, N - 1), key.fold("other row").normal([1, ...net.inputShape])]),
  );
  const couples = !close(await firstRow(x), await firstRow(other));
  other.dispose();
  t.equal(
    net.couplesRows ?? false,
    couples,
    "couplesRows says whether a row depends on the others in training",
  );
}

async function checkGradients(t: Tester, net: Network, x: tf.Tensor, key: Key): Promise<void> {
  const mode = { training: true, key: key.fold("noise") };
  const held = tf.memory().numTensors;
  const loss = (rows: tf.Tensor): tf.Scalar => tf.sum(tf.square(net.apply(rows, mode)));
  if (net.parameters.size > 0) {
    const { value, grads } = tf.tidy(() => tf.variableGrads(() => loss(x), [...net.parameters.values()]));
    for (const [name, variable] of net.parameters) {
      const gradient = grads[variable.name];
      t.ok(gradient !== undefined && gradient !== null, `parameter ${name} has a gradient`);
      if (gradient) t.ok((await gradient.data()).every(Number.isFinite), `the gradient in ${name} is finite`);
    }
    tf.dispose([value, ...Object.values(grads)]);
  }
  const slope = tf.tidy(() => tf.grad(loss)(x));
  t.same(slope.shape, x.shape, "is differentiable in its input");
  const values = await read(slope);
  t.ok(values.every(Number.isFinite), "the gradient in the input is finite");
  t.ok(
    values.some((value) => value !== 0),
    "the gradient in the input is not 0",
  );
  t.equal(tf.memory().numTensors, held, "gradients leave nothing behind");
}

async function checkInitialize(t: Tester, net: Network, x: tf.Tensor, key: Key): Promise<void> {
  const held = tf.memory().numTensors;
  net.initialize!(x, key.fold("noise"));
  t.equal(tf.memory().numTensors, held, "initialize leaves nothing behind");
  t.ok(
    [...(await snapshot(net)).values()].every((v) => v.every(Number.isFinite)),
    "initialize: finite",
  );
}

async function checkPrepare(t: Tester, net: Network): Promise<void> {
  const parameters = await snapshot(net, "parameters");
  const held = tf.memory().numTensors;
  net.prepare!();
  t.equal(tf.memory().numTensors, held, "prepare leaves nothing behind");
  t.ok(sameValues(await snapshot(net, "parameters"), parameters), "prepare changes state alone");
}

async function checkFeatures(t: Tester, net: Network, x: tf.Tensor): Promise<void> {
  const { shape, of, head } = net.features!;
  const features = tf.tidy(() => of(x, USE));
  t.same(features.shape, [N, ...shape], "features have their shape");
  const ended = await read(tf.tidy(() => head(features, USE)));
  t.ok(alike(ended, await read(tf.tidy(() => net.apply(x, USE)))), "apply is head after features");
  features.dispose();
}

async function checkRange(t: Tester, net: Network, [low, high]: readonly number[], key: Key): Promise<void> {
  const slack = 4 * 2 ** -24 * Math.max(Math.abs(low!), Math.abs(high!)); // float32's rounding, a few times over
  for (const scale of [1, 1e3]) {
    const y = tf.tidy(() => net.apply(key.fold("far").normal([N, ...net.inputShape], 0, scale), USE));
    const values = await read(y);
    t.ok(
      values.every((value) => value >= low! - slack && value <= high! + slack),
      `inputs of order ${scale}: the output keeps to the range [${low}, ${high}]`,
    );
  }
}

/** The values of parameters and state by name. */
async function snapshot(
  { parameters, state }: Network,
  only?: "parameters",
): Promise<Map<string, Float32Array>> {
  const all = [...parameters, ...(only === undefined ? state : [])];
  return new Map(
    await Promise.all(
      all.map(async ([name, variable]) => [name, Float32Array.from(await variable.data())] as const),
    ),
  );
}

function sameValues(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): boolean {
  return a.size === b.size && [...a].every(([name, values]) => b.has(name) && alike(values, b.get(name)!));
}

function close(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  const size = Math.max(...Array.from(b, Math.abs), 1);
  return a.length === b.length && Array.from(a).every((x, i) => Math.abs(x - b[i]!) <= ROUNDING * size);
}

/** Reads and disposes. */
async function read(y: tf.Tensor): Promise<Float32Array> {
  const values = Float32Array.from(await y.data());
  y.dispose();
  return values;
}
