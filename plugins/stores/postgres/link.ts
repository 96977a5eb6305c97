/**
 * Connections to a server that are made when they are needed, and dropped as a whole where anything is wrong with them.
 *
 * @module
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Sql } from "postgres";
import type { Address } from "./address.ts";

/** What the client gives a function that makes its sockets. */
interface Target {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false;
}

/** What else a link does. */
export interface LinkOptions {
  /** Connections at most. */
  readonly max: number;
  readonly onNotify?: (channel: string, payload: string) => void;
  /** Called where a connection has closed, whoever closed it. */
  readonly onClose?: () => void;
}

/** Some connections. */
export interface Link {
  /** The client; its connections are made by what it is asked. */
  sql(): Promise<Sql>;
  /** Ends the connections of a client at once, with all that they were asked. */
  drop(sql: Sql): void;
  /** Whether the connections keep the process alive. */
  keepAlive(wanted: boolean): void;
  /** Ends the connections. */
  end(): void;
}

/** Connections to an address. */
export function linkTo({ url, host }: Address, { max, onNotify, onClose }: LinkOptions): Link {
  let current: { readonly sql: Sql; readonly sockets: Set<Socket> } | undefined;
  let isAlive = true;
  let tries = 0;

  const open = async (): Promise<Sql> => {
    const { default: postgres } = await import("postgres"); // nobody else pays for it
    if (current !== undefined) return current.sql;
    const sockets = new Set<Socket>();
    const settings = {
      max,
      ...(host !== undefined && { host }),
      fetch_types: false,
      idle_timeout: null,
      max_lifetime: null,
      connect_timeout: 15,
      backoff: () => 0, // who asks waits
      keep_alive: 15,
      connection: { application_name: "dsgan" },
      onnotice: () => {},
      ...(onNotify && { onnotify: onNotify }),
      ...(onClose && { onclose: onClose }),
      async socket({ host, port, path }: Target) {
        const i = tries++ % host.length;
        const socket = path === false ? connect(port[i]!, host[i]!) : connect(path);
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
        if (!isAlive) socket.unref();
        await once(socket, "connect");
        return Object.assign(socket, { host: host[i] }); // whose certificate is expected
      },
    };
    const sql = postgres(url, settings as unknown as { max: number });
    current = { sql, sockets };
    return sql;
  };
  const end = (): void => {
    const ended = current;
    current = undefined;
    if (ended === undefined) return;
    ended.sql.end({ timeout: 0 }).catch(() => {});
    for (const socket of ended.sockets) socket.destroy();
  };
  return {
    sql: open,
    drop(sql) {
      if (current?.sql === sql) end();
    },
    keepAlive(wanted) {
      isAlive = wanted;
      for (const socket of current?.sockets ?? []) wanted ? socket.ref() : socket.unref();
    },
    end,
  };
}
