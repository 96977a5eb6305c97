/**
 * Answers to requests that fail: problem details (RFC 9457), for machines and for people.
 *
 * @module
 */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { discreet } from "../../core/plugin/discreet.ts";
import { InputError, messageOf } from "../../core/plugin/errors.ts";
import type { ProblemDetails } from "./answers.ts";

/** The media type of problem details. */
export const PROBLEM_TYPE = "application/problem+json";

/** Names of the statuses that a request can fail with, RFC 9110. */
const TITLES = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
} as const;

/** A status that a request can fail with. */
type FailureStatus = keyof typeof TITLES;

/** A request that the server refuses or cannot answer. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: FailureStatus;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: FailureStatus,
    detail: string,
    options: { headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** Refuses with 404 for an InputError, which a store throws where it has no such run or file. Throws other errors on. */
export function notFound(error: unknown): never {
  throw error instanceof InputError ? new Refusal(404, discreet(error.message)) : error;
}

/** The answer to a request that failed. Unforeseen errors go to the operator's log, and not to the client. */
export function problemResponse(c: Context, error: unknown): Response {
  if (error instanceof Refusal) {
    const problems = error.cause instanceof InputError ? { problems: error.cause.problems } : {};
    return details(c, error.status, error.message, error.headers, problems);
  }
  if (error instanceof HTTPException) {
    return details(c, error.status as ContentfulStatusCode, error.message || "the request cannot be read");
  }
  if (c.req.raw.signal.aborted) return c.body(null, 400); // the client is gone
  console.error(`${c.req.method} ${c.req.path}: ${messageOf(error)}`);
  if (error instanceof InputError) return details(c, 500, discreet(error.message)); // the store's file is damaged
  return details(c, 500, "something failed on the server; its log says what");
}

function details(
  c: Context,
  status: ContentfulStatusCode,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
  members: Partial<ProblemDetails> = {},
): Response {
  const title = (TITLES as Readonly<Record<number, string>>)[status] ?? "Error";
  const body: ProblemDetails = { type: "about:blank", title, status, detail, ...members };
  return c.body(JSON.stringify(body), status, {
    "Content-Type": PROBLEM_TYPE,
    "Cache-Control": "no-store",
    ...headers,
  });
}
