/**
 * What every engine must do: compute what `cpu` does to float tolerance, free what it made, and give the same run the
 * same numbers, interrupted or not. Authors of engines call this from their own tests.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { filter, firstValueFrom } from "rxjs";
import { type Engine, Key, tf } from "../../core/mod.ts";
import { cpu } from "../../plugins/engines/cpu/cpu.ts";
import { folderStore } from "../../plugins/stores/folder/folder.ts";
import { startTrainer } from "../../server/trainer/mod.ts";
import type { Tester } from "./tester.ts";

const key = Key.from("engine conformance");

/** What trainings are made of; each answers one tensor. */
const PROGRAMS: Readonly<Record<string, () => tf.Tensor>> = {
  "gradient of a penalised gradient, dense": () => {
    const [x, w1, w2] = [draw("x", [8, 5]), draw("w1", [5, 16]), draw("w2", [16, 1])];
    const critic = (x: tf.Tensor, w1: tf.Tensor, w2: tf.Tensor) =>
      tf.matMul(tf.leakyRelu(tf.matMul(x as tf.Tensor2D, w1 as tf.Tensor2D), 0.2), w2 as tf.Tensor2D);
    const penalty = (w1: tf.Tensor, w2: tf.Tensor): tf.Tensor => {
      const slope = tf.grad((x: tf.Tensor) => tf.sum(critic(x, w1, w2)))(x);
      return tf.mean(tf.square(tf.sub(tf.norm(slope, 2, 1), 1)));
    };
    return joined(tf.grads(penalty)([w1, w2]));
  },
  "convolutions, strided and padded by a number, and their gradients": () => {
    const net = (x: tf.Tensor, w: tf.Tensor, v: tf.Tensor): tf.Tensor => {
      const first = tf.relu(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 1));
      return tf.conv2d(first, v as tf.Tensor4D, 1, "same");
    };
    const [x, w, v] = [draw("x", [2, 9, 9, 3]), draw("w", [3, 3, 3, 4]), draw("v", [3, 3, 4, 2])];
    const gradients = tf.grads((x, w, v) => tf.sum(tf.square(net(x, w, v))))([x, w, v]);
    return joined([...gradients, net(x, w, v)]);
  },
  "transposed convolution, pooling and their gradients": () => {
    const [x, w] = [draw("x", [2, 6, 6, 3]), draw("w", [3, 3, 4, 3])];
    const net = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
      tf.avgPool(
        tf.maxPool(
          tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 12, 12, 4], 2, "same"),
          2,
          2,
          "valid",
        ),
        2,
        2,
        "same",
      );
    return joined([...tf.grads((x, w) => tf.sum(tf.square(net(x, w))))([x, w]), net(x, w)]);
  },
  "cross-entropy, moments, gathering": () => {
    const logits = draw("logits", [6, 4]);
    const labels = tf.oneHot(tf.tensor1d([0, 1, 2, 3, 1, 0], "int32"), 4);
    const loss = (x: tf.Tensor): tf.Tensor => {
      const { mean, variance } = tf.moments(x, 0);
      const normal = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
      return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.sub(normal, tf.logSumExp(normal, 1, true))), 1)));
    };
    const picked = tf.gather(logits, tf.tensor1d([5, 0, 3], "int32"));
    return joined([tf.grad(loss)(logits), picked, tf.cast(tf.argMax(logits, 1), "float32")]);
  },
};

const draw = (name: string, shape: number[]): tf.Tensor => key.fold(name).normal(shape);
const joined = (tensors: readonly tf.Tensor[]): tf.Tensor =>
  tf.concat(tensors.map((x) => tf.reshape(x, [-1])));

/** A training of a few seconds with everything that a checkpoint holds. */
const SHORT = `
name: short
checkpoint: { steps: 7 }
application:
  use: generate
  target: { use: convolution, data: { use: ring }, noise: { normal: 0.3 }, alpha: 0.5 }
  objective: original
  generator: { use: mlp, hidden: [8] }
  critic: { use: mlp, hidden: [8], spectralNorm: true }
  latent: { size: 2 }
  k: 2
  m: 16
  samples: 200
  previews: 2
  measures: [geometry]
`;

