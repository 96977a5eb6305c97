/**
 * The command that runs a scenario again.
 *
 * @module
 */
import type { Override } from "../../core/scenario/override.ts";

/** As one types it in a shell: through npm where npm started us. */
export function commandOf(file: string, overrides: readonly Override[]): string {
  const dsgan = process.env.npm_lifecycle_event === undefined ? "dsgan" : "npm run -s dsgan --";
  const sets = overrides.map(({ path, value }) => `--set ${quoted(`${path}=${value}`)}`);
  return [dsgan, "run", quoted(file), ...sets].join(" ");
}

/** A word that a POSIX shell leaves as it is. */
function quoted(word: string): string {
  return /^[\w./=:,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
