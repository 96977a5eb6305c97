/**
 * Decides who may send which request. On the loopback address everybody may read. Requests that change something need the
 * token where one is set, and must not come from another site's page otherwise. Where others can reach the server, every
 * request needs the token.
 *
 * @module
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { Refusal } from "./problem.ts";

/** Who may send requests. */
export interface GuardOptions {
  /** Requests that change something must show it: as `Authorization: Bearer <token>`, or by the cookie of a session. */
  readonly token?: string | undefined;
  /** Whether reading needs the token too. */
  readonly isPrivate?: boolean;
  /**
   * Host names of the server beside those of the loopback address, without port. Requests to any other name are refused,
   * so that a foreign page cannot reach the server by a name that it points here (DNS rebinding).
   */
  readonly hosts?: readonly string[];
}

/** Checks every request first, and opens and closes sessions. */
export interface Guard {
  readonly check: MiddlewareHandler;
  /** Exchanges the token for a cookie: a browser's pictures and streams cannot carry a header. */
  readonly open: (c: Context) => Promise<Response>;
  readonly close: (c: Context) => Response;
}

const COOKIE = "dsgan";
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** Paths open to everybody: what a browser needs to ask for the token, and health checks. */
const OPEN = /^\/($|assets\/|api\/session$|healthz$|readyz$)/;

/** Makes a guard. */
export function guardOf({ token, isPrivate = false, hosts = [] }: GuardOptions): Guard {
  if (isPrivate && !token) throw new Error("a private server needs a token");
  // The cookie holds a code that only the token can make, rather than the token itself.
  const session = token && createHmac("sha256", token).update("dsgan session").digest("base64url");

  const shown = (c: Context): "token" | "session" | "nothing" | "wrong" => {
    const header = c.req.header("Authorization");
    if (header !== undefined) {
      const given = /^Bearer +(\S+)$/i.exec(header)?.[1];
      return given !== undefined && token && same(given, token) ? "token" : "wrong";
    }
    const cookie = getCookie(c, COOKIE);
    return cookie !== undefined && session && same(cookie, session) ? "session" : "nothing";
  };
  const unauthorized = (detail: string): Refusal =>
    new Refusal(401, detail, { headers: { "WWW-Authenticate": 'Bearer realm="dsgan"' } });

  return {
    async check(c, next) {
      const { hostname, pathname } = new URL(c.req.url);
      if (!isPrivate && !LOOPBACK.test(hostname) && !hosts.includes(hostname)) {
        throw new Refusal(
          403,
          `${JSON.stringify(hostname)} is not a name of this server: use its loopback address. To let others reach it, ` +
            "start it with --host and DSGAN_TOKEN, or name it in `hosts`",
        );
      }
      const changes = !["GET", "HEAD", "OPTIONS"].includes(c.req.method);
      const isOpen = OPEN.test(pathname);
      if (changes && token === undefined) requireSameOrigin(c);
      if (token !== undefined && !isOpen && (changes || isPrivate)) {
        const proof = shown(c);
        if (proof === "nothing")
          throw unauthorized("this request needs a token: send Authorization: Bearer <token>");
        if (proof === "wrong") throw unauthorized("that is not the token of this server");
        if (changes && proof === "session") requireSameOrigin(c);
      }
      await next();
    },
    async open(c) {
      requireSameOrigin(c);
      if (token === undefined) return c.body(null, 204);
      const { token: given } = (await c.req.json().catch(() => ({}))) as { token?: unknown };
      if (typeof given !== "string" || !same(given, token)) {
        throw unauthorized("that is not the token of this server");
      }
      const secure = new URL(c.req.url).protocol === "https:";
      setCookie(c, COOKIE, session!, { httpOnly: true, sameSite: "Strict", path: "/", secure });
      return c.body(null, 204);
    },
    close(c) {
      requireSameOrigin(c);
      deleteCookie(c, COOKIE, { path: "/" });
      return c.body(null, 204);
    },
  };
}

/** Compares two secrets in constant time. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/**
 * Lets through requests of this server's page and of programs. Browsers say which page a request comes from.
 * @throws Refusal 403 for a request of another site's page
 */
function requireSameOrigin(c: Context): void {
  const origin = c.req.header("Origin");
  const site = c.req.header("Sec-Fetch-Site");
  const isOurs = origin === undefined || origin === new URL(c.req.url).origin;
  if (isOurs && (site === undefined || site === "same-origin" || site === "none")) return;
  throw new Refusal(
    403,
    `a page of ${origin ?? "another site"} cannot change anything here without the server's token`,
  );
}
