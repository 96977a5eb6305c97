/**
 * The `dsgan` command. It loads the rest late: what cannot be loaded is told, with an exit code of its own, and what was
 * compiled before is taken from Node's cache.
 *
 * @module
 */
import "./parent.ts"; // first, to see who started us
import * as module from "node:module";

/** Keeps compiled modules between runs, for this process and for trainers; where there is such a cache. */
function keepCompiled(): void {
  const { enableCompileCache, getCompileCacheDir } = module as Partial<typeof module>;
  enableCompileCache?.();
  const folder = getCompileCacheDir?.();
  if (folder !== undefined) process.env.NODE_COMPILE_CACHE ??= folder;
}

try {
  keepCompiled();
  const { start } = await import("./start.ts");
  await start();
} catch (error) {
  process.stderr.write(`dsgan: ${error instanceof Error ? error.message : error}\n`);
  process.exit(3); // 1 means that an expectation was missed
}
