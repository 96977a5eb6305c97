/**
 * Routes that are in `/openapi.json` as they are answered.
 *
 * @module
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { answers } from "./api.ts";
import { PROBLEM_TYPE } from "./problem.ts";

/** A route. */
export interface Route {
  readonly method: "get" | "post" | "delete";
  /** As OpenAPI writes it: `/api/runs/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  /** What its body is, by media type. */
  readonly body?: Readonly<Record<string, z.ZodType>>;
  /** What it answers, as JSON. */
  readonly answer?: z.ZodType;
  /** What it answers, where that is not JSON. */
  readonly type?: string;
  /** Status of its answer, 200 unless given. */
  readonly status?: number;
}

/** Adds a route. Queries are checked before `handle` is called: {@link queryOf} gives them. */
export function route(app: OpenAPIHono, description: Route, handle: (c: Context) => Promise<Response>): void {
  const {
    method,
    path,
    summary,
    params,
    query,
    body,
    answer,
    type = "application/json",
    status = 200,
  } = description;
  const config = createRoute({
    method,
    path,
    summary,
    request: {
      ...(params && { params: params as never }),
      ...(query && { query: query as never }),
    },
    responses: {
      [status]: { description: summary, content: { [type]: { schema: answer ?? z.string() } } },
      default: {
        description: "What went wrong",
        content: { [PROBLEM_TYPE]: { schema: answers.problem } },
      },
    },
  });
  if (body !== undefined) {
    const content = Object.fromEntries(Object.entries(body).map(([media, schema]) => [media, { schema }]));
    // Bodies are read and checked by the handler, which takes several media types.
    app.openAPIRegistry.registerPath({ ...config, request: { ...config.request, body: { content } } });
    app.on(method.toUpperCase(), config.getRoutingPath(), handle);
    return;
  }
  if (path.endsWith("/{path}")) {
    app.openAPIRegistry.registerPath(config); // a path within a path, which OpenAPI has no pattern for
    app.on(method.toUpperCase(), config.getRoutingPath().replace(/:path$/, ":path{.+}"), handle);
    return;
  }
  app.openapi(config, handle as never);
}

/** The query of a request, checked. */
export function queryOf<T>(c: Context, _schema: z.ZodType<T>): T {
  return c.req.valid("query" as never) as T;
}
