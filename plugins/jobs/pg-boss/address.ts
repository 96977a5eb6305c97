/**
 * Where a queue is, as users write it.
 *
 * @module
 */
import { InputError } from "../../../core/mod.ts";

/** Settings of an address that are ours, and those of the store at the same place: no client of the database knows them. */
const OWN = ["poll", "silence"] as const;
const OF_THE_STORE = ["spool", "lease"];

/** What an address says. */
export interface QueueAddress extends Partial<Record<(typeof OWN)[number], number>> {
  /** What the client connects to: the address of a store may serve. */
  readonly url: string;
}

/** @throws InputError where it is none; its message has nothing of the address */
export function addressOf(location: string): QueueAddress {
  try {
    const url = new URL(location);
    if (!/^postgres(ql)?:$/.test(url.protocol)) throw new TypeError("another scheme");
    const settings = OWN.flatMap((name) => {
      const value = url.searchParams.get(name);
      return value === null ? [] : [[name, Number(value)] as const];
    });
    for (const name of [...OWN, ...OF_THE_STORE]) url.searchParams.delete(name);
    return { url: url.href, ...Object.fromEntries(settings) };
  } catch {
    throw new InputError(
      "expected the address of a database, such as postgres://user@host:5432/dsgan. Characters of a password that mean " +
        "something in an address are written %40 for @ and so on",
    );
  }
}
