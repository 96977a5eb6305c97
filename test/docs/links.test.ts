/** Links of the documentation lead somewhere: in a clone, and in the package, which has fewer files. */
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import t from "tap";
import { anchorsOf, linksOf, type Page, pages, root } from "./pages.ts";

const all = pages();
const byPath = new Map(all.map((page) => [page.path, page]));

/** Paths of all files that the package has. */
function packed(): readonly string[] {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const [{ files }] = JSON.parse(execFileSync("npm", args, { cwd: root, encoding: "utf8" })) as [
    { files: readonly { path: string }[] },
  ];
  return files.map(({ path }) => path);
}

/** What is wrong with a link, nothing if it leads somewhere. */
function fault(page: Page, link: string, exists: (path: string) => boolean): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [target = "", anchor] = link.split("#");
  const path = target === "" ? page.path : normalize(join(dirname(page.path), target)).replace(/\/$/, "");
  if (path.startsWith("..")) return `${page.path}: (${link}) leaves the repository`;
  const isFolder = existsSync(join(root, path)) && statSync(join(root, path)).isDirectory();
  const file = isFolder ? normalize(join(path, "README.md")) : path;
  if (!exists(file)) return `${page.path}: (${link}) has no ${file}`;
  if (anchor === undefined || !file.endsWith(".md")) return undefined;
  return anchorsOf(byPath.get(file)!).includes(anchor)
    ? undefined
    : `${page.path}: (${link}) has no such heading`;
}

t.test("links of all pages lead to files and headings that exist", (t) => {
  t.ok(all.flatMap(linksOf).length > 150, "links were found");
  const faults = all.flatMap((page) =>
    linksOf(page).map((link) => fault(page, link, (path) => existsSync(join(root, path)))),
  );
  t.same(
    faults.filter((fault) => fault !== undefined),
    [],
  );
  t.end();
});

t.test("links of the package's pages stay in the package", (t) => {
  const files = packed();
  const shipped = all.filter(({ path }) => files.includes(path));
  t.ok(shipped.length > 60, `${shipped.length} pages are in the package`);
  const faults = shipped.flatMap((page) =>
    linksOf(page).map((link) => fault(page, link, (path) => files.includes(path))),
  );
  t.same(
    faults.filter((fault) => fault !== undefined),
    [],
  );
  t.end();
});

t.test("a link that leads nowhere is found", (t) => {
  const page: Page = {
    path: "plugins/README.md",
    text: "# A heading\n[a](engines/nothing) `[b](c)` [d](#a-heading) [e](#gone)",
  };
  const exists = (path: string): boolean => existsSync(join(root, path));
  byPath.set("x/README.md", page);
  t.same(linksOf(page), ["engines/nothing", "#a-heading", "#gone"]);
  t.match(fault(page, "engines/nothing", exists), /has no plugins\/engines\/nothing/);
  t.match(fault(page, "../../elsewhere", exists), /leaves the repository/);
  t.equal(fault(page, "engines", exists), undefined);
  t.match(fault(byPath.get("README.md")!, "#no-such-heading", exists), /no such heading/);
  t.equal(fault(byPath.get("README.md")!, "#glossary", exists), undefined);
  t.end();
});

t.test("the README has at most 200 lines", (t) => {
  const lines = byPath.get("README.md")!.text.trimEnd().split("\n").length;
  t.ok(lines <= 200, `${lines} lines`);
  t.end();
});
