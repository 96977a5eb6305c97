/**
 * A spool: it keeps what a run writes on this machine first and ships it to a store in the background, so that a training
 * never waits for a network. Everything ships in the order in which it was written: an event before the checkpoint that
 * counts it. What a crash keeps from being shipped is made again by the run that resumes from its last checkpoint.
 *
 * @module
 */
import {
  checkRunPath,
  InputError,
  messageOf,
  RUN_FILES,
  RunError,
  type RunEvent,
  RunLost,
  type RunWriter,
  type Store,
} from "../../../core/mod.ts";
import { turns } from "../turns.ts";
import { openDisk, type SpoolDisk } from "./disk.ts";
import { type Shipper, type ShippingOptions, shipperTo } from "./shipper.ts";

/** How a spool works. */
export interface SpoolOptions extends ShippingOptions {
  /** Where it keeps what is not shipped yet. Several processes may share it. */
  readonly folder: string;
}

/**
 * A store whose writers ship what they are given in the background: see `RunWriter.flush`. Reading is that of the store.
 * Where the spool's disk is full, a writer waits until all is shipped and then writes to the store directly; where that
 * fails as well, it throws a RunError.
 */
export function spooled(store: Store, options: SpoolOptions): Store {
  const begin = async (open: () => Promise<RunWriter>): Promise<RunWriter> => {
    const disk = await openDisk(options.folder).catch((error) => {
      throw new InputError(
        `cannot spool to ${options.folder}: ${messageOf(error)}. Choose a folder that can be written, or no spool`,
        { cause: error },
      );
    });
    try {
      const writer = await open();
      return spooledWriter(writer, disk, shipperTo(writer, disk, options), options.folder);
    } catch (error) {
      await disk.close();
      throw error;
    }
  };
  return {
    ...store,
    create: (scenario, given) => begin(() => store.create(scenario, given)),
    resume: (id, given) => begin(() => store.resume(id, given)),
  };
}

function spooledWriter(to: RunWriter, disk: SpoolDisk, shipper: Shipper, folder: string): RunWriter {
  let closed = false;
  const inTurn = turns();
  const requireOpen = (): void => {
    if (to.lost.aborted) throw to.lost.reason;
    if (closed) throw new RunError(`run ${to.id} is closed: nothing can be added to it`);
    shipper.requireSound();
  };
  /** Writes past the spool, once all before is shipped. */
  const directly = async (write: () => Promise<void>): Promise<void> => {
    await shipper.shipped();
    await write();
  };
  /** Keeps something in the spool, or writes it past the spool where there is no room. */
  const keep = async (spool: () => Promise<void>, write: () => Promise<void>): Promise<void> => {
    try {
      await spool();
    } catch (full) {
      await directly(write).catch((error) => {
        throw error instanceof RunLost ? error : unspooled(to.id, folder, full, error);
      });
    }
  };
  const fileAt = (path: string): void => {
    if (checkRunPath(path) === RUN_FILES.events) throw new InputError(`${path} is written by append alone`);
    requireOpen();
  };
  const append = (events: readonly RunEvent[]): Promise<void> =>
    inTurn(async () => {
      requireOpen();
      const write = async (): Promise<void> => {
        if (to.appendAll !== undefined) return await to.appendAll(events);
        for (const event of events) await to.append(event);
      };
      if (events.at(-1)?.type === "ended") return await directly(write);
      await keep(() => shipper.addEvents(events), write);
    });
  return {
    id: to.id,
    location: to.location,
    epoch: to.epoch,
    lost: to.lost,
    append: (event) => append([event]),
    appendAll: append,
    write: (path, given) => {
      const data = typeof given === "string" ? given : new Uint8Array(given); // the caller's to change once this returns
      return inTurn(async () => {
        fileAt(path);
        const write = (): Promise<void> => to.write(path, data);
        await (path === RUN_FILES.result ? directly(write) : keep(() => shipper.addFile(path, data), write));
      });
    },
    remove: (path) =>
      inTurn(async () => {
        fileAt(path);
        shipper.addRemoval(path);
      }),
    flush: () =>
      inTurn(async () => {
        requireOpen();
        await shipper.shipped();
      }),
    close: () =>
      inTurn(async () => {
        if (closed) return;
        closed = true;
        const shipping = await shipper.shipped().catch((error: Error) => error);
        const closing = await to.close().catch((error: Error) => error);
        await disk.close();
        const error = shipping ?? closing;
        if (error !== undefined) throw error;
      }),
  };
}

function unspooled(id: string, folder: string, full: unknown, error: unknown): RunError {
  return new RunError(
    `run ${id}: cannot keep in ${folder} what is not shipped yet: ${messageOf(full)}. Nor can it be shipped: ` +
      `${messageOf(error)}. Make room, or choose another folder for the spool; the run can be resumed`,
    { cause: full },
  );
}
