/**
 * `dsgan serve`: lets clients poll the runs of a folder over HTTP.
 *
 * @module
 */
import { serve } from "@hono/node-server";
import { assemble, contextOf, Stores } from "../../core/mod.ts";
import { app } from "../http/mod.ts";
import { EXIT } from "./exit.ts";
import type { Host } from "./host.ts";

/** Options of `dsgan serve`. */
export interface ServeOptions {
  readonly runs: string;
  readonly port: number;
}

/** This machine alone can reach it: there is no authentication. */
const LOOPBACK = "127.0.0.1";

/** Serves until interrupted. @returns the exit code */
export async function serveCommand({ runs, port }: ServeOptions, host: Host): Promise<number> {
  const context = contextOf(assemble(host.plugins), new URL(`file://${process.cwd()}/`));
  const store = await context.create(Stores, { use: "folder", folder: runs });
  return await new Promise((resolve, reject) => {
    const server = serve({ fetch: app(store).fetch, hostname: LOOPBACK, port }, (address) => {
      process.stdout.write(`serving ${runs} on http://${LOOPBACK}:${address.port}/api/runs (Ctrl-C stops)\n`);
    });
    server.on("error", reject);
    const stop = (): void => {
      if ("closeAllConnections" in server) server.closeAllConnections();
      server.close(() => resolve(EXIT.met));
    };
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
  });
}
