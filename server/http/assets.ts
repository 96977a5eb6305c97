/**
 * The page and what it is made of: plain modules of ours, uPlot (charts) and lit-html (templates), as their packages
 * ship them.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { Refusal } from "./problem.ts";

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  svg: "image/svg+xml",
};

const own = new URL("./page/", import.meta.url);

/** Where the files of an installed package are. */
function packageFolder(name: string): URL {
  const entry = import.meta.resolve(name);
  return new URL(entry.slice(0, entry.lastIndexOf(`/${name}/`) + name.length + 2));
}

/** Files of packages that the page asks for: nothing else of them is served. */
const FOREIGN: readonly [path: RegExp, name: string, folder: string][] = [
  [/^uplot\/(uPlot\.esm\.js|uPlot\.min\.css)$/, "uplot", "dist/"],
  [/^lit-html\/((?:lit-html|directive|directive-helpers)\.js|directives\/[a-z-]+\.js)$/, "lit-html", ""],
];

/** Adds the page at `/` and its parts under `/assets/`. */
export function addPage(app: OpenAPIHono): void {
  app.get("/", async (c) => {
    const page = await readFile(new URL("index.html", own));
    return c.body(page, 200, { "Content-Type": TYPES.html!, "Cache-Control": "no-cache" });
  });
  app.get("/assets/:path{.+}", async (c) => {
    const path = c.req.param("path");
    const url = locate(path);
    const data = url && (await readFile(url).catch(() => undefined));
    if (data === undefined) throw new Refusal(404, `the page has no part ${JSON.stringify(path)}`);
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)]!;
    return c.body(data, 200, { "Content-Type": type, "Cache-Control": "no-cache" });
  });
}

function locate(path: string): URL | undefined {
  if (/^[a-z-]+\.(js|css|svg)$/.test(path)) return new URL(path, own);
  for (const [pattern, name, folder] of FOREIGN) {
    const file = pattern.exec(path)?.[1];
    if (file !== undefined) return new URL(`${folder}${file}`, packageFolder(name));
  }
  return undefined;
}
