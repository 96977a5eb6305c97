/**
 * A consumer's folder: this package installed in its packed form, its dependencies beside it.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack } from "./packed.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A folder with the package in its `node_modules`. */
export interface Consumer {
  readonly folder: string;
  /** Runs the package's command there. @returns what it printed on stdout */
  dsgan(...args: string[]): string;
  remove(): void;
}

/** Packs a copy of the project, so that the project is left as it was, and installs that. */
export function consumer(): Consumer {
  const folder = mkdtempSync(join(tmpdir(), "dsgan-consumer-"));
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  const dependencies = join(root, "node_modules");
  for (const name of readdirSync(dependencies)) {
    if (!name.startsWith(".")) symlinkSync(join(dependencies, name), join(modules, name));
  }
  execFileSync("tar", ["xzf", pack(folder), "-C", folder]);
  renameSync(join(folder, "package"), join(modules, "dsgan"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  mkdirSync(join(modules, ".bin"));
  symlinkSync("../dsgan/dist/server/cli/bin.cjs", join(modules, ".bin/dsgan"));
  chmodSync(join(modules, "dsgan/dist/server/cli/bin.cjs"), 0o755);
  const main = join(modules, "dsgan/dist/server/cli/main.js");
  return {
    folder,
    dsgan: (...args) => execFileSync(process.execPath, [main, ...args], { cwd: folder, encoding: "utf8" }),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
