/**
 * The files of the page as they lie on the disk of a clone, with those of the packages that it needs. The built package
 * and bundles have them embedded: see `assets.ts`.
 *
 * @module
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { PageFiles } from "./page.ts";

const FOLDER = new URL("./page/", import.meta.url);
/** Files of the page's own. */
const OWN = /^[a-z-]+\.(js|css|svg|html)$/;
/** The files of packages that the page may ask for. No other file of theirs is served. */
const PACKAGED: readonly (readonly [path: RegExp, name: string, folder: string])[] = [
  [/^uplot\/(uPlot\.esm\.js|uPlot\.min\.css)$/, "uplot", "dist/"],
  [/^lit-html\/((?:lit-html|directive|directive-helpers)\.js|directives\/[a-z-]+\.js)$/, "lit-html", ""],
];

/** Whether the page's files lie here: in a clone, and not in the built package. */
export function hasPageFolder(): boolean {
  return FOLDER.protocol === "file:" && existsSync(new URL("index.html", FOLDER));
}

/** The page as its files stand at each request: a change is seen when the page is loaded again. */
export const pageFolder: PageFiles = { read: textOf };

function textOf(path: string): string | undefined {
  const url = locate(path);
  return url === undefined || !existsSync(url) ? undefined : readFileSync(url, "utf8");
}

function locate(path: string): URL | undefined {
  if (OWN.test(path)) return new URL(path, FOLDER);
  for (const [pattern, name, folder] of PACKAGED) {
    const file = pattern.exec(path)?.[1];
    if (file !== undefined) return new URL(`${folder}${file}`, packageFolder(name));
  }
  return undefined;
}

/** The folder of an installed package. */
function packageFolder(name: string): URL {
  const entry = import.meta.resolve(name);
  return new URL(entry.slice(0, entry.lastIndexOf(`/${name}/`) + name.length + 2));
}

/** Where a module or a stylesheet asks for another file of the page: by a path relative to its own. */
const ASKED = /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g;

/** Every file that the page needs, by path, sorted: its own, and those of packages that they ask for. */
export function pageFiles(): Map<string, string> {
  const files = new Map<string, string>();
  const add = (path: string): void => {
    if (files.has(path)) return;
    const text = textOf(path);
    if (text === undefined) return;
    files.set(path, text);
    if (!path.endsWith(".js")) return;
    for (const [, asked] of text.matchAll(ASKED)) {
      add(new URL(asked!, `http://page/${path}`).pathname.slice(1));
    }
  };
  const own = globSync("*.{js,css,svg,html}", { cwd: fileURLToPath(FOLDER) });
  for (const path of [...own, "uplot/uPlot.min.css"].filter((path) => path !== "jsconfig.json")) add(path);
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}
