/**
 * A run being written to its folder.
 *
 * @module
 */
import { type FileHandle, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  checkRunPath,
  InputError,
  messageOf,
  RUN_FILES,
  RunError,
  type RunWriter,
} from "../../../core/mod.ts";
import { codeOf } from "./reason.ts";

/** A file that is kept so that it can be given up: on a full disk, the end of a run still finds room. */
const RESERVE = ".reserve.tmp";
const RESERVE_BYTES = 64 * 1024;

/** Whether a file, by its path in the run, is the reserve. */
export const isReserve = (path: string): boolean => path === RESERVE;

/** Whether a file, by its name, is one that is still being written, or of no interest to readers. */
export function isUnfinished(path: string): boolean {
  return basename(path).startsWith(".") && path.endsWith(".tmp");
}

/**
 * Sets room aside, unless an earlier writer of the run has left it so.
 * @throws as the system does where there is none
 */
export async function setAside(location: string): Promise<void> {
  const reserve = join(location, RESERVE);
  const there = await stat(reserve).catch(() => undefined);
  if (there?.size === RESERVE_BYTES) return;
  try {
    await writeFile(reserve, new Uint8Array(RESERVE_BYTES));
  } catch (error) {
    await rm(reserve, { force: true }).catch(() => {});
    if (["ENOSPC", "EDQUOT"].includes(codeOf(error) ?? "")) throw error; // the first event will tell of others
  }
}

/**
 * @param location the run's folder, which is there
 * @param events the file of its events, open for appending
 * @param release gives up the lock of the folder
 */
export async function writerOf(
  id: string,
  location: string,
  events: FileHandle,
  release: () => Promise<void>,
): Promise<RunWriter> {
  const reserve = join(location, RESERVE);
  let length = (await events.stat()).size;
  let isSynced = true;
  let closed = false;
  let queue: Promise<void> = Promise.resolve(); // one call at a time, in the order of the calls
  const inTurn = (call: () => Promise<void>): Promise<void> => {
    const turn = queue.then(call);
    queue = turn.catch(() => {});
    return turn;
  };
  const requireOpen = (): void => {
    if (closed) throw new RunError(`run ${id} is closed: nothing can be added to it`);
  };

  return {
    id,
    location,
    append: (event) =>
      inTurn(async () => {
        requireOpen();
        const line = Buffer.from(`${JSON.stringify(event)}\n`);
        try {
          await events.appendFile(line);
          length += line.length;
          isSynced = false;
        } catch (error) {
          await events.truncate(length).catch(() => {}); // readers pass over half a line, should it stay
          await rm(reserve, { force: true }).catch(() => {});
          throw lost(location, RUN_FILES.events, error);
        }
      }),
    write: (path, data) =>
      inTurn(async () => {
        if (checkRunPath(path) === RUN_FILES.events)
          throw new InputError(`${path} is written by append alone`);
        requireOpen();
        const file = join(location, path);
        const unfinished = join(dirname(file), `.${basename(file)}.tmp`);
        try {
          // What a file tells of must not be lost to a power cut that the file itself outlives.
          if (!isSynced) await events.datasync();
          isSynced = true;
          await mkdir(dirname(file), { recursive: true });
          await writeFile(unfinished, data, { flush: true }); // else a power cut may leave the new name empty
          await rename(unfinished, file);
        } catch (error) {
          await rm(unfinished, { force: true }).catch(() => {});
          await rm(reserve, { force: true }).catch(() => {});
          throw lost(location, path, error);
        }
      }),
    remove: (path) =>
      inTurn(async () => {
        if (checkRunPath(path) === RUN_FILES.events)
          throw new InputError(`${path} is written by append alone`);
        requireOpen();
        await rm(join(location, path), { force: true }).catch((error) => {
          throw lost(location, path, error);
        });
      }),
    close: () =>
      inTurn(async () => {
        if (closed) return;
        closed = true;
        try {
          await events.sync();
        } catch (error) {
          throw lost(location, RUN_FILES.events, error);
        } finally {
          await events.close();
          await rm(reserve, { force: true }).catch(() => {});
          await release();
        }
      }),
  };
}

function lost(location: string, path: string, error: unknown): RunError {
  return new RunError(
    `cannot write ${join(location, path)}: ${messageOf(error)}. What was kept before is whole; ` +
      `make room, or choose another folder with --runs <dir>`,
    { cause: error },
  );
}
