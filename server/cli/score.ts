/**
 * `dsgan score`: how abnormal rows are, by what a run of `novelty-detection` has learnt.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "npyjs";
import {
  type Context,
  contextOf,
  Engines,
  type FiniteDataset,
  fromArrays,
  InputError,
  type NetworkPorts,
  openTrained,
  painterOf,
  type RunReader,
  reopenScenario,
  type Scenario,
  type Trained,
} from "../../core/mod.ts";
import { arrays } from "../../plugins/datasets/arrays/arrays.ts";
import { type CsvFormat, readCsv } from "../../plugins/datasets/csv/csv.ts";
import { looseImages } from "../../plugins/datasets/images/images.ts";
import { literal } from "../../plugins/datasets/options.ts";
import { readParquet } from "../../plugins/datasets/parquet/parquet.ts";
import { standardisedValues } from "../../plugins/datasets/table/columns.ts";
import {
  type BadRows,
  type Decimal,
  encoded,
  listed,
  type Naming,
  type Table,
} from "../../plugins/datasets/table/table.ts";
import { HELD_OUT_SCORES, pValues, scoresOf, scoresPicture, thresholdOf } from "../../plugins/novelty/mod.ts";
import { number } from "../report/format.ts";
import { modules } from "../trainer/modules.ts";
import { EXIT } from "./exit.ts";
import { writeWhole } from "./files.ts";
import type { Host } from "./host.ts";
import { type RunsOptions, runNamed } from "./runs.ts";
import { count, csvCell, place } from "./words.ts";

/** Options of `dsgan score`. */
export interface ScoreOptions extends RunsOptions {
  readonly out?: string;
  /** A picture of the scores. */
  readonly plot?: string;
  readonly falseAlarms: number;
  readonly network: string;
  /** Of a CSV file: as in the run's own file, unless given. */
  readonly delimiter?: string;
  readonly decimal?: Decimal;
  readonly header?: boolean;
  /** Of an .npz file, likewise. */
  readonly array?: string;
  readonly badRows: BadRows;
  readonly engine?: string;
}

/** Rows to score, as the network takes them. */
interface Rows {
  readonly data: FiniteDataset;
  /** Their places in the file, from 0. */
  readonly places: ArrayLike<number>;
  /** Where they are images: the file of each. */
  readonly files?: readonly string[] | undefined;
  /** Why others were left out. */
  readonly faults?: readonly string[];
}

/** Scores rows and writes what comes of it. @returns the exit code */
export async function scoreCommand(
  given: string,
  file: string,
  options: ScoreOptions,
  host: Host,
): Promise<number> {
  const { out, plot, network: name, falseAlarms } = options;
  if (plot !== undefined && extname(plot).toLowerCase() !== ".png") {
    throw new InputError(`--plot ${plot}: the picture is written as .png`);
  }
  if (out !== undefined && extname(out).toLowerCase() !== ".csv") {
    throw new InputError(`--out ${out}: scores are written as .csv`);
  }
  const { id, reader } = await runNamed(given, options, host);
  const loaded = await reopenScenario(reader, host.plugins, modules);
  const trained = await openTrained(reader, loaded);
  const ports = portsOf(id, name, trained);
  const tabs = extname(file).toLowerCase() === ".tsv" ? { delimiter: "\t" } : {};
  const format = { ...formatOf(loaded.scenario), ...tabs, ...formatIn(options) };
  const { data, places, files, faults = [] } = await rowsOf(file, ports, format, options.badRows);

  const engine = options.engine === undefined ? loaded.scenario.engine : { use: options.engine };
  await (await contextOf(loaded.registry, loaded.base).create(Engines, engine)).start();
  const { network } = await trained.open(name);
  const scores = await scoresOf(network, data);
  network.dispose();

  const heldOut = name === "scorer" ? await heldOutScores(reader) : undefined;
  const threshold = heldOut && thresholdOf(heldOut, falseAlarms);
  const text = table(scores, { places, files }, heldOut && pValues(heldOut, scores), threshold);
  if (out === undefined) process.stdout.write(text);
  else await writeWhole(out, (draft) => draft.append(new TextEncoder().encode(text)));
  if (plot !== undefined) {
    const png = await pictureOf(scores, heldOut, threshold, contextOf(loaded.registry, loaded.base));
    await writeWhole(plot, (draft) => draft.append(png));
  }
  const told =
    threshold === undefined
      ? `${count(scores.length, "row")} scored; the run held no normal rows out, so there is no threshold`
      : `${count(scores.length, "row")} scored, ${scores.filter((score) => score > threshold).length} above ` +
        `${number(threshold)}, which lets at most ${number(100 * falseAlarms)} % of normal rows raise an alarm ` +
        `(by ${heldOut!.length} held-out rows)`;
  const left = faults.length === 0 ? "" : `${count(faults.length, "row")} left out: ${listed(faults)}\n`;
  const wrote = [out, plot].flatMap((path) => (path === undefined ? [] : [place(path)]));
  const summary = `${left}${told}${wrote.length === 0 ? "" : `: wrote ${wrote.join(" and ")}`}\n`;
  (out === undefined ? process.stderr : process.stdout).write(summary);
  return EXIT.met;
}

/** How a file of rows is to be read. */
type Format = Partial<CsvFormat> & Pick<ScoreOptions, "array">;

/** How the file is read that a run has learnt from. */
function formatOf({ application }: Scenario): Format {
  const { data } = application as {
    readonly data?: Format & { readonly use?: unknown; readonly values?: unknown };
  };
  if (data?.use === "csv") return formatIn(data);
  if (data?.use !== "arrays") return {};
  const { array } = Object(data.values) as Format;
  return typeof array === "string" ? { array } : {};
}

