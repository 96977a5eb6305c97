/**
 * Runs the op tests that @tensorflow/tfjs-core publishes (dist/ops/*_test.js, gradients_test.js) against an engine,
 * and prints one JSON line for each spec that failed, and one with the totals.
 *
 *     node test/conformance/tfjs/run.ts <engine> [a pattern of specs' names] [a file with the tests, bundled]
 *     node test/conformance/tfjs/run.ts --bundle <folder>
 *
 * The engine is a name, or one with options, as JSON: `{"use":"onnxruntime","provider":"webgpu"}`.
 *
 * @module
 */
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { assemble, contextOf, Engines } from "../../../core/mod.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";

/** What jasmine says of a spec that ran. */
interface SpecResult {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "pending" | "excluded";
  readonly failedExpectations: readonly { readonly message: string }[];
}

/** A spec that takes longer hangs: one with a product in software on a busy machine takes seconds. */
const SPEC_MS = 120_000;

const [asked = "onnxruntime", only = "", bundled] = process.argv.slice(2);
const chosen = (asked.startsWith("{") ? JSON.parse(asked) : { use: asked }) as { readonly use: string };
const engineName = chosen.use;
const pattern = new RegExp(only);
const require = createRequire(import.meta.url);

/** All of tfjs-core's op tests as one CommonJS module, for an engine that is started already. */
async function bundle(folder: string): Promise<string> {
  const dist = dirname(require.resolve("@tensorflow/tfjs-core/dist/index.js"));
  const tests = [...globSync("ops/*_test.js", { cwd: dist }), "gradients_test.js"].sort();
  const entry = join(folder, "entry.js");
  const lines = [
    `import "${dist}/index.js";`,
    `import "${dist}/register_all_gradients.js";`,
    `import "${dist}/public/chained_ops/register_all_chained_ops.js";`,
    `import { setTestEnvs } from "${dist}/jasmine_util.js";`,
    `const name = process.env.DSGAN_OPS_ENGINE;`,
    `setTestEnvs([{ name, backendName: name, isDataSync: name !== "webgpu" }]);`,
    ...tests.map((file) => `require("${dist}/${file}");`),
  ];
  writeFileSync(entry, lines.join("\n"));
  const outfile = join(folder, "ops.cjs");
  const { build } = await import("esbuild");
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    ignoreAnnotations: true, // else the tests are dropped as free of side effects
    external: ["jasmine-core", "jasmine-core/*"],
    logLevel: "error",
  });
  return outfile;
}

if (asked === "--bundle") {
  process.stdout.write(`${await bundle(only)}\n`);
  process.exit();
}
process.env.DSGAN_OPS_ENGINE = engineName;
const folder = mkdtempSync(join(tmpdir(), "dsgan-conformance-"));
try {
  const engine = await contextOf(await assemble(builtinPlugins), new URL("file:///")).create(Engines, chosen);
  await engine.start();
  const outfile = bundled ?? (await bundle(folder));
  const globals = require("jasmine-core") as Record<string, unknown>;
  Object.assign(globalThis, globals);
  const jasmine = globals.jasmine as {
    getEnv(): Record<string, (...args: unknown[]) => unknown>;
    DEFAULT_TIMEOUT_INTERVAL: number;
  };
  jasmine.DEFAULT_TIMEOUT_INTERVAL = SPEC_MS;
  const env = jasmine.getEnv();
  env.configure!({
    random: false,
    forbidDuplicateNames: false,
    specFilter: (spec: { getFullName(): string }) => pattern.test(spec.getFullName()),
  });
  // jasmine_util.js asks for jasmine's insides only to set a timeout
  const Module = require("node:module") as { _load(request: string, ...rest: unknown[]): unknown };
  const load = Module._load;
  Module._load = (request, ...rest) =>
    request.startsWith("jasmine-core/lib") ? { core: () => ({}) } : load(request, ...rest);
  console.warn = () => {};
  require(outfile);
  const counts = { passed: 0, failed: 0, pending: 0 };
  env.addReporter!({
    specDone({ fullName, status, failedExpectations }: SpecResult) {
      if (status === "excluded") return;
      counts[status]++;
      if (status !== "failed") return;
      const message = failedExpectations[0]?.message.split("\n").slice(0, 3).join(" ").slice(0, 300);
      process.stdout.write(`${JSON.stringify({ failed: fullName, message })}\n`);
    },
  });
  await env.execute!();
  process.stdout.write(`${JSON.stringify(counts)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
