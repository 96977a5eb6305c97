/**
 * A run being written to its folder.
 *
 * @module
 */
import { constants } from "node:fs";
import { copyFile, type FileHandle, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  checkRunPath,
  InputError,
  messageOf,
  RUN_FILES,
  RunError,
  RunLost,
  type RunWriter,
} from "../../../core/mod.ts";
import { turns } from "../turns.ts";
import type { Lease } from "./lease.ts";
import { codeOf } from "./reason.ts";

/** A file in the lease's folder that can be given up: on a full disk, the end of a run still finds room. */
const RESERVE = "reserve";
const RESERVE_BYTES = 64 * 1024;

/** Read at a time in search of a log's last line. */
const PIECE_BYTES = 64 * 1024;

/**
 * Sets room aside in the folder of a lease.
 * @throws as the system does where there is none
 */
export async function setAside(folder: string): Promise<void> {
  const reserve = join(folder, RESERVE);
  try {
    await writeFile(reserve, new Uint8Array(RESERVE_BYTES));
  } catch (error) {
    await rm(reserve, { force: true }).catch(() => {});
    if (["ENOSPC", "EDQUOT"].includes(codeOf(error) ?? "")) throw error; // the first event will tell of others
  }
}

/**
 * Opens the log of a run whose lease this process has just taken.
 * @param isWhole whether the writer before has closed it. Otherwise that one may live, and have the file open: it is
 *   replaced by a copy without what a crash left half written. Whatever is appended to the old one is lost.
 */
export async function openLogOf(location: string, lease: Lease, isWhole: boolean): Promise<FileHandle> {
  const log = join(location, RUN_FILES.events);
  if (isWhole) {
    const file = await open(log, "a");
    const loss = lease.lossOf(); // whoever takes the run from now on does so from a log that is not closed
    if (loss === undefined) return file;
    await file.close();
    throw loss;
  }
  const copy = join(lease.folder, "log");
  await copyFile(log, copy, constants.COPYFILE_EXCL).catch((error) => {
    if (codeOf(error) !== "ENOENT") throw error; // it died before its first event
  });
  const file = await open(copy, "a+");
  try {
    await file.truncate(await wholeLinesOf(file));
    await file.datasync();
    await rename(copy, log);
    return file;
  } catch (error) {
    await file.close();
    throw lease.lossOf() ?? error;
  }
}

/** How many bytes of a file are whole lines, told from its end: a log may have a million. */
async function wholeLinesOf(file: FileHandle): Promise<number> {
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let end = (await file.stat()).size; end > 0; end -= piece.length) {
    const begin = Math.max(0, end - piece.length);
    const { bytesRead } = await file.read(piece, 0, end - begin, begin);
    const at = piece.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (at >= 0) return begin + at + 1;
  }
  return 0;
}

/**
 * @param location the run's folder, which is there
 * @param events the file of its events, open for appending
 */
export async function writerOf(
  id: string,
  location: string,
  events: FileHandle,
  lease: Lease,
): Promise<RunWriter> {
  const reserve = join(lease.folder, RESERVE);
  let length = (await events.stat()).size;
  let isSynced = true;
  let closed = false;
  let staged = 0;
  const inTurn = turns();
  const requireOpen = (): void => {
    if (lease.lost.aborted) throw lease.lost.reason;
    if (closed) throw new RunError(`run ${id} is closed: nothing can be added to it`);
  };
  const requireHeld = (): void => {
    const loss = lease.lossOf();
    if (loss !== undefined) throw loss;
  };
  /** Makes room for what follows. @returns the error to throw: that the run was taken over, or why it cannot be written */
  const failed = async (path: string, error: unknown): Promise<Error> => {
    await rm(reserve, { force: true }).catch(() => {});
    if (error instanceof RunLost) return error;
    return lease.lossOf() ?? unwritten(location, path, error);
  };
  const fileAt = (path: string): string => {
    if (checkRunPath(path) === RUN_FILES.events) throw new InputError(`${path} is written by append alone`);
    requireOpen();
    return join(location, path);
  };

  return {
    id,
    location,
    epoch: lease.epoch,
    lost: lease.lost,
    append: (event) =>
      inTurn(async () => {
        requireOpen();
        const line = Buffer.from(`${JSON.stringify(event)}\n`);
        try {
          requireHeld();
          await events.appendFile(line);
          requireHeld(); // else it may have gone to a log that was copied before
          length += line.length;
          isSynced = false;
        } catch (error) {
          await events.truncate(length).catch(() => {}); // readers pass over half a line, should it stay
          throw await failed(RUN_FILES.events, error);
        }
      }),
    write: (path, data) =>
      inTurn(async () => {
        const file = fileAt(path);
        const unfinished = join(lease.folder, `${staged++}-${basename(file).slice(-40)}`);
        try {
          // What a file tells of must not be lost to a power cut that the file itself outlives.
          if (!isSynced) await events.datasync();
          isSynced = true;
          await writeFile(unfinished, data, { flush: true }); // else a power cut may leave the new name empty
          await mkdir(dirname(file), { recursive: true });
          await rename(unfinished, file);
        } catch (error) {
          await rm(unfinished, { force: true }).catch(() => {});
          throw await failed(path, error);
        }
      }),
    remove: (path) =>
      inTurn(async () => {
        const file = fileAt(path);
        const removed = join(lease.folder, `${staged++}-removed`);
        try {
          await rename(file, removed);
          await rm(removed, { force: true, recursive: true });
        } catch (error) {
          const loss = lease.lossOf();
          if (loss === undefined && ["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) return; // it was not there
          throw loss ?? (await failed(path, error));
        }
      }),
    close: () =>
      inTurn(async () => {
        if (closed) return;
        closed = true;
        const loss = lease.lossOf();
        try {
          await events.sync();
        } catch (error) {
          throw loss ?? unwritten(location, RUN_FILES.events, error);
        } finally {
          await events.close();
          await lease.release(loss === undefined);
        }
        if (loss !== undefined) throw loss;
      }),
  };
}

function unwritten(location: string, path: string, error: unknown): RunError {
  return new RunError(
    `cannot write ${join(location, path)}: ${messageOf(error)}. What was kept before is whole; ` +
      `make room, or choose another folder with --runs <dir>`,
    { cause: error },
  );
}
