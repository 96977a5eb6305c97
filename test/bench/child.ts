/**
 * Runs one case on one engine, in a process of its own (tfjs has one engine a process).
 *
 * `node child.ts <case> <engine>` answers `{"ready": …}`, then to each line `run N` the mean time of N steps,
 * `{"ms": …}`; `node child.ts <case> <engine> small` does so with small batches and networks. `node child.ts <case> <engine>
 * <steps> <file>` runs a few steps of a small batch instead, writes all that their losses depend on (parameters, state,
 * data, noise in the order of drawing) to the file, and answers `{"losses": …}`. `node child.ts <case> <engine> share <file>`
 * writes parameters, state and data of the case in its own size. Answers are lines of JSON; what goes wrong is `{"error": …}`.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  assemble,
  compileStep,
  contextOf,
  type EngineInfo,
  Engines,
  Key,
  messageOf,
  parameterCount,
  plainStep,
  type Step,
  tf,
} from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { cases } from "./cases/mod.ts";
import { safetensors } from "./safetensors.ts";
import { variants, type Workload } from "./workload.ts";

/** Enough for compilers and caches to settle. */
const WARM_UP_STEPS = 3;
/** Steps that take this long together are warm sooner. */
const WARM_UP_MS = 10_000;
/** Batch size at which numbers are compared: α·m is whole, and any engine does it. */
const CHECK_BATCH = 10;

const [caseName, engineName, checkSteps, checkFile] = process.argv.slice(2);
const answer = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

try {
  const { batch, build } = cases.find(({ name }) => name === caseName)!;
  const info = await startEngine(engineName!);
  const key = Key.from("bench");
  if (checkFile !== undefined) {
    answer({
      losses:
        checkSteps === "share"
          ? await check(build(key, batch, false), key, 0, checkFile)
          : await check(build(key, CHECK_BATCH, true), key, Number(checkSteps), checkFile),
    });
  } else {
    const isSmall = checkSteps === "small";
    const workload = build(key, isSmall ? CHECK_BATCH : batch, isSmall);
    const counts = Object.entries(workload.networks).map(([name, net]) => [name, parameterCount(net)]);
    const step = compileStep(caseName!, workload.step);
    let done = 0;
    const run = async (steps: number): Promise<number> => {
      const start = performance.now();
      for (let i = 0; i < steps; i++) await losses(workload, step, key, ++done);
      return (performance.now() - start) / steps;
    };
    let ms = 0;
    const begin = performance.now();
    while (done < WARM_UP_STEPS && performance.now() - begin < WARM_UP_MS) ms = await run(1);
    answer({
      ready: {
        name: info.name,
        device: info.device,
        parameters: Object.fromEntries(counts),
        ms,
      },
    });
    for await (const line of createInterface(process.stdin)) {
      answer({ ms: await run(Number(line.split(" ")[1])) });
    }
  }
} catch (error) {
  answer({ error: messageOf(error) });
}
process.exit();

async function startEngine(name: string): Promise<EngineInfo> {
  const context = contextOf(await assemble([...builtinPlugins]), new URL(import.meta.url));
  const variant = variants[name];
  const info = await (await context.create(Engines, variant ?? { use: name })).start();
  return variant === undefined ? info : { ...info, name };
}

/** The losses of one step, read as a training would that shows them. */
async function losses(
  { data, numbers, whole }: Workload,
  step: Step<string, string>,
  key: Key,
  count: number,
): Promise<number[]> {
  const at = key.fold("step", count);
  const scalars = Object.values(
    whole === undefined ? step.run({ ...data, ...numbers(count) }, at) : await whole(data, at),
  );
  const values = await Promise.all(scalars.map(async (loss) => (await loss.data())[0]!));
  tf.dispose(scalars);
  return values;
}

/** Runs a few steps, writing down what they start from and what they draw. */
async function check(workload: Workload, key: Key, steps: number, file: string): Promise<number[][]> {
  const tensors = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  const note = (name: string, x: tf.Tensor): void =>
    void tensors.set(name, { shape: [...x.shape], values: Float32Array.from(x.dataSync()) });
  for (const [name, x] of Object.entries(workload.data)) note(`data/${name}`, x);
  for (const [name, net] of Object.entries(workload.networks)) {
    for (const [of, v] of [...net.parameters, ...net.state]) note(`${name}/${of}`, v);
  }
  let draws = 0;
  for (const kind of ["normal", "uniform"] as const) {
    const draw = Key.prototype[kind];
    Key.prototype[kind] = function (this: Key, ...given) {
      const x = draw.apply(this, given);
      note(`noise/${draws++}`, x);
      return x;
    };
  }
  const step = plainStep(workload.step); // not replayed: each draw is to be seen
  const all: number[][] = [];
  for (let i = 1; i <= steps; i++) all.push(await losses(workload, step, key, i));
  writeFileSync(file, safetensors(tensors));
  return all;
}
