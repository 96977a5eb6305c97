/**
 * The door for clients that poll: a Hono app that reads a store and keeps no state of its own, so that one `fetch`
 * handler serves Node, Deno and serverless hosts alike.
 *
 * @module
 */
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import {
  InputError,
  messageOf,
  type RunEvent,
  type RunReader,
  type RunResult,
  type Store,
  z,
} from "../../core/mod.ts";

/** Answer of `GET /api/runs/:id/events`. */
export interface EventsPage {
  readonly events: readonly RunEvent[];
  /** What to ask for next: `?since=<next>`. */
  readonly next: number;
  /** Whether the run has ended and all its events were given. */
  readonly done: boolean;
}

/** Answer of `GET /api/runs/:id`. */
export interface RunSummary {
  readonly run: string;
  readonly status: RunResult["status"] | "running";
  readonly events: number;
  readonly result?: RunResult;
}

/** Longest time a poll may wait, in seconds. */
const LONGEST_WAIT = 60;
/** How often a waiting poll looks into the store. */
const LOOK_EVERY_MS = 100;
/** Most events in one answer. */
const PAGE = 1000;

const query = z.object({
  since: z.coerce.number().int().min(0).default(0),
  wait: z.coerce.number().min(0).max(LONGEST_WAIT).default(0),
});

/**
 * The app over a store.
 *
 * - `GET /api/runs`: ids of all runs, newest first
 * - `GET /api/runs/:id`: a {@link RunSummary}
 * - `GET /api/runs/:id/events?since=&wait=`: an {@link EventsPage} of the events numbered above `since`; where there
 *   are none yet, waits up to `wait` seconds for the first
 *
 * Unknown runs are answered 404, malformed queries 400, both as `{ error }`.
 */
export function app(store: Store): Hono {
  const routes = new Hono();

  routes.onError((error, c) =>
    c.json({ error: messageOf(error) }, error instanceof HTTPException ? error.status : 500),
  );

  routes.get("/api/runs", async (c) => c.json({ runs: await store.list() }));

  routes.get("/api/runs/:id", async (c) => {
    const reader = await opened(store, c.req.param("id"));
    const events = await reader.events();
    const result = await reader.result();
    const summary: RunSummary = {
      run: reader.id,
      status: result?.status ?? "running",
      events: events.length,
      ...(result && { result }),
    };
    return c.json(summary);
  });

  routes.get("/api/runs/:id/events", async (c) => {
    const checked = query.safeParse(c.req.query());
    if (!checked.success) return c.json({ error: z.prettifyError(checked.error) }, 400);
    const { since, wait } = checked.data;
    const reader = await opened(store, c.req.param("id"));
    return c.json(await pageOf(reader, since, wait, c.req.raw.signal));
  });

  return routes;
}

/** @throws HTTPException 404 where there is no such run */
async function opened(store: Store, id: string): Promise<RunReader> {
  return await store.open(id).catch((error) => {
    throw error instanceof InputError ? new HTTPException(404, { message: error.message }) : error;
  });
}

/** Events above `since`, once there are any, the run is over, the time is up or the client is gone. */
async function pageOf(
  reader: RunReader,
  since: number,
  wait: number,
  gone: AbortSignal,
): Promise<EventsPage> {
  const deadline = performance.now() + wait * 1000;
  for (;;) {
    const events = (await reader.events(since)).slice(0, PAGE);
    const last = events.at(-1);
    const over = last?.type === "ended" || (last === undefined && (await reader.result()) !== undefined);
    if (last !== undefined || over || gone.aborted || performance.now() >= deadline) {
      return { events, next: last?.seq ?? since, done: over };
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
