/**
 * A sweep that goes on without the terminal: another process hosts it.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RunError, type Store, withoutSecrets } from "../../core/mod.ts";
import { isSweep } from "../sweep/kept.ts";
import { inheritedFlags } from "../trainer/launch.ts";
import { runOf } from "../trainer/open-run.ts";
import { sweepAgain } from "./again.ts";
import { EXIT } from "./exit.ts";
import type { Host } from "./host.ts";
import { print } from "./output.ts";
import { storeOf } from "./runs.ts";
import type { SweepOptions } from "./sweep-options.ts";

const POLL_MS = 200;

/**
 * Starts a command in a process of its own, out of reach of the terminal, and waits until that hosts the sweep.
 * @returns the exit code
 * @throws RunError where it does not begin, with what it says
 */
export async function detachSweep(
  command: readonly string[],
  id: string,
  { runs, jobs, plugin = [], atOnce, slots, junit }: SweepOptions,
  host: Host,
): Promise<number> {
  const store = await storeOf({ runs, plugin }, host);
  const folder = mkdtempSync(join(tmpdir(), "dsgan-sweep-"));
  const log = join(folder, "log.txt");
  const output = openSync(log, "a");
  const hasSecrets = withoutSecrets(runs) !== runs;
  const args = [
    ...inheritedFlags(process.execArgv),
    process.argv[1]!,
    ...command,
    "--quiet",
    ...(hasSecrets ? [] : ["--runs", runs]),
    ...plugin.flatMap((name) => ["--plugin", name]),
    ...(atOnce === undefined ? [] : ["--at-once", String(atOnce)]),
    ...(slots === undefined ? [] : ["--slots", String(slots)]),
    ...(junit === undefined ? [] : ["--junit", junit]),
  ];
  // A location may have a password, which others would see on a command line.
  const env = {
    ...process.env,
    ...(hasSecrets && { DSGAN_RUNS: runs }),
    ...(jobs !== undefined && { DSGAN_JOBS: jobs }),
  };
  const child = spawn(process.execPath, args, { detached: true, env, stdio: ["ignore", output, output] });
  closeSync(output);
  const ended = new Promise<number>((resolve) => child.on("exit", (code) => resolve(code ?? EXIT.broke)));
  child.on("error", () => {}); // it has no pid then
  for (;;) {
    const code = await Promise.race([ended, hosts(store, id, child.pid)]);
    if (code === false) continue;
    if (code === true) break;
    const said = readFileSync(log, "utf8");
    rmSync(folder, { recursive: true });
    if (code === EXIT.met || code === EXIT.missed) {
      print(said);
      return code;
    }
    throw new RunError(`the sweep has not begun:\n${said.trim()}`);
  }
  child.unref();
  print(
    `sweep ${id} goes on in process ${child.pid}, which prints to ${log}\n` +
      `  ${sweepAgain("status", id, runs)}    how it stands\n` +
      `  ${sweepAgain("cancel", id, runs)}    stops it, with checkpoints\n`,
  );
  return EXIT.met;
}

async function hosts(store: Store, id: string, pid: number | undefined): Promise<boolean> {
  await sleep(POLL_MS);
  const reader = await runOf(store, id);
  if (reader === undefined || (await reader.owner())?.pid !== pid) return false;
  return await isSweep(reader);
}
