/**
 * Commands as one types them in a shell.
 *
 * @module
 */
import { withoutSecrets } from "../../core/mod.ts";
import type { Override } from "../../core/scenario/override.ts";

/** The command that runs a scenario again: through npm's script or `npx` where that started us. */
export function commandOf(file: string, overrides: readonly Override[]): string {
  const dsgan = launcherOf(process.env);
  const sets = overrides.map(({ path, value }) => `--set ${quoted(`${path}=${value}`)}`);
  return [dsgan, "run", quoted(file), ...sets].join(" ");
}

/** A command about a sweep. */
export function sweepAgain(what: "status" | "cancel" | "resume", id: string, runs: string): string {
  return [launcherOf(process.env), "sweep", what, id, ...placeFlag("--runs", runs, "runs")].join(" ");
}

/**
 * The command that starts a worker.
 * @param jobs undefined where they are in the place of the runs
 */
export function workerCommandFor(runs: string, jobs: string | undefined): string {
  const places = [...placeFlag("--runs", runs, "runs"), ...placeFlag("--jobs", jobs ?? "", "")];
  return [launcherOf(process.env), "worker", ...places].join(" ");
}

/** Names a place, unless the environment does, or it is the one that is meant where nothing is said. */
function placeFlag(flag: "--runs" | "--jobs", place: string, usual: string): string[] {
  const said = process.env[flag === "--runs" ? "DSGAN_RUNS" : "DSGAN_JOBS"] || usual;
  return place === said ? [] : [flag, quoted(withoutSecrets(place))];
}

/** What a command line of dsgan begins with. `npx` has a lifecycle of its own, which its commands inherit. */
function launcherOf({ npm_command, npm_lifecycle_event: event }: NodeJS.ProcessEnv): string {
  if (npm_command === "exec" || event === "npx") return "npx dsgan";
  return event === "dsgan" || event === "start" ? "npm run -s dsgan --" : "dsgan";
}

/** A word that a POSIX shell leaves as it is. */
function quoted(word: string): string {
  return /^[\w./=:,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
