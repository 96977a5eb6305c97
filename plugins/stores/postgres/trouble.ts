/**
 * What can go wrong with a server: whether it passes, and how it is said.
 *
 * @module
 */
import { messageOf } from "../../../core/mod.ts";

/** Of the client, and of the system's network. */
const PASSING =
  /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|TIMEOUT|E(CONNREFUSED|CONNRESET|CONNABORTED|PIPE|NOTFOUND|AI_AGAIN|TIMEDOUT|HOSTUNREACH|NETUNREACH|HOSTDOWN|NETDOWN|ADDRNOTAVAIL|MFILE|NFILE|NOENT))$/;
/**
 * SQLSTATE: connections, lack of room or connections, a server that ends or begins, deadlocks.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const PASSING_STATE = /^(08...|53...|57P0[1-5]|40001|40P01|25006)$/;

/** `ECONNREFUSED`, `42501` and the like; undefined for other errors. */
export function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}

/** Whether an error may pass by itself, as that of a server which is starting anew. */
export function mayPass(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  return PASSING.test(code) || PASSING_STATE.test(code);
}

/** The server's or the system's reason. The client names the address in some, which has no password in it. */
export function reasonOf(error: unknown): string {
  // Several addresses of one host, each refused: Node tells of them in an error without a message.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return messageOf(first);
}

/** A statement, or a connection, that has had no answer for too long. */
export class Unanswered extends Error {
  readonly code = "TIMEOUT";

  constructor(seconds: number) {
    super(`no answer within ${seconds} s`);
  }
}
