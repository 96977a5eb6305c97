/**
 * Who writes a run: by the clock of the server, and by it alone.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  InputError,
  keepLease,
  type Machine,
  RENEWALS,
  type RunLost,
  type RunOwner,
} from "../../../core/mod.ts";
import { isHere, type ProcessMark, stateOf, thisProcess } from "../process.ts";
import type { Database } from "./database.ts";

/** How leases are held. */
export interface LeaseOptions {
  readonly machine: Machine;
  /** Milliseconds. */
  readonly lease: number;
}

/** What is kept of the process that writes a run. */
export interface Holder extends ProcessMark {
  /** ISO 8601, UTC, by its own clock. */
  readonly since: string;
  /** Tells it from all others: a statement may be sent twice. */
  readonly token: string;
}

/** A new holder: this process. */
export function newHolder(machine: Machine): Holder {
  return { ...thisProcess(), since: new Date(machine.now()).toISOString(), token: randomUUID() };
}

/** The lease of a run, held by this process. */
export interface Lease {
  readonly epoch: number;
  /** See `RunWriter.lost`. */
  readonly lost: AbortSignal;
  /** Notes that the server has refused what the holder of this epoch wrote. */
  refused(): Promise<RunLost>;
  /** Gives the lease up. @throws RunLost where it was taken over, otherwise as the database does */
  release(patience: number): Promise<void>;
}

/** A run's lease, as the server has it. */
interface Row {
  readonly epoch: number;
  readonly holder: Holder | null;
  /** Until when, in the server's words. */
  readonly until: string | null;
}

/**
 * Takes the lease of a run.
 * @param gone epoch of a holder that is known to be dead
 * @returns its epoch
 * @throws InputError where another process holds it, or there is no such run
 */
export async function take(
  id: string,
  database: Database,
  { machine, lease }: LeaseOptions,
  gone: number | undefined,
  absent: () => InputError,
): Promise<number> {
  const holder = newHolder(machine);
  let dead = gone;
  let seen: Row | undefined;
  for (;;) {
    const [taken] = await database.ask(
      (sql) => sql<{ epoch: number }[]>`
        update dsgan.runs set epoch = epoch + 1, op = 0, holder = ${JSON.stringify(holder)}::text::jsonb,
          until = clock_timestamp() + ${lease}::float8 * interval '1 ms'
        where id = ${id}
          and (holder is null or until < clock_timestamp() or epoch = ${dead ?? 0}::integer)
        returning epoch`,
    );
    if (taken !== undefined) return taken.epoch;
    const [row] = await database.ask(
      (sql) => sql<Row[]>`select epoch, holder, until::text from dsgan.runs where id = ${id}`,
    );
    if (row === undefined) throw absent();
    if (row.holder?.token === holder.token) return row.epoch; // the answer to the first try was lost
    if (row.holder === null || row.epoch === dead) continue;
    const state = stateOf(row.holder);
    if (state === "ended") {
      dead = row.epoch;
      continue;
    }
    // One on another machine may have died a moment ago: then it does not renew its lease.
    const isRenewed = seen !== undefined && (seen.epoch !== row.epoch || seen.until !== row.until);
    if (state === "alive" || isRenewed) {
      const { pid, host } = row.holder;
      throw new InputError(`run ${id} is being written by process ${pid} on ${host}. Stop that one first`);
    }
    seen = row;
    await sleep(lease / RENEWALS / 2);
  }
}

/** Holds a lease that this process has just taken. */
export function holdLease(
  id: string,
  epoch: number,
  database: Database,
  { machine, lease }: LeaseOptions,
): Lease {
  const other = async (): Promise<ProcessMark | undefined> => {
    const [row] = await database.ask(
      (sql) => sql<{ holder: Holder | null }[]>`select holder from dsgan.runs where id = ${id}`,
      { by: "lease", patience: 0 },
    );
    if (row === undefined) return undefined;
    return row.holder ?? { ...thisProcess(), pid: 0, host: "a machine that has closed it since" };
  };
  const held = keepLease(id, { machine, lease }, async () => {
    const renewed = await database.ask(
      (sql) => sql`
        update dsgan.runs set until = clock_timestamp() + ${lease}::float8 * interval '1 ms'
        where id = ${id} and epoch = ${epoch} and holder is not null returning 1`,
      { by: "lease", patience: 0 },
    );
    return renewed.length > 0 ? undefined : ((await other()) ?? "gone");
  });
  const refused = async (): Promise<RunLost> => {
    const by = await other().catch(() => ({ pid: 0, host: "another machine" }));
    return held.lose(by);
  };
  return {
    epoch,
    lost: held.lost,
    refused,
    async release(patience) {
      held.end();
      const released = await database.ask(
        (sql) => sql`
          update dsgan.runs set holder = null, until = null where id = ${id} and epoch = ${epoch} returning 1`,
        { patience },
      );
      if (released.length === 0) throw await refused();
    },
  };
}

/** The holder of a lease that has not lapsed, unless it was a process of this machine that has ended. */
export async function ownerOf(
  id: string,
  database: Database,
  machine: Machine,
): Promise<RunOwner | undefined> {
  const [row] = await database.ask(
    (sql) => sql<{ holder: Holder; epoch: number; left: number }[]>`
      select holder, epoch, (extract(epoch from until - clock_timestamp()) * 1000)::float8 as left
      from dsgan.runs where id = ${id} and holder is not null and until > clock_timestamp()`,
  );
  if (row === undefined || stateOf(row.holder) === "ended") return undefined;
  const { pid, host, since } = row.holder;
  const until = new Date(machine.now() + row.left).toISOString();
  return { pid, host, isHere: isHere(row.holder), epoch: row.epoch, since, until };
}
