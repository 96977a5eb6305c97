/**
 * What went wrong with a request, as a machine and a person can read it: problem details, RFC 9457.
 *
 * @module
 */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { InputError, messageOf } from "../../core/mod.ts";

/** Problem details (RFC 9457, 3.1), and members of our own. */
export interface ProblemDetails {
  /** What kind of problem: `about:blank` where the status says it all. */
  readonly type: string;
  /** The status in words. */
  readonly title: string;
  readonly status: number;
  /** What failed, the value seen, and what to do. */
  readonly detail: string;
  /** Of a scenario: everything that is wrong with it. */
  readonly problems?: readonly { readonly path: string; readonly message: string; readonly line?: number }[];
}

/** The media type of problem details. */
export const PROBLEM_TYPE = "application/problem+json";

/** Names of statuses, RFC 9110. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** A request that cannot be answered as asked. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ContentfulStatusCode,
    detail: string,
    options: { headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** The answer to a request that failed. What was not foreseen is told to the operator, not to the client. */
export function problemResponse(c: Context, error: unknown): Response {
  if (error instanceof Refusal) {
    const problems = error.cause instanceof InputError ? { problems: error.cause.problems } : {};
    return details(c, error.status, error.message, error.headers, problems);
  }
  if (error instanceof HTTPException) {
    return details(c, error.status as ContentfulStatusCode, error.message || "the request cannot be read");
  }
  if (c.req.raw.signal.aborted) return c.body(null, 400); // nobody is there any more to be answered
  process.stderr.write(`${c.req.method} ${c.req.path}: ${messageOf(error)}\n`);
  if (error instanceof InputError) return details(c, 500, error.message); // what the store says of its files
  return details(c, 500, "something failed on the server, which has told its operator");
}

function details(
  c: Context,
  status: ContentfulStatusCode,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
  members: Partial<ProblemDetails> = {},
): Response {
  const body: ProblemDetails = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail,
    ...members,
  };
  return c.body(JSON.stringify(body), status, {
    "Content-Type": PROBLEM_TYPE,
    "Cache-Control": "no-store",
    ...headers,
  });
}
