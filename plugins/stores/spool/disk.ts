/**
 * Where a spool keeps what is not shipped yet: a folder for each writer, of events in one file and a file for each file.
 * Nothing in it outlives its process: what a crash leaves is removed, and made again by the run that resumes.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ProcessMark, stateOf, thisProcess } from "../process.ts";

/** Name of the file that says whose folder it is: a {@link ProcessMark}. */
const OWNER = "process.json";

/** Where events stand in the file of events. */
export interface Stretch {
  readonly from: number;
  readonly bytes: number;
}

/** The folder of a writer. Its methods reject as the system does, and then keep nothing of what they were given. */
export interface SpoolDisk {
  /** Adds text to the file of events. */
  addText(text: string): Promise<Stretch>;
  readText(stretch: Stretch): Promise<string>;
  /** Gives up a stretch that was added. Once all are, their room is free again. */
  removeText(stretch: Stretch): Promise<void>;
  /** @returns the path of a new file with these bytes */
  addFile(data: Uint8Array | string): Promise<string>;
  readFile(path: string): Promise<Uint8Array>;
  removeFile(path: string): Promise<void>;
  /** Removes the folder. */
  close(): Promise<void>;
}

/**
 * Makes the folder of a writer, and removes those of processes that have ended.
 * @param root the folder of those folders, made where it is not there
 * @throws as the system does where that cannot be written
 */
export async function openDisk(root: string): Promise<SpoolDisk> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  await removeLeftovers(root);
  const folder = await mkdtemp(join(root, "run-"));
  let events: FileHandle;
  try {
    await writeFile(join(folder, OWNER), JSON.stringify(thisProcess()));
    events = await open(join(folder, "events"), "w+");
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  let end = 0;
  let kept = 0; // bytes of stretches that are not given up
  let files = 0;
  let queue: Promise<unknown> = Promise.resolve(); // no text is added while the file is being emptied
  const inTurn = <T>(call: () => Promise<T>): Promise<T> => {
    const turn = queue.then(call);
    queue = turn.catch(() => {});
    return turn;
  };
  return {
    addText: (text) =>
      inTurn(async () => {
        const data = Buffer.from(text);
        const from = end;
        for (let done = 0; done < data.length; ) {
          done += (await events.write(data, done, data.length - done, from + done)).bytesWritten;
        }
        end += data.length;
        kept += data.length;
        return { from, bytes: data.length };
      }),
    async readText({ from, bytes }) {
      const data = Buffer.alloc(bytes);
      for (let done = 0; done < bytes; ) {
        const { bytesRead } = await events.read(data, done, bytes - done, from + done);
        if (bytesRead === 0)
          throw new Error(`${join(folder, "events")} is shorter than what was written to it`);
        done += bytesRead;
      }
      return data.toString();
    },
    removeText: ({ bytes }) =>
      inTurn(async () => {
        kept -= bytes;
        if (kept > 0) return;
        end = 0;
        await events.truncate(0);
      }),
    async addFile(data) {
      const path = join(folder, String(++files));
      try {
        await writeFile(path, data);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      return path;
    },
    readFile,
    removeFile: (path) => rm(path, { force: true }),
    async close() {
      await events.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Removes the folders of processes that are known to have ended. */
async function removeLeftovers(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const folder = join(root, name);
    let owner: ProcessMark;
    try {
      owner = JSON.parse(readFileSync(join(folder, OWNER), "utf8"));
    } catch {
      continue; // one that is just being made, or nothing of ours
    }
    if (stateOf(owner) === "ended") await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}
