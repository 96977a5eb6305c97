/**
 * Serves the page: plain modules of this project, with uPlot (charts) and lit-html (templates) as their packages ship
 * them.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Refusal } from "./problem.ts";

/** The files of the page: `index.html`, and what it asks for under `assets/`. */
export interface PageFiles {
  /** The text of a file; undefined where the page has none of that path. */
  read(path: string): string | undefined | Promise<string | undefined>;
}

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  svg: "image/svg+xml",
};

/** The file that the page begins with. */
const INDEX = "index.html";

/** Adds the page at `/` and its files under `/assets/`. */
export function addPage(app: OpenAPIHono, files: PageFiles): void {
  const answer = async (c: Context, path: string): Promise<Response> => {
    const text = await files.read(path);
    if (text === undefined) throw new Refusal(404, `the page has no file ${JSON.stringify(path)} here`);
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)]!;
    return c.body(text, 200, { "Content-Type": type, "Cache-Control": "no-cache" });
  };
  app.get("/", (c) => answer(c, INDEX));
  app.get("/assets/:path{.+}", (c) => {
    const path = c.req.param("path");
    return answer(c, path === INDEX ? "" : path);
  });
}
