/**
 * The engine on whatever adapter answers, software ones included: SwiftShader as Debian's chromium carries it, where
 * Vulkan's loader is there (see .ci/run). Under Deno it is tested in test/runtime.
 */
import { readFileSync } from "node:fs";
import { lastValueFrom, tap, toArray } from "rxjs";
import t from "tap";
import { Key, loadScenario, type RunEvent, run, tf } from "../../../core/mod.ts";
import { cpu } from "../../../plugins/engines/cpu/cpu.ts";
import { onnxruntime } from "../../../plugins/engines/onnxruntime/onnxruntime.ts";
import { wasm } from "../../../plugins/engines/wasm/wasm.ts";
import { type DeviceBackend, deviceBackend } from "../../../plugins/engines/webgpu/backend.ts";
import {
  type Adapter,
  type AdapterInfo,
  adapterInWords,
  type Device,
  isSoftware,
  nameOf,
} from "../../../plugins/engines/webgpu/gpu.ts";
import { prospectOf, webgpu } from "../../../plugins/engines/webgpu/webgpu.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { checkEngine } from "../../conformance/engine.ts";
import { noAdapter } from "./adapter.ts";

const info = (description: string, more: Partial<AdapterInfo> = {}): AdapterInfo => ({
  vendor: "",
  architecture: "",
  device: "",
  description,
  ...more,
});

t.test("isSoftware() and nameOf() tell adapters apart", async (t) => {
  t.equal(isSoftware(info("NVIDIA GeForce RTX 4070")), false);
  t.equal(isSoftware(info("whatever", { isFallbackAdapter: true })), true);
  t.equal(isSoftware(info("llvmpipe (LLVM 15.0.6, 256 bits)")), true);
  t.equal(isSoftware(info("", { architecture: "swiftshader" })), true);
  t.equal(nameOf(info("Apple M3")), "Apple M3");
  t.equal(nameOf(info("", { vendor: "apple", architecture: "metal-3" })), "apple metal-3");
  t.equal(nameOf(info("")), "unnamed adapter");
});

t.test(
  "prospectOf() ranks hardware below onnxruntime and above wasm, and software below what auto takes",
  async (t) => {
    const { merit, because } = prospectOf(info("SwiftShader driver 5.0.0"));
    t.ok(merit < 0);
    t.equal(because, "only a software adapter answers (SwiftShader driver 5.0.0)");
    const hardware = prospectOf(info("Apple M3")).merit;
    t.ok(hardware < onnxruntime().merit && hardware > wasm().merit);
  },
);

t.test("adapterInWords() names adapter and limits", async (t) => {
  const limits = {
    maxBufferSize: 2 ** 31,
    maxStorageBufferBindingSize: 2 ** 27,
    maxStorageBuffersPerShaderStage: 10,
    maxComputeInvocationsPerWorkgroup: 1024,
  };
  t.equal(
    adapterInWords({ info: info("Apple M3"), limits } as unknown as Adapter),
    "Apple M3, buffers of 2048 MiB, bindings of 128 MiB, 10 to a shader, workgroups of 1024",
  );
});

/** A backend whose reads are answered by hand, on a device that breaks when told to. */
function acted() {
  const lost = Promise.withResolvers<{ reason: string; message: string }>();
  let refuse: (event: { error: { message: string } }) => void;
  const device: Device = {
    lost: lost.promise,
    addEventListener: (_, listener) => {
      refuse = listener;
    },
    destroy() {},
  };
  const reads: PromiseWithResolvers<Float32Array>[] = [];
  class WebGPUBackend {
    read(): Promise<Float32Array> {
      reads.push(Promise.withResolvers());
      return reads.at(-1)!.promise;
    }
  }
  const backend = deviceBackend({ WebGPUBackend } as never, device, info("GPU"), "GPU");
  return { backend, lost, reads, refuse: refuse! };
}

t.test("deviceBackend() answers no read once the device is lost, and ends those under way", async (t) => {
  const { backend, lost, reads } = acted();
  const first = backend.read({});
  reads[0]!.resolve(Float32Array.of(1));
  t.same(await first, Float32Array.of(1));
  const hanging = backend.read({});
  lost.resolve({ reason: "unknown", message: "the driver was reset\nand more" });
  const expected = {
    name: "RunError",
    message: /GPU was lost \(GPU, unknown: the driver was reset\).*dsgan resume/,
  };
  await t.rejects(hanging, expected);
  await t.rejects(backend.read({}), expected);
  t.match(backend.broken(), expected);
});

t.test("deviceBackend() holds back what was computed after the device refused something", async (t) => {
  const { backend, reads, refuse } = acted();
  const reading = backend.read({});
  refuse({ error: { message: "out of memory" } });
  reads[0]!.resolve(Float32Array.of(0));
  await t.rejects(reading, { name: "RunError", message: /refused .*GPU: out of memory/ });
});

