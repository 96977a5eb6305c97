/**
 * Where a database is, as users write it, and as it may be shown: without its password.
 *
 * @module
 */
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InputError } from "../../../core/mod.ts";

/** The address of a database. */
export interface Address {
  /** What the client connects to; it may have a password. */
  readonly url: string;
  /** The folder of the server's socket, where it is not reached over a network. */
  readonly host?: string;
  /** For messages and events: no password, no settings. */
  readonly shown: string;
  /** The spool's folder; undefined for none. */
  readonly spool: string | undefined;
  /** Seconds, where the address tells: see the option `lease`. */
  readonly lease?: number;
}

/** Settings of an address that are ours, or those of the queue at the same place: no client of the database knows them. */
const SETTINGS = ["spool", "lease", "host", "poll", "silence"];

/** Words for the option `spool`. */
export const SPOOL = { usual: "auto", none: "off" } as const;

/**
 * Reads an address such as `postgres://user:password@host:5432/database?sslmode=require&spool=off`.
 * @param spool where the address has no `spool`: a folder, or one of {@link SPOOL}
 * @throws InputError where it is none; its message has nothing of the address but what comes before `:`
 */
export function addressOf(location: string, spool: string): Address {
  let url: URL;
  try {
    url = new URL(location);
  } catch {
    throw refused(location);
  }
  if (!/^postgres(ql)?:$/.test(url.protocol)) throw refused(location);
  const own = url.searchParams.get("spool") ?? spool;
  const host = url.searchParams.get("host");
  const user = url.username === "" ? "" : `${url.username}@`;
  const shown = `postgres://${user}${url.host}${host ?? ""}${url.pathname}`;
  const lease = url.searchParams.get("lease");
  for (const name of SETTINGS) url.searchParams.delete(name);
  return {
    ...{ url: url.href, shown, spool: folderOf(own) },
    ...(host !== null && { host }),
    ...(lease !== null && { lease: Number(lease) }),
  };
}

function folderOf(spool: string): string | undefined {
  if (spool === SPOOL.none) return undefined;
  return spool === SPOOL.usual
    ? join(tmpdir(), `dsgan-spool-${process.getuid?.() ?? "user"}`)
    : resolve(spool);
}

function refused(location: string): InputError {
  const scheme = /^[a-z]+(?=:)/i.exec(location)?.[0] ?? "";
  return new InputError(
    `expected the address of a database, such as postgres://user@host:5432/dsgan, got one that begins with ` +
      `${JSON.stringify(`${scheme}:`)}. Characters of a password that mean something in an address are written %40 for @ and so on`,
  );
}
