/**
 * Who may ask for what. On this machine's loopback address everybody may read; what changes something needs the token
 * where one is set, and otherwise must not come from a web page of somebody else. Where others can reach the server,
 * the token is needed for everything.
 *
 * @module
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { Refusal } from "./problem.ts";

/** Who may ask. */
export interface GuardOptions {
  /** What changing requests must show: `Authorization: Bearer <token>`, or the cookie of a session. */
  readonly token?: string | undefined;
  /** Whether reading needs it too. */
  readonly isPrivate?: boolean;
  /**
   * Names that the server goes by beside those of the loopback address, without port. A page of another name cannot
   * reach it even where that name was made to lead here (DNS rebinding).
   */
  readonly hosts?: readonly string[];
}

/** Checks requests before anything else does, and opens and closes sessions. */
export interface Guard {
  readonly check: MiddlewareHandler;
  /** Gives a browser a cookie in return for the token: pictures and streams cannot carry a header. */
  readonly open: (c: Context) => Promise<Response>;
  readonly close: (c: Context) => Response;
}

const COOKIE = "dsgan";
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** What a browser needs before anybody has shown a token, and what tells no more than that the server is there. */
const OPEN = /^\/($|assets\/|api\/session$|healthz$|readyz$)/;

/** Makes a guard. */
export function guardOf({ token, isPrivate = false, hosts = [] }: GuardOptions): Guard {
  if (isPrivate && !token) throw new Error("a private server needs a token");
  // A browser keeps what only the holder of the token can have made, rather than the token itself.
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
          `this server does not go by the name ${JSON.stringify(hostname)}: ask it by its loopback address. Where others ` +
            "are to reach it, start it with --host and DSGAN_TOKEN",
        );
      }
      const changes = !["GET", "HEAD", "OPTIONS"].includes(c.req.method);
      const isOpen = OPEN.test(pathname);
      if (changes && token === undefined) requireSameOrigin(c);
      if (token !== undefined && !isOpen && (changes || isPrivate)) {
        const proof = shown(c);
        if (proof === "nothing") throw unauthorized("this needs a token: send Authorization: Bearer <token>");
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

/** Whether two secrets are the same, in a time that does not tell how alike they are. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/**
 * Lets through what a page of this server sends, and what no page sends: browsers say where a request comes from.
 * @throws Refusal 403 for any other
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
