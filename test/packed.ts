/**
 * The package as it is published, built from a copy of the sources: a `dist/` beside them would be a second copy of
 * the core, older with every change.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What is not part of the sources. */
const LEFT_OUT = new Set([".git", ".tap", "dist", "node_modules", "runs"]);

/**
 * Packs the package.
 * @param folder gets the tarball
 * @returns its path
 */
export function pack(folder: string): string {
  const copy = mkdtempSync(join(folder, "sources-"));
  for (const name of readdirSync(root)) {
    if (!LEFT_OUT.has(name)) cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const args = ["pack", "--silent", "--pack-destination", folder];
  const printed = execFileSync("npm", args, { cwd: copy, encoding: "utf8" });
  rmSync(copy, { recursive: true });
  return join(folder, printed.trim().split("\n").at(-1)!);
}
