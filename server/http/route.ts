/**
 * Routes: said once, they check requests, appear in `/openapi.json`, and type the client.
 *
 * @module
 */
import { createRoute, OpenAPIHono, type RouteConfig, type z } from "@hono/zod-openapi";
import type { Context, TypedResponse } from "hono";
import type { JSONParsed } from "hono/utils/types";
import { problemDetails } from "./answers.ts";
import { PROBLEM_TYPE, Refusal } from "./problem.ts";

/** Contents of an answer by media type. */
type Content = Readonly<Record<string, { readonly schema: z.ZodType }>>;

/** What every route answers when a request fails. */
type Failures = {
  [status in "4XX" | "5XX"]: {
    description: string;
    content: { [PROBLEM_TYPE]: { schema: typeof problemDetails } };
  };
};

/** A route, with its answers by status. */
interface Description<
  Method extends "get" | "post" | "put" | "delete",
  Path extends string,
  Request extends NonNullable<RouteConfig["request"]>,
  Answers extends Readonly<Record<number, Content>>,
> {
  readonly method: Method;
  /** As OpenAPI writes it: `/api/runs/{id}`. */
  readonly path: Path;
  readonly summary: string;
  readonly request?: Request;
  readonly answers: Answers;
}

/** Makes a route of its description. */
export function route<
  const Method extends "get" | "post" | "put" | "delete",
  const Path extends string,
  // biome-ignore lint/complexity/noBannedTypes: a route without a request has no input
  Request extends NonNullable<RouteConfig["request"]> = {},
  const Answers extends Readonly<Record<number, Content>> = Record<never, Content>,
>({ method, path, summary, request, answers }: Description<Method, Path, Request, Answers>) {
  const failed = (description: string) => ({
    description,
    content: { [PROBLEM_TYPE]: { schema: problemDetails } },
  });
  const responses = {
    ...Object.fromEntries(
      Object.entries(answers).map(([status, content]) => [
        status,
        { description: MEANINGS[status] ?? summary, content },
      ]),
    ),
    "4XX": failed("What is wrong with the request"),
    "5XX": failed("What failed here"),
  } as unknown as {
    [status in keyof Answers]: { description: string; content: Answers[status] };
  } & Failures;
  const operationId = nameOf(method, path);
  return createRoute({ method, path, operationId, summary, request: (request ?? {}) as Request, responses });
}

/** What successes mean beside an answer's summary. */
const MEANINGS: Readonly<Record<string, string>> = {
  201: "It has begun",
  202: "It was taken, and is yet to be done",
};

/** The name of a route for generators of clients: `getRunsByIdEvents`. */
function nameOf(method: string, path: string): string {
  const words = path
    .split("/")
    .filter((part) => part !== "" && part !== "api")
    .map((part) => (part.startsWith("{") ? `by-${part.slice(1, -1)}` : part))
    .flatMap((part) => part.split(/\W+/));
  return [method, ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join("");
}

/** An answer of JSON. */
export function json<T extends z.ZodType>(schema: T) {
  return { "application/json": { schema } };
}

/** Routes of one part of the API. Requests that do not fit their schemas are refused. */
export function newRoutes() {
  return new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return;
      const issues = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
      throw new Refusal(400, issues.join("; "));
    },
  });
}

/**
 * Documents a route, and returns it changed for mounting: where the router has patterns that OpenAPI lacks, or the
 * handler reads a body that may be of several media types.
 */
export function documented<R extends RouteConfig>(
  routes: OpenAPIHono,
  route: R,
  mounted: Partial<RouteConfig>,
): R {
  routes.openAPIRegistry.registerPath(route);
  return { ...route, ...mounted, hide: true };
}

/**
 * Answers with JSON that is text already. A page of events is passed on as the store has it: to parse it and to write
 * it again would take most of a poll's time.
 */
export function jsonText<T>(
  c: Context,
  text: string,
  type = "application/json",
): Response & TypedResponse<JSONParsed<T>, 200, "json"> {
  return typed<T>(c.body(text, 200, { "Content-Type": type }));
}

/** An answer whose body is the JSON of a type. */
export function typed<T>(answer: Response): Response & TypedResponse<JSONParsed<T>, 200, "json"> {
  return answer as never;
}
