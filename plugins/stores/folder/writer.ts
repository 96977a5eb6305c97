/**
 * A run being written to its folder.
 *
 * @module
 */
import { type FileHandle, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  checkRunPath,
  InputError,
  messageOf,
  RUN_FILES,
  RunError,
  type RunWriter,
} from "../../../core/mod.ts";

/**
 * @param location the run's folder, which is there
 * @param events the file of its events, open for appending and empty
 */
export function writerOf(id: string, location: string, events: FileHandle): RunWriter {
  let length = 0;
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
        } catch (error) {
          await events.truncate(length).catch(() => {}); // readers pass over half a line, should it stay
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
          await mkdir(dirname(file), { recursive: true });
          await writeFile(unfinished, data, { flush: true }); // else a power cut may leave the new name empty
          await rename(unfinished, file);
        } catch (error) {
          await rm(unfinished, { force: true }).catch(() => {});
          throw lost(location, path, error);
        }
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
