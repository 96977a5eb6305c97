/** What must hold under Deno too: the same modules, unbuilt, run a scenario on each engine and answer HTTP. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastValueFrom, toArray } from "rxjs";
import { assemble, contextOf, loadScenario, run, Stores } from "../../core/mod.ts";
import { builtinPlugins } from "../../plugins/mod.ts";
import { folderStore } from "../../plugins/stores/folder/mod.ts";
import { app } from "../../server/http/mod.ts";
import { startTrainer } from "../../server/trainer/mod.ts";

const base = new URL("./", import.meta.url);

const scenario = (engine: string): string => `
name: deno-${engine}
engine: ${engine}
seed: 3
application:
  use: generate
  target: { use: convolution, data: ring, noise: { normal: 0.3 } }
  generator: { use: mlp, hidden: [16] }
  critic: { use: mlp, hidden: [16] }
  steps: 10
  samples: 50
  previews: 0
  measures: [{ use: geometry, n: 200 }]
expect: { outside: { between: [0, 1] } }
`;

async function runOn(engine: string) {
  const loaded = await loadScenario(scenario(engine), { base, file: "inline", plugins: builtinPlugins });
  const store = await contextOf(assemble(builtinPlugins), base).create(Stores, { use: "memory" });
  const events = await lastValueFrom(run(loaded, { store }).pipe(toArray()));
  return { store, events };
}

for (const engine of ["onnxruntime", "wasm", "cpu"]) {
  Deno.test(`run() trains, draws and measures under Deno on ${engine}`, async () => {
    const { store, events } = await runOn(engine);
    const [first, last] = [events[0]!, events.at(-1)!];
    assert.equal(first.type === "started" && first.engine.name, engine);
    assert.equal(last.type === "ended" && last.status, "passed", JSON.stringify(last));
    const [id] = await store.list();
    const reader = await store.open(id!);
    const png = await reader.read("artifacts/samples.png");
    assert.deepEqual([...png.slice(1, 4)], [0x50, 0x4e, 0x47]);
    const answer = await app(store).request(`/api/runs/${id}/events?since=${events.length - 1}`);
    assert.deepEqual(await answer.json(), { events: [last], next: events.length, done: true });
  });
}

Deno.test("run() gives the same metrics twice under Deno", async () => {
  const metrics = async () =>
    (await runOn("wasm")).events.filter((e) => e.type === "metrics").map((e) => e.values);
  assert.deepEqual(await metrics(), await metrics());
});

Deno.test("a trainer that is killed under Deno ends its run as failed, and is resumed to the same metrics", async () => {
  const runs = mkdtempSync(join(tmpdir(), "dsgan-deno-"));
  const store = folderStore({ folder: runs });
  const short = new URL("../fixtures/short.yaml", import.meta.url);
  const scenario = { text: readFileSync(short, "utf8"), file: "short.yaml", base: short.href };
  const whole = await startTrainer({ runs, scenario }, { store }).ended;
  const killed = startTrainer({ runs, scenario }, { store });
  let checkpoints = 0;
  killed.events.subscribe({
    next: ({ type }) => {
      if (type === "checkpoint" && ++checkpoints === 3) process.kill(killed.pid!, "SIGKILL");
    },
    error: () => {},
  });
  const { run, status, error } = await killed.ended;
  assert.equal(status, "failed");
  assert.match(error!.message, /SIGKILL/);
  const resumed = await startTrainer({ runs, resume: run }, { store }).ended;
  assert.equal(resumed.status, "passed");
  assert.deepEqual(resumed.metrics, whole.metrics);
});
