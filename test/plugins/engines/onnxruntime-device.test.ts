/** What the engine `onnxruntime` does about GPUs that needs none to be tested. */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import t from "tap";
import { adapterFrom } from "../../../plugins/engines/onnxruntime/adapter.ts";
import type { DirectSession, Tensor } from "../../../plugins/engines/onnxruntime/capi.ts";
import { lossOf, newDevice } from "../../../plugins/engines/onnxruntime/device.ts";
import { Elem, encodeModel, type ModelNode } from "../../../plugins/engines/onnxruntime/model.ts";
import { loadNative } from "../../../plugins/engines/onnxruntime/native.ts";
import { judged } from "../../../plugins/engines/onnxruntime/prospect.ts";
import { cut, grouped, join, type Part } from "../../../plugins/engines/onnxruntime/vectors.ts";

const { float32, int64 } = Elem;

t.test("adapterFrom() knows a GPU by its driver and its vendor, and software by its driver", async (t) => {
  const mesa = "libvulkan_intel.so libvulkan_radeon.so libvulkan_lvp.so";
  const none = { vendors: [], models: [] };
  t.same(adapterFrom({ libraries: mesa, ...none }), { name: "llvmpipe", software: true });
  t.same(adapterFrom({ libraries: mesa, vendors: ["0x1002"], models: [] }), {
    name: "AMD (Mesa's RADV)",
    software: false,
  });
  t.same(adapterFrom({ libraries: mesa, vendors: ["0x10de"], models: [] }), {
    name: "llvmpipe",
    software: true,
  });
  const nvidia = { vendors: ["0x10de"], models: ["NVIDIA H200"] };
  const libraries = "libvulkan_lvp.so libnvidia-glcore.so.580.159.04";
  t.same(adapterFrom({ libraries, ...nvidia }), { name: "NVIDIA H200", software: false });
  t.same(adapterFrom({ libraries: "libvk_swiftshader.so", ...none }), {
    name: "SwiftShader",
    software: true,
  });
  t.equal(adapterFrom({ libraries: "libc.so.6", ...none }), undefined);
});

t.test("judged() takes a GPU that is twice as fast, and says how fast both are", async (t) => {
  const merits = { gpu: 18, none: -1 };
  const fast = judged("GeForce", 2, 40.04, merits);
  t.equal(fast.merit, 18);
  t.match(fast.because, "convolutions take 2.0 ms on GeForce, 40.0 ms on the processor");
  t.equal(judged("slow", 2, 3.9, merits).merit, -1);
});

t.test("lossOf() tells a lost device from what else goes wrong", async (t) => {
  for (const message of [
    "webgpu_context.cc: Device lost (reason: 1)",
    "status_code == wgpu::MapAsyncStatus::Success was false",
    "vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY",
    "device is out of memory",
    "CUDA failure 700: an illegal memory access was encountered",
  ]) {
    t.match(lossOf(`${message}\nmore`, "GPU"), {
      name: "RunError",
      message: /^the GPU was lost \(GPU: .+\)\. .* dsgan resume$/,
    });
  }
  t.equal(lossOf("Node (x) Op (Add) [ShapeInferenceError] Incompatible dimensions", "GPU"), undefined);
});

/** A device whose library does nothing, and how many of its tensors have been freed. */
function fakeDevice() {
  const freed = { count: 0 };
  const tensor = (): Tensor => ({ pointer: 1n, address: () => 1n, dispose: () => void freed.count++ });
  const binding = { run: () => {}, dispose: () => {} };
  const session: DirectSession = { allocate: tensor, bind: () => binding, dispose: () => {} };
  const library = { here: tensor, there: tensor };
  const device = newDevice({ library, provider: "cpu", compile: () => session }, () => ({
    name: "GPU",
    software: false,
  }));
  return { device, freed };
}

t.test("a device that is lost computes no more, and says why", async (t) => {
  const { device } = fakeDevice();
  t.equal(device.broken(), undefined);
  t.equal(
    device.watched({}, () => 7),
    7,
  );
  const fails = (message: string) => (): never => {
    throw new Error(message);
  };
  t.throws(() => device.watched({}, fails("bad shape")), { message: "bad shape" });
  t.equal(device.broken(), undefined);
  const lost = { name: "RunError", message: /the GPU was lost \(GPU: Device lost\)/ };
  t.throws(() => device.watched({}, fails("Device lost")), lost);
  t.match(device.broken(), lost);
  t.throws(() => device.watched({}, () => t.fail("it is run")), lost);
});

