/** The engine `onnxruntime` on WebGPU under Deno, on whatever adapter answers: SwiftShader where there is no GPU. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { lastValueFrom, toArray } from "rxjs";
import { loadScenario, type RunEvent, run } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";
import { counts, GPU, noGpu } from "../plugins/engines/onnxruntime-gpu.ts";

const missing = await noGpu();
if (missing !== false) console.log(`skipped the tests of onnxruntime on WebGPU under Deno: ${missing}`);

const short = new URL("../fixtures/short.yaml", import.meta.url);

async function session(engine: string): Promise<readonly RunEvent[]> {
  const overrides = {
    engine,
    "application.steps": "8",
    "application.previews": "0",
    checkpoint: "{ steps: 4 }",
  };
  const loaded = await loadScenario(readFileSync(short, "utf8"), {
    base: short,
    file: "short.yaml",
    plugins: builtinPlugins,
    overrides: Object.entries(overrides).map(([path, value]) => ({ path, value })),
  });
  return await lastValueFrom(run(loaded, { store: memoryStore() }).pipe(toArray()));
}

const lossesOf = (events: readonly RunEvent[]): number[] =>
  events.flatMap((event) => (event.type === "progress" ? Object.values(event.values ?? {}) : []));

Deno.test({
  name: "onnxruntime trains on WebGPU under Deno as cpu does, and twice the same",
  ignore: missing !== false,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const first = await session(GPU);
    assert.match((first[0] as RunEvent<"started">).engine.device, /^webgpu on /);
    assert.equal((first.at(-1) as RunEvent<"ended">).status, "passed");
    assert.ok(counts().residents > 0, "weights lie on the device");
    const again = await session(GPU);
    assert.deepEqual(lossesOf(again), lossesOf(first));
    const [found, expected] = [lossesOf(first), lossesOf(await session("cpu"))];
    assert.ok(expected.length >= 2 && found.length === expected.length);
    for (const [i, loss] of expected.entries()) {
      assert.ok(Math.abs(found[i]! - loss) <= 1e-3 * Math.abs(loss), `${found[i]} on webgpu, ${loss} on cpu`);
    }
  },
});
