/**
 * Runs the command line as a program: gives it the plugins that come with dsgan, and ends the process with its exit code.
 *
 * @module
 */
import { EXIT, guardExit } from "./exit.ts";
import type { Host } from "./host.ts";
import { flushOutput, isOutputBroken, watchOutput } from "./output.ts";
import { program } from "./program.ts";

/** Loaded late, so that help and usage errors do not wait for TensorFlow.js. */
async function host(): Promise<Host> {
  const [{ builtinPlugins }, { report }] = await Promise.all([
    import("../../plugins/mod.ts"),
    import("../report/report.ts"),
  ]);
  return { plugins: builtinPlugins, report };
}

/** Runs the command line of this process, which ends with it. */
export async function start(): Promise<never> {
  watchOutput();
  const release = guardExit();
  const code = await program(process.argv.slice(2), host);
  await flushOutput();
  release();
  // Engines leave threads and handles behind that would keep the process waiting.
  process.exit(isOutputBroken() ? Math.max(code, EXIT.broke) : code);
}
