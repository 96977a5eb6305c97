/**
 * Where a queue is, as users write it.
 *
 * @module
 */
import { InputError } from "../../../core/mod.ts";

/** Settings of an address that belong to the store at the same place, and that no client of the database knows. */
const OF_THE_STORE = ["spool"];

/**
 * The address that the client connects to: that of a store may serve.
 * @throws InputError where it is none; its message has nothing of the address
 */
export function addressOf(location: string): string {
  try {
    const url = new URL(location);
    if (!/^postgres(ql)?:$/.test(url.protocol)) throw new TypeError("another scheme");
    for (const name of OF_THE_STORE) url.searchParams.delete(name);
    return url.href;
  } catch {
    throw new InputError(
      "expected the address of a database, such as postgres://user@host:5432/dsgan. Characters of a password that mean " +
        "something in an address are written %40 for @ and so on",
    );
  }
}
