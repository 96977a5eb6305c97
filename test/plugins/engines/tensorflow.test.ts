/** The engine on the package's real addon, where that loads; and what it says where it does not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { messageOf, tf } from "../../../core/mod.ts";
import { cpu } from "../../../plugins/engines/cpu/cpu.ts";
import {
  deviceInWords,
  isFound,
  loadBackend,
  type NodeBackend,
  whyUnused,
} from "../../../plugins/engines/tensorflow/native.ts";
import { tensorflow } from "../../../plugins/engines/tensorflow/tensorflow.ts";
import { checkEngine } from "../../conformance/engine.ts";

/** A folder like the package's, with the files given. */
function packageWith(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "dsgan-tfjs-node-gpu-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of Object.entries({ "package.json": '{ "main": "index.js" }', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const PLACED = { "lib/napi-v8/tfjs_binding.node": "", "deps/lib/libtensorflow.so.2": "" };
const INSTALL = /: node plugins\/engines\/tensorflow\/install\.ts$/;

t.test("loadBackend() says which part is missing, and the command that mends it", async (t) => {
  const { "lib/napi-v8/tfjs_binding.node": addon } = PLACED;
  await t.rejects(loadBackend(packageWith(t, {})), { message: /without its native addon/ });
  await t.rejects(loadBackend(packageWith(t, {})), { message: INSTALL });
  const withoutLibrary = packageWith(t, { "lib/napi-v8/tfjs_binding.node": addon });
  await t.rejects(loadBackend(withoutLibrary), { message: /without libtensorflow/ });
  await t.rejects(loadBackend(withoutLibrary), { message: INSTALL });

  const failing = (message: string): string =>
    packageWith(t, { ...PLACED, "index.js": `throw new Error(${JSON.stringify(message)})` });
  const absent = (library: string): string =>
    `${library}: cannot open shared object file: No such file or directory`;
  for (const [message, expected] of [
    [absent("libtensorflow.so.2"), /^libtensorflow is not there \(.*install\.ts$/],
    [
      absent("libcudart.so.11.0"),
      /^CUDA 11 is not there \(libcudart\.so\.11\.0.*pip install nvidia-cuda-runtime-cu11/,
    ],
    [absent("libcudnn.so.8"), /^cuDNN 8 is not there .*pip install 'nvidia-cudnn-cu11/],
    [absent("libcuda.so.1"), /^NVIDIA's driver is not there .*install NVIDIA's driver/],
    [absent("libgomp.so.1"), /^libgomp\.so\.1, which libtensorflow needs, is not there/],
    [
      "version `GLIBC_2.99' not found",
      /addon does not load \(version `GLIBC_2\.99' not found\).*install\.ts$/,
    ],
  ] as const) {
    await t.rejects(loadBackend(failing(message)), { message: expected }, message);
  }
});

t.test("whyUnused() names the libraries of CUDA and cuDNN that are not found", async (t) => {
  const without = (pattern: RegExp) => whyUnused("2.9.1", (library) => !pattern.test(library));
  t.match(without(/cudnn/), /^cuDNN 8 is not found \(libcudnn\.so\.8\): pip install/);
  t.match(without(/cublas/), /^CUDA 11 is not found \(libcublas\.so\.11, libcublasLt\.so\.11\): pip install/);
  t.match(without(/cudart|cudnn/), /^CUDA 11 .*; cuDNN 8 /);
  t.match(without(/libcuda\.so/), /^NVIDIA's driver is not found/);
  t.match(without(/^$/), /TF_CPP_MIN_LOG_LEVEL=0/);
  t.match(
    whyUnused("2.21.0", () => false),
    /built without CUDA/,
  );
  t.equal(isFound("libnothing-of-this-name.so.1"), false);
  if (process.platform === "linux") t.equal(isFound("libm.so.6"), true);
});

t.test("deviceInWords() tells which device computes, and of a GPU that does not", async (t) => {
  const backend = (isUsingGpuDevice: boolean): NodeBackend =>
    ({ isUsingGpuDevice, binding: { TF_Version: "2.21.0" } }) as NodeBackend;
  t.equal(deviceInWords(backend(true), ["NVIDIA A40"]), "GPU:0, NVIDIA A40 (CUDA)");
  t.match(deviceInWords(backend(false), []), /^CPU:0, .* threads; no NVIDIA GPU is visible$/);
  t.match(deviceInWords(backend(false), ["NVIDIA A40"]), /^CPU:0, .*; NVIDIA A40 unused: .*without CUDA/);
});

t.test(
  "look() loads nothing where no NVIDIA GPU is visible, and ranks below onnxruntime there",
  async (t) => {
    const hidden = process.env.CUDA_VISIBLE_DEVICES;
    process.env.CUDA_VISIBLE_DEVICES = "-1";
    await cpu().start();
    const { merit, because } = await tensorflow().look!();
    if (hidden === undefined) delete process.env.CUDA_VISIBLE_DEVICES;
    else process.env.CUDA_VISIBLE_DEVICES = hidden;
    t.ok(merit < 15, `${merit}`);
    t.match(because, /no NVIDIA GPU is visible/);
    t.equal(tf.getBackend(), "cpu");
  },
);

const missing = await tensorflow()
  .start()
  .then(() => undefined, messageOf);
const backend = (): NodeBackend => tf.backend() as NodeBackend;

await t.test("the addon", { skip: missing ?? false }, async (t) => {
  await t.test("start() tells TensorFlow's version and devices", async (t) => {
    const { version, device } = await tensorflow().start();
    t.match(version, /^\d+\.\d+\.\d+$/);
    t.match(device, /^(CPU|GPU):0, /);
  });
  await checkEngine(t, tensorflow(), {
    holdings: () => ({ tensorsOfTensorFlow: backend().binding.getNumOfTensors() }),
  });
});
