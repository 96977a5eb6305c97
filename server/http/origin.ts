/**
 * Where a request comes from, and by which address the server is reached: its own, or that of a proxy before it.
 *
 * @module
 */
import type { Context } from "hono";
import { isLoopback } from "./loopback.ts";

/** How others reach the server. */
export interface PlaceOptions {
  /**
   * Host names of the server beside those of the loopback address, without port. Requests to any other name are refused,
   * so that a foreign page cannot reach the server by a name that it points here (DNS rebinding).
   */
  readonly hosts?: readonly string[];
  /**
   * Whether `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-For` are believed: only where every request comes
   * through a proxy that sets them.
   */
  readonly trustProxy?: boolean;
  /** Path under which a proxy serves this server, such as `/dsgan`; requests may come with or without it. */
  readonly basePath?: string;
  /** Origins whose pages may use the API, such as `https://lab.example.org`; none unless given. */
  readonly origins?: readonly string[];
  /** The address of a request's client, where the host can tell. */
  readonly address?: (c: Context) => string | undefined;
}

/** The place of a server. */
export interface Place {
  /** Empty, or begins with a slash and ends without one. */
  readonly base: string;
  /** The path of a request without the base. */
  pathOf(path: string): string;
  /** Whether a request names this server. */
  isHere(c: Context): boolean;
  /** Whether a request that a page sends is one of this server's page, or of a page that the operator has named. */
  isOwn(c: Context): boolean;
  /** Whether the client's connection is encrypted. */
  isSecure(c: Context): boolean;
  /** The address of the client; empty where nobody can tell. */
  addressOf(c: Context): string;
}

/** The place of a server. */
export function placeOf(options: PlaceOptions): Place {
  const { hosts = [], trustProxy = false, origins = [], address } = options;
  const base = `/${options.basePath ?? ""}`.replace(/\/+/g, "/").replace(/\/$/, "");
  /** The last value of a list: what the nearest proxy added. */
  const forwarded = (c: Context, what: string): string | undefined =>
    trustProxy ? c.req.header(`X-Forwarded-${what}`)?.split(",").at(-1)?.trim() : undefined;
  const ownOrigin = (c: Context): string => {
    const { protocol, host } = new URL(c.req.url);
    return `${forwarded(c, "Proto") ?? protocol.slice(0, -1)}://${forwarded(c, "Host") ?? host}`;
  };
  return {
    base,
    pathOf: (path) => (base !== "" && path.startsWith(`${base}/`) ? path.slice(base.length) : path),
    isHere(c) {
      const { hostname } = new URL(c.req.url);
      return isLoopback(hostname) || hosts.includes(hostname);
    },
    isOwn(c) {
      const origin = c.req.header("Origin");
      if (origin !== undefined && origins.includes(origin)) return true;
      // The browser's own word: it knows by which address it has reached us.
      const site = c.req.header("Sec-Fetch-Site");
      if (site !== undefined) return site === "same-origin" || site === "none";
      return origin === undefined || origin === ownOrigin(c) || hosts.includes(hostOf(origin));
    },
    isSecure: (c) =>
      ownOrigin(c).startsWith("https:") || (c.req.header("Origin")?.startsWith("https:") ?? false),
    addressOf: (c) => forwarded(c, "For") ?? address?.(c) ?? "",
  };
}

function hostOf(origin: string): string {
  return URL.parse(origin)?.hostname ?? "";
}
