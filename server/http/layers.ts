/**
 * What every request passes through, from the outside inwards.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { getRuntimeKey } from "hono/adapter";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { methodNotAllowed } from "hono/method-not-allowed";
import { secureHeaders } from "hono/secure-headers";
import type { Metrics } from "./counting.ts";
import type { Guard } from "./guard.ts";
import { problemResponse, Refusal } from "./problem.ts";

/** Largest body in bytes. Scenarios have a few kilobytes. */
const BODY_BYTES = 256 * 1024;

/** Adds the layers. @param origins those whose pages may use the API */
export function addLayers(
  app: OpenAPIHono,
  guard: Guard,
  metrics: Metrics | undefined,
  origins: readonly string[],
): void {
  if (metrics !== undefined) app.use(metrics.count);
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      xFrameOptions: "DENY",
      strictTransportSecurity: false, // left to whoever puts TLS in front
      overwrite: false, // some answers have a stricter policy of their own
    }),
  );
  if (origins.length > 0) app.use(crossOrigin(origins));
  app.use(guard.check);
  const limited = bodyLimit({
    maxSize: BODY_BYTES,
    onError: () => {
      throw new Refusal(413, `the body has more than ${BODY_BYTES} bytes`);
    },
  });
  // Asking for a body creates a full Request, which costs a poll as much as all the rest.
  app.use((c, next) => (c.req.method === "GET" ? next() : limited(c, next)));
  const tag = etag({ weak: true });
  const squeeze = getRuntimeKey() === "workerd" ? undefined : compress(); // workerd compresses by itself
  app.use(async (c, next) => {
    if (c.req.path.endsWith("/stream")) return await next(); // endless: there is nothing to compress or to hash
    if (squeeze === undefined) return await tag(c, next);
    c.header("Vary", "Accept-Encoding"); // set now, because a later change would rebuild the answer
    return await squeeze(c, async () => void (await tag(c, next)));
  });
  // Inside of the compression: it puts another answer in the place of a 404.
  app.use(
    methodNotAllowed({
      app: app as never,
      onMethodNotAllowed: (c, methods) =>
        problemResponse(
          c,
          new Refusal(405, `${c.req.path} does not take ${c.req.method}: use ${methods.join(" or ")}`, {
            headers: { Allow: methods.join(", ") },
          }),
        ),
    }),
  );
}

/** Lets pages of other origins use the API, with the token in a header and never by a cookie. */
function crossOrigin(origins: readonly string[]) {
  return cors({
    origin: [...origins],
    allowMethods: ["GET", "HEAD", "POST", "DELETE"],
    allowHeaders: ["Authorization", "Content-Type", "If-None-Match", "Last-Event-ID", "Range"],
    exposeHeaders: ["Allow", "Content-Range", "ETag", "Location", "Retry-After"],
    maxAge: 600,
  });
}