/** What the engine holds in memory, by its own account and tfjs's. */
export type Holdings = () => Readonly<Record<string, number>>;

/** How an engine is held to its contract. */
export interface EngineCheck {
  /** Largest difference from `cpu`, relative to the largest number of the answer. */
  readonly tolerance?: number;
  /** Counts beside tfjs's own that must come back to what they were. */
  readonly holdings?: Holdings;
  /** Values of the scenario that it runs, by path, for engines to which that would be long. */
  readonly shorter?: Readonly<Record<string, string>>;
  /** Modules of the plugin that brings the engine, where it is not a built-in one: URLs, or paths from `base`. */
  readonly plugins?: readonly string[];
  /** A URL, where relative paths start; the working directory unless given. */
  readonly base?: string;
}

/** Holds an engine that runs here to its contract; it is in use afterwards. */
export async function checkEngine(t: Tester, engine: Engine, check: EngineCheck = {}): Promise<void> {
  const { tolerance = 1e-4, holdings = () => ({}), shorter = {}, plugins = [] } = check;
  const { base = pathToFileURL(`${process.cwd()}/`).href } = check;
  const { name } = engine;
  for (const [what, program] of Object.entries(PROGRAMS)) {
    await t.test(`${name} agrees with cpu: ${what}`, async (t) => {
      await cpu().start();
      const expected = await valuesOf(program);
      await engine.start();
      const found = await valuesOf(program);
      const size = Math.max(...expected.map(Math.abs));
      const error = Math.max(...found.map((value, i) => Math.abs(value - expected[i]!))) / size;
      t.equal(found.length, expected.length);
      t.ok(error <= tolerance, `relative difference ${error}`);
    });
  }

  await t.test(`${name} leaves no tensors behind`, async (t) => {
    await engine.start();
    const count = () => ({ ...tf.memory(), buffers: tf.backend().numDataIds(), ...holdings() });
    const all = async (): Promise<void> => {
      for (const program of Object.values(PROGRAMS)) await valuesOf(program);
    };
    await all();
    const before = count();
    for (let i = 0; i < 3; i++) await all();
    const { numTensors, numDataBuffers, buffers, ...rest } = count();
    t.same({ numTensors, numDataBuffers, buffers }, { ...pick(before), buffers: before.buffers });
    for (const what of Object.keys(holdings())) t.equal(rest[what as never], before[what as never], what);
  });

  await t.test(
    `${name} gives the same metrics in each process, and in a run that was interrupted`,
    async (t) => {
      const runs = mkdtempSync(join(tmpdir(), "dsgan-engine-"));
      try {
        const store = folderStore({ folder: runs });
        const values = {
          engine: name,
          "application.steps": "30",
          plugins: JSON.stringify(plugins),
          ...shorter,
        };
        const overrides = Object.entries(values).map(([path, value]) => ({ path, value }));
        const scenario = { text: SHORT, file: "short.yaml", base, overrides };
        const whole = await startTrainer({ runs, scenario }, { store }).ended;
        t.equal(whole.status, "passed", whole.error?.message ?? "passed");
        t.same((await startTrainer({ runs, scenario }, { store }).ended).metrics, whole.metrics);
        const trainer = startTrainer({ runs, scenario }, { store });
        await firstValueFrom(trainer.events.pipe(filter(({ type }) => type === "checkpoint")));
        trainer.cancel("to be taken up again");
        const { run, status } = await trainer.ended;
        t.equal(status, "cancelled");
        t.same((await startTrainer({ runs, resume: run }, { store }).ended).metrics, whole.metrics);
      } finally {
        rmSync(runs, { recursive: true, force: true });
      }
    },
  );
}

const pick = ({ numTensors, numDataBuffers }: tf.MemoryInfo) => ({ numTensors, numDataBuffers });

async function valuesOf(program: () => tf.Tensor): Promise<number[]> {
  const y = tf.tidy(program);
  const values = Array.from(await y.data());
  y.dispose();
  return values;
}
