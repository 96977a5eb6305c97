/**
 * Serves the page: plain modules of this project, with uPlot (charts) and lit-html (templates) as their packages ship
 * them.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Refusal } from "./problem.ts";

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  svg: "image/svg+xml",
};

/** The page's own files. Found when they are asked for: bundles have no folder beside them. */
function pageFile(file: string): URL {
  return new URL(`./page/${file}`, import.meta.url);
}

/** The folder of an installed package. */
function packageFolder(name: string): URL {
  const entry = import.meta.resolve(name);
  return new URL(entry.slice(0, entry.lastIndexOf(`/${name}/`) + name.length + 2));
}

/** The files of packages that the page needs. No other file of theirs is served. */
const PACKAGED: readonly [path: RegExp, name: string, folder: string][] = [
  [/^uplot\/(uPlot\.esm\.js|uPlot\.min\.css)$/, "uplot", "dist/"],
  [/^lit-html\/((?:lit-html|directive|directive-helpers)\.js|directives\/[a-z-]+\.js)$/, "lit-html", ""],
];

/** Adds the page at `/` and its files under `/assets/`. */
export function addPage(app: OpenAPIHono): void {
  app.get("/", (c) => fileOf(c, "index.html", pageFile));
  app.get("/assets/:path{.+}", (c) => fileOf(c, c.req.param("path"), locate));
}

/**
 * Answers with a file of the page.
 * @throws Refusal 404 where the page has no such file, or the host has no files: a bundle of this module has none
 */
async function fileOf(c: Context, path: string, urlOf: (path: string) => URL | undefined): Promise<Response> {
  const data = await read(path, urlOf).catch(() => undefined);
  if (data === undefined) throw new Refusal(404, `the page has no file ${JSON.stringify(path)} here`);
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)]!;
  return c.body(data, 200, { "Content-Type": type, "Cache-Control": "no-cache" });
}

async function read(path: string, urlOf: (path: string) => URL | undefined) {
  const url = urlOf(path);
  if (url === undefined) return undefined;
  const { readFile } = await import("node:fs/promises"); // imported late, because not every host has it
  return await readFile(url);
}

function locate(path: string): URL | undefined {
  if (/^[a-z-]+\.(js|css|svg)$/.test(path)) return pageFile(path);
  for (const [pattern, name, folder] of PACKAGED) {
    const file = pattern.exec(path)?.[1];
    if (file !== undefined) return new URL(`${folder}${file}`, packageFolder(name));
  }
  return undefined;
}
