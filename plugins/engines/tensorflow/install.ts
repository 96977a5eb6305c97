/**
 * Fetches TensorFlow's GPU library and the native addon with the package's own install script, and checks them by a
 * product on the GPU: `npm run gpu:install`.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { delimiter, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PACKAGE, packageFolder, VERSION } from "./native.ts";

const folder = packageFolder();
if (folder === undefined) {
  console.error(`${PACKAGE} is not installed: npm install ${PACKAGE}@${VERSION}`);
  process.exit(1);
}
// the package's script calls node-pre-gyp by its name, as npm would let it
const bins = [join(folder, "node_modules/.bin"), join(folder, "../../.bin"), process.env.PATH];
const env = { ...process.env, PATH: bins.join(delimiter) };
const run = (script: string, args: string[], cwd?: string): number =>
  spawnSync(process.execPath, [script, ...args], { cwd, env, stdio: "inherit" }).status ?? 1;
rmSync(join(folder, "lib"), { recursive: true, force: true }); // an addon that is there would not be replaced
const fetched = run("scripts/install.js", ["gpu", "download"], folder);
if (fetched !== 0)
  console.error(
    `${folder}/scripts/install.js ended with ${fetched}. Where its source is out of reach, a clone of dsgan can build ` +
      "the addon on a Python package of TensorFlow: node test/runtime/tensorflow/build.ts",
  );
process.exitCode =
  fetched || run(fileURLToPath(new URL(`check${extname(import.meta.url)}`, import.meta.url)), ["--gpu"]);