t.test("deviceBackend() says which read failed where nothing else is known", async (t) => {
  const { backend, reads } = acted();
  const reading = backend.read({});
  reads[0]!.reject(new Error("AbortError: mapping"));
  await t.rejects(reading, { name: "RunError", message: /could not be read .*AbortError: mapping/ });
});

const key = Key.from("webgpu");
t.setTimeout(600_000); // software on a busy machine
await t.test("an adapter", { skip: await noAdapter() }, async (t) => {
  await t.test("start() names adapter and limits; look() ranks software below everything", async (t) => {
    const { device } = await webgpu().start();
    t.match(device, /^.+, buffers of \d+ MiB, bindings of \d+ MiB, \d+ to a shader, workgroups of \d+$/);
    const { merit, because } = await webgpu().look!();
    if (device.includes("(software)")) {
      t.ok(merit < 0);
      t.match(because, /no GPU is visible here|only a software adapter answers/);
    } else t.equal(merit, webgpu().merit);
  });

  const shorter = {
    "application.steps": "4",
    "application.k": "1",
    "application.samples": "20",
    "application.previews": "0",
    "application.measures": "[]",
    checkpoint: "{ steps: 1 }",
  };
  await checkEngine(t, webgpu(), { shorter });

  await t.test(
    "webgpu computes products alike by each of tfjs's programs, and long sums in order",
    async (t) => {
      const product = async (long: boolean, type?: number): Promise<Float32Array> => {
        if (type !== undefined) tf.env().set("WEBGPU_MATMUL_PROGRAM_TYPE", type);
        const [m, k] = long ? [20, 4000] : [3, 7];
        const y = tf.tidy(() => tf.matMul(key.normal([m!, k!]), key.fold("b").normal([k!, m!])));
        const values = (await y.data()) as Float32Array;
        y.dispose();
        return values.slice();
      };
      await cpu().start();
      const [short, long] = [await product(false), await product(true)];
      await webgpu().start();
      const near = (found: Float32Array, expected: Float32Array, tolerance: number) =>
        t.ok(found.every((value, i) => Math.abs(value - expected[i]!) < tolerance));
      for (const type of [0, 2, 3]) near(await product(false, type), short, 1e-4);
      tf.env().set("WEBGPU_MATMUL_PROGRAM_TYPE", -1);
      const once = await product(true);
      near(once, long, 1e-3);
      t.same(await product(true), once);
      await webgpu().start();
    },
  );

  await t.test(
    "start() goes on with its device while that is sound, and takes a new one after it",
    async (t) => {
      await webgpu().start();
      const first = tf.backend() as DeviceBackend;
      await cpu().start();
      await webgpu().start();
      t.equal(tf.backend(), first);
      t.equal(await webgpu().broken!(), undefined);
      first.device.destroy();
      t.match(await webgpu().broken!(), { name: "RunError", message: /the GPU was lost/ });
      await webgpu().start();
      t.not(tf.backend(), first);
      t.equal(tf.findBackend("webgpu"), tf.backend());
      t.equal(await webgpu().broken!(), undefined);
      const x = tf.add(tf.ones([2000]), 1);
      t.equal((await x.data())[1999], 2);
      x.dispose();
    },
  );

  await t.test("webgpu gives no value at once", async (t) => {
    const x = tf.add(tf.range(0, 2000), 1);
    t.throws(() => x.dataSync(), { name: "RunError", message: /await tensor\.data\(\)/ });
    x.dispose();
  });

  await t.test(
    "a lost device ends in a failure with a checkpoint, from which the run is resumed",
    async (t) => {
      const file = new URL("../../fixtures/short.yaml", import.meta.url);
      const overrides = Object.entries({ engine: "webgpu", ...shorter }).map(([path, value]) => ({
        path,
        value,
      }));
      const loaded = await loadScenario(readFileSync(file, "utf8"), {
        base: file,
        file: "short.yaml",
        plugins: builtinPlugins,
        overrides,
      });
      const all = (resume?: string, watch: (event: RunEvent) => void = () => {}): Promise<RunEvent[]> =>
        lastValueFrom(run(loaded, { store, ...(resume && { resume }) }).pipe(tap(watch), toArray()));
      const metricsOf = (events: readonly RunEvent[]) => events.findLast(({ type }) => type === "metrics");
      const store = memoryStore();
      const whole = await all();
      t.match(whole.at(-1), { status: "passed" });

      let checkpoints = 0;
      const broken = await all(undefined, ({ type }) => {
        if (type === "checkpoint" && ++checkpoints === 2) (tf.backend() as DeviceBackend).device.destroy();
      });
      t.match(broken.at(-1), { type: "ended", status: "failed", error: /GPU .*dsgan resume/ });
      const { run: id } = broken[0] as RunEvent<"started">;
      const resumed = await all(id);
      t.match(resumed[0], { type: "resumed", from: /^checkpoints\/000002\.json$/ });
      t.match(resumed.at(-1), { status: "passed" });
      const values = (events: readonly RunEvent[]) => (metricsOf(events) as RunEvent<"metrics">).values;
      t.same(values(resumed), values(whole));
    },
  );
});
