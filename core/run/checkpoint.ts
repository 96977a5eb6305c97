/**
 * Checkpoints: the state of a run on disk, under `checkpoints/`. `<n>.safetensors` has the tensors,
 * `<n>.final.safetensors` those that no longer change and that no checkpoint before it had: later ones name that file
 * and don't repeat it. `<n>.json` has all else with the checksums of the files; it is written last, so a checkpoint is
 * there whole or not at all.
 *
 * @module
 */
import { InputError, messageOf } from "../plugin/errors.ts";
import { decodeTensors, encodeTensors, type StoredTensor } from "../tensor/safetensors.ts";
import type { Readings } from "./event.ts";
import type { FinalTensor, Snapshot, StateRecord } from "./state.ts";
import type { RunReader, RunWriter } from "./store.ts";

/** All of a checkpoint but its tensors. */
export interface CheckpointRecord {
  readonly format: 1;
  readonly run: string;
  /** Events of the application before this moment. */
  readonly events: number;
  /** The log at this moment: how many lines it had, and a hash of them. */
  readonly log: { readonly lines: number; readonly hash: string };
  /** SHA-256 of the scenario as it is run. */
  readonly scenario: string;
  /** Metrics so far. */
  readonly metrics: Readings;
  /** Wall time of the run until then. */
  readonly seconds: number;
  /** Name of the engine: another one rounds differently. */
  readonly engine: string;
  /** Hashes of the scenario's plugins by their names, of those that could be read. */
  readonly plugins?: Readonly<Record<string, string>>;
  readonly state: StateRecord;
  readonly tensors: TensorsRecord;
  /** The files with tensors that no longer change; absent where there are none. */
  readonly final?: readonly (TensorsRecord & {
    /** Those in it that are still kept. */
    readonly names: readonly string[];
  })[];
}