/** What some options say of it. */
function formatIn({ delimiter, decimal, header, array }: Format): Format {
  return {
    ...(delimiter !== undefined && { delimiter }),
    ...(decimal !== undefined && { decimal }),
    ...(header !== undefined && { header }),
    ...(array !== undefined && { array }),
  };
}

/** Messages name options as the command line has them. */
const flag: Naming = (option, value) => {
  const name = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return value === false ? `--no-${name}` : `--${name} ${literal(value)}`;
};

/** @throws InputError where the network is none that scores */
function portsOf(id: string, name: string, trained: Trained): NetworkPorts {
  const scoring = trained.names.filter((other) => `${trained.record(other).ports.output}` === "1");
  if (!trained.names.includes(name)) {
    throw new InputError(
      `run ${id} has no network "${name}": it is no run of novelty-detection, or has not got that far. ` +
        `Networks that give a number a row: ${scoring.join(", ") || "none"}`,
    );
  }
  const { ports } = trained.record(name);
  if (scoring.includes(name)) return ports;
  throw new InputError(`run ${id}: network "${name}" gives [${ports.output}] a row, and no score`);
}

/** Reads rows. @throws InputError where they are not what the network takes */
async function rowsOf(
  file: string,
  ports: NetworkPorts,
  { array, ...csv }: Format,
  badRows: BadRows,
): Promise<Rows> {
  const format = extname(file).toLowerCase();
  const { inputColumns: columns, input, inputRange } = ports;
  const url = pathToFileURL(file);
  if ((await stat(file).catch(() => undefined))?.isDirectory()) return await imagesOf(file, ports);
  if (format === ".npy" || format === ".npz") {
    const from = format === ".npz" && array !== undefined ? { file: url.href, array } : url.href;
    const data = await arrays({ values: from, ...(inputRange && { range: [...inputRange] }) });
    if (`${data.shape}` !== `${input}`) {
      throw new InputError(`${file}: rows have the shape [${data.shape}], the network takes [${input}]`);
    }
    const places = Array.from({ length: data.size }, (_, i) => i);
    if (columns === undefined) return { data, places };
    const values = Float64Array.from(await data.rows(places).data());
    const standardised = standardisedValues({ values }, columns);
    return { data: fromArrays({ name: file, values: standardised, shape: input }), places };
  }
  const usual = { delimiter: ",", decimal: ".", header: true } as const;
  const ofText = (): Promise<Table> => readCsv(url, { ...usual, ...csv }, flag);
  const read: Record<string, () => Promise<Table>> = {
    ...{ ".csv": ofText, ".tsv": ofText },
    ".parquet": async () => ({ ...(await readParquet(url)), naming: flag }),
  };
  if (!Object.hasOwn(read, format)) {
    throw new InputError(
      `${file}: unknown ending "${format}"; expected .csv, .tsv, .parquet, .npy, .npz, or a folder of images`,
    );
  }
  if (columns === undefined) {
    throw new InputError(
      `${file}: the run has not learnt from a table, whose columns have names: give an .npy file, or a folder of images`,
    );
  }
  const found = encoded(await read[format]!(), columns, badRows);
  return {
    data: fromArrays({ name: file, values: standardisedValues(found, columns), shape: input }),
    places: found.rows,
    faults: found.faults,
  };
}

/** Images of a folder, as the network takes them. @throws InputError where it takes none, or of another size */
async function imagesOf(folder: string, { input, inputRange, inputColumns }: NetworkPorts): Promise<Rows> {
  const [, , channels] = input;
  const isImage =
    inputColumns === undefined && inputRange !== undefined && (channels === 1 || channels === 3);
  if (!isImage) {
    throw new InputError(`${folder}: a folder of images, but the network takes rows of [${input}]`);
  }
  const range = inputRange[0] === 0 ? "unit" : "symmetric";
  const { data, files } = await looseImages(pathToFileURL(folder), { range, channels });
  if (`${data.shape}` !== `${input}`) {
    throw new InputError(`${folder}: images are [${data.shape}], the network takes [${input}]`);
  }
  return { data, files, places: Array.from(files.keys()) };
}

/** Draws how scores are distributed. @throws InputError on a host without pictures */
async function pictureOf(
  scores: Float32Array,
  heldOut: ArrayLike<number> | undefined,
  threshold: number | undefined,
  context: Context,
): Promise<Uint8Array> {
  const painter = await painterOf(context);
  if (painter === undefined) throw new InputError("--plot: there is no painter here");
  const held = heldOut === undefined ? [] : [{ name: "held out", values: Float32Array.from(heldOut) }];
  const series = [...held, { name: "scored", values: scores }];
  return await scoresPicture(painter, series, threshold);
}

/** Scores of the run's held-out rows; undefined where it held none out. */
async function heldOutScores(reader: RunReader): Promise<ArrayLike<number> | undefined> {
  const path = `artifacts/${HELD_OUT_SCORES}`;
  if (!(await reader.files(path)).includes(path)) return undefined;
  return parse(new Uint8Array(await reader.read(path)).buffer).data as unknown as ArrayLike<number>;
}

function table(
  scores: Float32Array,
  { places, files }: Pick<Rows, "places" | "files">,
  p: Float64Array | undefined,
  threshold: number | undefined,
): string {
  const lines = Array.from(scores, (score, i) => {
    const judged = p === undefined ? [] : [p[i]!, Number(score > threshold!)];
    return [places[i]! + 1, ...(files ? [csvCell(files[i]!)] : []), score, ...judged].join(",");
  });
  return `${[["row", ...(files ? ["file"] : []), "score", ...(p ? ["p", "abnormal"] : [])].join(","), ...lines].join("\n")}\n`;
}
