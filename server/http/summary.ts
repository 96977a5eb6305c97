/**
 * The route that gives what a run says of itself in words: its Markdown files, laid out as in its report.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { render } from "../report/html.ts";
import { markdown } from "../report/markdown.ts";
import type { Logs } from "./logs.ts";
import { runParams } from "./requests.ts";
import { newRoutes, route } from "./route.ts";

const words = route({
  method: "get",
  path: "/api/runs/{id}/summary",
  summary: "What the run says of itself in words, as HTML",
  request: { params: runParams },
  answers: { 200: { "text/html": { schema: z.string() } } },
});

/** The route of this module. */
export function summaryRoutes(logs: Logs) {
  return newRoutes().openapi(words, async (c) => {
    const { log } = await logs.open(c.req.param("id"));
    const pages = await markdown(await log.digest(), log.reader);
    return c.body(pages.map(render).join("\n"), 200, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": "sandbox; default-src 'none'",
    });
  });
}