/** A file of tensors. */
interface TensorsRecord {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A checkpoint that was read. */
export interface Checkpoint {
  /** Relative to the run. */
  readonly path: string;
  readonly record: CheckpointRecord;
  readonly snapshot: Snapshot;
}

const FOLDER = "checkpoints/";
const NAME = /^checkpoints\/(\d{6,})\.json$/;
const FINAL = /^checkpoints\/\d{6,}\.final\.safetensors$/;
const TENSORS = /^checkpoints\/(\d{6,})\.safetensors$/;

/** Writes the checkpoints of a run, keeping the newest few. */
export interface Checkpointer {
  /** @returns where it was written, and the size of its files */
  save(
    snapshot: Snapshot,
    about: Omit<CheckpointRecord, "format" | "run" | "state" | "tensors" | "final">,
  ): Promise<Written>;
}

/** A checkpoint that was written. */
export interface Written {
  readonly path: string;
  /** Of the files written for it: without those that it shares with checkpoints before it. */
  readonly bytes: number;
}

/**
 * @param keep how many to keep, at least 1
 * @param there what {@link RunReader.files} has: those to number on from, and to remove in time
 * @param from the checkpoint that the run goes on from
 */
export function checkpointer(
  writer: RunWriter,
  keep: number,
  there: readonly string[],
  from?: CheckpointRecord,
): Checkpointer {
  const kept = there.flatMap((path) => NAME.exec(path)?.[1] ?? []).sort(byNumber);
  let next = Number(kept.at(-1) ?? 0) + 1;
  const finals = new Map<string, TensorsRecord>((from?.final ?? []).map((record) => [record.file, record]));
  /** Whether a process died while it removed this file's checkpoint: the record goes first. */
  const isLeft = (path: string): boolean => {
    const of = TENSORS.exec(path)?.[1];
    return of !== undefined && Number(of) < next && !kept.includes(of);
  };
  /** Files of final tensors by the newest checkpoint that may name them; what earlier sessions left, by their last. */
  const needed = new Map<string, number>(
    there.filter((path) => FINAL.test(path) || isLeft(path)).map((path) => [path, next - 1]),
  );

  const write = async (file: string, given: ReadonlyMap<string, StoredTensor>): Promise<TensorsRecord> => {
    const bytes = encodeTensors(given);
    await writer.write(file, bytes);
    return { file, bytes: bytes.byteLength, sha256: await sha256(bytes) };
  };
  /** Writes what no file has yet. @returns the files that the checkpoint names, and the bytes written */
  const writeFinal = async (name: string, final: Snapshot["final"]) => {
    const fresh = [...final].filter(([, { file }]) => file === undefined);
    let bytes = 0;
    if (fresh.length > 0) {
      const file = `${FOLDER}${name}.final.safetensors`;
      const record = await write(file, new Map(fresh.map(([key, { value }]) => [key, value!])));
      finals.set(file, record);
      for (const [, tensor] of fresh) tensor.file = file;
      bytes = record.bytes;
    }
    const files = Map.groupBy(final, ([, { file }]) => file!);
    for (const file of files.keys()) needed.set(file, Number(name));
    const records = [...files].map(([file, entries]) => ({
      ...finals.get(file)!,
      names: entries.map(([key]) => key),
    }));
    return { records, bytes };
  };
  const removeOld = async (): Promise<void> => {
    for (const old of kept.splice(0, kept.length - keep)) {
      await writer.remove(`${FOLDER}${old}.json`);
      await writer.remove(`${FOLDER}${old}.safetensors`);
    }
    for (const [file, last] of needed) {
      if (last >= Number(kept[0])) continue;
      needed.delete(file);
      finals.delete(file);
      await writer.remove(file);
    }
  };
  return {
    async save({ record: state, tensors: given, final: unchanging }, about) {
      const name = String(next++).padStart(6, "0");
      const tensors = await write(`${FOLDER}${name}.safetensors`, given);
      const final = await writeFinal(name, unchanging);
      const record: CheckpointRecord = {
        format: 1,
        run: writer.id,
        ...about,
        state,
        tensors,
        ...(final.records.length > 0 && { final: final.records }),
      };
      const text = JSON.stringify(record);
      const json = `{"sha256":"${await sha256(text)}","record":${text}}\n`;
      const path = `${FOLDER}${name}.json`;
      await writer.write(path, json);
      kept.push(name);
      await removeOld();
      return { path, bytes: tensors.bytes + final.bytes + json.length };
    },
  };
}

/**
 * The newest sound checkpoint of a run.
 * @param lines how many events are in the run's log: a checkpoint that counts more of them outlived a power cut that
 *   they did not, and is passed over; unless given, it is not asked
 * @returns undefined where there was none; `damaged` tells of those that were passed over, `ahead` has the paths of
 *   those among them that count more events than there are
 * @throws InputError where there are some, but each of them is damaged
 */
export async function newestCheckpoint(
  reader: RunReader,
  lines: number = Number.POSITIVE_INFINITY,
): Promise<{
  readonly checkpoint: Checkpoint | undefined;
  readonly damaged: readonly string[];
  readonly ahead: readonly string[];
}> {
  const paths = (await reader.files(FOLDER)).filter((path) => NAME.test(path));
  const damaged: string[] = [];
  const ahead: string[] = [];
  for (const path of paths.toSorted(byNumber).reverse()) {
    try {
      const checkpoint = await readCheckpoint(reader, path);
      const counted = checkpoint.record.log.lines;
      if (counted <= lines) return { checkpoint, damaged, ahead };
      ahead.push(path);
      damaged.push(`run ${reader.id}: ${path} counts ${counted} events, the log has ${lines}`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      // A run that goes on replaces old checkpoints by new ones: then there is a newer one to be had.
      if (!(await reader.files(path)).includes(path)) return await newestCheckpoint(reader, lines);
      damaged.push(error.message);
    }
  }
  if (damaged.length === 0) return { checkpoint: undefined, damaged, ahead };
  throw new InputError(`run ${reader.id} has no sound checkpoint. Start it anew.\n${damaged.join("\n")}`);
}

async function readCheckpoint(reader: RunReader, path: string): Promise<Checkpoint> {
  const fail = (file: string, what: string): never => {
    throw new InputError(`run ${reader.id}: ${file} is damaged: ${what}`);
  };
  let record: CheckpointRecord;
  try {
    const outer = JSON.parse(new TextDecoder().decode(await reader.read(path)));
    record = outer.record;
    if ((await sha256(JSON.stringify(record))) !== outer.sha256) fail(path, "its checksum does not match");
  } catch (error) {
    return error instanceof InputError ? Promise.reject(error) : fail(path, messageOf(error));
  }
  if (record.format !== 1) fail(path, `it is of format ${record.format}, this version reads format 1`);
  const decoded = async ({
    file,
    sha256: sum,
  }: TensorsRecord): Promise<ReadonlyMap<string, StoredTensor>> => {
    const bytes = await reader.read(file);
    if ((await sha256(bytes)) !== sum) fail(file, "its checksum does not match");
    return decodeTensors(bytes, file).tensors;
  };
  const tensors = await decoded(record.tensors);
  const final = new Map<string, FinalTensor>();
  for (const { names, ...at } of record.final ?? []) {
    const found = await decoded(at);
    for (const name of names) final.set(name, { value: found.get(name)!, file: at.file });
  }
  return { path, record, snapshot: { record: record.state, tensors, final } };
}

function byNumber(a: string, b: string): number {
  return Number(/\d+/.exec(a)) - Number(/\d+/.exec(b));
}

/** SHA-256 in hexadecimal digits. */
export async function sha256(data: Uint8Array | string): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