t.test("a device counts what lies there, and frees it once, with its views", async (t) => {
  const { device, freed } = fakeDevice();
  const resident = device.place(float32, [3, 4]);
  t.match(device.counts, { residents: 1, residentBytes: 48 });
  t.equal(device.tensor(resident, [4, 3]), device.tensor(resident, [4, 3]), "a view is made once");
  resident.dispose();
  resident.dispose();
  t.equal(freed.count, 2);
  t.match(device.counts, { residents: 0, residentBytes: 0 });
});

t.test("grouped() makes no more groups than are allowed, in order", async (t) => {
  t.same(grouped([1, 2, 3], 7), [[1], [2], [3]]);
  t.same(grouped([1, 2, 3, 4, 5], 2), [
    [1, 2, 3],
    [4, 5],
  ]);
});

t.test("cut() and join() undo each other, whatever the parts and however many a node may have", async () => {
  const { compile } = loadNative("cpu");
  const shapes = fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }), {
    minLength: 2,
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(shapes, fc.integer({ min: 2, max: 7 }), async (shapes, most) => {
      const parts: Part[] = shapes.map((shape, i) => ({ name: `part ${i}`, shape }));
      const size = parts.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
      const nodes: ModelNode[] = [];
      const lists = new Map<string, readonly number[]>();
      const builder = {
        node: (op: string, attributes: object, inputs: readonly string[], outputs: readonly string[]) =>
          void nodes.push({
            name: outputs[0]!,
            op,
            domain: "",
            attributes: attributes as never,
            inputs,
            outputs,
          }),
        ints(values: readonly number[]): string {
          lists.set(`ints ${values}`, values);
          return `ints ${values}`;
        },
      };
      cut(builder, "x", parts, most);
      join(builder, parts.toReversed(), "y", most);
      const vector = { elem: float32, shape: [size] };
      const model = encodeModel({
        inputs: [{ name: "x", ...vector }],
        outputs: [{ name: "y", ...vector }],
        initializers: [...lists].map(([name, values]) => ({
          name,
          elem: int64,
          shape: [values.length],
          data: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
        })),
        nodes,
      });
      const x = Float32Array.from({ length: size }, (_, i) => i);
      const y = new Float32Array(size);
      const session = compile(model, { threads: 1 });
      session.run({ x: { ...vector, data: x } }, { y: { ...vector, data: y } });
      session.dispose();
      let at = 0;
      const pieces = shapes.map((shape) => {
        const from = at;
        at += shape.reduce((a, b) => a * b, 1);
        return [...x.subarray(from, at)];
      });
      const few = nodes.every(
        ({ inputs, outputs, op }) =>
          outputs.length <= most && (op === "Split" || inputs.length <= Math.max(2, most)),
      );
      return few && `${[...y]}` === `${pieces.toReversed().flat()}`;
    }),
    { numRuns: 25, seed: 3 },
  );
});

const elsewhere =
  process.platform === "linux" && process.arch === "x64" ? false : "CUDA's provider is for Linux on x64";
t.test(
  "CUDA that does not load is told plainly, and the processor goes on",
  { skip: elsewhere },
  async (t) => {
    const folder = t.testdir({
      "libonnxruntime_providers_shared.so": "not a library",
      "libonnxruntime_providers_cuda.so": "not a library",
    });
    const plugin = new URL("../../../plugins/engines/onnxruntime/onnxruntime.ts", import.meta.url).href;
    const core = new URL("../../../core/mod.ts", import.meta.url).href;
    const code = `
    import { tf } from ${JSON.stringify(core)};
    import { onnxruntime } from ${JSON.stringify(plugin)};
    const message = await onnxruntime({ provider: "cuda" }).start().then(() => "it starts", ({ message }) => message);
    const { device } = await onnxruntime().start();
    console.log(JSON.stringify({ message, device, sum: tf.add(1, 2).dataSync()[0] }));
    process.exit();
  `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], {
      env: { ...process.env, DSGAN_ORT_CUDA: folder },
      encoding: "utf8",
    });
    const answer = JSON.parse(stdout.trim().split("\n").at(-1) ?? stderr) as Record<string, unknown>;
    t.match(answer, {
      message: /provider "cuda" does not load: .*DSGAN_ORT_CUDA.*cublas/,
      device: /^CPU/,
      sum: 3,
    });
  },
);
