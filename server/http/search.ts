/**
 * The route that finds events by a word.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { type Line, linesOf } from "../events/lines.ts";
import { type EventsPage, eventsPage } from "./answers.ts";
import { breaths } from "./breath.ts";
import type { Position, RunLog } from "./log.ts";
import type { Logs } from "./logs.ts";
import { eventsQuery, runParams } from "./requests.ts";
import { json, jsonText, newRoutes, route } from "./route.ts";

const find = route({
  method: "get",
  path: "/api/runs/{id}/search",
  summary: "Events of a run that have a word in them",
  request: {
    params: runParams,
    query: eventsQuery.pick({ since: true, types: true }).extend({
      text: z.string().min(1).max(200).openapi({ description: "In whatever case." }),
      limit: z.coerce
        .number<string | number>()
        .int()
        .min(1)
        .max(1000)
        .default(200)
        .openapi({ type: "integer", minimum: 1, maximum: 1000 }),
    }),
  },
  answers: { 200: json(eventsPage) },
});

/** Milliseconds that one answer searches; what was not searched by then is told by `next`. */
const SEARCHING_MS = 500;

/** The route of this module. */
export function searchRoutes(logs: Logs) {
  return newRoutes().openapi(find, async (c) => {
    const { text, since, limit, types } = c.req.valid("query");
    const { log, position } = await logs.open(c.req.param("id"));
    const wanted = types === undefined ? undefined : new Set(types);
    const { lines, next } = await found(
      log,
      position,
      since,
      (line) => {
        return (wanted === undefined || wanted.has(line.type)) && has(line.json, text);
      },
      limit,
    );
    const events = lines.map(({ json }) => json).join(",");
    const done = next >= position.last;
    return jsonText<EventsPage>(c, `{"events":[${events}],"next":${next},"done":${done}}`);
  });
}

function has(json: string, text: string): boolean {
  return json.toLowerCase().includes(text.toLowerCase());
}

async function found(
  log: RunLog,
  { last }: Position,
  since: number,
  isWanted: (line: Line) => boolean,
  limit: number,
): Promise<{ readonly lines: readonly Line[]; readonly next: number }> {
  const until = performance.now() + SEARCHING_MS;
  const breath = breaths();
  const lines: Line[] = [];
  let next = since;
  for await (const piece of log.reader.lines(since)) {
    for (const line of linesOf(piece)) {
      if (line.seq > last) return { lines, next };
      next = line.seq;
      if (isWanted(line)) lines.push(line);
      if (lines.length >= limit) return { lines, next };
    }
    await breath();
    if (performance.now() > until) break;
  }
  return { lines, next };
}
