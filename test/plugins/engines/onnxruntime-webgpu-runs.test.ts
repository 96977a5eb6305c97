/** Runs on the engine `onnxruntime` on WebGPU, where an adapter answers: smoke scenarios in few steps, and a device that is lost. */
import { readFileSync } from "node:fs";
import { lastValueFrom, tap, toArray } from "rxjs";
import t from "tap";
import { type LoadedScenario, loadScenario, type RunEvent, run, tf } from "../../../core/mod.ts";
import type { OnnxBackend } from "../../../plugins/engines/onnxruntime/backend.ts";
import type { NativeDevice } from "../../../plugins/engines/onnxruntime/device.ts";
import { builtinPlugins } from "../../../plugins/mod.ts";
import { memoryStore } from "../../../plugins/stores/memory/memory.ts";
import { counts, GPU, noGpu } from "./onnxruntime-gpu.ts";

t.setTimeout(600_000); // software on a busy machine

async function loaded(path: string, values: Readonly<Record<string, string>>): Promise<LoadedScenario> {
  const file = new URL(`../../../${path}`, import.meta.url);
  const overrides = Object.entries({ engine: GPU, ...values }).map(([path, value]) => ({ path, value }));
  return await loadScenario(readFileSync(file, "utf8"), {
    base: file,
    file: path,
    plugins: builtinPlugins,
    overrides,
  });
}

const few = {
  "application.previews": "0",
  "application.measures": "[]",
  "application.samples": "20",
  expect: "{}",
};

await t.test("runs on WebGPU", { skip: await noGpu() }, async (t) => {
  for (const [path, steps] of [
    ["scenarios/smoke/line.yaml", "8"],
    ["scenarios/smoke/mnist.yaml", "3"],
  ] as const) {
    await t.test(`${path} trains there`, async (t) => {
      const scenario = await loaded(path, { ...few, "application.steps": steps });
      const events = await lastValueFrom(run(scenario, { store: memoryStore() }).pipe(toArray()));
      t.match(events[0], { engine: { device: /^webgpu on / } });
      t.match(events.at(-1), { type: "ended", status: "passed" });
      t.ok(counts().residents > 0, "weights lie on the device");
    });
  }

  await t.test(
    "a lost device ends in a failure with a checkpoint, from which the run is resumed",
    async (t) => {
      const scenario = await loaded("test/fixtures/short.yaml", {
        ...few,
        "application.steps": "8",
        "application.k": "1",
        checkpoint: "{ steps: 2 }",
      });
      const store = memoryStore();
      const all = (resume?: string, watch: (event: RunEvent) => void = () => {}): Promise<RunEvent[]> =>
        lastValueFrom(run(scenario, { store, ...(resume && { resume }) }).pipe(tap(watch), toArray()));
      const lossesOf = (events: readonly RunEvent[]) =>
        events.flatMap((event) => (event.type === "progress" ? [[event.step, event.values]] : [])).at(-1);
      const whole = await all();
      t.match(whole.at(-1), { status: "passed" });

      let checkpoints = 0;
      const broken = await all(undefined, ({ type }) => {
        if (type !== "checkpoint" || ++checkpoints !== 2) return;
        const device = (tf.backend() as OnnxBackend).runtime.device as NativeDevice;
        const { watched } = device;
        Object.assign(device, {
          watched: (...[moved]: Parameters<typeof watched>) =>
            watched(moved, () => {
              throw new Error("Device lost");
            }),
        });
      });
      t.match(broken.at(-1), { type: "ended", status: "failed", error: /the GPU was lost .*dsgan resume/ });
      const { run: id } = broken[0] as RunEvent<"started">;
      const resumed = await all(id);
      t.match(resumed[0], { type: "resumed", from: /^checkpoints\/000002\.json$/ });
      t.match(resumed.at(-1), { status: "passed" });
      t.same(lossesOf(resumed), lossesOf(whole));
    },
  );
});
