/**
 * The app on a socket of Node (or of a runtime that has Node's `http`), with limits on how long a client may take.
 * Other hosts hand `app(store).fetch` to what they have.
 *
 * @module
 */
import { serve } from "@hono/node-server";
import { InputError, type Store } from "../../core/mod.ts";
import type { Api } from "./api.ts";
import { gathered } from "./breath.ts";
import { type AppOptions, app } from "./mod.ts";

/** Where to listen, and what to serve. */
export interface ListenOptions extends AppOptions {
  /** An address or name of this machine; the loopback address unless given. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits?: Partial<Limits>;
}

/** How long a client may take, in milliseconds. */
export interface Limits {
  /** For the headers of a request. */
  readonly headers: number;
  /** For all of a request. */
  readonly request: number;
  /** In which nothing at all is read or written; longer than the longest poll. */
  readonly idle: number;
}

/** A server that listens. */
export interface Listening {
  /** Where it can be reached, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Ends every connection and gives the port back. */
  close(): Promise<void>;
}

const LIMITS: Limits = { headers: 10_000, request: 20_000, idle: 90_000 };
const HEADER_BYTES = 16 * 1024;
const CONNECTIONS = 4096;

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Serves a store's runs.
 * @throws InputError where others could reach the server and there is no token, or the address cannot be had
 */
export async function listen(store: Store, options: ListenOptions): Promise<Listening> {
  const { host = "127.0.0.1", port, token, limits, ...rest } = options;
  const { headers, request, idle } = { ...LIMITS, ...limits };
  const isPrivate = !isLoopback(host);
  if (isPrivate && !token) {
    throw new InputError(
      `--host ${host} can be reached by others: set DSGAN_TOKEN to a secret that they must show ` +
        "(e.g. DSGAN_TOKEN=$(openssl rand -hex 16)), or leave --host away",
    );
  }
  return await new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: handler(app(store, { ...rest, ...(token && { token }), isPrivate })),
        hostname: host,
        port,
        serverOptions: {
          headersTimeout: headers,
          requestTimeout: request,
          connectionsCheckingInterval: Math.min(1000, headers),
          maxHeaderSize: HEADER_BYTES,
        },
      },
      (address) => {
        const name = host.includes(":") ? `[${host}]` : host;
        resolve({ url: `http://${name}:${address.port}`, close });
      },
    );
    if ("timeout" in server) {
      server.timeout = idle;
      server.maxConnections = CONNECTIONS;
    }
    const close = async (): Promise<void> => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
    };
    server.on("error", (error: NodeJS.ErrnoException) => {
      const reason = error.code === "EADDRINUSE" ? "it is taken; choose another with --port" : error.message;
      reject(new InputError(`cannot listen on ${host}, port ${port}: ${reason}`, { cause: error }));
    });
  });
}

/** Answers requests one by one, those of a crowd together. */
function handler({ fetch }: Api): (request: Request, bindings: object) => Response | Promise<Response> {
  const together = gathered();
  return (request, bindings) => {
    const wait = together();
    return wait === undefined ? fetch(request, bindings) : wait.then(() => fetch(request, bindings));
  };
}
