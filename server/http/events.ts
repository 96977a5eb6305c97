/**
 * Routes that give the events of a run, by polling and as a stream.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { filter, firstValueFrom, fromEvent, merge, takeUntil, timer } from "rxjs";
import { type EventsPage, eventsPage } from "./answers.ts";
import type { Position, RunLog, Types } from "./log.ts";
import type { Logs } from "./logs.ts";
import { Refusal } from "./problem.ts";
import { eventsQuery, runParams, streamQuery } from "./requests.ts";
import { json, jsonText, newRoutes, route } from "./route.ts";
import type { EventStreams } from "./stream.ts";

const poll = route({
  method: "get",
  path: "/api/runs/{id}/events",
  summary: "Events of a run. Waits for the next ones where asked to",
  request: { params: runParams, query: eventsQuery },
  answers: { 200: json(eventsPage) },
});

const stream = route({
  method: "get",
  path: "/api/runs/{id}/stream",
  summary: "Events of a run as server-sent events",
  request: { params: runParams, query: streamQuery },
  answers: { 200: { "text/event-stream": { schema: z.string() } } },
});

/** The routes of this module. */
export function eventRoutes(logs: Logs, streams: EventStreams) {
  return newRoutes()
    .openapi(poll, async (c) => {
      const { since, limit, wait, types } = c.req.valid("query");
      const { log, position } = await logs.open(c.req.param("id"));
      requireSameGeneration(log, position, since);
      const wanted: Types = types && new Set(types);
      const page = await polled(log, position, { since, limit, wanted, wait }, () => c.req.raw.signal);
      const { over, last, generation } = page.position;
      const done = over && page.next >= last;
      c.header("ETag", `W/"${generation}.${since}.${page.next}.${page.lines.length}.${done}"`);
      c.header("Cache-Control", "no-cache");
      const events = page.lines.map(({ json }) => json).join(",");
      return jsonText<EventsPage>(c, `{"events":[${events}],"next":${page.next},"done":${done}}`);
    })
    .openapi(stream, async (c) => await streamed(c, c.req.valid("query"), logs, streams));
}

/** Answers with the events of the run that a path names, after those that the client has. */
export async function streamed(
  c: Context,
  { since, types }: z.output<typeof streamQuery>,
  logs: Logs,
  streams: EventStreams,
): Promise<Response> {
  const resumed = c.req.header("Last-Event-ID");
  const from = resumed === undefined || resumed === "" ? since : Number(resumed);
  if (!Number.isSafeInteger(from) || from < 0) {
    const got = JSON.stringify(resumed);
    throw new Refusal(400, `Last-Event-ID: expected the number of an event, got ${got}`);
  }
  const { log, position } = await logs.open(c.req.param("id")!);
  requireSameGeneration(log, position, from);
  // 204 tells a browser not to come back: the run is over and it has all events.
  if (resumed !== undefined && position.over && from >= position.last) return c.body(null, 204);
  const headers = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
  };
  if (c.req.method === "HEAD") return c.body(null, 200, headers); // nobody would read a stream, nor cancel it
  return c.body(streams.open(log, from, types && new Set(types), c.req.path), 200, headers);
}

/** @throws Refusal 410 where a client has more events than there are: those it has are another run's */
function requireSameGeneration(log: RunLog, { last }: Position, since: number): void {
  if (since <= last) return;
  throw new Refusal(
    410,
    `run ${log.reader.id} has ${last} events, and none above ${since}: those you have are of another run of ` +
      "that name. Start again with since=0",
  );
}

/** What a poll asks for. */
interface Poll {
  readonly since: number;
  readonly limit: number;
  readonly wanted: Types;
  /** Seconds. */
  readonly wait: number;
}

/**
 * A page of events. Where there are none yet it waits for the first one, for the run's end, for the time to be up, or
 * for the client to go away. The time is up a little earlier at random, so that clients do not all come back at once.
 */
async function polled(
  log: RunLog,
  position: Position,
  { since, limit, wanted, wait }: Poll,
  signalOf: () => AbortSignal,
) {
  const deadline = performance.now() + wait * 1000 * (1 - 0.1 * Math.random());
  let page = await log.page(since, limit, wanted);
  let now = position;
  while (page.lines.length === 0) {
    if (page.next >= now.last) {
      const left = deadline - performance.now();
      if (now.over || left <= 0) break;
      const signal = signalOf(); // not asked for earlier, because making one is not cheap
      if (signal.aborted) break;
      const seen = now;
      const end = merge(timer(left), fromEvent(signal, "abort"));
      now = await firstValueFrom(
        log.positions.pipe(
          filter((next) => next.last > seen.last || next.over || next.generation !== seen.generation),
          takeUntil(end),
        ),
        { defaultValue: seen },
      );
      if (now.generation !== seen.generation && seen.generation !== "") break;
      if (now === seen) break;
    }
    page = await log.page(page.next, limit, wanted);
  }
  return { ...page, position: now };
}
