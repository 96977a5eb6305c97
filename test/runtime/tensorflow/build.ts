/**
 * Builds @tensorflow/tfjs-node-gpu's native addon against the library and the C headers of a Python package of
 * TensorFlow, for networks that reach package registries alone. See README.md.
 *
 *     node test/runtime/tensorflow/build.ts            # against PyPI's tensorflow-cpu, kept in ~/.cache/dsgan-tensorflow
 *     node test/runtime/tensorflow/build.ts <folder>   # against an installed package: .../site-packages/tensorflow
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { packageFolder } from "../../../plugins/engines/tensorflow/native.ts";

const WHEEL = "tensorflow-cpu==2.21.0";
/** A Python for which the wheel is made; it need not be the one at hand, since nothing of it is run. */
const PYTHON = "3.11";
/** Of the wheel's 15 632 files, those that the addon is built with and runs on. */
const NEEDED =
  /^tensorflow\/(lib\w+\.(so|dylib)[\w.]*|lib\w+\.\d\.dylib|include\/(tensorflow\/c|xla\/tsl\/c)\/.*|include\/(tensorflow\/core|tsl)\/platform\/ctstring\w*\.h)$/;
/** The package's prebuilt addons are of this version of Node-API too. */
const NAPI_VERSION = 8;
/** Tells an addon built here from one that was fetched, which is left alone. */
const MARK = `lib/napi-v${NAPI_VERSION}/BUILT`;

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const run = (command: string, ...args: string[]): void =>
  void execFileSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });

/** Fetches the wheel and unpacks what is needed of it, once. @returns the folder `tensorflow` of it */
function fromPyPI(): string {
  const cache = join(homedir(), ".cache", "dsgan-tensorflow", WHEEL);
  const unpacked = join(cache, "tensorflow");
  if (existsSync(unpacked)) return unpacked;
  const fresh = `${cache}.part`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  say(`fetching ${WHEEL} (270 MB) from PyPI`);
  const only = ["--no-deps", "--only-binary=:all:", "--python-version", PYTHON];
  run("python3", "-m", "pip", "download", "--quiet", ...only, "--dest", fresh, WHEEL);
  const [wheel] = globSync("*.whl", { cwd: fresh });
  say("unpacking its library and headers (860 MB)");
  const unpack =
    "import re, sys, zipfile\n" +
    "wheel, needed, folder = sys.argv[1:]\n" +
    "with zipfile.ZipFile(wheel) as z: z.extractall(folder, [n for n in z.namelist() if re.match(needed, n)])";
  run("python3", "-c", unpack, join(fresh, wheel!), NEEDED.source, fresh);
  rmSync(join(fresh, wheel!));
  renameSync(fresh, cache);
  return unpacked;
}

/** Compiles the addon's two files and lays it where the package looks for it, with links to the library beside it. */
function build(addon: string, tensorflow: string): void {
  const libraries = globSync("libtensorflow_{cc,framework}.{so.2,2.dylib}", { cwd: tensorflow });
  if (libraries.length < 2) {
    throw new Error(
      `${tensorflow} has no libtensorflow_cc and libtensorflow_framework: give the folder of a Python package`,
    );
  }
  const deps = join(addon, "deps/lib");
  const placed = join(addon, `lib/napi-v${NAPI_VERSION}`);
  for (const folder of [deps, placed]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  for (const library of libraries) symlinkSync(join(tensorflow, library), join(deps, library));
  const headers = createRequire(import.meta.url).resolve("node-api-headers/package.json");
  say("compiling the addon");
  run(
    process.env.CXX ?? "c++",
    ...["-std=c++17", "-O2", "-fPIC", "-shared", `-DNAPI_VERSION=${NAPI_VERSION}`],
    ...(process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : []),
    ...[join(dirname(headers), "include"), join(tensorflow, "include")].map((folder) => `-I${folder}`),
    ...globSync("binding/*.cc", { cwd: addon }).map((file) => join(addon, file)),
    ...libraries.map((library) => join(deps, library)),
    // as the package's own binding.gyp has it, so that what is built can be moved with the package
    `-Wl,-rpath,${process.platform === "darwin" ? "@loader_path" : "$ORIGIN"}/../../deps/lib`,
    ...["-o", join(placed, "tfjs_binding.node")],
  );
  writeFileSync(join(addon, MARK), `by dsgan's test/runtime/tensorflow/build.ts on ${tensorflow}\n`);
}

const addon = packageFolder();
if (addon === undefined) throw new Error("@tensorflow/tfjs-node-gpu is not installed: npm ci");
if (globSync("lib/*/tfjs_binding.node", { cwd: addon }).length > 0 && !existsSync(join(addon, MARK))) {
  throw new Error(`${addon} has an addon that was not built here: remove its folders lib and deps first`);
}
const given = process.argv[2];
build(addon, given === undefined ? fromPyPI() : resolve(given));
run(
  process.execPath,
  fileURLToPath(new URL("../../../plugins/engines/tensorflow/check.ts", import.meta.url)),
);
