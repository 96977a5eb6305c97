/**
 * Ships what a spool has kept, one thing after the other.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, RunError, type RunEvent, RunLost, type RunWriter } from "../../../core/mod.ts";
import type { SpoolDisk, Stretch } from "./disk.ts";

/** How often it is tried. */
export interface ShippingOptions {
  /**
   * How often shipping may fail in a row while the run waits for it: at its end, or where the spool's disk is full. The
   * store itself may have tried for a while each time. A run that does not wait goes on, however often it fails.
   */
  readonly attempts?: number;
  /** Milliseconds between two of them. */
  readonly pause?: number;
  /** Whether an error of the store will never pass, so that it is of no use to try again. None unless given. */
  readonly isLasting?: (error: unknown) => boolean;
}

/** Something to ship. */
type Parcel =
  | { readonly kind: "events"; stretch: Stretch; count: number; sent: number }
  | { readonly kind: "file"; readonly path: string; readonly file: string }
  | { readonly kind: "removal"; readonly path: string };

/** Events that follow each other ship as one parcel, up to so many bytes. */
const PARCEL_BYTES = 1 << 20;
const ATTEMPTS = 20;
const PAUSE_MS = 1000;

/** Ships in the background. */
export interface Shipper {
  /** @throws as the disk does */
  addEvents(events: readonly RunEvent[]): Promise<void>;
  /** @throws as the disk does */
  addFile(path: string, data: Uint8Array | string): Promise<void>;
  addRemoval(path: string): void;
  /** Resolves once all is shipped. @throws RunLost where the run was taken over, RunError where shipping was given up */
  shipped(): Promise<void>;
  /** @throws as {@link shipped} where nothing is shipped any more */
  requireSound(): void;
}

/** Ships to a writer what is kept on a disk. */
export function shipperTo(
  writer: RunWriter,
  disk: SpoolDisk,
  { attempts = ATTEMPTS, pause = PAUSE_MS, isLasting = () => false }: ShippingOptions,
): Shipper {
  const parcels: Parcel[] = [];
  let isShipping = false;
  let waiting: PromiseWithResolvers<void> | undefined;
  let failure: Error | undefined;

  const send = async (parcel: Parcel): Promise<void> => {
    if (parcel.kind === "removal") return await writer.remove(parcel.path);
    if (parcel.kind === "file") return await writer.write(parcel.path, await disk.readFile(parcel.file));
    const lines = (await disk.readText(parcel.stretch)).split("\n").slice(0, -1);
    const events = lines.map((line) => JSON.parse(line) as RunEvent);
    if (writer.appendAll !== undefined) return await writer.appendAll(events);
    for (; parcel.sent < events.length; parcel.sent++) await writer.append(events[parcel.sent]!);
  };
  const ship = async (): Promise<void> => {
    let failed = 0;
    for (let parcel = parcels[0]; parcel !== undefined; parcel = parcels[0]) {
      try {
        await send(parcel);
      } catch (error) {
        if (error instanceof RunLost) throw error;
        if (isLasting(error)) throw gaveUp(writer.id, parcels, error);
        failed = waiting === undefined ? 0 : failed + 1;
        if (failed >= attempts) throw gaveUp(writer.id, parcels, error);
        await sleep(pause);
        continue;
      }
      failed = 0;
      parcels.shift();
      if (parcel.kind === "file") await disk.removeFile(parcel.file);
      if (parcel.kind === "events") await disk.removeText(parcel.stretch);
    }
  };
  const begin = async (): Promise<void> => {
    if (isShipping || failure !== undefined) return;
    isShipping = true;
    try {
      while (parcels.length > 0) await ship(); // more may have come between its last look and its end
    } catch (error) {
      failure = error as Error;
    } finally {
      isShipping = false;
      if (failure === undefined) waiting?.resolve();
      else waiting?.reject(failure);
      waiting = undefined;
    }
  };
  return {
    async addEvents(events) {
      const stretch = await disk.addText(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
      const last = parcels.at(-1);
      // The first parcel may be on its way. After a write that failed half-way, or an emptied file, they do not meet.
      const isOpen =
        last?.kind === "events" &&
        parcels.length > 1 &&
        last.stretch.bytes < PARCEL_BYTES &&
        last.stretch.from + last.stretch.bytes === stretch.from;
      if (isOpen) {
        last.stretch = { from: last.stretch.from, bytes: last.stretch.bytes + stretch.bytes };
        last.count += events.length;
      } else parcels.push({ kind: "events", stretch, count: events.length, sent: 0 });
      begin();
    },
    async addFile(path, data) {
      parcels.push({ kind: "file", path, file: await disk.addFile(data) });
      begin();
    },
    addRemoval(path) {
      parcels.push({ kind: "removal", path });
      begin();
    },
    async shipped() {
      if (failure !== undefined) throw failure;
      if (!isShipping) return;
      waiting ??= Promise.withResolvers<void>();
      await waiting.promise;
    },
    requireSound() {
      if (failure !== undefined) throw failure;
    },
  };
}

function gaveUp(run: string, parcels: readonly Parcel[], error: unknown): RunError {
  const events = parcels.reduce(
    (sum, parcel) => sum + (parcel.kind === "events" ? parcel.count - parcel.sent : 0),
    0,
  );
  const files = parcels.filter(({ kind }) => kind === "file").length;
  return new RunError(
    `${messageOf(error)}. Not stored: ${events} events and ${files} files at the end of run ${run}; ` +
      "whoever resumes the run makes them again",
    { cause: error },
  );
}
