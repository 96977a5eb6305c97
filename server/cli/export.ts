/**
 * `dsgan export`: writes the networks that a run has trained as files for other programs.
 *
 * @module
 */
import { join } from "node:path";
import {
  type Context,
  contextOf,
  decodeTensors,
  type Engine,
  Engines,
  encodeTensors,
  InputError,
  messageOf,
  type Network,
  type NetworkPorts,
  type OnnxWriter,
  openTrained,
  RunError,
  reopenScenario,
  type StoredTensor,
  standardised,
  type TrainedNetwork,
  type tf,
  unstandardised,
  verifyOnnx,
} from "../../core/mod.ts";
import { meant } from "../../core/plugin/suggest.ts";
import { number, size } from "../report/format.ts";
import { modules } from "../trainer/modules.ts";
import { EXIT } from "./exit.ts";
import { writeWhole } from "./files.ts";
import type { Host } from "./host.ts";
import { version } from "./package.ts";
import { type RunsOptions, runNamed } from "./runs.ts";
import { count, place } from "./words.ts";

/** Options of `dsgan export`. */
export interface ExportOptions extends RunsOptions {
  readonly network?: readonly string[];
  readonly out?: string;
  /** By commas. */
  readonly format: string;
}

/** What can be written. */
const FORMATS = ["onnx", "safetensors"] as const;
type Format = (typeof FORMATS)[number];

/** Writes networks. @returns the exit code */
export async function exportCommand(given: string, options: ExportOptions, host: Host): Promise<number> {
  const formats = formatsOf(options.format);
  const { id, reader } = await runNamed(given, options, host);
  const loaded = await reopenScenario(reader, host.plugins, modules);
  const trained = await openTrained(reader, loaded);
  const names = options.network ?? trained.names;
  if (names.length === 0) throw new InputError(`run ${id} has kept no network that can be written`);
  for (const name of names) trained.record(name);

  const onnx = formats.includes("onnx") ? await onnxOf(contextOf(loaded.registry, loaded.base)) : undefined;
  const folder =
    options.out ?? (reader.folder === undefined ? `${id}-export` : join(reader.folder, "export"));
  for (const name of new Set(names)) {
    const network = await trained.open(name);
    const metadata = metadataOf(network, id, trained.checkpoint);
    const path = join(folder, name.replace(/[^\w.-]+/g, "_"));
    if (onnx !== undefined) say(name, await writeOnnx(onnx, network, metadata, `${path}.onnx`));
    if (formats.includes("safetensors")) {
      say(name, await writeTensors(network, metadata, `${path}.safetensors`));
    }
    network.network.dispose();
  }
  return EXIT.met;
}

function say(name: string, what: string): void {
  process.stdout.write(`${name}  ${what}\n`);
}

/** @throws InputError where one is unknown */
function formatsOf(list: string): readonly Format[] {
  const given = list.split(",").map((format) => format.trim());
  const unknown = given.find((format) => !(FORMATS as readonly string[]).includes(format));
  if (unknown !== undefined) {
    const hint = meant(unknown, FORMATS);
    throw new InputError(
      `--format: unknown format ${JSON.stringify(unknown)}${hint === "" ? "." : hint} Known: ${FORMATS.join(", ")}`,
    );
  }
  return given as Format[];
}

/**
 * Starts the engine that writes ONNX files.
 * @throws InputError where none does, RunError where it does not start
 */
async function onnxOf(context: Context): Promise<OnnxWriter> {
  const engines = await Promise.all(
    context.all(Engines).map(({ name }) => context.create(Engines, { use: name })),
  );
  const able = engines
    .filter((engine): engine is Engine & { onnx: OnnxWriter } => engine.onnx !== undefined)
    .sort((a, b) => b.merit - a.merit);
  const [engine] = able;
  if (engine === undefined) {
    throw new InputError("no engine here writes ONNX files; --format safetensors needs none");
  }
  try {
    await engine.start();
  } catch (cause) {
    throw new RunError(
      `ONNX files are written by the engine ${engine.name}, which does not start here: ${messageOf(cause)}. ` +
        "--format safetensors needs none",
      { cause },
    );
  }
  return engine.onnx;
}

/** Where a file comes from, as text; what is more than that as JSON. */
function metadataOf(
  { name, record, network }: TrainedNetwork,
  run: string,
  checkpoint: string,
): Record<string, string> {
  return {
    dsgan: version(),
    run,
    checkpoint,
    network: name,
    plan: JSON.stringify(record.plan),
    ports: JSON.stringify(record.ports),
    parameters: JSON.stringify([...network.parameters.keys()]),
    state: JSON.stringify([...network.state.keys()]),
  };
}

/** Writes an ONNX file that gives what the network gives. @throws RunError where it cannot */
async function writeOnnx(
  writer: OnnxWriter,
  { network, record }: TrainedNetwork,
  metadata: Record<string, string>,
  path: string,
): Promise<string> {
  const apply = inUnits(network, record.ports);
  const weights = new Map([...network.parameters, ...network.state]);
  const file = writer.write({ apply, input: network.inputShape, weights, metadata });
  let difference = 0;
  await writeWhole(path, async (draft) => {
    await draft.append(file.bytes);
    const bytes = await draft.readBack();
    difference = await verifyOnnx(writer, { ...file, bytes }, apply, record.ports, place(path));
  });
  const rows = file.batch === "any" ? "n" : file.batch;
  const only = file.reason === undefined ? "" : ` (only batches of ${file.batch}: ${file.reason})`;
  return (
    `x [${[rows, ...network.inputShape]}] to y [${[rows, ...network.outputShape]}]${only}, within ` +
    `${number(difference)} of the network: wrote ${place(path)} (${size(file.bytes.byteLength)})`
  );
}

/** A network as a file has it: rows of a table go in, and come out, in the table's own units. */
function inUnits(
  network: Network,
  { inputColumns, outputColumns }: NetworkPorts,
): (x: tf.Tensor) => tf.Tensor {
  return (x) => {
    const y = network.apply(inputColumns ? standardised(x, inputColumns) : x, { training: false });
    return outputColumns ? unstandardised(y, outputColumns) : y;
  };
}

/** Writes a safetensors file. @throws RunError where it does not hold what was written */
async function writeTensors(
  { tensors }: TrainedNetwork,
  metadata: Record<string, string>,
  path: string,
): Promise<string> {
  const bytes = encodeTensors(tensors, metadata);
  await writeWhole(path, async (draft) => {
    await draft.append(bytes);
    const back = decodeTensors(await draft.readBack(), place(path)).tensors;
    const differing = [...tensors].find(([name, tensor]) => !same(tensor, back.get(name)));
    if (differing !== undefined) throw new RunError(`${path}: "${differing[0]}" is not what was written`);
  });
  return `${count(tensors.size, "tensor")}: wrote ${place(path)} (${size(bytes.byteLength)})`;
}

function same(a: StoredTensor, b: StoredTensor | undefined): boolean {
  return (
    b !== undefined &&
    a.dtype === b.dtype &&
    `${a.shape}` === `${b.shape}` &&
    a.values.every((value, i) => Object.is(value, b.values[i]))
  );
}
