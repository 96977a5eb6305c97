/**
 * What is known of the machine and the code: kept with each run as `environment.json`.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { promisify } from "node:util";
import { tf } from "../../core/mod.ts";
import { version } from "../cli/package.ts";

/** Versions, machine and git. The engine is added by the run. */
export async function environment(): Promise<Record<string, unknown>> {
  return {
    dsgan: version(),
    runtime: runtime(),
    tfjs: tf.version_core,
    os: { platform: platform(), release: release(), arch: arch() },
    cpu: { model: cpus()[0]?.model ?? "unknown", cores: availableParallelism() },
    memoryBytes: totalmem(),
    ...(await git()),
  };
}

/** Name and version of what runs us. */
function runtime(): { readonly name: string; readonly version: string } {
  const { deno, bun, node } = process.versions;
  if (deno !== undefined) return { name: "deno", version: deno };
  if (bun !== undefined) return { name: "bun", version: bun };
  return { name: "node", version: node };
}

const run = promisify(execFile);

/** Commit of the folder that the process runs in, and whether anything tracked has changed since. */
async function git(): Promise<{ readonly git?: { readonly commit: string; readonly dirty: boolean } }> {
  const ask = async (...args: string[]): Promise<string> => {
    return (await run("git", args, { timeout: 5_000 })).stdout.trim();
  };
  try {
    const commit = await ask("rev-parse", "HEAD");
    const changes = await ask("status", "--porcelain", "--untracked-files=no");
    return { git: { commit, dirty: changes !== "" } };
  } catch {
    return {}; // no git, or no repository
  }
}
