/**
 * What this machine computes on.
 *
 * @module
 */
import { cpus } from "node:os";
import type { WorkerTraits } from "../../core/mod.ts";
import { version } from "../cli/package.ts";
import { probeEngine } from "../trainer/probe.ts";

/**
 * What trainers of this process compute on.
 * @param threads that each of them may use
 * @throws RunError where no engine works here
 */
export async function traitsOf(threads: number): Promise<WorkerTraits> {
  const { name, version: engineVersion } = await probeEngine();
  return {
    engine: name,
    processor: cpus()[0]?.model ?? "unknown",
    threads,
    versions: { dsgan: version(), node: process.versions.node, [name]: engineVersion },
  };
}
