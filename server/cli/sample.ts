/**
 * `dsgan sample`: draws from a generator that a run has trained.
 *
 * @module
 */
import { extname } from "node:path";
import { dump } from "npyjs";
import {
  type Context,
  contextOf,
  Engines,
  InputError,
  Key,
  type Network,
  type NetworkPorts,
  openTrained,
  painterOf,
  pictureOf,
  priorSampler,
  reopenScenario,
  sizeOf,
  type Trained,
  tf,
  unstandardised,
} from "../../core/mod.ts";
import { size } from "../report/format.ts";
import { modules } from "../trainer/modules.ts";
import { EXIT } from "./exit.ts";
import { type Draft, writeWhole } from "./files.ts";
import type { Host } from "./host.ts";
import { interruptible } from "./interrupt.ts";
import { type RunsOptions, runNamed } from "./runs.ts";
import { writeCsv } from "./sample-csv.ts";
import { count, place } from "./words.ts";

/** Options of `dsgan sample`. */
export interface SampleOptions extends RunsOptions {
  readonly network: string;
  readonly n: number;
  readonly seed: string;
  readonly out: string;
  readonly engine?: string;
}

/** Rows that are computed at a time; always as many, so that a row does not depend on how many were asked for. */
const BLOCK = 128;

/** The most that a picture shows. */
const MOST = { sheet: 2500, scatter: 100_000, histogram: 100_000 };

/** Draws samples and writes them. @returns the exit code */
export async function sampleCommand(given: string, options: SampleOptions, host: Host): Promise<number> {
  const { network: name, n, seed, out } = options;
  const format = extname(out).toLowerCase();
  if (format !== ".npy" && format !== ".png" && format !== ".csv") {
    const ending = format === "" ? "no ending" : `unknown ending "${format}"`;
    throw new InputError(`--out ${out}: ${ending}; expected .npy, .png or .csv`);
  }
  const { id, reader } = await runNamed(given, options, host);
  const loaded = await reopenScenario(reader, host.plugins, modules);
  const trained = await openTrained(reader, loaded);
  const { ports } = trained.record(name);
  const shape = ports.output;
  if (ports.prior === undefined) throw new InputError(noGenerator(id, name, trained));
  const picture = format === ".png" ? drawable(shape, n, out) : undefined;
  if (format === ".csv" && shape.length !== 1) {
    throw new InputError(
      `--out ${out}: samples of shape [${shape}] are no rows of a table; write an .npy file`,
    );
  }

  const context = contextOf(loaded.registry, loaded.base);
  const engine = options.engine === undefined ? loaded.scenario.engine : { use: options.engine };
  const interrupt = interruptible();
  try {
    const bytes = await writeWhole(out, async (draft) => {
      await (await context.create(Engines, engine)).start();
      const { network } = await trained.open(name);
      const key = Key.from(Number(seed)).fold("sample", name);
      const blocks = drawn(network, ports, n, key, interrupt.signal);
      if (format === ".csv") await writeCsv(draft, ports, blocks);
      else if (picture === undefined) await writeNpy(draft, [n, ...shape], blocks);
      else await draft.append(await painted(context, picture, ports, n, name, blocks));
      network.dispose();
    });
    process.stdout.write(
      `${count(n, "sample")} of ${name}, [${[n, ...shape]}], seed ${seed}, from ` +
        `${place(`${reader.location}/${trained.checkpoint}`)}: wrote ${place(out)} (${size(bytes)})\n`,
    );
    return EXIT.met;
  } catch (error) {
    if (interrupt.code === undefined) throw error;
    return interrupt.code;
  } finally {
    interrupt.release();
  }
}

function noGenerator(id: string, name: string, { names, record }: Trained): string {
  const generators = names.filter((other) => record(other).ports.prior !== undefined);
  return (
    `run ${id}: network "${name}" takes data, and no draws from a prior: it is no generator. ` +
    `Its generators: ${generators.join(", ") || "none"}`
  );
}

type Picture = NonNullable<ReturnType<typeof pictureOf>>;

/** @throws InputError where no picture suits the samples, or there are too many for one */
function drawable(shape: readonly number[], n: number, out: string): Picture {
  const kind = pictureOf(shape);
  if (kind === undefined) {
    throw new InputError(
      `--out ${out}: there is no picture of samples of shape [${shape}]; write an .npy file`,
    );
  }
  if (n > MOST[kind]) {
    throw new InputError(
      `--out ${out}: a picture shows at most ${MOST[kind]} samples, got --n ${n}; an .npy file takes any number`,
    );
  }
  return kind;
}

/** `G(z)`, z drawn from the prior, in blocks of rows; those of a table in its own units. */
async function* drawn(
  network: Network,
  { input, prior, outputColumns }: NetworkPorts,
  n: number,
  key: Key,
  signal: AbortSignal,
): AsyncGenerator<Float32Array> {
  const latent = priorSampler(prior!, input);
  for (let done = 0; done < n; done += BLOCK) {
    signal.throwIfAborted();
    const x = tf.tidy(() => {
      const made = network.apply(latent(key.fold(done / BLOCK), BLOCK), { training: false });
      return outputColumns === undefined ? made : unstandardised(made, outputColumns);
    });
    const values = (await x.data()) as Float32Array; // [BLOCK, ...output]
    x.dispose();
    yield values.subarray(0, Math.min(BLOCK, n - done) * sizeOf(network.outputShape));
  }
}

async function writeNpy(
  draft: Draft,
  shape: readonly number[],
  blocks: AsyncIterable<Float32Array>,
): Promise<void> {
  await draft.append(new Uint8Array(dump(new Float32Array(0), [...shape]))); // the header alone
  for await (const { buffer, byteOffset, byteLength } of blocks) {
    await draft.append(new Uint8Array(buffer, byteOffset, byteLength));
  }
}

/** @throws InputError where nothing draws */
async function painted(
  context: Context,
  picture: Picture,
  { output, range }: NetworkPorts,
  n: number,
  name: string,
  blocks: AsyncIterable<Float32Array>,
): Promise<Uint8Array> {
  const painter = await painterOf(context);
  if (painter === undefined) throw new InputError("there is no painter here: write an .npy file");
  const values = new Float32Array(n * sizeOf(output)); // [n, ...output]
  let at = 0;
  for await (const rows of blocks) {
    values.set(rows, at);
    at += rows.length;
  }
  if (picture !== "sheet") return await painter[picture](`${n} samples of ${name}`, [{ name, values }]);
  const [height, width, channels = 1] = output as [number, number, number?];
  return await painter.sheet(values, [height, width, channels], range ?? extremes(values));
}

/** Smallest and largest value, never the same. */
function extremes(values: Float32Array): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return low < high ? [low, high] : [low, low + 1];
}
