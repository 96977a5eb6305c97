/**
 * The metrics of every smoke scenario on one engine with one thread: `test/smoke-metrics.json`. A change that is
 * to leave all numbers alone leaves this file alone.
 *
 * Usage: `node test/numbers.ts` prints what this machine computes; `--write` replaces the fixture.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the fixture is. */
export const FIXTURE = join(root, "test/smoke-metrics.json");

/** What rounding depends on beside the program. */
export interface Machine {
  readonly arch: string;
  readonly cpu: string;
}

/** Metrics of each scenario, by its name. */
export interface Numbers {
  readonly machine: Machine;
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** This machine. */
export const machine = (): Machine => ({ arch: process.arch, cpu: cpus()[0]?.model ?? "" });

/** Names of the smoke scenarios. */
export const smokeScenarios = (): string[] =>
  globSync("scenarios/smoke/*.yaml", { cwd: root })
    .map((path) => basename(path, ".yaml"))
    .sort();

/** Runs a smoke scenario on onnxruntime with one thread. @returns its metrics */
export function metricsOf(scenario: string): Readonly<Record<string, number>> {
  const runs = mkdtempSync(join(tmpdir(), "dsgan-numbers-"));
  try {
    const engine = "engine={use: onnxruntime, threads: 1}";
    const args = [
      "server/cli/main.ts",
      "run",
      `smoke/${scenario}`,
      "--runs",
      runs,
      "--quiet",
      "--set",
      engine,
    ];
    execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    const [result] = globSync("*/result.json", { cwd: runs });
    return JSON.parse(readFileSync(join(runs, result!), "utf8")).metrics;
  } finally {
    rmSync(runs, { recursive: true });
  }
}

if (import.meta.main) {
  const metrics = Object.fromEntries(smokeScenarios().map((name) => [name, metricsOf(name)]));
  const text = `${JSON.stringify({ machine: machine(), metrics } satisfies Numbers, null, 2)}\n`;
  if (process.argv.includes("--write")) writeFileSync(FIXTURE, text);
  else process.stdout.write(text);
}
