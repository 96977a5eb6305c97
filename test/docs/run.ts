/**
 * Runs modules one after another in one process, which loads dsgan once. Prints a line of JSON for each that fails.
 * Usage: `node test/docs/run.ts <file>...`
 *
 * @module
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Milliseconds that a module may take. */
const LIMIT = 60_000;

let at = "";
const report = (error: unknown): void => {
  process.stderr.write(
    `${JSON.stringify({ file: at, error: error instanceof Error ? error.stack : String(error) })}\n`,
  );
};
process.on("unhandledRejection", report).on("uncaughtException", report);

for (const file of process.argv.slice(2)) {
  at = file;
  const limit = AbortSignal.timeout(LIMIT);
  const late = new Promise((_, reject) => {
    limit.addEventListener("abort", () => reject(new Error(`took more than ${LIMIT / 1000} seconds`)));
  });
  await Promise.race([import(pathToFileURL(resolve(file)).href), late]).catch(report);
  process.stderr.write(`${JSON.stringify({ file, done: true })}\n`);
}
process.exit();
