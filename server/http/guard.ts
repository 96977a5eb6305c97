/**
 * Decides who may send which request. On the loopback address everybody may read. Requests that change something need the
 * token where one is set, and must not come from another site's page otherwise. Where others can reach the server, every
 * request needs the token.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { newGuesses } from "./guesses.ts";
import { type PlaceOptions, placeOf } from "./origin.ts";
import { Refusal } from "./problem.ts";
import { SESSION_SECONDS, secretsOf } from "./secrets.ts";

/** Who may send requests. */
export interface GuardOptions extends PlaceOptions {
  /** Requests that change something must show it: as `Authorization: Bearer <token>`, or by the cookie of a session. */
  readonly token?: string | undefined;
  /** Whether reading needs the token too. */
  readonly isPrivate?: boolean;
}

/** Checks every request first, and opens and closes sessions. */
export interface Guard {
  readonly check: MiddlewareHandler;
  /** Exchanges the token for a cookie: a browser's pictures and streams cannot carry a header. */
  readonly open: (c: Context) => Promise<Response>;
  readonly close: (c: Context) => Promise<Response>;
}

const COOKIE = "dsgan";
/** Paths open to everybody: what a browser needs to ask for the token, and health checks. */
const OPEN = /^\/($|assets\/|api\/session$|healthz$|readyz$)/;

/** Body of `POST /api/session`. */
const sessionRequest = z.object({ token: z.string() });

/** Makes a guard. */
export function guardOf(options: GuardOptions): Guard {
  const { token, isPrivate = false } = options;
  if (isPrivate && !token) throw new Error("a private server needs a token");
  const place = placeOf(options);
  const secrets = token ? secretsOf(token) : undefined;
  const guesses = newGuesses();

  /** Whether a text is the token. @throws Refusal 429 for one who guesses */
  const isToken = async (c: Context, text: string): Promise<boolean> => {
    const address = place.addressOf(c);
    const wait = guesses.wait(address);
    if (wait > 0) {
      throw new Refusal(429, `there were too many wrong tokens from your address: try again in ${wait} s`, {
        headers: { "Retry-After": String(wait) },
      });
    }
    const isRight = (await secrets?.isToken(text)) ?? false;
    if (isRight) guesses.right(address);
    else guesses.wrong(address);
    return isRight;
  };
  const shown = async (c: Context): Promise<"token" | "session" | "nothing" | "wrong"> => {
    const header = c.req.header("Authorization");
    if (header !== undefined) {
      const given = /^Bearer +(\S+)$/i.exec(header)?.[1];
      return given !== undefined && (await isToken(c, given)) ? "token" : "wrong";
    }
    const cookie = getCookie(c, COOKIE);
    return cookie !== undefined && (await secrets?.isSession(cookie)) ? "session" : "nothing";
  };
  /** Lets through requests of this server's page and of programs. Browsers say which page a request comes from. */
  const requireOwn = (c: Context): void => {
    if (place.isOwn(c)) return;
    throw new Refusal(
      403,
      `a page of ${c.req.header("Origin") ?? "another site"} cannot change anything here without the server's token. If it ` +
        "is this server's own page behind a proxy, start the server with --allowed-host and the name in its address",
    );
  };
  const cookiePath = `${place.base}/`;

  return {
    async check(c, next) {
      if (!isPrivate && !place.isHere(c)) {
        throw new Refusal(
          403,
          `${JSON.stringify(new URL(c.req.url).hostname)} is not a name of this server: use its loopback address. To let ` +
            "others reach it, start it with --host and DSGAN_TOKEN, or name it with --allowed-host (`hosts`)",
        );
      }
      const changes = !["GET", "HEAD", "OPTIONS"].includes(c.req.method);
      if (changes && token === undefined) requireOwn(c);
      if (token !== undefined && !OPEN.test(c.req.path) && (changes || isPrivate)) {
        const proof = await shown(c);
        if (proof === "nothing")
          throw unauthorized("this request needs a token: send Authorization: Bearer <token>");
        if (proof === "wrong") throw unauthorized(WRONG);
        if (changes && proof === "session") requireOwn(c);
      }
      await next();
    },
    async open(c) {
      requireOwn(c);
      if (secrets === undefined) return c.body(null, 204);
      const { success, data } = sessionRequest.safeParse(await c.req.json().catch(() => undefined));
      if (!success) throw new Refusal(400, 'expected {"token": "…"}');
      if (!(await isToken(c, data.token))) throw unauthorized(WRONG);
      setCookie(c, COOKIE, await secrets.newSession(), {
        ...{ httpOnly: true, sameSite: "Strict", path: cookiePath, maxAge: SESSION_SECONDS },
        secure: place.isSecure(c),
      });
      return c.body(null, 204);
    },
    async close(c) {
      requireOwn(c);
      const cookie = getCookie(c, COOKIE);
      if (cookie !== undefined) await secrets?.end(cookie);
      deleteCookie(c, COOKIE, { path: cookiePath });
      return c.body(null, 204);
    },
  };
}

const WRONG = "that is not the token of this server";

function unauthorized(detail: string): Refusal {
  return new Refusal(401, detail, { headers: { "WWW-Authenticate": 'Bearer realm="dsgan"' } });
}
