/**
 * Serves the app with Node's `http`, with limits on how long a client may take. Other hosts pass `createApp(store).fetch`
 * to a server of their own.
 *
 * @module
 */
import { serve } from "@hono/node-server";
import type { Context } from "hono";
import { InputError } from "../../core/plugin/errors.ts";
import type { Store } from "../../core/run/store.ts";
import { type AppOptions, createApp } from "./app.ts";
import { gathered } from "./breath.ts";
import { bareHost, hostOfUrl, isLoopback } from "./loopback.ts";
import { prometheusMetrics } from "./metrics.ts";
import { hasPageFolder, pageFolder } from "./page-files.ts";

/** Options of {@link listen}. */
export interface ListenOptions extends AppOptions {
  /** An address or name of this machine; the loopback address unless given. Any other needs a token. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly limits?: Partial<Limits>;
}

/** How long a client may take, in milliseconds. */
export interface Limits {
  /** For the headers of a request, 10 000 unless given. */
  readonly headers: number;
  /** For a whole request, 20 000 unless given. */
  readonly request: number;
  /** Without reading or writing anything, 90 000 unless given. Keep it above the longest poll, 60 s. */
  readonly idle: number;
}

/** A running server. */
export interface Listening {
  /** Its address, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Ends every connection and frees the port. */
  close(): Promise<void>;
}

const LIMITS: Limits = { headers: 10_000, request: 20_000, idle: 90_000 };
const HEADER_BYTES = 16 * 1024;
const CONNECTIONS = 4096;

/**
 * Serves a store's runs.
 * @throws InputError where others can reach the address and there is no token, or the address is not free
 * @example
 * ```ts
 * import { listen } from "dsgan/http/node";
 * import { memoryStore } from "dsgan/stores";
 *
 * const server = await listen(memoryStore(), { port: 0 });
 * console.log(`runs are at ${server.url}`);
 * await server.close();
 * ```
 */
export async function listen(store: Store, options: ListenOptions): Promise<Listening> {
  const { host: given = "127.0.0.1", port, token, limits, ...rest } = options;
  const host = bareHost(given);
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
        fetch: handler(
          createApp(store, {
            metrics: prometheusMetrics(store, rest.runner),
            ...(hasPageFolder() && { page: pageFolder }),
            address: addressOf,
            ...rest,
            ...(token && { token }),
            isPrivate,
          }),
        ),
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
        resolve({ url: `http://${hostOfUrl(host)}:${address.port}`, close });
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

/** The address of a request's client, as Node's server tells it. */
function addressOf({ env }: Context): string | undefined {
  const { incoming } = env as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress;
}

/** Answers requests at once, and those of a crowd several at a time. */
function handler({
  fetch,
}: ReturnType<typeof createApp>): (request: Request, bindings: object) => Response | Promise<Response> {
  const together = gathered();
  return (request, bindings) => {
    const wait = together();
    return wait === undefined ? fetch(request, bindings) : wait.then(() => fetch(request, bindings));
  };
}
