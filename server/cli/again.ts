/**
 * The command that runs a scenario again.
 *
 * @module
 */
import type { Override } from "../../core/scenario/override.ts";

/** As one types it in a shell: through npm's script or `npx` where that started us. */
export function commandOf(file: string, overrides: readonly Override[]): string {
  const dsgan = launcherOf(process.env);
  const sets = overrides.map(({ path, value }) => `--set ${quoted(`${path}=${value}`)}`);
  return [dsgan, "run", quoted(file), ...sets].join(" ");
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
