/** The engine `webgpu` under Deno, on whatever adapter answers: Mesa's llvmpipe where there is no GPU (see .ci/run). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { lastValueFrom, tap, toArray } from "rxjs";
import { Key, loadScenario, messageOf, type RunEvent, run, tf } from "../../core/mod.ts";
import { cpu } from "../../plugins/engines/cpu/cpu.ts";
import type { DeviceBackend } from "../../plugins/engines/webgpu/backend.ts";
import { webgpu } from "../../plugins/engines/webgpu/webgpu.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { memoryStore } from "../../plugins/stores/memory/memory.ts";

const missing = await webgpu()
  .start()
  .then(() => undefined, messageOf);
if (missing !== undefined) console.log(`skipped the tests of webgpu under Deno: ${missing}`);

function test(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore: missing !== undefined, sanitizeOps: false, sanitizeResources: false, fn: body });
}

const short = new URL("../fixtures/short.yaml", import.meta.url);
const loaded = async (engine: string) =>
  await loadScenario(readFileSync(short, "utf8"), {
    base: short,
    file: "short.yaml",
    plugins: builtinPlugins,
    overrides: Object.entries({
      engine,
      "application.steps": "12",
      "application.previews": "0",
      checkpoint: "{ steps: 3 }",
    }).map(([path, value]) => ({ path, value })),
  });

interface Session {
  readonly events: readonly RunEvent[];
  readonly metrics: Readonly<Record<string, number>>;
}

async function session(
  engine: string,
  {
    store = memoryStore(),
    resume,
    watch = () => {},
  }: Partial<Parameters<typeof run>[1]> & {
    readonly watch?: (event: RunEvent) => void;
  } = {},
): Promise<Session> {
  const options = { store, ...(resume !== undefined && { resume }) };
  const events = await lastValueFrom(run(await loaded(engine), options).pipe(tap(watch), toArray()));
  const metrics = events.findLast((event) => event.type === "metrics")?.values ?? {};
  return { events, metrics };
}

test("webgpu trains under Deno as cpu does, and twice the same", async () => {
  const first = await session("webgpu");
  const started = first.events[0] as RunEvent<"started">;
  assert.match(started.engine.device, /^.+, buffers of \d+ MiB, bindings of \d+ MiB/);
  assert.equal((first.events.at(-1) as RunEvent<"ended">).status, "passed");
  assert.deepEqual((await session("webgpu")).metrics, first.metrics);
  const losses = ({ events }: Session): number[] =>
    events.flatMap((event) => (event.type === "progress" ? Object.values(event.values ?? {}) : []));
  const [found, expected] = [losses(first), losses(await session("cpu"))];
  assert.ok(expected.length >= 2 && found.length === expected.length);
  for (const [i, loss] of expected.entries()) {
    assert.ok(Math.abs(found[i]! - loss) <= 1e-3 * Math.abs(loss), `${found[i]} on webgpu, ${loss} on cpu`);
  }
});

test("webgpu agrees with cpu under Deno on gradients of gradients and of convolutions", async () => {
  const key = Key.from("deno");
  const program = (): tf.Tensor => {
    const x = key.normal([2, 6, 6, 3]) as tf.Tensor4D;
    const slope = (w: tf.Tensor): tf.Tensor =>
      tf.sum(
        tf.square(
          tf.grad((x: tf.Tensor) => tf.sum(tf.relu(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 1))))(x),
        ),
      );
    return tf.grad(slope)(key.fold("w").normal([3, 3, 3, 4]));
  };
  const on = async (engine: { start(): Promise<unknown> }): Promise<number[]> => {
    await engine.start();
    const y = tf.tidy(program);
    const values = Array.from(await y.data());
    y.dispose();
    return values;
  };
  const [found, expected] = [await on(webgpu()), await on(cpu())];
  const size = Math.max(...expected.map(Math.abs));
  const error = Math.max(...found.map((value, i) => Math.abs(value - expected[i]!))) / size;
  assert.ok(error <= 1e-4, `relative difference ${error}`);
});

test("a device lost under Deno ends in a failure with a checkpoint, from which the run is resumed", async () => {
  const whole = await session("webgpu");
  const store = memoryStore();
  let checkpoints = 0;
  const broken = await session("webgpu", {
    store,
    watch: ({ type }) => {
      if (type === "checkpoint" && ++checkpoints === 2) (tf.backend() as DeviceBackend).device.destroy();
    },
  });
  const ended = broken.events.at(-1) as RunEvent<"ended">;
  assert.equal(ended.status, "failed");
  assert.match(ended.error!, /GPU .*dsgan resume/);
  const { run: id } = broken.events[0] as RunEvent<"started">;
  const resumed = await session("webgpu", { store, resume: id });
  assert.match((resumed.events[0] as RunEvent<"resumed">).from!, /000002\.json$/);
  assert.deepEqual(resumed.metrics, whole.metrics);
});
