/**
 * The `dsgan` command: gives the command line the plugins that come with dsgan.
 *
 * @module
 */
import { guardExit } from "./exit.ts";
import type { Host } from "./host.ts";
import { program } from "./program.ts";

/** Loaded late, so that help and usage errors do not wait for TensorFlow.js. */
async function host(): Promise<Host> {
  const [{ builtinPlugins }, { report }] = await Promise.all([
    import("../../plugins/mod.ts"),
    import("../report/report.ts"),
  ]);
  return { plugins: builtinPlugins, report };
}

// Whoever reads our output may stop reading (`| head`): the run goes on, and is stored.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

const release = guardExit();
const code = await program(process.argv.slice(2), host);
// A pipe takes 64 kB at a time: what it has not taken yet would be lost.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((taken) => (stream.writableLength > 0 ? stream.write("", () => taken()) : taken()));
}
release();
// Engines leave threads and handles behind that would keep the process waiting.
process.exit(code);
